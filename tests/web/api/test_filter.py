"""A filtered series is what would stand there had nothing but the matching events ever come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.adapters.clickhouse import connect
from app.config import Settings
from app.core.events import BotEvent
from app.core.filters import FILTERED
from app.core.series import windows_of
from tests.core.oracle import Numbers, expected, once
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.web.api import brute
from tests.web.api.brute import BOT, NOW_MS, SIMULATED, ZONES, Stocked
from tests.web.api.stock import reading, stock
from tests.web.api.test_series import RANGE, told

pytestmark = pytest.mark.clickhouse

FIELDS = {"event": "event_name"}
FILTERS = [
    {"platform": "facebook"},
    {"event": "signup"},
    {"platform": "generic", "kind": "text"},
    {"direction": "in", "intent": "buy", "locale": ""},
]
COUNTS = ["events", "messages", "messages_in", "messages_out", "intents", "active_users", "new_users"]
FEW = {"from": "2023-11-20", "to": "2023-11-23"}

filtered = pytest.mark.parametrize("chosen", FILTERS, ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()))  # fmt: skip


def spelt(chosen: dict[str, str]) -> str:
    """Return the parameter."""
    return ",".join(f"{dim}={value}" for dim, value in chosen.items())


def matching(chosen: dict[str, str]) -> list[BotEvent]:
    """Return the events of which all of it is true."""
    return [
        event
        for event in once(SIMULATED)
        if all(getattr(event, FIELDS.get(dim, dim)) == value for dim, value in chosen.items())
    ]


def numbers(stocked: Stocked, chosen: dict[str, str]) -> Numbers:
    """Return the oracle's numbers of those events alone."""
    return expected(matching(chosen), stocked.reporting)


@filtered
@pytest.mark.parametrize("window", ["hour", "day", "week", "month"])
async def test_counts_equal_brute_force(stocked: Stocked, chosen: dict[str, str], window: str) -> None:
    """Events, messages, intents and users."""
    alone = numbers(stocked, chosen)
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        for measure in (one for one in COUNTS if window in windows_of(one) and (one, window) != ("active_users", "hour")):  # fmt: skip
            found = await api.values(BOT, measure, window=window, filter=spelt(chosen), **RANGE)

            assert brute.from_cells(alone, measure, window, stocked.reporting) == told(found), measure


@filtered
async def test_running_and_derived_users_equal_brute_force(stocked: Stocked, chosen: dict[str, str]) -> None:
    """Users of 7, 28 and 30 days, also where the range begins in the middle; returning users; stickiness."""
    alone = numbers(stocked, chosen)

    def wanted(measure: str) -> Any:
        return brute.from_cells(alone, measure, "day", stocked.reporting)

    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        for width in (7, 28, 30):
            found = await api.values(BOT, f"active_users_{width}d", filter=spelt(chosen), **RANGE)
            later = await api.values(
                BOT, f"active_users_{width}d", filter=spelt(chosen), from_="2023-12-05", to="2023-12-20"
            )

            assert wanted(f"active_users_{width}d") == told(found)
            assert {start: found[start] for start in later} == later
        returning = await api.values(BOT, "returning_users", filter=spelt(chosen), **RANGE)
        stickiness = await api.values(BOT, "stickiness", filter=spelt(chosen), **RANGE)

    daily, monthly = wanted("active_users"), wanted("active_users_30d")
    assert +(daily - wanted("new_users")) == told(returning)
    assert {day: daily[day] / n for day, n in monthly.items()} == told(stickiness, None)


@filtered
@pytest.mark.parametrize("window", ["minute", "hour"])
async def test_short_windows_equal_brute_force(stocked: Stocked, chosen: dict[str, str], window: str) -> None:
    """Minutes and hours of users and events come from the events."""
    own = [event for event in matching(chosen) if event.bot_id == BOT]
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        events = await api.values(BOT, "events", window=window, filter=spelt(chosen), **FEW)
        users = await api.values(BOT, "active_users", window=window, filter=spelt(chosen), **FEW)

    wanted = brute.per_period(window, stocked.reporting, own)
    active = brute.per_period(window, stocked.reporting, filter(brute.is_activity, own), lambda e: e.user_id)
    assert {start: n for start, n in wanted.items() if start in events} == told(events)
    assert {start: n for start, n in active.items() if start in users} == told(users)


