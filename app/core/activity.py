"""
What a user's newly active day does to the cells of active users, new users and retention.

The set of active days is folded, not counted: from the set before and the day follow all deltas at once, so arrival
order does not matter, and a late earlier first day moves the user to an earlier cohort.

Almost every new day is a user's first or comes after all others.  What it changes then depends on a few small
numbers that many users share (`Step`), so the ledger counts steps and works out their deltas once.  A day in
between, or before the first, is worked out from the whole set.

Rolling numbers are difference arrays: a user covers the days from each active day d to d + 6 (7 days), so the
array gains +1 where a cover begins and -1 where it ends, and the number of a day is the sum up to it.

    active      x . . x . . . . . . . . . x
    difference  +1 . . . . . . . . . -1 . +1 . . . . . . -1      the two overlapping covers are joined
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from app.core.bits import highest, members, next_above, previous_below, run_length
from app.core.calendar import DAY_S, Calendar, calendar_of, month, months_between

__all__ = [
    "Change",
    "Days",
    "Step",
    "Streaks",
    "deltas_of_step",
    "late_day",
    "streaks_after",
]

Change = tuple[str, str, str, int, str, int]
"""measure, dim, window, start in seconds, key, delta"""

Streaks = tuple[int, int, int, int]
"""Last period of the unbroken run from period 0 on, in days, weeks, own weeks and months."""

_ROLLING: Final = (("active_users_7d", 7), ("active_users_28d", 28), ("active_users_30d", 30))
_WINDOWS: Final = ("day", "week", "rweek", "month")


class Days(NamedTuple):
    """Active days: `first` counted from 1970-01-01, bit n of `bits` is day first + n. Empty: bits 0."""

    first: int
    bits: int

    def has(self, day: int) -> bool:
        """Tell whether *day* is in the set."""
        n = day - self.first

        return n >= 0 and bool(self.bits >> n & 1)

    def plus(self, day: int) -> Days:
        """Return the set with *day* in it."""
        if not self.bits:
            return Days(day, 1)
        if day < self.first:
            return Days(day, self.bits << (self.first - day) | 1)

        return Days(self.first, self.bits | 1 << (day - self.first))


class Step(NamedTuple):
    """A user of cohort `first`, last active on `last`, is active on the later `day`. No last: a new user."""

    first: int
    last: int | None
    day: int
    streaks: Streaks


class _Cohort(NamedTuple):
    """A user in retention: the cohort's start, what decides n = 0, and the periods active since."""

    start: int
    origin: int
    bits: int


_Cohorts = tuple[_Cohort, _Cohort, _Cohort, _Cohort]


def deltas_of_step(step: Step, week_start: str) -> tuple[Change, ...]:
    """Return what a step changes, for one user."""
    calendar = calendar_of("UTC", week_start)  # only for its weeks: days are local already

    return tuple(
        _first_day(step.day, calendar) if step.last is None else _later_day(step, step.last, calendar)
    )


@lru_cache(maxsize=50_000)
def streaks_after(first: int, last: int, day: int, streaks: Streaks, week_start: str) -> Streaks:
    """Return the streaks once the user is active on *day*, later than *last*."""
    calendar = calendar_of("UTC", week_start)
    before, after = _periods(first, last, calendar), _periods(first, day, calendar)
    a, b, c, d = (
        s + (s == old and new == old + 1) for s, old, new in zip(streaks, before, after, strict=True)
    )

    return a, b, c, d


def late_day(days: Days, day: int, calendar: Calendar) -> tuple[list[Change], Streaks]:
    """Return what *day*, not in *days*, changes, wherever it lies, and the streaks with it."""
    before = _cohorts(days, calendar)
    after = _cohorts_with(days, before, day, calendar)
    changes = [*_deltas_of_day(days, day, calendar), *_moves(before, after)]
    a, b, c, d = (run_length(cohort.bits) - 1 for cohort in after)

    return changes, (a, b, c, d)


def _first_day(day: int, calendar: Calendar) -> Iterator[Change]:
    changes, _ = late_day(Days(day, 0), day, calendar)

    return iter(changes)


def _deltas_of_day(days: Days, day: int, calendar: Calendar) -> Iterator[Change]:
    """Yield what *day* changes but retention."""
    yield "active_users", "", "day", day * DAY_S, "", 1
    yield from _roll(days, day)
    if not days.bits or day < days.first:
        yield "new_users", "", "day", day * DAY_S, "", 1
        if days.bits:
            yield "new_users", "", "day", days.first * DAY_S, "", -1
    week, first_of_month = calendar.week(day), month(day)
    if not _any_in(days, week, week + 7):
        yield "active_users", "", "week", week * DAY_S, "", 1
    if not _any_in(days, first_of_month, month(first_of_month + 31)):
        yield "active_users", "", "month", first_of_month * DAY_S, "", 1


