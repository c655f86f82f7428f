"""What a recount asks of ClickHouse: what would be lost, each stored event once, how events arrived; and what it deletes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_driver import Client

from app.adapters import recount_tables
from app.adapters.clickhouse import insert
from app.adapters.reader import Reader
from app.adapters.recount_tables import RecountTables, loss
from app.adapters.withdrawal import recent_parts
from app.config import Settings
from app.core.calendar import DAY_S
from app.core.commands.recounting import wanting
from app.core.counters import CellBatch
from app.core.dashboards.backfill import PARTITION
from app.core.events import Reporting
from app.core.recounting import FIELDS
from app.core.registry import Bot
from app.core.rows import StreamRecord, counter_rows, event_rows
from tests.events import NOON_MS, event, stream_record

pytestmark = pytest.mark.clickhouse

MAY_27 = NOON_MS // 1000 // DAY_S * DAY_S
MONTH_MS = 31 * DAY_S * 1000
BOT = Bot("pizza", "Pizza", "kik", 1, Reporting(generation=1), generations=1)
ROME = {"zone": "Europe/Rome"}


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    """What the web process reads with."""
    reader = Reader(settings, threads=1)
    yield reader
    reader.close()


@pytest.fixture
def tables(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecountTables]:
    """Tables that are read two events at a time, of two partitions, and asked again at once."""
    monkeypatch.setattr(recount_tables, "_APART_S", 0.0)
    chosen = settings.model_copy(update={"partitions": 2})
    tables = RecountTables(chosen, page=2)
    yield tables
    tables.close()


def count(client: Client, *cells: tuple[Any, ...], partition: int = 0) -> None:
    """Insert numbers: name, measure, window, start and value of each."""
    full = [(name, measure, "", window, start, "", n) for name, measure, window, start, n in cells]
    insert(client, counter_rows([CellBatch(partition, 19870, 1, full)]), f"counters-{partition}")


def store(client: Client, *records: StreamRecord) -> None:
    """Insert events."""
    insert(client, event_rows(records), "events")


def on() -> None:
    """Go on."""


def days(*events: int, name: str = "pizza~1") -> list[tuple[Any, ...]]:
    """Return numbers of events of days from 27 May on."""
    return [(name, "events", "day", MAY_27 + n * DAY_S, number) for n, number in enumerate(events)]


async def test_events_that_are_no_longer_stored_are_named(client: Client, reader: Reader) -> None:
    """Those of the shown generation, on days of which nothing is left: how many, from when to when."""
    count(client, *days(5, 7, 2, 4), *days(1000, name="pizza"), *days(1000, name="pasta~1"))
    store(client, stream_record(0, [event("e", at=NOON_MS + 2 * DAY_S * 1000)]))
    refusal = await loss(reader, BOT, ROME)

    assert refusal is not None
    assert ("events_gone", "accept_loss") == (refusal.code, refusal.field)
    assert refusal.message.startswith("16 events of days from 2024-05-27 to 2024-05-30 were counted")


async def test_what_is_stored_is_not_lost(client: Client, reader: Reader) -> None:
    """A day with one event is there, by the days of the settings that are shown; empty days and today are nothing."""
    tokyo = Bot("pizza", "Pizza", "kik", 1, Reporting("Asia/Tokyo", generation=1), generations=1)
    today = int(time.time()) // DAY_S * DAY_S
    count(client, *days(0, 3), ("pizza~1", "events", "day", today, 9))
    store(client, stream_record(0, [event("e", at=NOON_MS + 4 * 3_600_000)]))

    assert None is await loss(reader, tokyo, ROME)
    assert None is not await loss(reader, BOT, ROME)


@pytest.mark.parametrize(
    ("bot", "changes"),
    [
        pytest.param(BOT, {"name": "Pasta"}, id="a name"),
        pytest.param(BOT, {"confidence_threshold": 0.5}, id="what cuts nothing"),
        pytest.param(BOT, {"zone": "UTC"}, id="what is shown"),
        pytest.param(wanting(BOT, ROME), ROME, id="what is being counted"),
        pytest.param(
            wanting(BOT, ROME), {"confidence_threshold": 0.5}, id="what cuts nothing, while counting"
        ),
        pytest.param(wanting(BOT, ROME), {"zone": "UTC"}, id="calling off"),
    ],
)
async def test_what_counts_nothing_anew_loses_nothing(
    client: Client, reader: Reader, bot: Bot, changes: dict[str, Any]
) -> None:
    """Whatever is stored; other settings would cost numbers of this bot."""
    count(client, *days(5))

    assert None is await loss(reader, bot, changes)
    assert None is not await loss(reader, bot, {"zone": "Asia/Tokyo"})


async def test_pages_have_each_event_once(client: Client, tables: RecountTables) -> None:
    """Of all partitions and months, those that were stored before the order of their partition, whole, in the key's order."""
    bought = {
        "kind": "custom",
        "direction": "none",
        "amount": 1.5,
        "currency": "EUR",
        "dashboards": ["all@1"],
    }
    before = [
        event("e1", at=NOON_MS - MONTH_MS),
        event("e2", **bought),
        event("e1", user_id="bob"),
        event("e3", user_id="bob", intent="order"),
        event("e0", user_id="cyd"),
    ]
    store(
        client,
        stream_record(1, [before[4], before[1]], partition=1),
        stream_record(8, [before[0], before[2], before[2]]),
        stream_record(9, [before[3]]),
        stream_record(10, [event("at the order"), event("e1", at=NOON_MS - MONTH_MS)]),
        stream_record(2, [event("after", user_id="dan")], partition=1),
        stream_record(0, [event("other", bot_id="pasta")]),
    )
    begins = {0: 10, 1: 2}
    pages = [page async for page in tables.pages("pizza", begins, on)]

    assert [2, 2, 1] == [len(page) for page in pages]
    assert [[getattr(one, name) for name in FIELDS] for one in before] == [
        list(row) for page in pages for row in page
    ]
    assert len(before) == await tables.size("pizza", begins, on)


