"""Records become columns: nothing lost, nothing in the wrong column."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.counters import CellBatch
from app.core.events import NOWHERE, EventBatch
from app.core.outcome import DeadLetter, Reason
from app.core.rows import Rows, StreamRecord, counter_rows, dead_letter_rows, event_rows, without_bots
from tests.events import NOON_MS, event, stream_record

CELL = ("pizza", "events", "", "day", 86_400, "")


def dicts(rows: Rows) -> list[dict[str, object]]:
    """Return rows as a person would read them."""
    return [dict(zip(rows.columns, row, strict=True)) for row in zip(*rows.values, strict=True)]


def test_every_field_of_an_event_has_its_column() -> None:
    """A full event loses nothing but `repeats`, which only the stages before need."""
    full = event(
        "m1", platform="slack", text="hi", intent="order", intent_confidence=0.5, not_handled=True, conversation_id="c",
        session_id="s", message_id="m", event_name="e", amount=1.25, currency="EUR", locale="de", attributes={"a": "1"},
        user_attributes={"b": "2"}, dialect="dashbot", sdk="js", warnings=["no_time"], raw_index=3,
        dashboards=["bought@2"],
    )  # fmt: skip
    (row,) = dicts(event_rows([stream_record(7, [full])]))
    expected = {name: value for name, value in msgspec.structs.asdict(full).items() if name != "repeats"}

    assert expected == {name: row[name] for name in expected}


def test_each_event_knows_where_it_comes_from() -> None:
    """Raw place of its batch, place of its record, and its number within that, over all batches of the record."""
    record = StreamRecord(
        2,
        40,
        [EventBatch(5, 11, NOON_MS, [event("a"), event("b")]), EventBatch(6, 12, NOON_MS, [event("c")])],
    )
    columns = ("event_id", "raw_partition", "raw_offset", "stream_partition", "stream_offset", "stream_index")
    rows = dicts(event_rows([record]))

    assert [("a", 5, 11, 2, 40, 0), ("b", 5, 11, 2, 40, 1), ("c", 6, 12, 2, 40, 2)] == [
        tuple(row[name] for name in columns) for row in rows
    ]


@given(st.lists(st.sampled_from(["", "x"]), min_size=1, max_size=5))
def test_a_column_is_left_out_only_where_all_of_it_is_empty(names: list[str]) -> None:
    """A sparse column that is absent stands for empty values."""
    rows = event_rows([stream_record(0, [event(str(n), event_name=name) for n, name in enumerate(names)])])

    assert names == [row.get("event_name", "") for row in dicts(rows)]


def test_times_stay_integers() -> None:
    """The driver packs integers without converting them."""
    (row,) = dicts(event_rows([stream_record(0, [event("a")])]))

    assert (NOON_MS, NOON_MS) == (row["at"], row["received_at"])


def test_no_events_are_no_rows() -> None:
    """A record may hold no events."""
    assert 0 == event_rows([stream_record(0, [])]).size


def test_of_one_part_only_the_newest_value_goes_further() -> None:
    """Within a batch the higher stamp holds, in whatever order they come."""
    batches = [CellBatch(0, 1, stamp, [(*CELL, stamp * 10)]) for stamp in (5, 9, 7)]
    (row,) = dicts(counter_rows(batches))

    assert (90, 9) == (row["value"], row["stamp"])


def test_parts_of_other_partitions_and_log_days_are_kept_apart() -> None:
    """Three parts of one cell are three rows."""
    batches = [CellBatch(partition, day, 5, [(*CELL, 1)]) for partition, day in ((0, 1), (0, 2), (1, 1))]
    found = {(row["stream_partition"], row["log_day"]) for row in dicts(counter_rows(batches))}

    assert {(0, 1), (0, 2), (1, 1)} == found


def test_a_cell_is_laid_out_by_name() -> None:
    """The order of `Cell` is that of the columns."""
    (row,) = dicts(
        counter_rows([CellBatch(3, 19870, 5, [("pizza", "events", "kind", "hour", 3600, "text", 7)])])
    )

    assert {
        "bot_id": "pizza", "measure": "events", "dim": "kind", "window": "hour", "start": 3600, "key": "text",
        "stream_partition": 3, "log_day": 19870, "value": 7, "stamp": 5, "generation": 0,
    } == row  # fmt: skip


def test_a_generation_is_a_column_of_its_own() -> None:
    """Its name is the bot and a number; generations of one cell are rows of their own, also beside another bot's."""
    names = ("pizza~2", "pizza", "pasta~10")
    rows = dicts(counter_rows([CellBatch(0, 1, 5, [(name, *CELL[1:], 7) for name in names])]))

    assert [("pizza", 2), ("pizza", 0), ("pasta", 10)] == [(row["bot_id"], row["generation"]) for row in rows]


@pytest.mark.parametrize(
    ("expected", "removed"),
    [
        pytest.param(["pasta"], {"pizza"}, id="all generations"),
        pytest.param(["pizza", "pizza", "pasta"], (), id="none"),
    ],
)
def test_generations_leave_with_their_bot(expected: list[str], removed: Collection[str]) -> None:
    """A bot that was deleted leaves nothing behind under another name."""
    cells = [(name, *CELL[1:], 7) for name in ("pizza", "pizza~2", "pasta")]
    rows = without_bots(counter_rows([CellBatch(0, 1, 5, cells)]), removed)

    assert expected == [row["bot_id"] for row in dicts(rows)]


def test_history_is_not_stored_again() -> None:
    """What comes again for a generation is stored already; what stands beside it keeps its place."""
    again = EventBatch(NOWHERE, 0, 0, [event("old", bot_id="pizza~2")], history=True)
    batches = [
        again,
        EventBatch(5, 11, NOON_MS, [event("a")]),
        again,
        EventBatch(6, 12, NOON_MS, [event("b")]),
    ]
    rows = dicts(event_rows([StreamRecord(2, 39, [again]), StreamRecord(2, 40, batches)]))

    assert [("a", 5, 40, 0), ("b", 6, 40, 1)] == [
        (row["event_id"], row["raw_partition"], row["stream_offset"], row["stream_index"]) for row in rows
    ]


def test_the_week_of_the_first_day_of_time_has_a_start() -> None:
    """The week of 1970-01-01 begins in 1969, which the column does not know."""
    (row,) = dicts(
        counter_rows([CellBatch(0, 0, 1, [("pizza", "active_users", "", "week", -259_200, "", 1)])])
    )

    assert 0 == row["start"]


def test_a_dead_letter_is_laid_out_by_name() -> None:
    """Every field has its column."""
    letter = DeadLetter(
        "pizza", Reason.BAD_TIME, "no", "normalise", 1, 2, 3, NOON_MS, "{}", path="$.at", way="native"
    )

    assert [msgspec.structs.asdict(letter)] == dicts(dead_letter_rows([letter]))