def _later_day(step: Step, last: int, calendar: Calendar) -> Iterator[Change]:
    first, _, day, streaks = step
    yield "active_users", "", "day", day * DAY_S, "", 1
    for measure, width in _ROLLING:
        begin = max(day, last + width)
        yield measure, "", "day", begin * DAY_S, "", 1
        yield measure, "", "day", (day + width) * DAY_S, "", -1
    if calendar.week(day) != calendar.week(last):
        yield "active_users", "", "week", calendar.week(day) * DAY_S, "", 1
    if month(day) != month(last):
        yield "active_users", "", "month", month(day) * DAY_S, "", 1
    week = calendar.week(first)
    starts = (first, week, week, month(first))
    before, after = _periods(first, last, calendar), _periods(first, day, calendar)
    for window, start, streak, old, new in zip(_WINDOWS, starts, streaks, before, after, strict=True):
        if new == old:
            continue
        yield "retained", "cohort", window, start * DAY_S, str(new), 1
        yield "retained_last", "cohort", window, start * DAY_S, str(old), -1
        yield "retained_last", "cohort", window, start * DAY_S, str(new), 1
        if streak == old and new == old + 1:
            yield "retained_run", "cohort", window, start * DAY_S, str(old), -1
            yield "retained_run", "cohort", window, start * DAY_S, str(new), 1


def _periods(first: int, day: int, calendar: Calendar) -> Streaks:
    """Return which day, week, own week and month after its first a user's *day* is in."""
    weeks = (calendar.week(day) - calendar.week(first)) // 7

    return day - first, weeks, (day - first) // 7, months_between(first, day)


def _roll(days: Days, day: int) -> Iterator[Change]:
    origin = min(days.first, day)
    bits = days.bits << (days.first - origin)
    n = day - origin
    before, after = previous_below(bits, n), next_above(bits, n)
    for measure, width in _ROLLING:
        end = n + width if after < 0 else min(n + width, after)
        begin = n
        if before >= 0 and before + width > n:  # the cover of the active day before ends later instead
            begin = before + width if after < 0 else min(before + width, after)
        if begin != end:
            yield measure, "", "day", (origin + begin) * DAY_S, "", 1
            yield measure, "", "day", (origin + end) * DAY_S, "", -1


def _moves(before: _Cohorts, after: _Cohorts) -> Iterator[Change]:
    """Move a user's entries in the retention cells; only what differs is touched."""
    for window, old, new in zip(_WINDOWS, before, after, strict=True):
        known = old.bits
        if known and old[:2] != new[:2]:
            yield from _enter(window, old, 0, -1)
            known = 0
        if known != new.bits:
            yield from _enter(window, new, known, 1)


def _enter(window: str, cohort: _Cohort, known: int, sign: int) -> Iterator[Change]:
    start, bits = cohort.start * DAY_S, cohort.bits
    for n in members(bits & ~known):
        yield "retained", "cohort", window, start, str(n), sign
    for measure, old, new in (
        ("retained_last", highest(known), highest(bits)),
        ("retained_run", run_length(known) - 1, run_length(bits) - 1),
    ):
        if old != new:
            yield measure, "cohort", window, start, str(new), sign
            if known:
                yield measure, "cohort", window, start, str(old), -sign


def _any_in(days: Days, first: int, end: int) -> bool:
    low = max(first - days.first, 0)
    width = end - days.first - low

    return width > 0 and bool(days.bits >> low & ((1 << width) - 1))


def _cohorts(days: Days, calendar: Calendar) -> _Cohorts:
    """Return the user's place in the cohorts of each of the windows."""
    first = days.first
    week, first_of_month = calendar.week(first), month(first)
    weeks = own_weeks = months = 0
    for n in members(days.bits):
        _, in_week, in_own_week, in_month = _periods(first, first + n, calendar)
        weeks, own_weeks, months = weeks | 1 << in_week, own_weeks | 1 << in_own_week, months | 1 << in_month

    return (
        _Cohort(first, first, days.bits),
        _Cohort(week, week, weeks),
        _Cohort(week, first, own_weeks),
        _Cohort(first_of_month, first_of_month, months),
    )


def _cohorts_with(days: Days, before: _Cohorts, day: int, calendar: Calendar) -> _Cohorts:
    """Return the cohorts of *days*, which are *before*, with *day*; only a new first day touches all of them."""
    if not days.bits or day < days.first:
        return _cohorts(days.plus(day), calendar)
    a, b, c, d = (
        cohort._replace(bits=cohort.bits | 1 << period)
        for cohort, period in zip(before, _periods(days.first, day, calendar), strict=True)
    )

    return a, b, c, d
