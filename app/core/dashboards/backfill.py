"""
A rule applied back over history, as cells: a part of each, beside those that track keeps, and owned by no partition.

Whoever runs it says whole numbers under a stamp that rises from run to run, so a second run changes nothing, and neither does
one that died half-way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from app.core.counters import CellBatch
from app.core.measures import DASHBOARD, HITS

__all__ = ["PARTITION", "Part", "Place", "batches_of", "taken_back", "withdrawn"]

PARTITION: Final = 2**32 - 1
"""In the place of a partition of bot-events."""

_MOST_CELLS: Final = 5000

Place = tuple[str, int]
"""window, start"""

_Value = Any
"""The fields of a cell, and its value."""


class Part(NamedTuple):
    """What was said before: a value and its stamp."""

    value: int
    stamp: int


def batches_of(
    bot: str, hit: str, counted: Iterable[tuple[Place, int]], said: Mapping[Place, Part], now_ms: int
) -> Iterator[CellBatch]:
    """
    Yield records of `counters` that say what was *counted*, where it is not less than what was *said* before.

    It is less only where events and hits were removed by retention since, and what they counted stays.
    """
    stamp = max([now_ms, *(part.stamp + 1 for part in said.values())])
    cells = [
        (bot, HITS, DASHBOARD, window, start, hit, value)
        for (window, start), value in counted
        if (before := said.get((window, start))) is None or value > before.value
    ]
    yield from _batches(cells, stamp)


def withdrawn(parts: Iterable[tuple[Any, ...]], now_ms: int) -> Iterator[CellBatch]:
    """Yield records of `counters` that say 0 of these parts: the fields of a cell, and its stamp."""
    found = list(parts)
    stamp = max([now_ms, *(stamp + 1 for *_, stamp in found)])

    return _batches([(*cell, 0) for *cell, _ in found], stamp)


def taken_back(parts: Iterable[tuple[Any, ...]], begins: Mapping[int, int]) -> Iterator[CellBatch]:
    """
    Yield records of `counters` that say 0 of parts that track wrote: partition, log day, and the fields of a cell.

    *begins* are the places from which on track counts anew, by partition: what it says from there on holds.
    """
    own: defaultdict[tuple[int, int], list[_Value]] = defaultdict(list)
    for partition, log_day, *cell in parts:
        own[partition, log_day].append((*cell, 0))
    for (partition, log_day), cells in own.items():
        yield from _batches(cells, max(begins.get(partition, 0) - 1, 0), partition, log_day)


def _batches(
    cells: list[_Value], stamp: int, partition: int = PARTITION, log_day: int = 0
) -> Iterator[CellBatch]:
    for first in range(0, len(cells), _MOST_CELLS):
        yield CellBatch(partition, log_day, stamp, cells[first : first + _MOST_CELLS])
