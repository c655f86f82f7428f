"""Run records through shards without a broker: a changelog as a list, with crashes where the test wants them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from app.core.counters import Cell, CellBatch
from app.core.entries import CLOCK_KEY, stamp_of
from app.core.events import BotEvent, EventBatch, Reporting, partition_of
from app.core.shard import Shard, Writes
from tests.core.oracle import Numbers

__all__ = [
    "Changelog",
    "batch",
    "clock_offset",
    "every_number",
    "fold_all",
    "numbers_of",
    "records_of",
    "taken",
]


class Changelog:
    """What a broker keeps of one changelog partition, and the reader that restores from it."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, bytes | None]] = []
        self.counters: list[CellBatch] = []

    def write(self, writes: Writes | None, until: int | None = None) -> None:
        """Append a flush, or only its first *until* records."""
        if writes is None:
            return
        self.counters += writes.counters
        records = [*writes.entries, *((key, None) for key in writes.sealed)]
        self.records += records[:until]

    def restore(self) -> dict[bytes, bytes]:
        """Read everything; the higher stamp holds."""
        entries: dict[bytes, bytes] = {}
        for key, value in self.records:
            if value is None:
                entries.pop(key, None)
            elif key not in entries or stamp_of(entries[key]) <= stamp_of(value):
                entries[key] = value

        return entries


def batch(raw_offset: int, events: Sequence[BotEvent], reporting: Reporting = Reporting()) -> EventBatch:
    """Wrap events as one raw record's."""
    received_at = max((event.received_at for event in events), default=0)
    own = {event.bot_id: reporting for event in events} if reporting != Reporting() else {}

    return EventBatch(0, raw_offset, received_at, list(events), own)


def records_of(
    events: Sequence[BotEvent], size: int, reporting: Reporting = Reporting()
) -> list[list[EventBatch]]:
    """Cut events into records of one batch each."""
    return [[batch(n, events[i : i + size], reporting)] for n, i in enumerate(range(0, len(events), size))]


def fold_all(
    events: Sequence[BotEvent], partitions: int = 3, size: int = 10, reporting: Reporting = Reporting()
) -> Numbers:
    """Fold events in several partitions with a flush now and then, and return every number."""
    counters: list[CellBatch] = []
    split: defaultdict[int, list[BotEvent]] = defaultdict(list)
    for event in events:
        split[partition_of(event.bot_id, event.user_id, partitions)].append(event)
    for partition, own in split.items():
        shard = Shard(partition, {})
        for offset, record in enumerate(records_of(own, size, reporting)):
            shard.fold(offset, record)
            if offset % 3 == 0:
                counters += taken(shard).counters
        counters += taken(shard).counters

    return numbers_of(counters)


def every_number(batches: Iterable[CellBatch]) -> dict[Cell, int]:
    """Sum the newest value of each part, of every cell there is; those of 0 left out."""
    parts: dict[tuple[Cell, int, int], tuple[int, int]] = {}
    for cells in batches:
        for *name, value in cells.cells:
            key = (Cell(*name), cells.partition, cells.log_day)
            parts[key] = max(parts.get(key, (-1, 0)), (cells.stamp, value), key=lambda part: part[0])
    sums: Counter[Cell] = Counter()
    for (cell, _, _), (_, value) in parts.items():
        sums[cell] += value

    return {cell: value for cell, value in sums.items() if value}


def numbers_of(batches: Iterable[CellBatch]) -> Numbers:
    """Return every number but those of minutes; difference arrays are summed up into numbers."""
    numbers: Numbers = Counter()
    arrays: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for cell, value in every_number(batches).items():
        if cell.measure.startswith("active_users_"):
            arrays[cell.bot, cell.measure][cell.start] += value
        elif cell.window != "minute" and cell.measure not in ("late", "repeats", "session_late"):
            numbers[cell] += value
    for (bot, measure), array in arrays.items():
        sums = 0
        for start in range(min(array), max(array) + 1, 86_400):
            sums += array[start]
            numbers[bot, measure, "", "day", start, ""] = sums
    for name, n in numbers.items():
        assert n >= 0, (name, n)

    return +numbers


def taken(shard: Shard) -> Writes:
    """Take a flush; an empty one where nothing was folded."""
    return shard.take() or Writes(shard.clock.offset, [], [], [])


def clock_offset(entries: dict[bytes, bytes]) -> int:
    """Return the offset up to which the entries are complete."""
    return stamp_of(entries[CLOCK_KEY]) if CLOCK_KEY in entries else -1
