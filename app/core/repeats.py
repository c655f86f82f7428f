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

__all__ = ["MOST_IDS", "Seen", "fingerprint", "prune_seen", "remember"]

MOST_IDS: Final = 65_536
"""Ids remembered per user and day; beyond it the oldest are forgotten first."""

_WIDTH: Final = 8
_BLANK: Final = blake2b(digest_size=_WIDTH)


class Seen(msgspec.Struct, array_like=True, gc=False):
    """Fingerprints of the events of one day, in order of arrival; `touched`: hour of receipt of the last."""

    day: int
    touched: int
    prints: bytes


def fingerprint(event_id: str) -> bytes:
    """Return eight bytes that stand for an event id."""
    digest = _BLANK.copy()  # half the time of a new one
    digest.update(event_id.encode())

    return digest.digest()


def remember(seen: list[Seen], day: int, mark: bytes, hour: int, timed: bool) -> bool:
    """File *mark* under *day*; False where it is there, or, if the body has no time of its own, the day before."""
    own = None
    for entry in seen:
        if entry.day == day:
            own = entry
        elif timed or entry.day != day - 1:
            continue
        if entry.prints.find(mark) >= 0 and _contains(entry.prints, mark):  # half the time of `in`
            return False
    if own is None:
        seen.append(Seen(day, hour, mark))
        return True
    own.prints += mark
    own.touched = hour
    if len(own.prints) > MOST_IDS * _WIDTH:
        own.prints = own.prints[len(own.prints) // 8 :][-MOST_IDS * _WIDTH :]

    return True


def prune_seen(seen: list[Seen], oldest_hour: int) -> None:
    """Forget the days to which nothing was added since *oldest_hour*."""
    for entry in seen:
        if entry.touched < oldest_hour:
            seen[:] = [entry for entry in seen if entry.touched >= oldest_hour]
            return


def _contains(prints: bytes, mark: bytes) -> bool:
    at = prints.find(mark)
    while at >= 0 and at % _WIDTH:
        at = prints.find(mark, at + 1)

    return at >= 0
