"""
From what a reader asks for (`from`, `to`, a window) to the periods of an answer, and back from periods to words.

A period is named by the start of its cells (see `counters`) and has a first instant; both differ from each other for
days, weeks and months, whose starts are labels.  An answer holds every period from the one that contains `from` to the
last one that begins before `to`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from app.core.calendar import DAY_MS, DAY_S, HOUR_MS, Calendar, date_of, month
from app.core.refusal import Refusal
from app.core.times import END_MS

__all__ = [
    "MOST_PERIODS",
    "WINDOWS",
    "Period",
    "Span",
    "first_instant_s",
    "label",
    "parse_time",
    "period_at",
    "span_of",
]

WINDOWS: Final = ("minute", "hour", "day", "week", "month")
MOST_PERIODS: Final = 10_000

_LENGTH_MS: Final = {
    "minute": 60_000,
    "hour": HOUR_MS,
    "day": DAY_MS,
    "week": 7 * DAY_MS,
    "month": 31 * DAY_MS,
}

_USUAL: Final = {"minute": 120, "hour": 48, "day": 30, "week": 30, "month": 24}
_QUARTER_S: Final = 900
_LOST_PLUS: Final = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")
"""A `+` in an address means a space, and hardly anybody writes %2B."""


class Period(NamedTuple):
    """`start` of its cells and `begin_s`, its first instant, in seconds."""

    start: int
    begin_s: int


class Span(NamedTuple):
    """Periods without a gap between them, and the one that would come next."""

    window: str
    calendar: Calendar
    periods: list[Period]
    end: Period


def span_of(
    window: str,
    after: str | None,
    before: str | None,
    now_ms: int,
    calendar: Calendar,
    usual: int | None = None,
) -> Span | Refusal:
    """Return the periods between two times as a caller writes them; without them the last *usual* ones."""
    end_ms = now_ms + 1 if before is None else parse_time(before, calendar.zone)
    if end_ms is None:
        return _no_time("to", before)
    usual = usual or _USUAL[window]
    back_ms = _LENGTH_MS[window] * usual
    first_ms = max(end_ms - 1 - back_ms, 0) if after is None else parse_time(after, calendar.zone)
    if first_ms is None:
        return _no_time("from", after)
    if first_ms >= end_ms:
        return Refusal("empty_range", "`from` must lie before `to`, which is exclusive.", "from")
    if (end_ms - first_ms) // _LENGTH_MS[window] > MOST_PERIODS:
        return Refusal(
            "too_many_points",
            f"That is more than {MOST_PERIODS:,} points; ask for less time or a wider window.",
            "from",
        )
    span = _cut(window, first_ms, end_ms, calendar)
    return span if after is not None else span._replace(periods=span.periods[-usual:])


def parse_time(text: str | None, zone: str) -> int | None:
    """Return the instant (ms) of a date or an ISO 8601 time, local where it names no offset; None for anything else."""
    try:
        instant = datetime.fromisoformat(_LOST_PLUS.sub("+", text or ""))
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=ZoneInfo(zone))
        at_ms = round(instant.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return at_ms if -DAY_MS <= at_ms < END_MS else None


def period_at(window: str, at_ms: int, calendar: Calendar) -> int:
    """Return the start of the period that contains an instant."""
    if window == "minute":
        return at_ms // 60_000 * 60
    if window == "hour":
        return calendar.hour_start(at_ms)
    day = calendar.day(at_ms)
    if window == "day":
        return day * DAY_S
    return (calendar.week(day) if window == "week" else month(day)) * DAY_S


def label(window: str, period: Period, zone: str) -> str:
    """Return how a period is called: a local date, or the instant it begins with its offset."""
    if window in ("minute", "hour"):
        return datetime.fromtimestamp(period.begin_s, ZoneInfo(zone)).isoformat()
    return _name_of(period.start // DAY_S)


@lru_cache(maxsize=100_000)
def first_instant_s(day: int, zone: str) -> int:
    """Return the second at which a local day begins."""
    midnight = datetime.combine(date_of(day), time(), ZoneInfo(zone))
    return round(midnight.timestamp())


@lru_cache(maxsize=100_000)
def _name_of(day: int) -> str:
    return date_of(day).isoformat()


def _cut(window: str, first_ms: int, end_ms: int, calendar: Calendar) -> Span:
    if window in ("minute", "hour"):
        cut = _minutes(first_ms, end_ms) if window == "minute" else _hours(first_ms, end_ms, calendar)
    else:
        first, last = (period_at(window, at, calendar) // DAY_S for at in (first_ms, end_ms - 1))
        days = _days(window, first, last)
        cut = (Period(day * DAY_S, first_instant_s(day, calendar.zone)) for day in days)
    *periods, end = cut
    return Span(window, calendar, periods, end)


def _minutes(first_ms: int, end_ms: int) -> Iterator[Period]:
    """Yield the minutes and the next one."""
    first_s, last_s = first_ms // 60_000 * 60, (end_ms - 1) // 60_000 * 60
    return (Period(start, start) for start in range(first_s, last_s + 61, 60))


def _hours(first_ms: int, end_ms: int, calendar: Calendar) -> Iterator[Period]:
    """Yield the local hours and the next one; where clocks change by half an hour one of them is short."""
    first_s, last_s = (calendar.hour_start(at) for at in (first_ms, end_ms - 1))
    previous = None
    for at_s in range(first_s, last_s + 3 * 3600, _QUARTER_S):
        start = calendar.hour_start(at_s * 1000)
        if start == previous:
            continue
        yield Period(start, at_s)
        if start > last_s:
            return
        previous = start


def _days(window: str, first: int, last: int) -> Iterator[int]:
    """Yield the first days of the periods and of the next one."""
    day = first
    while day <= last:
        yield day
        day = month(day + 31) if window == "month" else day + (7 if window == "week" else 1)
    yield day


def _no_time(name: str, text: str | None) -> Refusal:
    return Refusal(
        "bad_time",
        f"`{name}` is {(text or '')[:40]!r}; write a date (2004-05-27) or a time (2004-05-27T12:00:00Z) from 1970 to 2100.",
        name,
    )
