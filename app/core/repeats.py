"""
Has this event been counted before?

Platforms redeliver and SDKs retry, so every event with an id of its own is remembered for two days after its
receipt: eight bytes of a hash, filed under the user and the UTC day of the event's time, where a repeat of the same
body is looked for.  A repeat whose body has no time may fall on the day after the first.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

__all__ = ["MOST_IDS", "Seen", "fingerprint", "is_repeat", "prune_seen", "remember"]

MOST_IDS: Final = 65_536
"""Ids remembered per user and day; beyond it the oldest are forgotten first."""

_WIDTH: Final = 8


class Seen(msgspec.Struct, array_like=True):
    """Fingerprints of the events of one day, in order of arrival; `touched`: hour of receipt of the last."""

    day: int
    touched: int
    prints: bytes


def fingerprint(event_id: str) -> bytes:
    """Return eight bytes that stand for an event id."""
    return blake2b(event_id.encode(), digest_size=_WIDTH).digest()


def is_repeat(seen: list[Seen], day: int, mark: bytes, *, timed: bool) -> bool:
    """Tell whether *mark* was remembered for *day*, or, where the body has no time of its own, the day before."""
    for entry in seen:
        if (entry.day == day or (not timed and entry.day == day - 1)) and _contains(entry.prints, mark):
            return True

    return False


def remember(seen: list[Seen], day: int, mark: bytes, hour: int) -> None:
    """File *mark* under *day*."""
    for entry in seen:
        if entry.day == day:
            entry.prints += mark
            entry.touched = hour
            if len(entry.prints) > MOST_IDS * _WIDTH:
                entry.prints = entry.prints[len(entry.prints) // 8 :][-MOST_IDS * _WIDTH :]
            return
    seen.append(Seen(day, hour, mark))


def prune_seen(seen: list[Seen], oldest_hour: int) -> None:
    """Forget the days to which nothing was added since *oldest_hour*."""
    if any(entry.touched < oldest_hour for entry in seen):
        seen[:] = [entry for entry in seen if entry.touched >= oldest_hour]


def _contains(prints: bytes, mark: bytes) -> bool:
    at = prints.find(mark)
    while at >= 0 and at % _WIDTH:
        at = prints.find(mark, at + 1)

    return at >= 0
