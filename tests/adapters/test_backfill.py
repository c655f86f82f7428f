"""A rule applied back over history: every number as if it had always been there, however often it was begun."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from clickhouse_driver import Client

from app.adapters.audit import audit
from app.adapters.backfill import BackFilled, Version, back_fill
from app.adapters.clickhouse import connect, insert
from app.adapters.memory import MemoryRegistry
from app.adapters.numbers import series
from app.adapters.reader import Reader
from app.config import Settings
from app.core.calendar import calendar_of
from app.core.counters import CellBatch
from app.core.events import BotEvent, Reporting
from app.core.periods import Span, span_of
from app.core.registry import Bot, Dashboard
from app.core.rows import counter_rows, event_rows
from app.core.rules.evaluation import matches
from app.core.rules.language import Rule
from app.core.series import Ask, Query, ask_of
from app.ports import Refused
from tests.core.test_shard import BASE, DAY, make_events
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.events import stream_record
from tests.facts import tell, told
from tests.web.api import brute
from tests.web.api.stock import stock

pytestmark = pytest.mark.clickhouse

ZONE = Reporting("America/Los_Angeles", "sunday", 1800)
NOW_MS = BASE + 62 * DAY
RULE = Rule(any=(Rule(field="intent", value="buy"), Rule(field="kind", op="in", value=("image", "custom"))))
BOT = Bot("b1", "B1", "generic", 0, ZONE)
DASHBOARD = Dashboard("a", "b1", "A", 0, RULE, version=4, counted_from=4)
EDITED = msgspec.structs.replace(DASHBOARD, rule=Rule(field="kind", value="image"), version=5)


async def registry(dashboard: Dashboard = DASHBOARD) -> MemoryRegistry:
    """Return one that knows a dashboard."""
    own = MemoryRegistry()
    await tell(own, BOT, dashboard)

    return own


def world() -> list[BotEvent]:
    """Return events of two months, of which the later half came when the rule was live."""
    rng = random.Random(3)
    events = {one.event_id: one for one in make_events(rng, 800)}.values()
    live = BASE + 60 * DAY + 400_000
    for one in events:
        one.repeats = False
        own = ["a@4"] if one.received_at >= live and matches(RULE, one) else []
        one.dashboards = ["a@3"][: rng.randrange(2)] if one.received_at < live else own

    return list(events)


class Store:
    """A stocked database, and what a back-fill writes to the counters topic, stored at once."""

    def __init__(self, settings: Settings, client: Client, events: list[BotEvent]) -> None:
        self.events = [one for one in events if one.bot_id == "b1"]
        self.reader = Reader(settings)
        self.client = client
        self.sent: list[CellBatch] = []
        stock(client, events, ZONE)
        cut = ("b1", ZONE.zone, ZONE.week_start, ZONE.session_gap_s)
        client.execute("INSERT INTO bots (bot_id, zone, week_start, session_gap_s) VALUES", [cut])

    async def send(self, batch: CellBatch) -> None:
        self.sent.append(batch)
        insert(self.client, counter_rows([batch]), "")

    async def run(self, now_ms: int = NOW_MS, **more: Any) -> BackFilled:
        """Apply the rule."""
        version = Version(await registry(), DASHBOARD, "test")
        return await back_fill(self.reader, version, self.send, now_ms, **more)

    async def numbers(self, measure: str, window: str) -> dict[str, int]:
        """Return period -> number where there is any."""
        ask = ask_of(measure, window, "", (), {"a": DASHBOARD})
        span = span_of(window, "2023-10-01", "2024-02-15", NOW_MS, calendar_of(ZONE.zone, ZONE.week_start))
        assert isinstance(ask, Ask)
        assert isinstance(span, Span)
        found = await series(self.reader, Query("b1", ZONE, ask, span, NOW_MS))
        assert isinstance(found, dict)
        periods = (brute.period_of(window, one.begin_s * 1000, ZONE) for one in span.periods)

        return {period: int(n) for period, n in zip(periods, found[""], strict=True) if n}

    def wanted(self, window: str, what: Any = id) -> dict[str, int]:
        """Return the same by brute force: as if the rule had always been there."""
        return brute.per_period(window, ZONE, (one for one in self.events if matches(RULE, one)), what)


@pytest.fixture
def store(engine: EngineServer) -> Iterator[Store]:
    """A fresh world."""
    settings = fresh_database(engine, event_retention_days=20_000, minute_retention_days=20_000)
    with connect(settings) as client:
        found = Store(settings, client, world())
        yield found
        found.reader.close()
        client.execute(f"DROP DATABASE `{client.connection.database}` SYNC")


async def assert_exact(store: Store) -> None:
    """Every number is that of brute force, and the audit agrees."""
    known = [one for one in store.events if one.user_id and matches(RULE, one)]
    for window in ("hour", "day", "week", "month"):
        users = brute.per_period(window, ZONE, known, lambda one: one.user_id)

        assert store.wanted(window) == await store.numbers("dashboard:a", window), window
        assert users == await store.numbers("dashboard_users:a", window), window
    assert [] == audit(store.client, "b1")


async def test_history_counts_as_if_the_rule_had_always_been_there(store: Store) -> None:
    """What hit it on arrival is counted once, by track; the rest by the back-fill; together they are all."""
    before = sum((await store.numbers("dashboard:a", "month")).values())
    done = await store.run()
    hits = sum(matches(RULE, one) for one in store.events)
    carried = sum("a@4" in one.dashboards for one in store.events)

    assert 0 < before == carried < hits
    assert BackFilled(len(store.events) - carried, hits - carried) == done
    await assert_exact(store)


@pytest.mark.parametrize("page", [1000, 25], ids=["one page", "many pages"])
async def test_twice_is_once(store: Store, page: int) -> None:
    """A second run finds the same and changes nothing."""
    first = await store.run(page=page)
    second = await store.run(NOW_MS + 1000, page=page)

    assert first == second
    await assert_exact(store)


async def test_killed_while_it_looks_and_run_again(store: Store) -> None:
    """Hits that were kept are not counted before the whole run, and not twice after it."""

    def die(events: int, _hits: int) -> None:
        if events >= 100:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await store.run(page=30, tell=die)

    assert [] == store.sent

    await store.run(NOW_MS + 1000)
    await assert_exact(store)


async def test_killed_while_it_tells_and_run_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of which some are stored are all there after the next run."""
    monkeypatch.setattr("app.core.dashboards.backfill._MOST_CELLS", 20)
    send = store.send

    async def die(batch: CellBatch) -> None:
        if len(store.sent) >= 2:
            raise asyncio.CancelledError
        await send(batch)

    with pytest.raises(asyncio.CancelledError):
        await back_fill(store.reader, Version(await registry(), DASHBOARD, "test"), die, NOW_MS)
    await store.run(NOW_MS + 1000)

    await assert_exact(store)


