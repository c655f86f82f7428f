"""
Has this event been counted before?

Platforms redeliver and SDKs retry, so every event with an id of its own is remembered for two days after its
receipt: seven bytes of a hash and one that says what it was, filed under the user and the UTC day of the event's time,
where a repeat of the same body is looked for.  A repeat whose body has no time may fall on one of the two days after the first.

Rich is an event with an intent, or not handled.  Some SDKs send a message again, with its intent, when language
understanding has spoken: the first rich repeat of a plain event adds what it says (docs/decisions 14).  What that says
may change which dashboards it hits, and repeats of some platforms come with another time, so what a plain event hit and when
is remembered, too: the last byte is the number of its set of dashboards, of which a user has few, and beside it stands
the minute of the day.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from hashlib import blake2b
from operator import attrgetter
from typing import Final, Literal, NamedTuple

import msgspec

__all__ = [
    "MOST_BYTES",
    "MOST_IDS",
    "Arrival",
    "Richer",
    "Seen",
    "fingerprint",
    "prune_seen",
    "remember",
]

MOST_IDS: Final = 65_536
"""Ids remembered per user and day; beyond it the oldest are forgotten first."""

MOST_BYTES: Final = 8 * 1024 * 1024
"""What is remembered of a user, about: where more is to be begun the oldest is forgotten first, as an entry has to fit a record."""

_WIDTH: Final = 8
_HASH: Final = _WIDTH - 1
_BLANK: Final = blake2b(digest_size=_HASH)
_PLAIN: Final = 0
_RICH: Final = 1
_FIRST_SET: Final = 2
_MOST_SETS: Final = 256 - _FIRST_SET
_MOST_NAMES: Final = 2000
_KINDS: Final = [bytes([kind]) for kind in range(256)]
_DAY: Final = 1440
_DAYS_AFTER: Final = 2
_MANY: Final = 8
_day_of: Final = attrgetter("day")
_MINUTE: Final = 2


class Richer(NamedTuple):
    """The first rich repeat of a plain event; the dashboards that one hit, and in which minute since 1970 if it hit any."""

    before: list[str]
    minute: int


Arrival = Literal["new", "repeat"] | Richer


class Seen(msgspec.Struct, array_like=True, gc=False):
    """
    Fingerprints of the events of one day, in order of arrival; `touched`: hour of receipt of the last.

    `sets` are the sets of dashboards that plain events hit, a bit for each of `names`; `minutes`, two bytes for each
    fingerprint, are kept from the first of these on.  When they are too many for a byte another entry of the day is begun.
    """

    day: int
    touched: int
    prints: bytes
    minutes: bytes = b""
    names: dict[str, int] = {}
    sets: list[bytes] = []


def fingerprint(event_id: str) -> bytes:
    """Return seven bytes that stand for an event id."""
    digest = _BLANK.copy()  # half the time of a new one
    digest.update(event_id.encode())

    return digest.digest()


def remember(
    seen: list[Seen], minute: int, mark: bytes, hour: int, timed: bool, rich: bool, hits: list[str]
) -> Arrival:
    """
    File *mark* under the day of *minute*, unless it is there, or, if the body has no time of its own, on the two days before.

    A rich repeat of a plain one is `Richer`, once; without a time of its own it is a repeat like any other.
    """
    own, day = None, minute // _DAY
    for entry in seen if len(seen) < _MANY else _near(seen, day):
        if entry.day == day:
            own = entry
        elif timed or not day - _DAYS_AFTER <= entry.day < day:
            continue
        place = entry.prints.find(mark)  # half the time of `in`
        if place >= 0 and (place := _aligned(entry.prints, mark, place)) >= 0:
            return _again(entry, place + _HASH, hour, rich and timed)
    number = _RICH if rich else _PLAIN
    if own is None:
        own = _begun(seen, day, hour)
    if hits and not rich:
        number = _number_of(own, hits)
        if not number:
            own = _begun(seen, day, hour)
            number = _number_of(own, hits)
    if own.sets:
        own.minutes = own.minutes.ljust(len(own.prints) // _WIDTH * _MINUTE, b"\0")
        own.minutes += (minute % _DAY).to_bytes(_MINUTE, "big")
    own.prints += mark + _KINDS[number]
    own.touched = hour
    if len(own.prints) > MOST_IDS * _WIDTH:
        gone = len(own.prints) // _WIDTH // 8
        own.prints, own.minutes = own.prints[gone * _WIDTH :], own.minutes[gone * _MINUTE :]

    return "new"


def prune_seen(seen: list[Seen], oldest_hour: int) -> None:
    """Forget the days to which nothing was added since *oldest_hour*."""
    for entry in seen:
        if entry.touched < oldest_hour:
            seen[:] = [entry for entry in seen if entry.touched >= oldest_hour]
            return


def _near(seen: list[Seen], day: int) -> list[Seen]:
    """Return the entries of *day* and of the days before, as those of imported history are many."""
    return seen[bisect_left(seen, day - _DAYS_AFTER, key=_day_of) : bisect_right(seen, day, key=_day_of)]


def _aligned(prints: bytes, mark: bytes, place: int) -> int:
    """Return where *mark* stands as a whole, from *place* on; -1 if nowhere."""
    while place >= 0 and place % _WIDTH:
        place = prints.find(mark, place + 1)

    return place


def _begun(seen: list[Seen], day: int, hour: int) -> Seen:
    """Begin an entry of *day* behind those it has: days stand in order, whatever the order they came in."""
    while sum(map(_size_of, seen)) > MOST_BYTES:
        del seen[min(range(len(seen)), key=lambda place: seen[place].touched)]
    own = Seen(day, hour, b"")
    seen.insert(bisect_right(seen, day, key=_day_of), own)

    return own


def _size_of(entry: Seen) -> int:
    size = len(entry.prints) + len(entry.minutes)
    if entry.names:
        size += sum(map(len, entry.sets)) + sum(map(len, entry.names)) + 4 * len(entry.names)

    return size


def _number_of(entry: Seen, hits: list[str]) -> int:
    """Return the number of a set, which may be a new one; 0 if there is no room for it."""
    names, sets = entry.names, entry.sets
    is_full = len(sets) == _MOST_SETS or len(names) >= _MOST_NAMES
    bits = 0
    for hit in hits:
        place = names.get(hit)
        if place is None:
            if is_full:
                return 0
            place = names[hit] = len(names)
        bits |= 1 << place
    packed = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    if packed not in sets:
        if is_full:
            return 0
        sets.append(packed)

    return _FIRST_SET + sets.index(packed)


def _again(entry: Seen, place: int, hour: int, rich: bool) -> Arrival:
    kind = entry.prints[place]
    if not rich or kind == _RICH:
        return "repeat"
    entry.prints = entry.prints[:place] + _KINDS[_RICH] + entry.prints[place + 1 :]
    entry.touched = hour
    if kind == _PLAIN:
        return Richer([], 0)
    start = place // _WIDTH * _MINUTE
    minute = int.from_bytes(entry.minutes[start : start + _MINUTE], "big")

    return Richer(_hits_of(entry, kind - _FIRST_SET), entry.day * _DAY + minute)


def _hits_of(entry: Seen, number: int) -> list[str]:
    bits = int.from_bytes(entry.sets[number], "little")

    return [name for name, place in entry.names.items() if bits >> place & 1]
