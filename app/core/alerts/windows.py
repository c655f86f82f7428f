"""
Which minutes or days an alert looks at, and with which it compares them.

A window slides by minutes.  What is too much is seen at once: its window ends with the minute that is under way.  What is
too little can only be said of time that is over: its window ends with the last whole minute (of days: with yesterday).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from app.core.alerts.watching import DAILY
from app.core.calendar import DAY_S, Calendar
from app.core.periods import first_instant_s
from app.core.registry import Alert

__all__ = ["Span", "Windows", "is_fall", "oldest_start", "windows_of"]

_MINUTE_S: Final = 60
_BACK_DAYS: Final = {"before": 1, "day": 1, "week": 7}


class Span(NamedTuple):
    """Starts of cells from `first_s` to before `end_s`."""

    first_s: int
    end_s: int


class Windows(NamedTuple):
    """The window, what it is compared with, and the instants at which they end."""

    now: Span
    base: Span | None
    end_ms: int
    base_end_ms: int


def is_fall(alert: Alert) -> bool:
    """Tell whether *alert* is about too little, so that time that is not over says nothing yet."""
    return alert.condition.op in ("below", "falls_by")


def windows_of(alert: Alert, calendar: Calendar, now_ms: int) -> Windows:
    """Return what *alert* looks at now."""
    return _days(alert, calendar, now_ms) if alert.measure in DAILY else _minutes(alert, now_ms)


def oldest_start(alert: Alert, now_ms: int) -> int:
    """Return the earliest start of a cell that *alert* may still look at, whatever the bot's zone."""
    if alert.measure in DAILY:
        return (now_ms // 1000 // DAY_S - 2) * DAY_S
    return now_ms // 60_000 * _MINUTE_S - 2 * _width_s(alert) - _MINUTE_S


def _minutes(alert: Alert, now_ms: int) -> Windows:
    width_s = _width_s(alert)
    end_s = now_ms // 60_000 * _MINUTE_S + (0 if is_fall(alert) else _MINUTE_S)
    back_s = width_s if alert.condition.against == "before" else _BACK_DAYS[alert.condition.against] * DAY_S
    now = Span(end_s - width_s, end_s)
    base = Span(now.first_s - back_s, now.end_s - back_s)
    return Windows(now, base if _compares(alert) else None, end_s * 1000, base.end_s * 1000)


def _days(alert: Alert, calendar: Calendar, now_ms: int) -> Windows:
    day = calendar.day(now_ms) - (1 if is_fall(alert) else 0)
    before = day - _BACK_DAYS[alert.condition.against]
    end_ms, base_end_ms = (first_instant_s(one + 1, calendar.zone) * 1000 for one in (day, before))
    return Windows(_day(day), _day(before) if _compares(alert) else None, end_ms, base_end_ms)


def _day(day: int) -> Span:
    return Span(day * DAY_S, (day + 1) * DAY_S)


def _width_s(alert: Alert) -> int:
    return -(-alert.window_s // _MINUTE_S) * _MINUTE_S


def _compares(alert: Alert) -> bool:
    return alert.condition.op in ("rises_by", "falls_by")
