"""
Bots that were erased from the state of one partition: their entries leave, and nothing of them is taken in any more.

That a bot was erased is an entry itself, so whoever restores the state knows it, and finds what a worker that crashed or was
thought dead has left, or has written late.
"""

from __future__ import annotations

from collections.abc import Collection

from app.core.entries import ERASED, bot_of, erased_key, prefix_of
from app.core.generations import bot_in

__all__ = ["Erasure"]


class Erasure:
    """Changes *entries* in place; what has to be written of it is taken with the next flush."""

    def __init__(self, entries: dict[bytes, bytes]) -> None:
        self._entries = entries
        self._bots = {key[2:].decode() for key in entries if key[:1] == ERASED}
        self._marks: list[bytes] = []
        self._leaving: list[bytes] = []
        self._expel(self._bots)

    def __contains__(self, name: str) -> bool:
        return bool(self._bots) and bot_in(name) in self._bots

    def add(self, bots: Collection[str], offset: int) -> None:
        """Erase *bots*, as the record at *offset* says."""
        for bot in bots:
            key = erased_key(bot)
            self._entries[key] = prefix_of(offset)
            self._marks.append(key)
        self._bots.update(bots)
        self._expel(bots)

    def take_marks(self) -> list[tuple[bytes, bytes]]:
        """Return the entries that say who was erased since the last call."""
        marks, self._marks = self._marks, []

        return [(key, self._entries[key]) for key in marks]

    def take_leaving(self) -> list[bytes]:
        """Return the keys that are to be deleted from the changelog."""
        leaving, self._leaving = self._leaving, []

        return leaving

    def _expel(self, bots: Collection[str]) -> None:
        if not bots:
            return
        gone = {bot.encode() for bot in bots}
        leaving = [key for key in self._entries if bot_of(key) in gone and key[:1] != ERASED]
        for key in leaving:
            del self._entries[key]
        self._leaving += leaving
