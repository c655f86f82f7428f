"""
Every number of a bot over time: which query answers for which measure, and the one way from its rows to points.

`series` and `retention` are what charts, tables, exports and alerts use; nothing else turns cells into numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from app.adapters.reader import Reader
from app.adapters.topics import BOT_EVENTS, COUNTERS
from app.core.bots import Refusal
from app.core.events import Reporting
from app.core.measures import MEASURES, Source
from app.core.periods import Span
from app.core.retention import CELLS, WIDTH_MS, Grid, cell_window
from app.core.series import (
    MOST_GROUPS,
    Ask,
    Value,
    is_in_minute_cells,
    quotients,
    rolling,
    sums,
)

__all__ = ["Numbers", "Query", "retained", "series", "updated_at"]

_LAST_S: Final = 2**32 - 1
_MICRO: Final = 1_000_000
_SOLE: Final = ""

Numbers = dict[str, list[Value]]
"""Values by key of the dimension; without a dimension the key is empty."""


class Query(NamedTuple):
    """Whose numbers, which, when, and as of when."""

    bot: str
    reporting: Reporting
    ask: Ask
    span: Span
    now_ms: int


async def series(reader: Reader, query: Query) -> Numbers | Refusal:
    """Return a value for each period, by key."""
    ask = query.ask
    source = MEASURES[ask.measure].source
    if source is Source.DERIVED:
        return {_SOLE: await _DERIVED[ask.measure](reader, query)}
    if ask.measure == "revenue":
        return await _revenue(reader, query)
    if source is Source.ROLLING:
        return {_SOLE: list(await _rolling(reader, query, ask.measure))}
    if source is Source.EVENTS or (source is Source.USERS and ask.window in ("hour", "minute")):
        return {_SOLE: await _from_events(reader, query)}
    found = await _cells(reader, query) if _has_cells(query) else await _minutes(reader, query)
    return _ranked({key: list(sums(cells, query.span)) for key, cells in found.items()}, query)


async def retained(reader: Reader, bot: str, grid: Grid) -> list[tuple[int, int, int]]:
    """Return (start of the cohort, n, users), as `retention.cohorts` takes them."""
    span = grid.span
    if grid.mode != "windows":
        rows = await reader.rows(
            "retention.cells",
            bot=bot,
            measure=CELLS[grid.mode],
            window=cell_window(grid),
            periods=grid.periods,
            **_cell_range(span),
        )
        return [(start, n, users) for start, n, users in rows]
    rows = await reader.rows(
        "retention.windows",
        bot=bot,
        begins=[period.begin_s for period in span.periods],
        width_ms=WIDTH_MS[span.window],
        periods=grid.periods,
        **_instants(span),
    )
    starts = _starts(span)
    return [(max(starts[begin], 0), n, users) for begin, n, users in rows]


async def updated_at(reader: Reader) -> int:
    """Return when numbers were last stored, in ms; 0 for never."""
    ((at_ms,),) = await reader.rows("series.updated_at", topics=[COUNTERS, BOT_EVENTS])
    return int(at_ms)


def _has_cells(query: Query) -> bool:
    return query.ask.window != "minute" or is_in_minute_cells(query.span, query.now_ms)


async def _cells(reader: Reader, query: Query) -> dict[str, dict[int, int]]:
    by = query.ask.by
    rows = await reader.rows(
        "series.cells",
        bot=query.bot,
        measure=query.ask.measure,
        by=by,
        window=_cell_window(query),
        groups=MOST_GROUPS,
        **_cell_range(query.span),
    )
    found = {key: dict(zip(starts, numbers, strict=True)) for key, starts, numbers in rows}
    return found if by else {_SOLE: found.get(_SOLE, {})}


async def _minutes(reader: Reader, query: Query) -> dict[str, dict[int, int]]:
    ask = query.ask
    rows = await reader.rows(
        "series.events", bot=query.bot, measure=ask.measure, by=ask.by, **_instants(query.span)
    )
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for key, start, number in rows:
        found[key][start] = number
    return dict(found) if ask.by else {_SOLE: found[_SOLE]}


async def _revenue(reader: Reader, query: Query) -> Numbers | Refusal:
    """Return units of each currency; without `by` only where there is no more than one."""
    by_currency = query._replace(ask=query.ask._replace(by="currency"))
    cells = await _cells(reader, by_currency)
    numbers: Numbers = {key: [n / _MICRO for n in sums(own, query.span)] for key, own in cells.items()}
    if query.ask.by:
        return _ranked(numbers, query)
    if len(numbers) > 1:
        names = ", ".join(sorted(key or "none" for key in numbers))
        return Refusal("mixed_currencies", f"There is revenue in {names}; add by=currency.")
    return {_SOLE: next(iter(numbers.values()), [0] * len(query.span.periods))}


async def _rolling(reader: Reader, query: Query, measure: str) -> list[int]:
    rows = await reader.rows("series.rolling", bot=query.bot, measure=measure, **_cell_range(query.span))
    return rolling(dict(rows), query.span)


async def _from_events(reader: Reader, query: Query) -> list[Value]:
    measure, span = query.ask.measure, query.span
    rows = await reader.rows(
        f"series.{measure}",
        bot=query.bot,
        begins=[period.begin_s for period in span.periods],
        gap_ms=query.reporting.session_gap_s * 1000,
        **_instants(span),
    )
    nothing = 0 if MEASURES[measure].source is Source.USERS else None
    starts = _starts(span)
    by_start = {starts[begin]: number for begin, number in rows}
    return [by_start.get(period.start, nothing) for period in span.periods]


async def _sole(reader: Reader, query: Query, measure: str) -> list[int]:
    cells = await _cells(reader, query._replace(ask=query.ask._replace(measure=measure, by="")))
    return sums(cells[_SOLE], query.span)


async def _returning(reader: Reader, query: Query) -> list[Value]:
    active, new = await _sole(reader, query, "active_users"), await _sole(reader, query, "new_users")
    return [all_ - first for all_, first in zip(active, new, strict=True)]


async def _stickiness(reader: Reader, query: Query) -> list[Value]:
    daily = await _sole(reader, query, "active_users")
    return quotients(daily, await _rolling(reader, query, "active_users_30d"))


async def _session_seconds(reader: Reader, query: Query) -> list[Value]:
    total = await _sole(reader, query, "session_ms")
    return quotients(total, await _sole(reader, query, "sessions"), scale=1000)


_DERIVED: Final[dict[str, Callable[[Reader, Query], Awaitable[list[Value]]]]] = {
    "returning_users": _returning,
    "stickiness": _stickiness,
    "session_seconds_mean": _session_seconds,
}


def _ranked(numbers: Numbers, query: Query) -> Numbers:
    """Put the keys with the highest totals first."""
    if not query.ask.by:
        return numbers
    ranked = sorted(numbers.items(), key=lambda item: (-sum(value or 0 for value in item[1]), item[0]))
    return dict(ranked[:MOST_GROUPS])


def _cell_window(query: Query) -> str:
    """Weeks and months are sums of days, but for distinct users, who do not add up."""
    window = query.ask.window
    adds_up = MEASURES[query.ask.measure].source is Source.SUM
    return "day" if adds_up and window in ("week", "month") else window


def _cell_range(span: Span) -> dict[str, int]:
    first, end = span.periods[0].start, span.end.start
    return {"first_s": max(first, 0), "end_s": min(max(end, 0), _LAST_S)}


def _instants(span: Span) -> dict[str, int]:
    return {"first_s": span.periods[0].begin_s, "end_s": span.end.begin_s}


def _starts(span: Span) -> dict[int, int]:
    """Return the period that begins at an instant; of a day that never was, the one after it."""
    return {period.begin_s: period.start for period in span.periods}
