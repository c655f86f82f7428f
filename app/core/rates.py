"""
How much somebody may send: a bucket for each name that fills steadily and that every request empties by its size.

A request is taken while anything is left, however large it is; what it takes beyond that must flow in before the next
one.  So a batch larger than the bucket is possible, and over any time T no more than rate * (T + BURST_S) and one
request get through.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BURST_S", "Rates"]

BURST_S: Final = 10
"""Who was silent may send as much at once as would have come in this time."""


class Rates:
    """The buckets of all names, each full when it is first asked for."""

    def __init__(self, per_s: float) -> None:
        self.per_s = per_s
        self._full = per_s * BURST_S
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str, amount: int, now_s: float) -> float:
        """Take *amount* and return 0, or take nothing and return for how many seconds nothing can be taken."""
        level, then_s = self._levels.get(name, (self._full, now_s))
        level = min(self._full, level + max(now_s - then_s, 0) * self.per_s)
        wait_s = max(1 - level, 0) / self.per_s
        self._levels[name] = (level if wait_s else level - amount, now_s)
        return wait_s
