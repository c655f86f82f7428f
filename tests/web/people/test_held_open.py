"""Whoever begins a request and holds its body back may do with it what they may do when it ends, not when it began."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from app.web import reading
from app.web.auth.sessions import COOKIE
from tests.web.people.visitors import OLGA, VERA, Visitor, World
from tests.web.site import PASSWORD, tell


@asynccontextmanager
async def held_open(
    world: World, visitor: Visitor, method: str, path: str, body: bytes
) -> AsyncIterator[list[int]]:
    """Send a request but for its body, which the server waits for; send that at the end, and tell the status."""
    cookie = next(one.value for one in visitor.client.cookie_jar if one.key == COOKIE)
    head = f"{method} /data/v1/{path} HTTP/1.1\r\nHost: x\r\nCookie: {COOKIE}={cookie}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", world.site.port)
    writer.write(f"{head}Expect: 100-continue\r\nContent-Length: {len(body) or 9}\r\n\r\n".encode())
    assert b"HTTP/1.1 100 Continue\r\n\r\n" == await reader.readuntil(b"\r\n\r\n")
    status: list[int] = []
    try:
        yield status
        writer.write(body)
        status.append(int((await reader.readline()).split()[1]))
    finally:
        writer.close()


HELD = [
    pytest.param("POST", "bots/pizza/keys", {"scope": "admin"}, id="a key"),
    pytest.param("PATCH", "bots/pizza", {"name": "Mine"}, id="a bot"),
    pytest.param("POST", "bots/pizza/hooks", {"platform": "slack", "secret": "mine"}, id="a hook"),
    pytest.param("POST", "bots/pizza/dashboards", {"name": "D", "text": "direction = in"}, id="a dashboard"),
    pytest.param("PUT", "bots/pizza/people/eve", {"role": "owner"}, id="a role"),
    pytest.param(
        "POST", "people", {"email": "mate@example.org", "roles": {"pizza": "owner"}}, id="an invitation"
    ),
]


@pytest.mark.parametrize(("method", "path", "content"), HELD)
async def test_a_role_that_ended_meanwhile_changes_nothing(
    world: World, method: str, path: str, content: dict[str, object]
) -> None:
    """Whatever is changed."""
    olga = await world.signed_in(OLGA.email)
    async with held_open(world, olga, method, path, msgspec.json.encode(content)) as status:
        await world.admin.ask("DELETE", "bots/pizza/people/olga")
        before = len(world.site.registry.records)

    assert status[0] in {403, 404}
    assert before == len(world.site.registry.records)


async def test_a_session_that_ended_meanwhile_is_not_begun_anew(world: World) -> None:
    """Signing out everywhere ends what is under way, too."""
    vera = await world.signed_in(VERA.email)
    content = {"present": PASSWORD, "password": "a thief's own choice"}
    async with held_open(world, vera, "POST", "me/password", msgspec.json.encode(content)) as status:
        await tell(world.site.registry, msgspec.structs.replace(VERA, epoch=1))

    assert [401] == status
    assert VERA.password == world.person("vera").password


async def test_a_body_that_does_not_come_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else requests could be held open in any number."""
    monkeypatch.setattr(reading, "TIME_LIMIT_S", 0.01)
    vera = await world.signed_in(VERA.email)
    async with held_open(world, vera, "PATCH", "me", b"") as status:
        pass

    assert [408] == status