@filtered
@pytest.mark.parametrize(
    ("measure", "by"),
    [("events", "kind"), ("messages", "platform"), ("messages_in", "locale"), ("intents", "intent")],
)
async def test_groups_equal_brute_force(
    stocked: Stocked, chosen: dict[str, str], measure: str, by: str
) -> None:
    """With `by` each key has the matching events of that key."""
    alone = numbers(stocked, chosen)
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        _, answer = await api.get(
            f"/data/v1/bots/{BOT}/series", measure=measure, by=by, filter=spelt(chosen), **RANGE
        )
    found = {one["key"]: told({p["start"]: p["value"] for p in one["points"]}) for one in answer["groups"]}
    keys = {name[5] for name in alone if name[:3] == (BOT, measure, by)}

    assert chosen == answer["filter"]
    assert {key: brute.from_cells(alone, measure, "day", stocked.reporting, by, key) for key in keys} == found


async def test_revenue_equals_brute_force(stocked: Stocked) -> None:
    """In units, by month."""
    chosen = {"platform": "facebook", "direction": "in"}
    ids = {event.event_id for event in matching(chosen)}
    amounts = [e.amount for e in brute.own() if e.event_id in ids and e.amount is not None]
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, "revenue", window="month", filter=spelt(chosen), **RANGE)

    assert sum(amounts) == sum(found.values()) > 0


async def test_conditions_may_come_one_by_one(stocked: Stocked) -> None:
    """A repeated parameter is the same as a comma."""
    address = f"/data/v1/bots/{BOT}/series?measure=events&filter=kind=text&filter=platform=facebook"
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        _, apart = await api.get(address)
        _, joined = await api.get(
            f"/data/v1/bots/{BOT}/series", measure="events", filter="kind=text,platform=facebook"
        )

    assert joined["points"] == apart["points"]


@pytest.fixture(params=ZONES, ids=[zone.zone for zone in ZONES])
def uniform(engine: EngineServer, request: pytest.FixtureRequest) -> Iterator[Stocked]:
    """A database whose events are all of one platform and locale."""
    settings = fresh_database(engine)
    own = [msgspec.structs.replace(event, platform="generic", locale="en") for event in SIMULATED]
    with connect(settings) as client:
        stock(client, own, request.param)
        yield Stocked(settings, client, request.param)
        client.execute(f"DROP DATABASE `{client.connection.database}` SYNC")


async def test_a_filter_that_matches_all_changes_nothing(uniform: Stocked) -> None:
    """Every measure, in every window it has: from cells without the filter, from events with it."""
    async with reading(uniform.settings, uniform.reporting, NOW_MS, BOT) as api:
        for measure in FILTERED:
            for window in windows_of(measure):
                span = FEW if window == "minute" else RANGE
                plain = await api.values(BOT, measure, window=window, **span)
                same = await api.values(
                    BOT, measure, window=window, filter="platform=generic,locale=en", **span
                )

                assert any(plain.values())
                assert plain == same, (measure, window)


async def test_cells_answer_where_events_are_gone(uniform: Stocked) -> None:
    """One key of a dimension is in the cells, however old it is."""
    async with reading(uniform.settings, uniform.reporting, NOW_MS, BOT) as api:
        before = await api.values(BOT, "messages", filter="platform=generic", **RANGE)
        uniform.client.execute("TRUNCATE TABLE events")
        after = await api.values(BOT, "messages", filter="platform=generic", **RANGE)

    assert any(after.values())
    assert before == after


@pytest.mark.parametrize(
    ("path", "name", "instead"),
    [
        pytest.param(
            "series?measure=events", "segment", "filter=platform=facebook", id="segment of a series"
        ),
        pytest.param("retention", "segment", "/data/v1/sql", id="segment"),
        pytest.param("retention", "filter", "/data/v1/sql", id="filter of retention"),
        pytest.param("events", "filter", "/data/v1/sql", id="filter of a list"),
    ],
)
async def test_what_cannot_be_had_is_said_with_what_can(
    path: str, name: str, instead: str, tmp_path: Path
) -> None:
    """Nothing keeps segments, and only series have a filter: the refusal names what to use."""
    address = f"/data/v1/bots/{BOT}/{path}{'&' if '?' in path else '?'}{name}=x"
    async with reading(Settings(home=tmp_path), ZONES[0], NOW_MS, BOT) as api:
        status, answer = await api.get(address)

    assert (400, "not_available") == (status, answer["error"]["code"])
    assert instead in answer["error"]["message"]
