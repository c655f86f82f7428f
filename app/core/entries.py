"""
What state is kept as: entries `key -> stamp + value` of one changelog partition, one namespace for each kind.

    c|log day|bot|window|start|group   parts of counters (app/core/groups.py)
    b|bot                              newest event time of a bot (8 bytes)
    u|bot|user                         user (app/core/users.py)
    g|bot                              which generations of a bot are counted (app/core/recounts.py)
    x|bot                              that a bot was erased (nothing more)
    k                                  clock: where we stand

In the first three `bot` is the name of a generation (app/core/generations.py).  The stamp, eight bytes, is the offset of the last bot-events record folded into the value.
"""

from __future__ import annotations

from typing import Final

import msgspec

from app.core.generations import MARK

__all__ = [
    "CLOCK_KEY",
    "ERASED",
    "GENERATIONS",
    "PARTS",
    "STAMP",
    "USERS",
    "Clock",
    "bot_key",
    "bot_of",
    "clock_of",
    "erased_key",
    "generations_key",
    "log_day_of",
    "name_in",
    "prefix_of",
    "stamp_of",
    "user_key",
]

CLOCK_KEY: Final = b"k"
PARTS: Final = b"c"
USERS: Final = b"u"
GENERATIONS: Final = b"g"
ERASED: Final = b"x"
STAMP: Final = 8
"""Length of a stamp; the value follows."""


class Clock(msgspec.Struct, array_like=True):
    """
    Where a shard stands.

    `offset`: last bot-events record folded.  `sources`: last raw offset folded per raw partition, so that what a
    restarted normaliser sends again is dropped.  `log_ms`: latest time of receipt seen.
    """

    offset: int = -1
    sources: dict[int, int] = {}
    log_ms: int = 0


def prefix_of(stamp: int) -> bytes:
    """Return what an entry begins with."""
    return stamp.to_bytes(STAMP, "big")


def stamp_of(entry: bytes) -> int:
    """Return the stamp of an entry's value."""
    return int.from_bytes(entry[:STAMP], "big")


def bot_key(bot_id: str) -> bytes:
    """Return the key of a bot's newest event time."""
    return f"b|{bot_id}".encode()


def user_key(bot_id: str, user_id: str) -> bytes:
    """Return the key of a user."""
    return f"u|{bot_id}|{user_id}".encode()


def erased_key(bot_id: str) -> bytes:
    """Return the key that says that a bot was erased."""
    return f"x|{bot_id}".encode()


def generations_key(bot_id: str) -> bytes:
    """Return the key that says which generations of a bot are counted."""
    return f"g|{bot_id}".encode()


def name_in(key: bytes) -> bytes:
    """Return the name of the generation whose entry it is; empty of the clock."""
    parts = key.split(b"|", 3)

    return parts[2 if parts[0] == PARTS else 1] if len(parts) > 1 else b""


def bot_of(key: bytes) -> bytes:
    """Return the bot whose entry it is, of whatever generation; empty of the clock."""
    return name_in(key).partition(MARK.encode())[0]


def log_day_of(key: bytes) -> int:
    """Return the log day of a part."""
    return int(key.split(b"|", 2)[1])


def clock_of(entries: dict[bytes, bytes]) -> Clock:
    """Return the clock of restored entries, or a new one."""
    entry = entries.get(CLOCK_KEY)

    return msgspec.msgpack.decode(entry[STAMP:], type=Clock) if entry else Clock()
