"""
Cells: every number botpulse shows is a sum of these.

A cell is (bot, measure, dim, window, start, key).  Its value is kept in parts, one for each bot-events partition and
each *log day* (the UTC day of receipt on which the contribution was folded).  Parts of a past log day never change
again, so state holds only today's; a late event opens a new part of an old cell, and the sum stays exact.

    measure  window               dim, key            start
    events, messages, ...         minute hour day      '' or a dimension      first second of the window; of days,
    hits                          minute hour day      dashboard, key = id@version
    active_users, new_users       day week month       ''                     weeks, months: local midnight as if UTC
    active_7d_diff, ...           day                  ''                     difference arrays: number = prefix sum
    retained, retained_last, ...  day week month rweek cohort, key = n        start of the cohort
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

__all__ = ["Cell", "CellBatch", "Window", "decode_cells", "encode_cells"]

Window = Literal["minute", "hour", "day", "week", "month", "rweek"]


class Cell(NamedTuple):
    """Name of one number. `start` is in seconds since 1970; `key` is the value of dimension `dim`."""

    bot: str
    measure: str
    dim: str
    window: str
    start: int
    key: str


class CellBatch(msgspec.Struct):
    """
    A record of `counters`: absolute values of the parts that changed in one flush of one partition.

    `stamp` is the last bot-events offset folded in; of two values of one part the one with the higher stamp holds.  A rule
    applied back over history has a part of its own, with no partition (app/core/dashboards/backfill.py).
    Each entry of `cells` is a `Cell` followed by its value.
    """

    partition: int
    log_day: int
    stamp: int
    cells: list[tuple[str, str, str, str, int, str, int]]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CellBatch)


def encode_cells(batch: CellBatch) -> bytes:
    """Write one record of `counters`."""
    return _encoder.encode(batch)


def decode_cells(record: bytes) -> CellBatch:
    """Read one record of `counters`. Raises msgspec.DecodeError on anything we did not write."""
    return _decoder.decode(record)
