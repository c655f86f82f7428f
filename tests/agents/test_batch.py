"""What a batch holds, how far it brings the store, and what it is called."""

from __future__ import annotations

import msgspec
import pytest

from app.adapters.topics import BOT_EVENTS, COUNTERS, DEAD_LETTERS
from app.agents.batch import Batch
from app.core.counters import CellBatch, encode_cells
from app.core.events import EventBatch, encode_batches
from app.core.outcome import DeadLetter, Reason
from tests.events import NOON_MS, event


class Kafka(msgspec.Struct):
    """A record as aiokafka gives it."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    timestamp: int = NOON_MS


def events_record(offset: int, *names: str, partition: int = 0) -> Kafka:
    """Return a record of bot-events."""
    batches = [EventBatch(0, offset, NOON_MS, [event(name) for name in names])]

    return Kafka(BOT_EVENTS, partition, offset, encode_batches(batches))


def batch_of(*records: Kafka) -> Batch:
    """Return a batch of *records*."""
    batch = Batch()
    batch.add(records)

    return batch


def test_each_topic_has_its_table() -> None:
    """Events, counters and dead letters are written together."""
    letter = DeadLetter("pizza", Reason.BAD_TIME, "no", "normalise", 0, 0, 0, NOON_MS, "{}")
    cells = CellBatch(0, 1, 2, [("pizza", "events", "", "day", 0, "", 1)])
    batch = batch_of(
        events_record(1, "a", "b"),
        Kafka(COUNTERS, 0, 1, encode_cells(cells)),
        Kafka(DEAD_LETTERS, 0, 1, msgspec.json.encode(letter)),
    )

    assert {"events": 2, "counter_parts": 1, "dead_letter_rows": 1} == {
        t.table: t.size for t in batch.tables()
    }


def test_positions_are_after_the_last_record_of_each_partition() -> None:
    """Reading goes on behind what is written."""
    batch = batch_of(events_record(4, "a"), events_record(5, "b"), events_record(9, "c", partition=1))

    assert {(BOT_EVENTS, 0): 6, (BOT_EVENTS, 1): 10} == batch.positions


def test_rows_count_what_records_hold() -> None:
    """A batch is full by its rows, not by its records."""
    assert 3 == batch_of(events_record(1, "a", "b"), events_record(2, "c")).rows


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff",
        b"{}",
        b"[1]",
        encode_batches([EventBatch(0, 1, NOON_MS, [event("@")])]).replace(b"@", b"\xff"),
    ],
    ids=["none", "empty", "binary", "object", "number", "not-utf8"],
)
def test_what_cannot_be_read_becomes_a_dead_letter(value: bytes | None) -> None:
    """It says where it stands, and the position moves on behind it."""
    batch = batch_of(Kafka(BOT_EVENTS, 2, 7, value))
    (rows,) = batch.tables()
    row = dict(zip(rows.columns, next(zip(*rows.values, strict=True)), strict=True))

    assert ("store", BOT_EVENTS, 2, 7) == (row["stage"], row["path"], row["raw_partition"], row["raw_offset"])
    assert {(BOT_EVENTS, 2): 8} == batch.positions


def test_the_same_records_have_the_same_token() -> None:
    """A second try is recognised."""
    assert batch_of(events_record(1, "a")).token == batch_of(events_record(1, "a")).token


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([events_record(1, "b")], id="other content at the same place"),
        pytest.param([events_record(2, "a")], id="another place"),
        pytest.param([events_record(0, "a"), events_record(1, "a")], id="a longer range with the same end"),
    ],
)
def test_other_records_have_another_token(other: list[Kafka]) -> None:
    """ClickHouse would silently drop rows under a token it knows."""
    assert batch_of(events_record(1, "a")).token != batch_of(*other).token
