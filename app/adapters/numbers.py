"""
Every number of a bot over time: which query answers for which measure, and the one way from its rows to points.

`series` and `retention` are what charts, tables, exports and alerts use; nothing else turns cells into numbers.
"""

from __future__ import annotations

from asyncio import gather
from collections.abc import Awaitable, Callable
from typing import Final

from app.adapters.counted import counts, differences, hits, instants, medians, starts_of, users
from app.adapters.reader import Reader
from app.adapters.topics import BOT_EVENTS, COUNTERS
from app.core.filters import is_kept_in_cells
from app.core.measures import MEASURES, Source
from app.core.periods import Span
from app.core.refusal import Refusal
from app.core.retention import CELLS, WIDTH_MS, Grid, cell_window
from app.core.series import (
    MOST_GROUPS,
    Query,
    Value,
    is_in_minute_cells,
    quotients,
    rolling,
    sums,
)

__all__ = ["Numbers", "retained", "series", "updated_at"]

_LAST_S: Final = 2**32 - 1
_MICRO: Final = 1_000_000
_SOLE: Final = ""

Numbers = dict[str, list[Value]]
"""Values by key of the dimension; without a dimension the key is empty."""


async def series(reader: Reader, query: Query) -> Numbers | Refusal:
    """Return a value for each period, by key."""
    measure = query.ask.measure
    if query.ask.dashboard:
        return {_SOLE: list(await _dashboard(reader, query))}
    source = MEASURES[measure].source
    if source is Source.DERIVED:
        return {_SOLE: await _DERIVED[measure](reader, query)}
    if source is Source.EVENTS:
        return {_SOLE: await medians(reader, query)}
    if source is Source.ROLLING:
        return {_SOLE: list(await _rolling(reader, query, measure))}
    if measure == "revenue":
        return await _revenue(reader, query)
    return _ranked({key: list(values) for key, values in (await _counts(reader, query)).items()}, query)


async def retained(reader: Reader, bot: str, generation: int, grid: Grid) -> list[tuple[int, int, int]]:
    """Return (start of the cohort, n, users), as `retention.cohorts` takes them."""
    span = grid.span
    if grid.mode != "windows":
        rows = await reader.rows(
            "retention.cells",
            bot=bot,
            generation=generation,
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
        **instants(span),
    )
    starts = starts_of(span)
    return [(max(starts[begin], 0), n, users) for begin, n, users in rows]


async def updated_at(reader: Reader) -> int:
    """Return when numbers were last stored, in ms; 0 for never."""
    ((at_ms,),) = await reader.rows("series.updated_at", topics=[COUNTERS, BOT_EVENTS])
    return int(at_ms)


async def _counts(reader: Reader, query: Query) -> dict[str, list[int]]:
    """Return whole numbers by key, from cells where these have them; without `by` there is always the one key."""
    ask = query.ask
    if _has_cells(query):
        found = {key: sums(cells, query.span) for key, cells in (await _cells(reader, query)).items()}
    elif ask.measure in ("active_users", "new_users"):
        found = {_SOLE: await users(reader, query)}
    else:
        found = await counts(reader, query)
    return found if ask.by else {_SOLE: next(iter(found.values()), [0] * len(query.span.periods))}


def _has_cells(query: Query) -> bool:
    ask = query.ask
    if ask.measure == "active_users" and ask.window in ("hour", "minute"):
        return False
    is_recent = ask.window != "minute" or is_in_minute_cells(query.span, query.now_ms)
    return is_recent and is_kept_in_cells(ask.measure, ask.by, ask.filter)


async def _cells(reader: Reader, query: Query) -> dict[str, dict[int, int]]:
    ask = query.ask
    dim, key = next(iter(ask.filter), (ask.by, None))
    rows = await reader.rows(
        "series.cells",
        **_counted(query),
        measure=ask.measure,
        dim=dim,
        key=key,
        window=_cell_window(query),
        groups=MOST_GROUPS,
        **_cell_range(query.span),
    )
    return {key: dict(zip(starts, numbers, strict=True)) for key, starts, numbers in rows}


async def _dashboard(reader: Reader, query: Query) -> list[int]:
    """Return hits from cells, as they add up; users, and minutes that cells do not know, from the events that hit."""
    ask, span = query.ask, query.span
    is_old = ask.window == "minute" and not is_in_minute_cells(span, query.now_ms)
    if is_old or ask.measure.startswith("dashboard_users:"):
        return await hits(reader, query)
    rows = await reader.rows(
        "series.hits",
        **_counted(query),
        dashboard=ask.dashboard,
        counted_from=ask.counted_from,
        window="day" if ask.window in ("week", "month") else ask.window,
        **_cell_range(span),
    )
    return sums(dict(rows), span)


async def _revenue(reader: Reader, query: Query) -> Numbers | Refusal:
    """Return units of each currency; without `by` only where there is no more than one."""
    by_currency = query._replace(ask=query.ask._replace(by="currency"))
    found = await _counts(reader, by_currency)
    numbers: Numbers = {key: [n / _MICRO for n in own] for key, own in found.items()}
    if query.ask.by:
        return _ranked(numbers, query)
    if len(numbers) > 1:
        names = ", ".join(sorted(key or "none" for key in numbers))
        return Refusal("mixed_currencies", f"There is revenue in {names}; add by=currency.", "by")
    return {_SOLE: next(iter(numbers.values()), [0] * len(query.span.periods))}


async def _rolling(reader: Reader, query: Query, measure: str) -> list[int]:
    if query.ask.filter:
        return rolling(await differences(reader, query, measure), query.span)
    rows = await reader.rows("series.rolling", **_counted(query), measure=measure, **_cell_range(query.span))
    return rolling(dict(rows), query.span)


async def _sole(reader: Reader, query: Query, measure: str) -> list[int]:
    return (await _counts(reader, query._replace(ask=query.ask._replace(measure=measure, by=""))))[_SOLE]


async def _returning(reader: Reader, query: Query) -> list[Value]:
    active, new = await gather(_sole(reader, query, "active_users"), _sole(reader, query, "new_users"))
    return [all_ - first for all_, first in zip(active, new, strict=True)]


async def _stickiness(reader: Reader, query: Query) -> list[Value]:
    daily, monthly = await gather(
        _sole(reader, query, "active_users"), _rolling(reader, query, "active_users_30d")
    )
    return quotients(daily, monthly)


async def _session_seconds(reader: Reader, query: Query) -> list[Value]:
    total, sessions = await gather(_sole(reader, query, "session_ms"), _sole(reader, query, "sessions"))
    return quotients(total, sessions, scale=1000)


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


def _counted(query: Query) -> dict[str, str | int]:
    """Return whose cells are asked for."""
    return {"bot": query.bot, "generation": query.reporting.generation}


def _cell_range(span: Span) -> dict[str, int]:
    first, end = span.periods[0].start, span.end.start
    return {"first_s": max(first, 0), "end_s": min(max(end, 0), _LAST_S)}