async def test_nothing_stored_is_no_page(tables: RecountTables) -> None:
    """A bot without events is counted at once."""
    assert [] == [page async for page in tables.pages("pizza", {0: 10, 1: 2}, on)]
    assert 0 == await tables.size("pizza", {0: 10, 1: 2}, on)


async def test_arrivals_are_what_the_next_generation_does_not_know(
    client: Client, tables: RecountTables
) -> None:
    """Late events and repeats by the hour, over all partitions, less those that both counted."""
    hour = MAY_27 + 3600
    count(
        client,
        ("pizza~1", "late", "hour", hour, 5),
        ("pizza~2", "late", "hour", hour, 2),
        ("pizza~1", "repeats", "hour", hour, 4),
        ("pizza~2", "repeats", "hour", hour, 4),
        ("pizza~1", "late", "day", MAY_27, 5),
        ("pizza~1", "messages", "hour", hour, 7),
        ("pizza", "late", "hour", hour, 50),
        ("pasta~1", "late", "hour", hour, 50),
    )
    count(client, ("pizza~1", "late", "hour", hour, 10), partition=1)

    assert [("late", hour, 13)] == await tables.arrivals("pizza", 1, 2, on)


async def test_arrivals_are_asked_until_two_answers_agree(client: Client, tables: RecountTables) -> None:
    """What changes both generations may be stored in two steps: a number of which one half is there is not taken."""
    asked = 0

    def store_the_rest() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            count(client, ("pizza~2", "late", "hour", MAY_27, 5), partition=1)

    count(client, ("pizza~1", "late", "hour", MAY_27, 6))

    assert [("late", MAY_27, 1)] == await tables.arrivals("pizza", 1, 2, store_the_rest)
    assert 3 == asked


async def test_dropping_keeps_what_is_shown_and_what_came_after(
    client: Client, tables: RecountTables
) -> None:
    """Of this bot, generations up to the newest one known but that which is shown."""
    names = ["pizza", "pizza~1", "pizza~2", "pizza~3", "pizza~4", "pasta"]
    count(client, *(cell for name in names for cell in days(1, name=name)))
    await tables.drop("pizza", 2, 3)

    assert [("pasta", 0), ("pizza", 2), ("pizza", 4)] == sorted(
        await tables.generations(["pizza", "pasta", "nobody"])
    )
    assert [] == await tables.generations([])


async def test_sql_is_told_by_the_store(client: Client, tables: RecountTables) -> None:
    """It is what `bots` says last."""
    told = []
    for generation in (0, 1):
        client.execute("INSERT INTO bots (bot_id, generation) VALUES", [("pizza", generation)])
        told.append(await tables.is_told("pizza", 1))

    assert [False, True] == told
    assert not await tables.is_told("nobody", 0)


def test_a_replay_takes_recent_parts_of_recounts_back(client: Client, settings: Settings) -> None:
    """Where track wrote them, under the names they are counted by: those a live page keeps, and nobody's parts not."""
    now_s = int(time.time())
    today, minute = now_s // DAY_S * DAY_S, now_s // 60 * 60
    count(
        client,
        ("pizza~2", "messages", "day", today, 3),
        ("pizza~2", "messages", "minute", minute, 3),
        ("pizza~2", "messages", "minute", minute - 3 * 3600, 3),
        ("pizza~2", "messages", "day", today - 5 * DAY_S, 3),
        ("pizza~2", "retained", "day", today, 3),
        ("pizza", "messages", "day", today, 3),
        partition=1,
    )
    count(client, ("pizza~2", "messages", "day", today, 3), partition=PARTITION)

    assert [
        (1, 19870, "pizza~2", "messages", "", "day", today, ""),
        (1, 19870, "pizza~2", "messages", "", "minute", minute, ""),
    ] == sorted(recent_parts(settings, now_s * 1000))
