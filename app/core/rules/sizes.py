"""
Which clauses does a number leave possible?

All conditions by size of one clause ask for one span of numbers.  The bounds of all spans cut the numbers into pieces, and
for each piece it is known which spans it lies in, so that a number is placed by bisection, however many clauses there are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.core.rules.language import CONTRARY

__all__ = ["Bound", "Sizes"]


class Bound(NamedTuple):
    """A condition by size that must hold, or must not."""

    op: str
    edge: float
    is_wanted: bool


class Sizes:
    """The spans of all clauses, given by their bits."""

    def __init__(self, every: int, bounds: Mapping[int, Iterable[Bound]]) -> None:
        self._edges = sorted({bound.edge for ones in bounds.values() for bound in ones})
        wanting = sum(clause for clause, ones in bounds.items() if any(one.is_wanted for one in ones))
        self._without = every & ~wanting
        self._pieces = self._sweep(every & ~sum(bounds), bounds)

    def possible(self, number: float | None) -> int:
        """Return the clauses that have *number* in their span; of no number those that want none."""
        return self._without if number is None else self._pieces[self._piece(number)]

    def _piece(self, number: float) -> int:
        """Return an odd place for a number that is an edge, and the even ones around for what lies between."""
        return bisect_left(self._edges, number) + bisect_right(self._edges, number)

    def _sweep(self, unconcerned: int, bounds: Mapping[int, Iterable[Bound]]) -> list[int]:
        begins: defaultdict[int, int] = defaultdict(int)
        ends: defaultdict[int, int] = defaultdict(int)
        for clause, ones in bounds.items():
            low, high = self._span(ones)
            if low <= high:
                begins[low] |= clause
                ends[high + 1] |= clause
        pieces: list[int] = []
        inside = unconcerned
        for place in range(2 * len(self._edges) + 1):
            inside = (inside | begins[place]) & ~ends[place]
            pieces.append(inside)

        return pieces

    def _span(self, bounds: Iterable[Bound]) -> tuple[int, int]:
        """Return the first and the last piece that lie within all *bounds*."""
        low, high = 0, 2 * len(self._edges)
        for bound in bounds:
            op = bound.op if bound.is_wanted else CONTRARY[bound.op]
            place = self._piece(bound.edge)
            if op in ("above", "at_least"):
                low = max(low, place + (op == "above"))
            else:
                high = min(high, place - (op == "below"))

        return low, high