async def test_the_dashboard_counts_from_this_version_on_before_any_number_is_told(store: Store) -> None:
    """A run that dies in between leaves too little, which the next one adds, and nothing that two versions count."""
    own = await registry(msgspec.structs.replace(DASHBOARD, counted_from=1))

    async def die(_batch: CellBatch) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await back_fill(store.reader, Version(own, own.state.dashboards["a"], "test"), die, NOW_MS)

    assert 4 == own.state.dashboards["a"].counted_from

    await store.run(NOW_MS + 1000)
    await assert_exact(store)


@pytest.mark.parametrize("after", [10**6, 30], ids=["after the last page", "after the first page"])
async def test_a_rule_that_is_changed_meanwhile_leaves_nothing(store: Store, after: int) -> None:
    """No hit, no number, and no further page is looked at: its events may have come under the new rule."""
    own, pages = await registry(), list[int]()

    def change(events: int, _hits: int) -> None:
        pages.append(events)
        if len(pages) == 1:
            own.state = told(BOT, EDITED)

    with pytest.raises(Refused, match="changed meanwhile"):
        await back_fill(store.reader, Version(own, DASHBOARD, "test"), store.send, NOW_MS, change, page=after)

    assert (1, []) == (len(pages), store.sent)
    assert [(0,)] == store.client.execute("SELECT count() FROM backfilled_hits")


