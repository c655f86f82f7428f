"""
Numbers counted from the event table: what has no cells (users by hour, medians, filters) or no longer (old minutes).

They are as complete as the event table: what retention or the disk budget has removed from it is not in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from app.adapters.reader import Reader
from app.core.calendar import DAY_S
from app.core.filters import FILTERS
from app.core.periods import Span, first_instant_s
from app.core.series import MOST_GROUPS, Query, Value

__all__ = ["counts", "differences", "hits", "instants", "medians", "starts_of", "users"]

_WIDTHS: Final = {"active_users_7d": 7, "active_users_28d": 28, "active_users_30d": 30}


async def counts(reader: Reader, query: Query) -> dict[str, list[int]]:
    """Count events by key; revenue in millionths."""
    rows = await reader.rows(
        "series.events", measure=query.ask.measure, by=query.ask.by, groups=MOST_GROUPS, **_asked(query)
    )
    return {key: _values(zip(begins, numbers, strict=True), query.span) for key, begins, numbers in rows}


async def users(reader: Reader, query: Query) -> list[int]:
    """Count the active or new users of each period."""
    return _values(await reader.rows(f"series.{query.ask.measure}", **_asked(query)), query.span)


async def hits(reader: Reader, query: Query) -> list[int]:
    """Count the events, or the users, that hit a dashboard in each period."""
    name, ask = query.ask.measure.partition(":")[0], query.ask
    of = {"dashboard": ask.dashboard, "counted_from": ask.counted_from}
    return _values(await reader.rows(f"series.{name}", **of, **_asked(query)), query.span)


async def differences(reader: Reader, query: Query, measure: str) -> dict[int, int]:
    """Return the difference array of a rolling measure, as cells have it."""
    width, span = _WIDTHS[measure], query.span
    zone = query.reporting.zone
    first_day = max(span.periods[0].start // DAY_S - width, 0)
    asked = _asked(query) | {"first_s": first_instant_s(first_day, zone)}
    return dict(await reader.rows("series.active_days", width=width, zone=zone, **asked))


async def medians(reader: Reader, query: Query) -> list[Value]:
    """Return the medians of lengths and waits; None where there were none."""
    gap_ms = query.reporting.session_gap_s * 1000
    rows = await reader.rows(f"series.{query.ask.measure}", gap_ms=gap_ms, **_asked(query))
    starts = starts_of(query.span)
    by_start = {starts[begin]: number for begin, number in rows}
    return [by_start.get(period.start) for period in query.span.periods]


def instants(span: Span) -> dict[str, int]:
    """Return the first instant of *span* and the first one after it."""
    return {"first_s": span.periods[0].begin_s, "end_s": span.end.begin_s}


def starts_of(span: Span) -> dict[int, int]:
    """Return the period that begins at an instant; of a day that never was, the one after it."""
    return {period.begin_s: period.start for period in span.periods}


def _asked(query: Query) -> dict[str, object]:
    conditions = dict(query.ask.filter)
    return {
        "bot": query.bot,
        "begins": [period.begin_s for period in query.span.periods],
        **instants(query.span),
        **{dim: conditions.get(dim) for dim in FILTERS},
    }


def _values(rows: Iterable[tuple[int, int]], span: Span) -> list[int]:
    starts = starts_of(span)
    found: defaultdict[int, int] = defaultdict(int)
    for begin, number in rows:
        found[starts[begin]] += number
    return [found[period.start] for period in span.periods]
