"""
Which generations of which bots one partition counts, and from which record on.

Almost every bot has one generation and nothing stands here.  An order in the log (`Recount`) lets the next one begin, or one
take the place of the one before; what is neither shown nor to be shown leaves the state.  That is an entry itself, so whoever
restores the state knows it, and an order that is read again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from app.core.entries import ERASED, GENERATIONS, STAMP, bot_of, generations_key, name_in, prefix_of
from app.core.events import Recount, Reporting
from app.core.generations import bot_in, counted_as, generation_of

__all__ = ["Recounts"]

_ALWAYS: Final = -1

Named = tuple[str, Reporting]
"""What is counted: its name, and how it is cut."""


class _Counted(msgspec.Struct, array_like=True, frozen=True):
    """A generation, and the offset of the order after which it counts what comes."""

    reporting: Reporting
    since: int


class _Standing(msgspec.Struct, array_like=True, frozen=True):
    """What is counted of one bot, by the order of this revision."""

    revision: int
    shown: _Counted
    coming: _Counted | None

    def __iter__(self) -> Iterator[_Counted]:
        yield self.shown
        if self.coming is not None:
            yield self.coming

    def of(self, generation: int) -> _Counted | None:
        """Return the generation of this number, if it is counted."""
        return next((one for one in self if one.reporting.generation == generation), None)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Standing)


class Recounts:
    """Changes *entries* in place; what has to be written of it is taken with the next flush."""

    def __init__(self, entries: dict[bytes, bytes]) -> None:
        self._entries = entries
        self._standing = {
            key.partition(b"|")[2].decode(): _decoder.decode(entry[STAMP:])
            for key, entry in entries.items()
            if key[:1] == GENERATIONS
        }
        self._marks: list[bytes] = []
        self._leaving: list[bytes] = []
        self._expel(self._standing)

    def follow(self, bot: str, order: Recount, offset: int) -> None:
        """Count *bot* as the record at *offset* says, unless the same was said before, or something newer."""
        key, before = generations_key(bot), self._standing.get(bot)
        if before is not None and order.revision <= before.revision:
            return
        if before is None and self._newest(bot) > _newest_of(order):
            return  # from before a replay, after which nothing is known of older orders
        standing = _after(before, order, offset)
        self._standing[bot] = standing
        self._entries[key] = prefix_of(offset) + _encoder.encode(standing)
        self._marks.append(key)
        self._expel([bot])

    def counted(self, bot: str, reporting: Reporting, offset: int) -> list[Named]:
        """Return what an event of *bot* counts in that came at *offset*, with these settings."""
        standing = self._standing.get(bot)
        if standing is None:
            return [(counted_as(bot, reporting.generation), reporting)]
        shown = standing.shown.reporting
        own = reporting if reporting.generation >= shown.generation else shown
        coming = standing.coming.reporting if standing.coming is not None else None
        wanted = [own]
        if coming is not None and coming.generation > own.generation:
            wanted.append(coming)

        return [
            (counted_as(bot, one.generation), one)
            for one in wanted
            if (found := standing.of(one.generation)) is None or found.since < offset
        ]

    def counted_again(self, name: str) -> list[Named]:
        """Return what an event of history counts in that was sent for the generation *name*; nothing once it was given up."""
        standing = self._standing.get(bot_in(name))
        found = standing and standing.of(generation_of(name))

        return [(name, found.reporting)] if found else []

    def begun(self, bot: str, offset: int) -> list[Named]:
        """Return the generation of *bot* that began with the record at *offset*."""
        standing = self._standing.get(bot)
        found = standing and standing.coming
        if not found or found.since != offset:
            return []

        return [(counted_as(bot, found.reporting.generation), found.reporting)]

    def keeps(self, name: str) -> bool:
        """Tell whether *name* may still count."""
        standing = self._standing.get(bot_in(name))

        return standing is None or standing.of(generation_of(name)) is not None

    def forget(self, bots: Collection[str]) -> None:
        """Forget *bots*, whose entries have left."""
        for bot in bots:
            self._standing.pop(bot, None)

    def take_marks(self) -> list[tuple[bytes, bytes]]:
        """Return the entries that changed since the last call."""
        marks, self._marks = self._marks, []

        return [(key, self._entries[key]) for key in marks if key in self._entries]

    def take_leaving(self) -> list[bytes]:
        """Return the keys that are to be deleted from the changelog."""
        leaving, self._leaving = self._leaving, []

        return leaving

    def _newest(self, bot: str) -> int:
        own = bot.encode()

        return max(
            (generation_of(name_in(key).decode()) for key in self._entries if bot_of(key) == own), default=0
        )

    def _expel(self, bots: Collection[str]) -> None:
        if not bots:
            return
        kept = {
            counted_as(bot, one.reporting.generation).encode() for bot in bots for one in self._standing[bot]
        }
        own = {bot.encode() for bot in bots}
        leaving = [
            key
            for key in self._entries
            if bot_of(key) in own and name_in(key) not in kept and key[:1] not in (ERASED, GENERATIONS)
        ]
        for key in leaving:
            del self._entries[key]
        self._leaving += leaving


def _newest_of(order: Recount) -> int:
    return max(order.shown.generation, order.coming.generation if order.coming is not None else 0)


def _after(before: _Standing | None, order: Recount, offset: int) -> _Standing:
    """Return what is counted after *order*; what was counted before it goes on as it did."""
    shown = before.of(order.shown.generation) if before else None
    coming = before.of(order.coming.generation) if before and order.coming else None
    if order.coming is not None and coming is None:
        coming = _Counted(order.coming, offset)

    since = shown.since if shown else _ALWAYS

    return _Standing(order.revision, _Counted(order.shown, since), coming)
