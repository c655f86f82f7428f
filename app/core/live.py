"""
What the live view knows: totals of the last hours, and all dimensions of the days around today, of every bot.

    minute   two hours, totals          day     three days, with dimensions
    hour     two days, totals           week    two weeks         month   two months

and of dashboards their hits of minutes, hours and days.

Rolling users and retention need all of history; they are asked for, not followed.  A cell's parts are kept apart, as
the one with the higher stamp holds.  Changes are numbered, so that whoever watches can ask for what is new.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from app.core.calendar import DAY_S
from app.core.counters import Cell, CellBatch
from app.core.measures import HITS, MEASURES, Source

__all__ = ["FOLLOWED", "MOST_CELLS", "LiveView", "followed", "oldest_starts"]

MOST_CELLS: Final = 300_000
"""From here on only totals of days, weeks and months are taken in: memory has an end."""

_KEPT_S: Final = {
    "minute": 2 * 3600,
    "hour": 49 * 3600,
    "day": 3 * DAY_S,
    "week": 15 * DAY_S,
    "month": 62 * DAY_S,
}
FOLLOWED: Final = frozenset(
    (HITS, *(name for name, measure in MEASURES.items() if measure.source in (Source.SUM, Source.USERS)))
)

_Part = tuple[int, int]


class LiveView:
    """Cells by bot. `version` counts changes; `changes(bot, 0)` is everything."""

    def __init__(self, most_cells: int = MOST_CELLS) -> None:
        self.version = 0
        self._most_cells = most_cells
        self._parts: dict[Cell, dict[_Part, tuple[int, int]]] = {}
        self._changed: dict[str, OrderedDict[Cell, int]] = {}

    def take(self, batch: CellBatch, now_ms: int) -> set[str]:
        """Take in new values of parts and return the bots whose numbers changed."""
        oldest = oldest_starts(now_ms)
        bots = set()
        part, stamp = (batch.partition, batch.log_day), batch.stamp
        self.version += 1
        for bot, measure, dim, window, start, key, value in batch.cells:
            cell = Cell(bot, measure, dim, window, start, key)
            if self._is_kept(cell, oldest) and self._put(cell, part, stamp, value):
                bots.add(bot)
        return bots

    def changes(self, bot: str, since: int) -> Iterator[tuple[Cell, int]]:
        """Yield cells that changed after version *since*, the newest change first, with their numbers."""
        for cell, version in reversed(self._changed.get(bot, {}).items()):
            if version <= since:
                return
            yield cell, self.number(cell)

    def number(self, cell: Cell) -> int:
        """Return the sum of a cell's parts."""
        return sum(value for _, value in self._parts.get(cell, {}).values())

    def names(self) -> list[str]:
        """Return whose cells there are: bots, or generations of them."""
        return list(self._changed)

    def forget(self, bot: str) -> None:
        """Forget a bot, or a generation of one."""
        for cell in self._changed.pop(bot, {}):
            del self._parts[cell]

    def prune(self, now_ms: int) -> None:
        """Forget what has become too old."""
        oldest = oldest_starts(now_ms)
        for cell in [cell for cell in self._parts if cell.start < oldest[cell.window]]:
            del self._parts[cell]
            del self._changed[cell.bot][cell]
            if not self._changed[cell.bot]:
                del self._changed[cell.bot]

    def __len__(self) -> int:
        return len(self._parts)

    def _is_kept(self, cell: Cell, oldest: dict[str, int]) -> bool:
        if not followed(cell.measure, cell.dim, cell.window) or cell.start < oldest[cell.window]:
            return False
        is_plain = not cell.dim and cell.window in ("day", "week", "month")
        return is_plain or len(self._parts) < self._most_cells or cell in self._parts

    def _put(self, cell: Cell, part: _Part, stamp: int, value: int) -> bool:
        parts = self._parts.setdefault(cell, {})
        before = parts.get(part)
        if before is not None and before[0] > stamp:
            return False
        parts[part] = (stamp, value)
        if before is not None and before[1] == value:
            return False
        changed = self._changed.setdefault(cell.bot, OrderedDict())
        changed[cell] = self.version
        changed.move_to_end(cell)
        return True


def followed(measure: str, dim: str, window: str) -> bool:
    """Tell whether such cells are kept at all."""
    return measure in FOLLOWED and window in _KEPT_S and (not dim or window == "day" or measure == HITS)


def oldest_starts(now_ms: int) -> dict[str, int]:
    """Return the earliest start kept, by window."""
    now_s = now_ms // 1000
    return {window: max(now_s - kept_s, 0) for window, kept_s in _KEPT_S.items()}
