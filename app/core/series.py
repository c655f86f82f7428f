"""
How a series is put together: which windows and dimensions a measure has, and points from cells.

Counts are 0 where nothing happened.  What is a quotient or a median has no value there: None.

Besides the measures of app/core/measures.py, a bot has two for each of its dashboards: `dashboard:<id>`, how many events hit
it, and `dashboard_users:<id>`, of how many users.  A dashboard that only shows a measure stands for that measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec

from app.core.calendar import DAY_S, month
from app.core.events import Reporting
from app.core.filters import FILTERED, Filter
from app.core.measures import MEASURES, MINUTE_HORIZON_MS, Source
from app.core.periods import Span, label, period_at
from app.core.refusal import Refusal
from app.core.registry import Dashboard

__all__ = [
    "DASHBOARD_MEASURE",
    "MOST_GROUPS",
    "Ask",
    "Point",
    "Query",
    "Value",
    "ask_of",
    "is_in_minute_cells",
    "points",
    "quotients",
    "rolling",
    "sums",
    "windows_of",
]

Value = int | float | None

MOST_GROUPS: Final = 100

DASHBOARD_MEASURE: Final = "^(dashboard|dashboard_users):[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"
"""The two measures of a dashboard, as a pattern."""

_DASHBOARD: Final = ("dashboard", "dashboard_users")
_OF_USERS: Final = ("active_users", "new_users")
_NO_DASHBOARDS: Final[Mapping[str, Dashboard]] = {}
_BY_MINUTE: Final = ("events", "messages", "messages_in", "messages_out", "intents")
_CELLS: Final[dict[Source, tuple[str, ...]]] = {
    Source.SUM: ("hour", "day", "week", "month"),
    Source.USERS: ("minute", "hour", "day", "week", "month"),
    Source.ROLLING: ("day",),
    Source.EVENTS: ("hour", "day", "week", "month"),
}
_OTHERWISE: Final = {
    **dict.fromkeys(_BY_MINUTE, ("minute", *_CELLS[Source.SUM])),
    "new_users": ("day", "week", "month"),
    "returning_users": ("day", "week", "month"),
    "stickiness": ("day",),
    "session_seconds_mean": _CELLS[Source.SUM],
}


class Ask(NamedTuple):
    """
    A series that can be had. `by` is a dimension or empty.

    Of a dashboard, `dashboard` is its id, and hits of versions before `counted_from` are left out.
    """

    measure: str
    window: str
    by: str
    filter: Filter = ()
    dashboard: str = ""
    counted_from: int = 0


class Query(NamedTuple):
    """Whose numbers, which, when, and as of when."""

    bot: str
    reporting: Reporting
    ask: Ask
    span: Span
    now_ms: int


class Point(msgspec.Struct, frozen=True):
    """A period's number; `complete` once the period is over."""

    start: str
    value: Value
    complete: bool


def ask_of(
    measure: str,
    window: str,
    by: str,
    conditions: Filter = (),
    dashboards: Mapping[str, Dashboard] = _NO_DASHBOARDS,
) -> Ask | Refusal:
    """
    Check that *measure* has this window and dimension, and a filter if there is one.

    *dashboards* are those of the bot, by id.
    """
    kind, _, dashboard = measure.partition(":")
    if dashboard and kind in _DASHBOARD:
        return _ask_of_dashboard(Ask(measure, window, by, conditions), dashboards.get(dashboard))
    known = MEASURES.get(measure)
    if known is None:
        possible = ", ".join((*MEASURES, *(f"{kind}:<id>" for kind in _DASHBOARD)))
        return Refusal(
            "unknown_measure", f"There is no measure {measure[:60]!r}; there are {possible}.", "measure"
        )
    windows = windows_of(measure)
    if window not in windows:
        return Refusal(
            "bad_window",
            f"{measure} has no window {window[:20]!r}; it has {', '.join(windows)}.",
            "window",
        )
    if by and by not in known.dims:
        possible = f"it has {', '.join(known.dims)}" if known.dims else "it has none"
        return Refusal("bad_dimension", f"{measure} has no dimension {by[:40]!r}; {possible}.", "by")
    if conditions and measure not in FILTERED:
        return Refusal(
            "bad_filter",
            f"{measure} has no `filter`, as it is not a count of single events; {', '.join(FILTERED)} have. "
            "SQL over bot_events and sessions answers the rest (POST /data/v1/sql).",
            "filter",
        )
    return Ask(measure, window, by, conditions)


def _ask_of_dashboard(ask: Ask, dashboard: Dashboard | None) -> Ask | Refusal:
    if dashboard is None:
        return Refusal(
            "unknown_dashboard",
            f"There is no dashboard {ask.measure.partition(':')[2][:60]!r} of this bot; look at the list of its dashboards.",
            "measure",
        )
    if dashboard.measure:
        return _ask_of_shown(ask, dashboard)
    if ask.by:
        return Refusal(
            "bad_dimension", f"A dashboard has no dimensions, so there is no {ask.by[:40]!r}.", "by"
        )
    if ask.filter:
        return Refusal("bad_filter", "A dashboard has no `filter`; its rule says what it counts.", "filter")
    return ask._replace(dashboard=dashboard.id, counted_from=dashboard.counted_from)


def _ask_of_shown(ask: Ask, dashboard: Dashboard) -> Ask | Refusal:
    measure = dashboard.measure
    if ask.measure.startswith("dashboard_users:") and measure not in _OF_USERS:
        return Refusal(
            "bad_measure",
            f"The dashboard {dashboard.name[:60]!r} shows {measure}, of which the users are not known.",
            "measure",
        )
    return ask_of(measure, ask.window, ask.by, ask.filter)


def windows_of(measure: str) -> tuple[str, ...]:
    """Name the windows in which *measure* can be had."""
    return _OTHERWISE.get(measure) or _CELLS[MEASURES[measure].source]


def is_in_minute_cells(span: Span, now_ms: int) -> bool:
    """Tell whether every event of *span* has been counted in cells of minutes; older ones need not be."""
    return span.periods[0].begin_s * 1000 >= now_ms - MINUTE_HORIZON_MS


def sums(cells: Mapping[int, int], span: Span) -> list[int]:
    """Return the values of *span*; weeks and months are put together from cells of days."""
    if span.window in ("week", "month"):
        cells = _of_periods(cells, span)
    return [cells.get(period.start, 0) for period in span.periods]


def rolling(differences: Mapping[int, int], span: Span) -> list[int]:
    """Return running sums; what lies before the first period counts as of it."""
    first = span.periods[0].start
    before = sum(value for start, value in differences.items() if start < first)
    steps = (differences.get(period.start, 0) for period in span.periods)
    return list(accumulate(steps, initial=before))[1:]


def quotients(above: Sequence[int], below: Sequence[int], scale: float = 1) -> list[Value]:
    """Divide number by number; nothing can be divided by 0."""
    return [a / b / scale if b else None for a, b in zip(above, below, strict=True)]


def points(values: Sequence[Value], span: Span, now_ms: int) -> list[Point]:
    """Put values and periods together."""
    window, zone = span.window, span.calendar.zone
    current = period_at(window, now_ms, span.calendar)
    return [
        Point(label(window, period, zone), value, period.start < current)
        for period, value in zip(span.periods, values, strict=True)
    ]


def _of_periods(days: Mapping[int, int], span: Span) -> dict[int, int]:
    found: dict[int, int] = {}
    for start, value in days.items():
        day = start // DAY_S
        period = (span.calendar.week(day) if span.window == "week" else month(day)) * DAY_S
        found[period] = found.get(period, 0) + value
    return found
