"""Deleting a bot over HTTP: who may, what has to be said, and what is told of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.core.api_keys import key_text
from app.core.commands.removal import count_removed, finish_removal
from app.core.registry import Bot
from tests.web.site import ADMIN_KEY, NOW_MS, READ_KEY, Site, key, running, tell

OWNER_KEY = key_text("admin", 51)
NAMED = Bot("gone", "The Bot", "kik", NOW_MS, archived_at=NOW_MS)


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server with an archived bot, and a key of its owner."""
    async with running() as one:
        await tell(one.registry, NAMED, key("ko", "admin", OWNER_KEY, "gone"))
        yield one


async def call(site: Site, method: str, path: str, key: str = ADMIN_KEY, **asked: str) -> tuple[int, Any]:
    """Return status and answer."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with site.client.request(method, site.url + path, params=asked, headers=headers) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("expected", "code", "bot", "key", "asked"),
    [
        pytest.param(401, "unauthorized", "gone", "", {"confirm": "gone"}, id="nobody"),
        pytest.param(404, "unknown_bot", "gone", READ_KEY, {"confirm": "gone"}, id="a reader of another bot"),
        pytest.param(403, "not_allowed", "pizza", READ_KEY, {"confirm": "pizza"}, id="a reader"),
        pytest.param(404, "unknown_bot", "nobody", ADMIN_KEY, {"confirm": "nobody"}, id="no such bot"),
        pytest.param(409, "not_archived", "pizza", ADMIN_KEY, {"confirm": "pizza"}, id="in use"),
        pytest.param(400, "not_confirmed", "gone", ADMIN_KEY, {}, id="not confirmed"),
        pytest.param(400, "not_confirmed", "gone", ADMIN_KEY, {"confirm": "GONE"}, id="confirmed wrongly"),
        pytest.param(400, "unknown_parameter", "gone", ADMIN_KEY, {"force": "1"}, id="unknown parameter"),
    ],
)
async def test_refusals(
    site: Site, expected: int, code: str, bot: str, key: str, asked: dict[str, str]
) -> None:
    """Nobody deletes what is not theirs, and nobody by mistake."""
    status, answer = await call(site, "DELETE", f"/data/v1/bots/{bot}", key, **asked)

    assert (expected, code) == (status, answer["error"]["code"])
    assert "gone" in site.registry.state.bots


@pytest.mark.parametrize("confirm", ["gone", "The Bot"])
@pytest.mark.parametrize("key", [ADMIN_KEY, OWNER_KEY], ids=["admin", "owner"])
async def test_a_bot_goes(site: Site, confirm: str, key: str) -> None:
    """It is gone at once for whoever asks; the answer says what it had and what will stay how long."""
    status, answer = await call(site, "DELETE", "/data/v1/bots/gone", key, confirm=confirm, why="done")

    assert (202, "gone", None) == (status, answer["bot"], answer["finished_at"])
    assert ("2023-11-14T22:13:20.000Z", "2024-02-19T22:13:20.000Z") == (
        answer["removed_at"],
        answer["raw_events_until"],
    )
    assert (1, 0) == (answer["removed"]["keys"], answer["removed"]["dashboards"])
    assert 404 == (await call(site, "GET", "/data/v1/bots/gone"))[0]
    assert (202, answer) == (status, (await call(site, "GET", "/data/v1/bots/gone/removal"))[1])


async def test_how_far_it_is(site: Site) -> None:
    """The report grows; only administrators see it, as nobody has a role there any more."""
    await call(site, "DELETE", "/data/v1/bots/gone", confirm="gone")
    await site.registry.change(lambda state: count_removed(state, "gone", {"events": 7}, 3), "removal")
    await site.registry.change(
        lambda state: finish_removal(state, "gone", {"links": 2}, NOW_MS + 1), "removal"
    )
    status, answer = await call(site, "GET", "/data/v1/bots/gone/removal")

    assert (200, "2023-11-14T22:13:20.001Z") == (status, answer["finished_at"])
    assert {"rows.events": 7, "users": 3, "links": 2}.items() <= answer["removed"].items()
    assert 403 == (await call(site, "GET", "/data/v1/bots/gone/removal", READ_KEY))[0]
    assert 401 == (await call(site, "GET", "/data/v1/bots/gone/removal", OWNER_KEY))[0]
    assert 404 == (await call(site, "GET", "/data/v1/bots/pizza/removal"))[0]


async def test_its_keys_open_nothing(site: Site) -> None:
    """Whoever still sends is refused."""
    await call(site, "DELETE", "/data/v1/bots/gone", confirm="gone")

    assert 401 == (await call(site, "GET", "/data/v1/bots", OWNER_KEY))[0]
