"""
How state keeps cells: those that change together (one bot, period, dimension and key) in one integer, a group.

A group's name is a letter, which says the dimension and the measures, and a key: `k|text` is kind = text with events,
messages, messages_in and messages_out.  Each measure has a lane of 64 bits, so one addition adds them all, and there
is one entry to look up, to stamp and to write instead of four:

    value = events + (messages << 64) + (messages_in << 128) + (messages_out << 192)

Lanes are signed: a negative one borrows from the lane above, and reading from the lowest up gives it back.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from app.core.measures import COHORT, DASHBOARD, HITS

__all__ = [
    "Number",
    "Sums",
    "from_bytes",
    "name_of",
    "numbers_of",
    "to_bytes",
    "unit_of",
]

Sums = dict[bytes, int]
"""Name of a group -> value, or change."""

Number = tuple[str, str, str, int]
"""measure, dim, key, value"""


class _Kind(NamedTuple):
    """What the groups of a letter hold. `grows`: no lane ever falls, so a lane without a change was not touched."""

    dim: str
    measures: tuple[str, ...]
    grows: bool = False


_KINDS: Final = {
    "t": _Kind("", ("events", "messages", "messages_in", "messages_out", "intents"), grows=True),
    "p": _Kind("platform", ("events", "messages", "messages_in", "messages_out"), grows=True),
    "k": _Kind("kind", ("events", "messages", "messages_in", "messages_out"), grows=True),
    "d": _Kind("direction", ("events", "messages"), grows=True),
    "l": _Kind("locale", ("messages", "messages_in", "messages_out"), grows=True),
    "i": _Kind("intent", ("intents",)),
    "e": _Kind("event", ("events",)),
    "m": _Kind("currency", ("revenue",)),
    "r": _Kind(DASHBOARD, (HITS,)),
    "s": _Kind(
        "", ("sessions", "session_messages", "bounces", "session_ms")
    ),  # the largest on top, with room
    "c": _Kind(COHORT, ("retained", "retained_last", "retained_run")),
    "h": _Kind("", ("not_handled",)),
    "o": _Kind("", ("late", "repeats", "session_late"), grows=True),
    "a": _Kind("", ("active_users",)),
    "n": _Kind("", ("new_users",)),
    "7": _Kind("", ("active_users_7d",)),
    "8": _Kind("", ("active_users_28d",)),
    "0": _Kind("", ("active_users_30d",)),
}
_LANE: Final = 64
_MASK: Final = (1 << _LANE) - 1
_MOST: Final = (1 << 63) - 1
_PLACES: Final = {
    (measure, kind.dim): (letter, lane * _LANE)
    for letter, kind in _KINDS.items()
    for lane, measure in enumerate(kind.measures)
}


@lru_cache(maxsize=20_000)
def name_of(measure: str, dim: str, key: str) -> bytes:
    """Return the name of the group that holds a cell."""
    return f"{_PLACES[measure, dim][0]}|{key}".encode()


def unit_of(measure: str, dim: str) -> int:
    """Return what one more of a measure adds to its group."""
    return 1 << _PLACES[measure, dim][1]


def numbers_of(name: bytes, value: int, change: int) -> list[Number]:
    """
    Return the cells of a group that *change* touched, with their values.

    A change of 0 may be two that cancel each other, and whoever crashed between them may have told of the first;
    only where nothing falls does it mean that there was none.
    """
    measures, dim, key, grows = _parsed(name)
    if len(measures) == 1:
        if not -_MOST <= value <= _MOST:  # amounts may add up to anything
            value = _MOST if value > 0 else -_MOST
        return [(measures[0], dim, key, value)]
    if not grows:
        return [
            (measure, dim, key, lane)
            for measure, lane in zip(measures, _lanes(value, len(measures)), strict=True)
        ]
    found = []
    for measure in measures:
        if change & _MASK:
            found.append((measure, dim, key, value & _MASK))
        value >>= _LANE
        change >>= _LANE

    return found


def to_bytes(value: int) -> bytes:
    """Write a group's value."""
    return value.to_bytes((value.bit_length() >> 3) + 1, "big", signed=True)


def from_bytes(value: bytes) -> int:
    """Read a group's value."""
    return int.from_bytes(value, "big", signed=True)


def _lanes(value: int, count: int) -> list[int]:
    found = []
    for _ in range(count):
        lane = value & _MASK
        if lane > _MOST:
            lane -= 1 << _LANE
        found.append(lane)
        value = (value - lane) >> _LANE

    return found


@lru_cache(maxsize=20_000)
def _parsed(name: bytes) -> tuple[tuple[str, ...], str, str, bool]:
    letter, _, key = name.decode().partition("|")
    kind = _KINDS[letter]

    return kind.measures, kind.dim, key, kind.grows
