"""
Retention from cells: who of those that began in a period came back in later ones, in four senses.

    on            active in exactly the n-th period
    on_or_after   active in the n-th or any later one
    unbroken      active in every one from 0 to n
    windows       active in the n-th 24 h (168 h, 30 days) after the user's own first active instant

A cell is complete when its period is over; means leave out what is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec

from app.core.calendar import DAY_MS, DAY_S, date_of, month
from app.core.periods import Span, first_instant_s, label

__all__ = [
    "CELLS",
    "MODES",
    "MOST_CELLS",
    "WIDTH_MS",
    "Cohort",
    "Grid",
    "Overall",
    "cell_window",
    "cohorts",
    "overall",
]

MODES: Final = ("on", "on_or_after", "unbroken", "windows")
CELLS: Final = {
    "on": "retained",
    "on_or_after": "retained_last",
    "unbroken": "retained_run",
}
"""The measure that a mode is made of; `on_or_after` and `unbroken` add up from n on."""

WIDTH_MS: Final = {"day": DAY_MS, "week": 7 * DAY_MS, "month": 30 * DAY_MS}
"""Of the windows after a user's first instant."""

MOST_CELLS: Final = 200_000


class Grid(NamedTuple):
    """What is asked for: cohorts, how many periods after each, in which sense, and which weeks."""

    span: Span
    periods: int
    mode: str
    relative: bool


class Cohort(msgspec.Struct, frozen=True):
    """Users who began in the period `start`; `retained[n]` of them came back in period n."""

    start: str
    size: int
    retained: list[int]
    complete: list[bool]


class Overall(msgspec.Struct, frozen=True):
    """All complete cells of one n: `retained` of `users`; without users there is no rate."""

    n: int
    users: int
    retained: int
    rate: float | None


def cell_window(grid: Grid) -> str:
    """Return the window of the cells: weeks can be the calendar's or each user's own."""
    return "rweek" if grid.relative and grid.span.window == "week" else grid.span.window


def cohorts(grid: Grid, cells: Iterable[tuple[int, int, int]], now_ms: int) -> list[Cohort]:
    """
    Put (start of the cohort, n, value) together; an n of `grid.periods` stands for that and all later ones.

    Size is what came in period 0: everybody.
    """
    rows: dict[int, list[int]] = {}
    for start, n, value in cells:
        rows.setdefault(start, [0] * (grid.periods + 1))[n] += value
    found = []
    for period in grid.span.periods:
        values = rows.get(max(period.start, 0), [0] * (grid.periods + 1))
        if grid.mode in ("on_or_after", "unbroken"):
            values = list(accumulate(reversed(values)))[::-1]
        complete = [_is_complete(grid, period.start // DAY_S, n, now_ms) for n in range(grid.periods)]
        name = label(grid.span.window, period, grid.span.calendar.zone)
        found.append(Cohort(name, values[0], values[: grid.periods], complete))
    return found


def overall(grid: Grid, found: Sequence[Cohort]) -> list[Overall]:
    """Sum the complete cells of each n, so that every user weighs the same."""
    answer = []
    for n in range(grid.periods):
        done = [cohort for cohort in found if cohort.complete[n]]
        users, retained = (
            sum(one.size for one in done),
            sum(one.retained[n] for one in done),
        )
        answer.append(Overall(n, users, retained, retained / users if users else None))
    return answer


def _is_complete(grid: Grid, day: int, n: int, now_ms: int) -> bool:
    """Tell whether period n of a cohort is over for all of its users."""
    calendar, window = grid.span.calendar, grid.span.window
    if grid.mode == "windows":
        last_begin_ms = first_instant_s(_next(window, day), calendar.zone) * 1000
        return last_begin_ms + (n + 1) * WIDTH_MS[window] <= now_ms
    today = calendar.day(now_ms)
    if window == "day":
        return day + n < today
    if window == "month":
        return _months_on(day, n + 1) <= today
    last_first_day = day + 6 if grid.relative else day
    return last_first_day + 7 * (n + 1) <= today


def _next(window: str, day: int) -> int:
    return month(day + 31) if window == "month" else day + (7 if window == "week" else 1)


def _months_on(day: int, n: int) -> int:
    first = date_of(day)
    months = first.year * 12 + first.month - 1 + n
    return month(day + (first.replace(year=months // 12, month=months % 12 + 1) - first).days)
