"""
One bot's changes in one partition since they were last settled.

Counting an event costs two dictionary steps here; what it means for minutes, hours, days and dimensions is worked
out once per settling, from the bottom up: shapes of a quarter of an hour -> names of an hour -> names of a day.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Final

from app.core.activity import Step, deltas_of_step
from app.core.calendar import DAY_S, HOUR_MS, calendar_of
from app.core.counters import CellName
from app.core.events import CUSTOM, MESSAGE_KINDS, BotEvent, Reporting
from app.core.measures import MINUTE_HORIZON_MS

__all__ = ["BotLedger"]

_MINUTE_MS: Final = 60_000
_QUARTER_MS: Final = 15 * _MINUTE_MS
_LATE_MS: Final = HOUR_MS
_MICRO: Final = 1_000_000

_Shape = tuple[str, str, str, str, str, str]
_Name = tuple[str, str, str]
_SESSION_NAMES: Final = tuple((m, "", "") for m in ("sessions", "session_ms", "session_messages", "bounces"))


class BotLedger:
    """Gathers the deltas of one bot; implements `app.core.users.Ledger`."""

    def __init__(self, bot_id: str, reporting: Reporting) -> None:
        self.bot_id = bot_id
        self.reporting = reporting
        self.calendar = calendar_of(reporting.zone, reporting.week_start)
        self.session_gap_ms = reporting.session_gap_s * 1000
        self.log_ms = 0
        self.newest_ms: int | None = 0
        self._cells: defaultdict[tuple[str, str, str, int, str], int] = defaultdict(int)
        self._steps: defaultdict[Step, int] = defaultdict(int)
        self._minutes: defaultdict[int, defaultdict[_Shape, int]] = defaultdict(lambda: defaultdict(int))
        self._quarters: defaultdict[int, defaultdict[_Shape, int]] = defaultdict(lambda: defaultdict(int))
        self._sessions: defaultdict[int, defaultdict[_Name, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, measure: str, dim: str, window: str, start: int, key: str, delta: int) -> None:
        """Change one cell."""
        self._cells[measure, dim, window, start, key] += delta

    def step(self, step: Step) -> None:
        """Count a user's new day after all others."""
        self._steps[step] += 1

    def tally(self, start_ms: int, sessions: int, length_ms: int, messages: int, bounces: int) -> None:
        """Change the sessions that start at an instant."""
        sums = self._sessions[start_ms // _QUARTER_MS]
        for name, delta in zip(_SESSION_NAMES, (sessions, length_ms, messages, bounces), strict=True):
            if delta:
                sums[name] += delta

    def count_not_handled(self, start_ms: int, delta: int) -> None:
        """Change the turns not handled that start at an instant."""
        self._add_hour_and_day("not_handled", "", start_ms, "", delta)

    def count_repeat(self, event: BotEvent) -> None:
        """Count an event that was counted before, as nothing but that."""
        self._add_hour_and_day("repeats", "", event.at, "", 1)

    def count(self, event: BotEvent, *, session_late: bool) -> None:
        """Count an event in the totals and dimensions of its periods."""
        at = event.at
        shape = (event.direction, event.kind, event.platform, event.locale, event.intent, event.event_name)
        if at >= self.log_ms - MINUTE_HORIZON_MS:
            self._minutes[at // _MINUTE_MS][shape] += 1
        else:
            self._quarters[at // _QUARTER_MS][shape] += 1
        if event.amount is not None:
            self._add_hour_and_day("revenue", "currency", at, event.currency, round(event.amount * _MICRO))
        if session_late:
            self._add_hour_and_day("session_late", "", at, "", 1)
        if self.newest_ms is not None:
            if at > self.newest_ms:
                self.newest_ms = at
            elif at < self.newest_ms - _LATE_MS:
                self._add_hour_and_day("late", "", at, "", 1)

    def settle(self) -> list[tuple[CellName, int]]:
        """
        Hand over every touched cell with its delta and begin anew.

        A delta of 0 counts too: two changes that cancel each other must be stamped together, or after a crash
        between their users only one of them would be made again.
        """
        self._roll_up()
        bot = self.bot_id
        changed = [((bot, *name), delta) for name, delta in self._cells.items()]
        self._cells.clear()

        return changed

    def _add_hour_and_day(self, measure: str, dim: str, at_ms: int, key: str, delta: int) -> None:
        self.add(measure, dim, "hour", self.calendar.hour_start(at_ms), key, delta)
        self.add(measure, dim, "day", self.calendar.day(at_ms) * DAY_S, key, delta)

    def _roll_up(self) -> None:
        hours: defaultdict[int, defaultdict[_Name, int]] = defaultdict(lambda: defaultdict(int))
        days: defaultdict[int, defaultdict[_Name, int]] = defaultdict(lambda: defaultdict(int))
        for minute, shapes in self._minutes.items():
            names = _names_of_shapes(shapes)
            self._put("minute", minute * 60, names)
            _merge(hours[self.calendar.hour_start(minute * _MINUTE_MS)], names)
        for quarter, shapes in self._quarters.items():
            _merge(hours[self.calendar.hour_start(quarter * _QUARTER_MS)], _names_of_shapes(shapes))
        for quarter, sums in self._sessions.items():
            _merge(hours[self.calendar.hour_start(quarter * _QUARTER_MS)], sums)
        for start, hour in hours.items():
            self._put("hour", start, hour)
            _merge(days[self.calendar.day(start * 1000)], hour)
        for day, sums_of_day in days.items():
            self._put("day", day * DAY_S, sums_of_day)
        for step, n in self._steps.items():
            for measure, dim, window, start, key, delta in deltas_of_step(step, self.reporting.week_start):
                self._cells[measure, dim, window, start, key] += n * delta
        self._steps.clear()
        self._minutes.clear()
        self._quarters.clear()
        self._sessions.clear()

    def _put(self, window: str, start: int, names: dict[_Name, int]) -> None:
        cells = self._cells
        for (measure, dim, key), delta in names.items():
            cells[measure, dim, window, start, key] += delta


def _merge(into: defaultdict[_Name, int], names: dict[_Name, int]) -> None:
    for name, delta in names.items():
        into[name] += delta


def _names_of_shapes(shapes: dict[_Shape, int]) -> dict[_Name, int]:
    sums: defaultdict[_Name, int] = defaultdict(int)
    for shape, n in shapes.items():
        for name in _names(shape):
            sums[name] += n

    return sums


@lru_cache(maxsize=10_000)
def _names(shape: _Shape) -> tuple[_Name, ...]:
    """Return (measure, dim, key) of everything an event of this shape counts in."""
    direction, kind, platform, locale, intent, event_name = shape
    names = [("events", "", ""), ("events", "platform", platform), ("events", "kind", kind)]
    names.append(("events", "direction", direction))
    if kind == CUSTOM:
        names.append(("events", "event", event_name))
    if kind in MESSAGE_KINDS and direction != "none":
        for measure in ("messages", f"messages_{direction}"):
            names += [(measure, "", ""), (measure, "platform", platform), (measure, "kind", kind)]
            names.append((measure, "locale", locale))
        names.append(("messages", "direction", direction))
        if direction == "in" and intent:
            names += [("intents", "", ""), ("intents", "intent", intent)]

    return tuple(names)
