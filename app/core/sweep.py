"""
Goes round the entries of a partition, a bounded number with each flush, so that what has expired is found.

Nothing may look at all entries at once: with a million of them the stage would stand still for a second.  A round
begins with each log hour, unless the one before still goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["VISITS", "Sweep"]

VISITS: Final = 1_000
"""Entries looked at in one flush, if it does not write more: a few milliseconds at most."""


class Sweep:
    """Where the round stands. A new one begins at once, as nothing is known of what was left behind."""

    def __init__(self, visits: int = VISITS) -> None:
        self._visits = visits
        self._hour = -1
        self._left: list[bytes] = []

    def visit(self, entries: dict[bytes, bytes], hour: int, written: int) -> Iterator[tuple[bytes, bytes]]:
        """
        Yield the next entries, also while the caller changes and deletes them.

        They are no fewer than were *written* by the flush, or a round might never catch up with what is new.
        """
        if not self._left and hour != self._hour:
            self._hour = hour
            self._left = list(entries)
        visits = max(self._visits, written)
        due, self._left[-visits:] = self._left[-visits:], []
        for key in due:
            entry = entries.get(key)
            if entry is not None:
                yield key, entry