async def test_a_rule_that_is_changed_takes_nothing_that_was_counted(store: Store) -> None:
    """An earlier run's numbers, and the hits they stand for."""
    await store.run()
    before = await store.numbers("dashboard:a", "day")
    with pytest.raises(Refused):
        await back_fill(store.reader, Version(await registry(EDITED), DASHBOARD, "test"), store.send, NOW_MS)

    assert before == await store.numbers("dashboard:a", "day")
    assert [] == audit(store.client, "b1")


async def test_what_came_meanwhile_is_found_by_the_next_run(store: Store) -> None:
    """Events that were not there the first time are added."""
    made = {one.event_id: one for one in make_events(random.Random(9), 50)}.values()
    late = [one for one in made if one.bot_id == "b1"]
    for one in late:
        one.event_id, one.dashboards = f"late-{one.event_id}", []
    await store.run()
    insert(store.client, event_rows([stream_record(900, late)]), "")
    await store.run(NOW_MS - 5000)
    store.events += late

    assert store.wanted("day") == await store.numbers("dashboard:a", "day")


async def test_retention_takes_nothing_from_what_was_counted(store: Store) -> None:
    """A run after the events have gone leaves the numbers as they were."""
    await store.run()
    before = await store.numbers("dashboard:a", "day")
    store.client.execute("TRUNCATE TABLE events")
    store.client.execute("TRUNCATE TABLE backfilled_hits")
    await store.run(NOW_MS + 1000)

    assert before == await store.numbers("dashboard:a", "day")


async def test_recent_minutes_are_counted_too(store: Store) -> None:
    """Those of the last two days, which are read from cells."""
    newest = max(one.at for one in store.events)
    await store.run(newest + 1)
    rows = store.client.execute(
        "SELECT toUnixTimestamp(start), value FROM counter_parts FINAL"
        " WHERE measure = 'hits' AND window = 'minute' AND stream_partition = 4294967295"
    )
    recent = [
        one for one in store.events
        if matches(RULE, one) and "a@4" not in one.dashboards and one.at >= newest + 1 - 2 * DAY
    ]  # fmt: skip

    assert recent
    assert dict(rows) == _per_minute(recent)


@pytest.mark.parametrize(
    ("expected", "shown_later"),
    [pytest.param("b1~2", 2, id="all the time"), pytest.param("b1~3", 3, id="since it was begun")],
)
async def test_the_generation_that_is_shown_is_told(store: Store, expected: str, shown_later: int) -> None:
    """Whatever was said of another one: hits are those of the numbers beside which they stand, cut by its zone."""
    await store.run()
    before, store.sent = store.sent, []
    own = MemoryRegistry()
    await tell(own, counted_again(2), DASHBOARD)

    def show(_events: int, _hits: int) -> None:
        own.state = told(counted_again(shown_later), DASHBOARD)

    for _ in range(2):
        await back_fill(store.reader, Version(own, DASHBOARD, "test"), store.send, NOW_MS, show)

    assert {"b1"} == {cell[0] for batch in before for cell in batch.cells}
    assert {expected} == {cell[0] for batch in store.sent for cell in batch.cells}
    assert len(store.sent[0].cells) == sum(len(batch.cells) for batch in store.sent)
    assert days_of(before) != days_of(store.sent)


def counted_again(generation: int) -> Bot:
    """Return the bot in another zone."""
    return msgspec.structs.replace(BOT, reporting=Reporting("Asia/Tokyo", generation=generation))


def days_of(batches: list[CellBatch]) -> dict[int, int]:
    """Return hits by day."""
    return {cell[4]: cell[6] for batch in batches for cell in batch.cells if cell[3] == "day"}


async def test_a_dashboard_without_a_rule_is_refused(store: Store) -> None:
    """There is nothing to apply."""
    shown = Dashboard("n", "b1", "New", 0, measure="new_users")
    with pytest.raises(Refused, match="has no rule"):
        await back_fill(store.reader, Version(await registry(shown), shown, "test"), store.send, NOW_MS)


def _per_minute(events: list[BotEvent]) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in events:
        found[one.at // 60_000 * 60] = found.get(one.at // 60_000 * 60, 0) + 1

    return found
