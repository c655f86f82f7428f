"""
A dashboard's numbers as Botmetrics answers them: its names for periods, how many of each it shows, its keys, and growth.

Growth is that of the last two complete periods: a period that goes on grows by itself, and would seem to fall every morning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from app.core.calendar import Calendar
from app.core.periods import Span, span_of
from app.core.refusal import Refusal

__all__ = ["Grouping", "grouping_of", "growth_of", "numbers_of", "span_of_grouping"]


class Grouping(NamedTuple):
    """Which periods, and how many of them up to the present one; 0 for all there are, as one sum."""

    window: str
    periods: int


_GROUPINGS: Final = {
    "hour": Grouping("hour", 7 * 24),
    "today": Grouping("day", 7),
    "day": Grouping("day", 7),
    "this-week": Grouping("week", 4),
    "week": Grouping("week", 4),
    "this-month": Grouping("month", 12),
    "month": Grouping("month", 12),
}
_ALL_TIME: Final = Grouping("month", 0)
_USUAL: Final = "today"


def grouping_of(group_by: str) -> Grouping:
    """Return what *group_by* stands for; a word that Botmetrics does not know is `all-time`."""
    return _GROUPINGS.get(group_by or _USUAL, _ALL_TIME)


def span_of_grouping(grouping: Grouping, now_ms: int, calendar: Calendar) -> Span | Refusal:
    """Return the periods of *grouping*, the present one included."""
    if grouping.periods:
        return span_of(grouping.window, None, None, now_ms, calendar, usual=grouping.periods)

    return span_of(grouping.window, "1970-01-01", None, now_ms, calendar)


def numbers_of(grouping: Grouping, span: Span, values: Sequence[int]) -> dict[str, Any]:
    """Return the answer: the present period's count, growth, and a number for each period or for all time."""
    if not grouping.periods:
        total = sum(values)
        return {"growth": None, "count": total, "data": total}
    zone = ZoneInfo(span.calendar.zone)
    keys = [_key(period.begin_s, zone) for period in span.periods]

    return {
        "growth": growth_of(values[:-1]),
        "count": values[-1],
        "data": dict(zip(keys, values, strict=True)),
    }


def growth_of(values: Sequence[int]) -> float | None:
    """Return by how much the last of *values* exceeds the one before; to zero is -1, from zero there is no saying."""
    if len(values) < 2 or not values[-2]:
        return None

    return (values[-1] - values[-2]) / values[-2]


def _key(begin_s: int, zone: ZoneInfo) -> str:
    """Write an instant as Ruby does, which is what the clients have always read."""
    begin = datetime.fromtimestamp(begin_s, zone)

    return begin.strftime("%Y-%m-%d %H:%M:%S ") + ("UTC" if zone.key == "UTC" else begin.strftime("%z"))
