"""
Records on their way to ClickHouse: what they hold, what is to be written, and how far it brings the store.

A record that cannot be read becomes a dead letter of stage `store`, and the store goes on after it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from app.adapters.sink import Positions
from app.adapters.topics import ALERTS, BOT_EVENTS, COUNTERS, DEAD_LETTERS
from app.core.alerts.machine import Transition
from app.core.counters import decode_cells
from app.core.events import EventBatch, decode_batches
from app.core.outcome import DeadLetter, Reason
from app.core.readable import Unreadable, read
from app.core.rows import (
    Rows,
    StreamRecord,
    alert_rows,
    counter_rows,
    dead_letter_rows,
    event_rows,
    without_bots,
)

__all__ = ["TOPICS", "Batch", "Record"]

_decode_letter: Final = msgspec.json.Decoder(DeadLetter).decode
_READERS: Final[dict[str, Callable[[bytes], Any]]] = {
    BOT_EVENTS: decode_batches,
    COUNTERS: decode_cells,
    DEAD_LETTERS: _decode_letter,
    ALERTS: msgspec.json.Decoder(Transition).decode,
}
TOPICS: Final = tuple(_READERS)
_MOST_BODY: Final = 1 << 20


class Record(Protocol):
    """A Kafka record, as far as it matters here."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None


class _Item(NamedTuple):
    record: Record
    content: Any


class Batch:
    """Records that are written together. `rows` counts what they hold; `records` are as they came, in their order."""

    def __init__(self) -> None:
        self.rows = 0
        self.records: list[Record] = []
        self._items: dict[str, list[_Item]] = {topic: [] for topic in TOPICS}
        self._unreadable: list[_Item] = []
        self._positions: Positions = {}
        self._crc = 0

    def __len__(self) -> int:
        return len(self.records)

    def add(self, records: Iterable[Record]) -> None:
        """Read *records*; of one partition they come in their order."""
        for record in records:
            try:
                content = read(_READERS[record.topic], record.value or b"")
            except Unreadable as error:
                self.refuse(record, error)
                continue
            self._items[record.topic].append(_Item(record, content))
            self.rows += _size_of(content)
            self._note(record)

    def refuse(self, record: Record, error: Exception) -> None:
        """Put *record* aside: neither now nor later can it be stored as what it is."""
        self._unreadable.append(_Item(record, error))
        self.rows += 1
        self._note(record)

    def tables(self, removed: Collection[str] = ()) -> list[Rows]:
        """Lay out everything to be written, but what belongs to bots that were *removed*."""
        events = [StreamRecord(r.partition, r.offset, batches) for r, batches in self._items[BOT_EVENTS]]
        letters = [letter for _, letter in self._items[DEAD_LETTERS]]
        letters += [_letter_of(record, error) for record, error in self._unreadable]
        cells = (batch for _, batch in self._items[COUNTERS])
        told = ((record.offset, one) for record, one in self._items[ALERTS])

        laid_out = (event_rows(events), counter_rows(cells), dead_letter_rows(letters), alert_rows(told))

        return [rows for own in laid_out if (rows := without_bots(own, removed)).size]

    @property
    def positions(self) -> Positions:
        """Where reading goes on, per topic and partition, when all this is written."""
        return self._positions

    @property
    def token(self) -> str:
        """
        Name of exactly these records, the same on every try.

        The checksum tells records apart that stand at the same offsets of a topic that was deleted and made again.
        """
        ends = ",".join(f"{topic}/{n}/{end}" for (topic, n), end in sorted(self._positions.items()))

        return f"{ends}#{len(self)}-{self._crc:08x}"

    @property
    def is_refused(self) -> bool:
        """Tell whether nothing in it could be read."""
        return self.refused == len(self)

    @property
    def refused(self) -> int:
        """How many records could not be read."""
        return len(self._unreadable)

    def _note(self, record: Record) -> None:
        self.records.append(record)
        self._positions[record.topic, record.partition] = record.offset + 1
        self._crc = zlib.crc32(record.value or b"", self._crc)


def _size_of(content: list[EventBatch] | Any) -> int:
    if isinstance(content, list):
        return sum(len(batch.events) for batch in content)

    return len(content.cells) if hasattr(content, "cells") else 1


def _letter_of(record: Record, error: Exception) -> DeadLetter:
    return DeadLetter(
        bot_id="",
        reason=Reason.READER_FAILED,
        message=f"{record.topic} partition {record.partition} offset {record.offset} cannot be stored: {error}",
        stage="store",
        raw_partition=record.partition,
        raw_offset=record.offset,
        raw_index=0,
        received_at=record.timestamp,
        body=(record.value or b"")[:_MOST_BODY].decode("utf-8", "backslashreplace"),
        path=record.topic,
    )
