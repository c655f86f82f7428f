"""
Has this event been counted before?

Platforms redeliver and SDKs retry, so every event with an id of its own is remembered for two days after its
receipt: seven bytes of a hash and one that says what it was, filed under the user and the UTC day of the event's time,
where a repeat of the same body is looked for.  A repeat whose body has no time may fall on the day after the first.

Rich is an event with an intent, or not handled.  Some SDKs send a message again, with its intent, when language
understanding has spoken: the first rich repeat of a plain event adds what it says (docs/decisions 14).  What that says
may change which dashboards it hits, so those of a plain event are remembered, too: the last byte is the number of the set of
dashboards, of which a user has few.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, Literal, NamedTuple

import msgspec

__all__ = ["MOST_IDS", "Arrival", "Richer", "Seen", "fingerprint", "prune_seen", "remember"]

MOST_IDS: Final = 65_536
"""Ids remembered per user and day; beyond it the oldest are forgotten first."""

_WIDTH: Final = 8
_HASH: Final = _WIDTH - 1
_BLANK: Final = blake2b(digest_size=_HASH)
_PLAIN: Final = b"\0"
_RICH: Final = b"\1"
_FIRST_SET: Final = 2
_MOST_SETS: Final = 256 - _FIRST_SET


class Richer(NamedTuple):
    """The first rich repeat of a plain event, and the dashboards that one hit."""

    before: list[str]


Arrival = Literal["new", "repeat"] | Richer


class Seen(msgspec.Struct, array_like=True, gc=False):
    """
    Fingerprints of the events of one day, in order of arrival; `touched`: hour of receipt of the last.

    `sets` are the sets of dashboards that plain events hit.  When they are too many for a byte another one of the day is begun.
    """

    day: int
    touched: int
    prints: bytes
    sets: list[list[str]] = []


def fingerprint(event_id: str) -> bytes:
    """Return seven bytes that stand for an event id."""
    digest = _BLANK.copy()  # half the time of a new one
    digest.update(event_id.encode())

    return digest.digest()


def remember(
    seen: list[Seen], day: int, mark: bytes, hour: int, timed: bool, rich: bool, hits: list[str]
) -> Arrival:
    """
    File *mark* under *day*, unless it is there, or, if the body has no time of its own, on the day before.

    A rich repeat of a plain one is `Richer`, once; without a time of its own it is a repeat like any other.
    """
    own = None
    for entry in seen:
        if entry.day == day:
            own = entry
        elif timed or entry.day != day - 1:
            continue
        place = entry.prints.find(mark)  # half the time of `in`
        if place >= 0 and (place := _aligned(entry.prints, mark, place)) >= 0:
            return _again(entry, place + _HASH, hour, rich and timed)
    if own is None or (hits and not rich and len(own.sets) == _MOST_SETS and hits not in own.sets):
        own = Seen(day, hour, b"", [])
        seen.append(own)
    own.prints += mark + (_RICH if rich else _number_of(hits, own.sets) if hits else _PLAIN)
    own.touched = hour
    if len(own.prints) > MOST_IDS * _WIDTH:
        own.prints = own.prints[len(own.prints) // 8 :][-MOST_IDS * _WIDTH :]

    return "new"


def prune_seen(seen: list[Seen], oldest_hour: int) -> None:
    """Forget the days to which nothing was added since *oldest_hour*."""
    for entry in seen:
        if entry.touched < oldest_hour:
            seen[:] = [entry for entry in seen if entry.touched >= oldest_hour]
            return


def _aligned(prints: bytes, mark: bytes, place: int) -> int:
    """Return where *mark* stands as a whole, from *place* on; -1 if nowhere."""
    while place >= 0 and place % _WIDTH:
        place = prints.find(mark, place + 1)

    return place


def _number_of(hits: list[str], sets: list[list[str]]) -> bytes:
    if hits not in sets:
        sets.append(hits)

    return bytes([_FIRST_SET + sets.index(hits)])


def _again(entry: Seen, place: int, hour: int, rich: bool) -> Arrival:
    kind = entry.prints[place]
    if not rich or kind == _RICH[0]:
        return "repeat"
    entry.prints = entry.prints[:place] + _RICH + entry.prints[place + 1 :]
    entry.touched = hour

    return Richer(entry.sets[kind - _FIRST_SET] if kind >= _FIRST_SET else [])
