"""
Turns that the bot did not handle.

A turn begins at each instant of an incoming message and lasts until the next one.  A flagged event (the intent
NotHandled, a fallback, too little confidence) makes the turn it falls into not handled, once, on whichever side it
is.  Flagged events before the first known incoming one form a turn that begins with the earliest of them.

Both lists are sorted, so a late incoming message splits the turn it falls into.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Final

import msgspec

__all__ = ["MOST_TURNS", "Turns", "add_flag", "add_turn", "prune_turns"]

Count = Callable[[int, int], None]
"""count(start_ms, delta): a change of the turns not handled that begin at start_ms"""

MOST_TURNS: Final = 4096
"""Turns remembered per user; the oldest are forgotten first."""


class Turns(msgspec.Struct, array_like=True, gc=False):
    """Instants of incoming messages and of flagged events, each with the hour of receipt."""

    starts: list[int] = []
    touched: list[int] = []
    flags: list[int] = []
    flags_touched: list[int] = []


def add_turn(turns: Turns, at_ms: int, hour: int, count: Count) -> None:
    """Begin a turn at *at_ms*; flagged messages after it leave the turn before for this one."""
    starts = turns.starts
    if not turns.flags and (not starts or at_ms > starts[-1]) and len(starts) < MOST_TURNS:
        starts.append(at_ms)
        turns.touched.append(hour)
        return
    i = bisect_left(starts, at_ms)
    if i < len(starts) and starts[i] == at_ms:
        turns.touched[i] = hour
        return
    if turns.flags:
        _count_flagged(turns, i - 1, -1, count)
    turns.starts.insert(i, at_ms)
    turns.touched.insert(i, hour)
    if turns.flags:
        _count_flagged(turns, i - 1, 1, count)
        _count_flagged(turns, i, 1, count)
    if len(turns.starts) > MOST_TURNS:
        _forget(turns, 1)


def add_flag(turns: Turns, at_ms: int, hour: int, count: Count) -> None:
    """Mark the turn of a flagged event as not handled."""
    i = bisect_right(turns.starts, at_ms) - 1
    _count_flagged(turns, i, -1, count)
    place = bisect_right(turns.flags, at_ms)
    turns.flags.insert(place, at_ms)
    turns.flags_touched.insert(place, hour)
    _count_flagged(turns, i, 1, count)
    if len(turns.flags) > MOST_TURNS:
        del turns.flags[0], turns.flags_touched[0]


def prune_turns(turns: Turns, oldest_hour: int) -> None:
    """Forget the turns at the beginning that were not touched since *oldest_hour*, with their flags."""
    if not turns.starts:
        n = _untouched(turns.flags_touched, oldest_hour)
        del turns.flags[:n], turns.flags_touched[:n]
    elif n := _untouched(turns.touched, oldest_hour):
        _forget(turns, n)


def _untouched(hours: list[int], oldest_hour: int) -> int:
    """Return how many at the beginning are older."""
    return next((n for n, hour in enumerate(hours) if hour >= oldest_hour), len(hours))


def _forget(turns: Turns, n: int) -> None:
    del turns.starts[:n], turns.touched[:n]
    end = bisect_left(turns.flags, turns.starts[0]) if turns.starts else len(turns.flags)
    del turns.flags[:end], turns.flags_touched[:end]


def _count_flagged(turns: Turns, i: int, delta: int, count: Count) -> None:
    """Count turn i if it has a flag; i = -1 is the turn of flags before any incoming message."""
    starts, flags = turns.starts, turns.flags
    first = bisect_left(flags, starts[i]) if i >= 0 else 0
    end = bisect_left(flags, starts[i + 1]) if i + 1 < len(starts) else len(flags)
    if first < end:
        count(starts[i] if i >= 0 else flags[0], delta)
