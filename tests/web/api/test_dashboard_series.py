"""How often a dashboard was hit, and by how many users, equals brute force over the same events."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from app.adapters.clickhouse import connect
from app.core.events import BotEvent, Reporting
from app.core.registry import Dashboard
from app.core.rules.language import Rule
from tests.core.test_shard import BASE
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.events import event
from tests.facts import tell
from tests.web.api import brute
from tests.web.api.brute import BOT, FIRST, LAST, NOW_MS, Stocked
from tests.web.api.stock import Reading, reading, stock

pytestmark = pytest.mark.clickhouse

RANGE = {"from": FIRST.isoformat(), "to": LAST.isoformat()}
SOME_DAYS = {"from": "2023-11-20", "to": "2023-11-25"}
WINDOWS = ["minute", "hour", "day", "week", "month"]
FROM = [pytest.param(1, id="all versions"), pytest.param(3, id="later versions")]


def hits(counted_from: int) -> list[BotEvent]:
    """Return the bot's events that hit dashboard `a`, each once."""
    wanted = {f"a@{version}" for version in range(counted_from, 9)}
    return [event for event in brute.own() if wanted & set(event.dashboards)]


async def values(
    api: Reading, measure: str, counted_from: int, window: str, **span: str
) -> tuple[set[str], dict[str, Any]]:
    """Return the periods of a series, and its numbers where there are any."""
    rule = Rule(field="kind", value="text")
    await tell(api.site.registry, Dashboard("a", BOT, "A", 0, rule, version=9, counted_from=counted_from))
    found = await api.values(BOT, measure, window=window, **span)
    return set(found), {start: value for start, value in found.items() if value}


@pytest.mark.parametrize("counted_from", FROM)
@pytest.mark.parametrize("window", WINDOWS)
async def test_hits_equal_brute_force(stocked: Stocked, window: str, counted_from: int) -> None:
    """In every minute, hour, day, week and month of the bot's zone, of the versions that count."""
    span = SOME_DAYS if window == "minute" else RANGE
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        periods, found = await values(api, "dashboard:a", counted_from, window, **span)
    wanted = brute.per_period(window, stocked.reporting, hits(counted_from))

    assert found
    assert {start: n for start, n in wanted.items() if start in periods} == found


async def test_recent_minutes_come_from_cells(engine: EngineServer) -> None:
    """They are there before the events themselves are."""
    settings, now_ms = fresh_database(engine), time.time_ns() // 1_000_000
    times = [now_ms - minutes * 60_000 for minutes in (0, 5, 5, 90)]
    events = [
        event(str(n), bot_id=BOT, at=at, received_at=now_ms, dashboards=["a@1"]) for n, at in enumerate(times)
    ]
    with connect(settings) as client:
        stock(client, events)
        client.execute("TRUNCATE TABLE events")
    async with reading(settings, Reporting(), now_ms, BOT) as api:
        _, found = await values(api, "dashboard:a", 1, "minute")

    assert Counter(brute.period_of("minute", at, Reporting()) for at in times) == found


@pytest.mark.parametrize("counted_from", FROM)
@pytest.mark.parametrize("window", WINDOWS)
async def test_users_equal_brute_force(stocked: Stocked, window: str, counted_from: int) -> None:
    """Each user once in a period, nobody is nobody."""
    span = SOME_DAYS if window == "minute" else RANGE
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        periods, found = await values(api, "dashboard_users:a", counted_from, window, **span)
    known = [event for event in hits(counted_from) if event.user_id]
    wanted = brute.per_period(window, stocked.reporting, known, lambda event: event.user_id)

    assert found
    assert {start: n for start, n in wanted.items() if start in periods} == found


async def test_a_dashboard_of_another_bot_is_none(stocked: Stocked) -> None:
    """It is refused by name."""
    async with reading(stocked.settings, stocked.reporting, BASE, BOT, "b2") as api:
        await tell(api.site.registry, Dashboard("other", "b2", "Other", 0, Rule(field="kind", value="text")))
        status, answer = await api.get(f"/data/v1/bots/{BOT}/series", measure="dashboard:other")

    assert (400, "unknown_dashboard") == (status, answer["error"]["code"])
