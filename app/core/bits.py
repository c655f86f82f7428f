"""
Sets of days as integers: bit n is the n-th period after the first.

A user's active days, however many years, fit into a few machine words this way, and everything retention asks
(last, gap, unbroken run) is a shift.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["highest", "members", "next_above", "previous_below", "run_length"]


def members(bits: int) -> Iterator[int]:
    """Yield the members in rising order."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def highest(bits: int) -> int:
    """Return the highest member, -1 for the empty set."""
    return bits.bit_length() - 1


def run_length(bits: int) -> int:
    """Return how many members follow each other from 0 on: 0b1011 -> 2."""
    return (~bits & (bits + 1)).bit_length() - 1


def next_above(bits: int, n: int) -> int:
    """Return the lowest member above *n*, -1 where there is none."""
    high = bits >> (n + 1)

    return n + (high & -high).bit_length() if high else -1


def previous_below(bits: int, n: int) -> int:
    """Return the highest member below *n*, -1 where there is none."""
    return (bits & ((1 << n) - 1)).bit_length() - 1
