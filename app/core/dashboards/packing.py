"""
The dashboards that many events hit, written small: `pack_hits`, and `unpack_hits` back.

One body may hold thousands of messages and each may hit a thousand dashboards.  Named at every event these would make a record
that no broker takes; as one list of names, a bit for each in every set that occurs, and the number of a set for every event
they add less than the events themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

__all__ = ["PackedHits", "pack_hits", "unpack_hits"]


class PackedHits(msgspec.Struct):
    """Names of dashboards, sets of them (bit n of a set, from the lowest of its first byte up: name n), and the set of each event."""

    names: list[str]
    sets: list[bytes]
    of: list[int]


def pack_hits(events: Iterable[list[str]]) -> PackedHits:
    """Write the hits of events, given in their order."""
    names: dict[str, int] = {}
    sets: dict[int, int] = {}
    of = []
    for hits in events:
        bits = 0
        for hit in hits:
            bits |= 1 << names.setdefault(hit, len(names))
        of.append(sets.setdefault(bits, len(sets)))

    return PackedHits(list(names), [_to_bytes(bits) for bits in sets], of)


def unpack_hits(packed: PackedHits) -> list[list[str]]:
    """Return the hits of each event; raise IndexError where there is no such set."""
    sets = [_named(packed.names, int.from_bytes(one, "little")) for one in packed.sets]

    return [sets[number] for number in packed.of]


def _named(names: list[str], bits: int) -> list[str]:
    return [name for place, name in enumerate(names) if bits >> place & 1]


def _to_bytes(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")
