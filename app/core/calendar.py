"""
Which local day, hour, week and month is an instant in?

Days are counted from 1970-01-01 in the bot's zone; a day of 23 or 25 hours is one day.  Instants are milliseconds,
window starts seconds.  The start of a day, week or month is its local date at midnight *as if UTC*: a label that
does not move when a zone's rules change.  The start of an hour is the instant at which the local hour began.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

__all__ = [
    "DAY_MS",
    "DAY_S",
    "HOUR_MS",
    "Calendar",
    "calendar_of",
    "date_of",
    "day_of",
    "month",
    "months_between",
]

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
DAY_S: Final = 86_400

_QUARTER_S: Final = 900
_EPOCH: Final = date(1970, 1, 1).toordinal()


class Calendar:
    """Cuts time for one zone and first day of the week. Offsets are remembered per quarter of an hour."""

    def __init__(self, zone: str, week_start: str = "monday") -> None:
        self.zone = zone
        self.week_start = week_start
        self._info = ZoneInfo(zone)
        self._shift = 3 if week_start == "monday" else 4  # 1970-01-01 was a Thursday
        self._offsets: dict[int, int | None] = {}

    def day(self, at_ms: int) -> int:
        """Return the local day, counted from 1970-01-01."""
        at_s = at_ms // 1000
        offset = self._offsets.get(at_s // _QUARTER_S)  # asked for each message: nearly always without a call
        if offset is None:
            offset = self.offset_s(at_s)

        return (at_s + offset) // DAY_S

    def hour_start(self, at_ms: int) -> int:
        """Return the second at which the local hour of *at_ms* began."""
        at_s = at_ms // 1000
        offset = self.offset_s(at_s)

        return (at_s + offset) // 3600 * 3600 - offset

    def week(self, day: int) -> int:
        """Return the first day of the week of *day*."""
        return day - (day + self._shift) % 7

    def offset_s(self, at_s: int) -> int:
        """Return local time less UTC, in seconds."""
        quarter = at_s // _QUARTER_S
        offset = self._offsets.get(quarter)
        if offset is None:
            offset = self._offset_of_quarter(quarter, at_s)

        return offset

    def _offset_of_quarter(self, quarter: int, at_s: int) -> int:
        first, last = (self._lookup(s) for s in (quarter * _QUARTER_S, (quarter + 1) * _QUARTER_S - 1))
        if first != last:  # the clocks change inside this quarter of an hour
            return self._lookup(at_s)
        if len(self._offsets) > 500_000:
            self._offsets.clear()
        self._offsets[quarter] = first

        return first

    def _lookup(self, at_s: int) -> int:
        offset = datetime.fromtimestamp(at_s, UTC).astimezone(self._info).utcoffset()
        if offset is None:
            msg = f"zone {self.zone} has no offset at {at_s}"
            raise ValueError(msg)

        return round(offset.total_seconds())


@lru_cache(maxsize=1024)
def calendar_of(zone: str, week_start: str) -> Calendar:
    """Return the one calendar of a zone and week start, so that its memory is shared."""
    return Calendar(zone, week_start)


@lru_cache(maxsize=100_000)
def month(day: int) -> int:
    """Return the first day of the month of *day*."""
    return date_of(day).replace(day=1).toordinal() - _EPOCH


@lru_cache(maxsize=100_000)
def months_between(first: int, last: int) -> int:
    """Return how many calendar months lie between two days."""
    a, b = date_of(first), date_of(last)

    return (b.year - a.year) * 12 + b.month - a.month


def date_of(day: int) -> date:
    """Return the calendar date of a day counted from 1970-01-01."""
    return date.fromordinal(_EPOCH + day)


def day_of(value: date) -> int:
    """Return *value* as a day counted from 1970-01-01."""
    return value.toordinal() - _EPOCH
