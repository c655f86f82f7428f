"""
How records become rows of ClickHouse: values in columns, so that the driver packs a column at a time.

Times stay integers, as the driver then has nothing to convert.  What repeats a row it has no say in: the tables keep
one row of each key.  The order of columns is that of the insert, not of the table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import compress
from operator import attrgetter
from typing import Any, Final, NamedTuple

from app.core.alerts.machine import Transition
from app.core.counters import CellBatch
from app.core.events import BotEvent, EventBatch
from app.core.generations import bot_in, generation_of
from app.core.outcome import DeadLetter

__all__ = [
    "EVENT_COLUMNS",
    "Rows",
    "StreamRecord",
    "alert_rows",
    "counter_rows",
    "dead_letter_rows",
    "event_rows",
    "without_bots",
]


class Rows(NamedTuple):
    """Rows of one table. `values` holds one list per column."""

    table: str
    columns: tuple[str, ...]
    values: list[list[Any]]

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.values[0])


class StreamRecord(NamedTuple):
    """A decoded record of bot-events and its place."""

    partition: int
    offset: int
    batches: list[EventBatch]


EVENT_COLUMNS: Final = (
    "bot_id", "user_id", "event_id", "at", "received_at", "platform", "direction", "kind", "text", "intent",
    "intent_confidence", "not_handled", "conversation_id", "session_id", "message_id", "event_name", "amount",
    "currency", "locale", "attributes", "user_attributes", "warnings", "dashboards", "dialect", "sdk",
    "raw_index",
)  # fmt: skip
"""Columns of `bot_events` that are fields of an event."""
_FROM_PLACE: Final = (
    "raw_partition",
    "raw_offset",
    "stream_partition",
    "stream_offset",
    "stream_index",
)
_COUNTERS: Final = (
    "bot_id", "measure", "dim", "window", "start", "key", "stream_partition", "log_day", "value", "stamp", "generation",
)  # fmt: skip
_ALERTS: Final = (
    "bot_id", "alert_id", "episode", "type", "at", "started_at", "name", "measure", "window_s", "op", "threshold",
    "against", "value", "base", "change_percent", "reason", "precedence",
)  # fmt: skip
_FIRST: Final = (1 << 63) - 1
_DEAD_LETTERS: Final = DeadLetter.__struct_fields__
_SPARSE: Final = (
    "attributes",
    "user_attributes",
    "warnings",
    "dashboards",
    "event_name",
    "currency",
    "session_id",
    "sdk",
)
"""Columns that are often empty throughout a batch; they are then left to their default, which costs nothing."""


def event_rows(records: Sequence[StreamRecord]) -> Rows:
    """Lay out every event of *records*, repeats included; what was stored before and comes again as history is left out."""
    events = [
        event for record in records for batch in record.batches if not batch.history for event in batch.events
    ]
    columns = dict(_columns_of(events))
    columns |= zip(_FROM_PLACE, _places(records), strict=True)

    return Rows("events", tuple(columns), list(columns.values()))


def counter_rows(batches: Iterable[CellBatch]) -> Rows:
    """Lay out the parts of counters; of several values of one part only the newest goes further."""
    newest: dict[tuple[Any, ...], tuple[int, int]] = {}
    for batch in batches:
        partition, log_day, stamp = batch.partition, batch.log_day, batch.stamp
        for *cell, value in batch.cells:
            part = (*cell, partition, log_day)
            if newest.get(part, (-1,))[0] <= stamp:
                newest[part] = (stamp, value)
    values = [list(column) for column in zip(*newest, strict=True)] or [[] for _ in _COUNTERS[:-3]]
    start = _COUNTERS.index("start")
    values[start] = [max(second, 0) for second in values[start]]  # the week of 1970-01-01 begins before it
    values.append([value for _, value in newest.values()])
    values.append([stamp for stamp, _ in newest.values()])
    names = values[0]
    generations = {name: generation_of(name) for name in set(names)}
    values.append([generations[name] for name in names])
    if any(generations.values()):
        values[0] = [bot_in(name) for name in names]

    return Rows("counter_parts", _COUNTERS, values)


def dead_letter_rows(letters: Sequence[DeadLetter]) -> Rows:
    """Lay out refused items."""
    values = [list(map(attrgetter(name), letters)) for name in _DEAD_LETTERS]

    return Rows("dead_letter_rows", _DEAD_LETTERS, values)


def alert_rows(told: Iterable[tuple[int, Transition]]) -> Rows:
    """Lay out what became of alerts, each with the offset at which it was told: a repeat is a later one."""
    rows = [_alert_row(offset, one) for offset, one in told]
    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in _ALERTS]

    return Rows("alert_rows", _ALERTS, values)


def without_bots(rows: Rows, bots: Collection[str]) -> Rows:
    """Return *rows* less those of *bots*."""
    own = rows.values[rows.columns.index("bot_id")] if bots else []
    gone = set(bots).intersection(own)
    if not gone:
        return rows
    kept = [bot not in gone for bot in own]

    return rows._replace(values=[list(compress(column, kept)) for column in rows.values])


def _alert_row(offset: int, one: Transition) -> tuple[Any, ...]:
    condition = one.condition

    return (
        one.bot, one.alert, one.episode, one.type, one.at, one.started_at, one.name, one.measure, one.window_s,
        condition.op, condition.threshold, condition.against, one.value, one.base, one.change, one.reason, _FIRST - offset,
    )  # fmt: skip


def _columns_of(events: list[BotEvent]) -> Iterable[tuple[str, list[Any]]]:
    for name in EVENT_COLUMNS:
        column = list(map(attrgetter(name), events))
        if name not in _SPARSE or any(column):
            yield name, column


def _places(records: Sequence[StreamRecord]) -> tuple[list[int], ...]:
    """Return where each event comes from, column by column."""
    places: tuple[list[int], ...] = ([], [], [], [], [])
    raw_partitions, raw_offsets, partitions, offsets, indexes = places
    for record in records:
        n = 0
        for batch in record.batches:
            if batch.history:
                continue
            size = len(batch.events)
            raw_partitions += [batch.raw_partition] * size
            raw_offsets += [batch.raw_offset] * size
            n += size
        partitions += [record.partition] * n
        offsets += [record.offset] * n
        indexes += range(n)

    return places
