"""`load_async.json`: a dashboard's numbers under Botmetrics' address, from the real engine, and who may ask for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.adapters.clickhouse import connect
from app.config import Settings
from app.core.api_keys import key_text
from app.core.default_dashboards import default_dashboards
from app.core.events import Reporting
from app.core.registry import Bot
from app.core.rules.evaluation import matches
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.events import event
from tests.web.api.stock import Reading, reading, stock
from tests.web.site import ADMIN_KEY, INGEST_KEY, READ_KEY, key, tell

NOW_MS = 1_716_897_600_000
"""2024-05-28 12:00 UTC, a Tuesday"""
DAY_MS = 86_400_000
BOT = Bot("boo", "Boo", "facebook", NOW_MS - 9 * DAY_MS, Reporting("Europe/Rome"))
OWN = {one.default: one for one in default_dashboards(BOT)}
READ_BOO = key_text("read", 77)


def _events() -> list[Any]:
    """Return texts and images: on the day n days ago n texts and an image, by a user of the day."""
    found = []
    for ago in range(4):
        for n in range(ago + 1):
            kind = "image" if n == ago else "text"
            one = event(f"e{ago}-{n}", bot_id="boo", user_id=f"u{ago}", at=NOW_MS - ago * DAY_MS, kind=kind)
            one.dashboards = [f"{d.id}@1" for d in OWN.values() if d.rule and matches(d.rule, one)]
            found.append(one)
    return found


@pytest.fixture(scope="module")
def stored(engine: EngineServer) -> Settings:
    """Their numbers."""
    settings = fresh_database(engine)
    with connect(settings) as client:
        stock(client, _events(), BOT.reporting)
    return settings


@pytest.fixture
async def api(stored: Settings) -> AsyncIterator[Reading]:
    """A web process over them."""
    async with reading(stored, Reporting(), NOW_MS) as api:
        await tell(api.site.registry, BOT, *OWN.values(), key("kb", "read", READ_BOO, "boo"))
        yield api


def _path(type: str, bot: str = "boo") -> str:
    return f"/bots/{bot}/dashboards/{OWN[type].id}/load_async.json"


@pytest.mark.clickhouse
@pytest.mark.parametrize(
    ("count", "growth", "data", "type", "group_by"),
    [
        pytest.param(1, -1 / 3, [0, 0, 0, 4, 3, 2, 1], "messages-to-bot", "today", id="messages by day"),
        pytest.param(1, 0.0, [0, 0, 0, 1, 1, 1, 1], "image-uploaded", "", id="images by day"),
        pytest.param(3, None, [0, 0, 7, 3], "messages-to-bot", "this-week", id="messages by week"),
        pytest.param(1, 0.0, [0, 0, 0, 1, 1, 1, 1], "new-users", "today", id="new users by day"),
    ],
)
async def test_numbers(
    api: Reading, count: int, growth: float | None, data: list[int], type: str, group_by: str
) -> None:
    """Each period of Botmetrics' has the number of the dashboard, in the bot's time zone."""
    status, answer = await api.get(_path(type), group_by=group_by)

    assert (200, count, growth) == (status, answer["count"], answer["growth"])
    assert data == list(answer["data"].values())
    assert all(start.endswith("00:00:00 +0200") for start in answer["data"])


@pytest.mark.clickhouse
@pytest.mark.parametrize(
    ("expected", "type"), [(10, "messages-to-bot"), (4, "new-users"), (0, "video-uploaded")]
)
async def test_all_time(api: Reading, expected: int, type: str) -> None:
    """All there ever was is one number."""
    assert (200, {"growth": None, "count": expected, "data": expected}) == await api.get(
        _path(type), group_by="all-time"
    )


@pytest.mark.clickhouse
async def test_hours(api: Reading) -> None:
    """A week of hours; who is new is known by the day only, and that is said."""
    _, answer = await api.get(_path("messages-to-bot"), group_by="hour")
    status, refused = await api.get(_path("new-users"), group_by="hour")

    assert (168, 10) == (len(answer["data"]), sum(answer["data"].values()))
    assert 400 == status
    assert "hour" in refused["error"]


@pytest.mark.clickhouse
@pytest.mark.parametrize("authorization", [READ_BOO, f"Bearer {READ_BOO}", ADMIN_KEY, f"any {ADMIN_KEY}"])
async def test_keys_for_reading(api: Reading, authorization: str) -> None:
    """A key for reading comes bare or behind any word."""
    headers = {"Authorization": authorization}
    async with api.site.client.get(api.site.url + _path("new-users"), headers=headers) as answer:
        assert 200 == answer.status
    async with api.site.client.get(
        api.site.url + _path("new-users"), params={"api_key": authorization.rsplit(maxsplit=1)[-1]}
    ) as answer:
        assert 200 == answer.status


@pytest.mark.parametrize(
    ("expected", "path", "authorization"),
    [
        pytest.param(401, _path("new-users"), "", id="nobody"),
        pytest.param(401, _path("new-users"), "nonsense", id="no key of ours"),
        pytest.param(401, _path("new-users"), INGEST_KEY, id="a key for sending"),
        pytest.param(404, _path("new-users"), READ_KEY, id="a key of another bot"),
        pytest.param(404, _path("new-users", "nobody"), ADMIN_KEY, id="no such bot"),
        pytest.param(404, _path("new-users", "pizza"), ADMIN_KEY, id="another bot's dashboard"),
        pytest.param(404, "/bots/boo/dashboards/nothing/load_async.json", ADMIN_KEY, id="no such dashboard"),
    ],
)
async def test_refusals(expected: int, path: str, authorization: str) -> None:
    """Who may not read is told so in Botmetrics' shape."""
    async with reading(Settings(), Reporting(), NOW_MS) as api:
        await tell(api.site.registry, BOT, *OWN.values())
        headers = {"Authorization": authorization} if authorization else {}
        async with api.site.client.get(api.site.url + path, headers=headers) as answer:
            found = await answer.json()

    assert (expected, found["errors"]) == (answer.status, [found["error"]])
