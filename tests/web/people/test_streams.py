"""Open live streams: they end with the right by which they were asked for, however quiet the bot is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest

from app.core.api_keys import hash_of
from app.core.registry import Key, Subject
from app.web.api import live
from tests.web.people.visitors import VERA, Visitor, World
from tests.web.site import NOW_MS, READ_KEY, tell

TEXT = "bpreadFORAWHILE"


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody look again just because time has passed."""
    monkeypatch.setattr(live, "_QUIET_S", 3600.0)


@asynccontextmanager
async def watched(visitor: Visitor) -> AsyncIterator[aiohttp.ClientResponse]:
    """Open a stream and come to where there is nothing new."""
    async with visitor.client.get(f"{visitor.url}/data/v1/bots/pizza/live") as answer:
        assert 200 == answer.status
        await answer.content.readuntil(b"\n\n")
        yield answer


async def over(answer: aiohttp.ClientResponse) -> bool:
    """Return when the stream has ended."""
    async with asyncio.timeout(30):
        await answer.content.read()
    return answer.content.at_eof()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"roles": {}}, id="the role is taken"),
        pytest.param({"disabled_at": 1, "epoch": 1}, id="disabled"),
        pytest.param({"epoch": 1}, id="signed out everywhere"),
    ],
)
async def test_a_stream_ends_with_the_right_of_its_person(world: World, change: dict[str, object]) -> None:
    """At once, though nothing happens in the bot."""
    async with watched(await world.signed_in(VERA.email)) as answer:
        await tell(world.site.registry, msgspec.structs.replace(world.person("vera"), **change))

        assert await over(answer)


def of_key(key: Key, **changes: object) -> Subject:
    """Return *key* as it is after *changes*."""
    return msgspec.structs.replace(key, **changes)


async def test_a_stream_ends_with_its_key(world: World) -> None:
    """At once when it is revoked."""
    async with watched(await world.stranger(Authorization=f"Bearer {READ_KEY}")) as answer:
        await tell(world.site.registry, of_key(world.site.registry.state.keys["k2"], revoked_at=NOW_MS))

        assert await over(answer)


@pytest.mark.parametrize("is_later", [False, True], ids=["from the beginning", "since it was rotated"])
async def test_a_stream_ends_when_its_key_expires(world: World, is_later: bool) -> None:
    """It is looked at again then, not some time later."""
    endless = Key("k7", "read", hash_of(TEXT), NOW_MS, "pizza")
    brief = of_key(endless, expires_at=NOW_MS + 100)
    await tell(world.site.registry, endless if is_later else brief)
    async with watched(await world.stranger(Authorization=f"Bearer {TEXT}")) as answer:
        await tell(world.site.registry, brief)
        world.now_ms += 100

        assert await over(answer)
