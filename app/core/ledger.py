"""
One bot's changes in one partition since they were last settled.

Counting an event costs two dictionary steps here; what it means for minutes, hours, days and dimensions is worked
out once per settling, from the bottom up: shapes of minutes and quarters of an hour -> of hours -> of days, and for each of
these the groups that an event of the shape counts in (app/core/shapes.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from app.core.activity import Step, deltas_of_step
from app.core.calendar import DAY_S, HOUR_MS, calendar_of
from app.core.events import BotEvent, Reporting
from app.core.groups import Sums, name_of, unit_of
from app.core.measures import MINUTE_HORIZON_MS
from app.core.shapes import Groups, Shape, groups_of_hits, groups_of_shape, shape_of
from app.core.users import User

__all__ = ["BotLedger", "Sheets"]

_MINUTE_MS: Final = 60_000
_QUARTER_MS: Final = 15 * _MINUTE_MS
_LATE_MS: Final = HOUR_MS
_MICRO: Final = 1_000_000
_SESSIONS: Final = name_of("sessions", "", "")
_NOT_HANDLED: Final = name_of("not_handled", "", "")
_TURN: Final = unit_of("not_handled", "")
_SESSION, _MESSAGE, _BOUNCE, _LENGTH = (
    unit_of(measure, "") for measure in ("sessions", "session_messages", "bounces", "session_ms")
)

_Counts = defaultdict[int, defaultdict[Shape, int]]
_GroupsOf = Callable[[Shape], Groups]
Sheets = dict[tuple[str, int], Sums]
"""(window, start) -> the groups that changed in this period, and by how much."""


class BotLedger:
    """Gathers the deltas of one bot, and its users that are at hand; implements `app.core.users.Ledger`."""

    def __init__(self, bot_id: str, reporting: Reporting) -> None:
        self.bot_id = bot_id
        self.reporting = reporting
        self.calendar = calendar_of(reporting.zone, reporting.week_start)
        self.session_gap_ms = reporting.session_gap_s * 1000
        self.log_ms = 0
        self.newest_ms: int | None = 0
        self.is_history = False
        self.users: dict[str, User] = {}
        self._sheets: Sheets = _new_sheets()
        self._steps: defaultdict[Step, int] = defaultdict(int)
        self._minutes: _Counts = _new_counts()
        self._quarters: _Counts = _new_counts()
        self._hit_minutes: _Counts = _new_counts()
        self._hit_quarters: _Counts = _new_counts()
        self._sessions: defaultdict[int, int] = defaultdict(int)

    def successor(self, reporting: Reporting) -> BotLedger:
        """Return a ledger that goes on with other settings; what was gathered so far is cut by the old ones."""
        new = BotLedger(self.bot_id, reporting)
        new.newest_ms, new.users, new._sheets = self.newest_ms, self.users, self.settle()

        return new

    def add(self, measure: str, dim: str, window: str, start: int, key: str, delta: int) -> None:
        """Change one cell."""
        self._sheets[window, start][name_of(measure, dim, key)] += delta * unit_of(measure, dim)

    def step(self, step: Step) -> None:
        """Count a user's new day after all others."""
        self._steps[step] += 1

    def tally(self, start_ms: int, sessions: int, length_ms: int, messages: int, bounces: int) -> None:
        """Change the sessions that start at an instant."""
        self._sessions[start_ms // _QUARTER_MS] += (
            sessions * _SESSION + messages * _MESSAGE + bounces * _BOUNCE + length_ms * _LENGTH
        )

    def count_not_handled(self, start_ms: int, delta: int) -> None:
        """Change the turns not handled that start at an instant, however long ago: what is taken back must be where it was."""
        self._sheets["minute", start_ms // _MINUTE_MS * 60][_NOT_HANDLED] += delta * _TURN
        self._add_hour_and_day("not_handled", "", start_ms, "", delta)

    def count_repeat(self, event: BotEvent) -> None:
        """Count an event that was counted before, as nothing but that."""
        self._add_hour_and_day("repeats", "", event.at, "", 1)

    def count_intent(self, event: BotEvent) -> None:
        """Count the intent of an event that was counted without one: its shape takes the place of the plain one."""
        self._count_shape(event.at, shape_of(event, event.intent), 1)
        self._count_shape(event.at, shape_of(event, ""), -1)

    def count_hits(self, event: BotEvent, before: list[str], before_ms: int) -> None:
        """Count the dashboards of an event that was counted with those of *before*, where these were counted."""
        if set(event.dashboards) != set(before) or event.at // _MINUTE_MS != before_ms // _MINUTE_MS:
            if event.dashboards:
                self._count_hits(event.at, event.dashboards, 1)
            if before:
                self._count_hits(before_ms, before, -1)

    def count(self, event: BotEvent, session_late: bool) -> None:
        """Count an event in the totals and dimensions of its periods."""
        at = event.at
        shape = (event.direction, event.kind, event.platform, event.locale, event.intent, event.event_name)
        if at >= self.log_ms - MINUTE_HORIZON_MS:
            self._minutes[at // _MINUTE_MS][shape] += 1
        else:
            self._quarters[at // _QUARTER_MS][shape] += 1
        if event.dashboards:
            self._count_hits(at, event.dashboards, 1)
        if event.amount is not None:
            self._add_hour_and_day("revenue", "currency", at, event.currency, round(event.amount * _MICRO))
        if session_late:
            self._add_hour_and_day("session_late", "", at, "", 1)
        if self.newest_ms is not None and not self.is_history:  # history says nothing of when it arrived
            if at > self.newest_ms:
                self.newest_ms = at
            elif at < self.newest_ms - _LATE_MS:
                self._add_hour_and_day("late", "", at, "", 1)

    def settle(self) -> Sheets:
        """
        Hand over every touched group with its change and begin anew.

        A change of 0 counts too: two changes that cancel each other must be stamped together, or after a crash
        between their users only one of them would be made again.
        """
        self._roll_up()
        sheets, self._sheets = self._sheets, _new_sheets()

        return sheets

    def _count_shape(self, at_ms: int, shape: Shape, n: int) -> None:
        if at_ms >= self.log_ms - MINUTE_HORIZON_MS:
            self._minutes[at_ms // _MINUTE_MS][shape] += n
        else:
            self._quarters[at_ms // _QUARTER_MS][shape] += n

    def _count_hits(self, at_ms: int, dashboards: list[str], n: int) -> None:
        if at_ms >= self.log_ms - MINUTE_HORIZON_MS:
            self._hit_minutes[at_ms // _MINUTE_MS][tuple(dashboards)] += n
        else:
            self._hit_quarters[at_ms // _QUARTER_MS][tuple(dashboards)] += n

    def _add_hour_and_day(self, measure: str, dim: str, at_ms: int, key: str, delta: int) -> None:
        name, change = name_of(measure, dim, key), delta * unit_of(measure, dim)
        self._sheets["hour", self.calendar.hour_start(at_ms)][name] += change
        self._sheets["day", self.calendar.day(at_ms) * DAY_S][name] += change

    def _roll_up(self) -> None:
        self._roll_up_counts(self._minutes, self._quarters, groups_of_shape)
        self._roll_up_counts(self._hit_minutes, self._hit_quarters, groups_of_hits)
        for quarter, change in self._sessions.items():
            hour = self.calendar.hour_start(quarter * _QUARTER_MS)
            self._sheets["hour", hour][_SESSIONS] += change
            self._sheets["day", self.calendar.day(hour * 1000) * DAY_S][_SESSIONS] += change
        for step, n in self._steps.items():
            for period, name, change in _changes_of_step(step, self.reporting.week_start):
                self._sheets[period][name] += n * change
        self._sessions.clear()
        self._steps.clear()

    def _roll_up_counts(self, minutes: _Counts, quarters: _Counts, groups_of: _GroupsOf) -> None:
        hours, days = _new_counts(), _new_counts()
        hour_start, day = self.calendar.hour_start, self.calendar.day
        for minute, shapes in minutes.items():
            _count(self._sheets["minute", minute * 60], shapes, groups_of)
            _merge(hours[hour_start(minute * _MINUTE_MS)], shapes)
        for quarter, shapes in quarters.items():
            _merge(hours[hour_start(quarter * _QUARTER_MS)], shapes)
        for start, shapes in hours.items():
            _count(self._sheets["hour", start], shapes, groups_of)
            _merge(days[day(start * 1000) * DAY_S], shapes)
        for start, shapes in days.items():
            _count(self._sheets["day", start], shapes, groups_of)
        minutes.clear()
        quarters.clear()


def _new_sheets() -> Sheets:
    return defaultdict(lambda: defaultdict(int))


def _new_counts() -> _Counts:
    return defaultdict(lambda: defaultdict(int))


def _merge(into: defaultdict[Shape, int], shapes: dict[Shape, int]) -> None:
    for shape, n in shapes.items():
        into[shape] += n


def _count(sums: Sums, shapes: dict[Shape, int], groups_of: _GroupsOf) -> None:
    for shape, n in shapes.items():
        for name, unit in groups_of(shape):
            sums[name] += n * unit


@lru_cache(maxsize=10_000)
def _changes_of_step(step: Step, week_start: str) -> tuple[tuple[tuple[str, int], bytes, int], ...]:
    """Return what a step changes, for one user, by period and group."""
    sums: defaultdict[tuple[tuple[str, int], bytes], int] = defaultdict(int)
    for measure, dim, window, start, key, delta in deltas_of_step(step, week_start):
        sums[(window, start), name_of(measure, dim, key)] += delta * unit_of(measure, dim)

    return tuple((period, name, change) for (period, name), change in sums.items())
