"""
Do the counters say what the events say?

Both sides come as cells.  Rolling measures are counted as differences: their number is the sum of all cells up to a
day, so it is put together here before it is compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from app.core.calendar import DAY_S, calendar_of, day_of, month
from app.core.measures import HITS, MEASURES, RETENTION, Source

__all__ = [
    "AUDITED",
    "Bounds",
    "Cells",
    "Difference",
    "Key",
    "bounds_of",
    "cells_of",
    "differences",
    "rolled_up",
]

AUDITED: Final = (
    "events", "messages", "messages_in", "messages_out", "intents", "revenue", "active_users", "active_users_7d",
    "active_users_28d", "active_users_30d", "new_users", "sessions", "session_ms", "session_messages", "bounces",
    "not_handled", HITS, *RETENTION,
)  # fmt: skip
"""What events can answer. `late` and `session_late` tell of arrival, which leaves no trace in a set of events."""


class Key(NamedTuple):
    """Name of a number of one bot. `start` is in seconds, as in `counters`."""

    measure: str
    dim: str
    window: str
    start: int
    key: str


Cells = dict[Key, int]


class Difference(msgspec.Struct, frozen=True):
    """A number that is not what the events say."""

    measure: str
    dim: str
    key: str
    window: str
    start: int
    from_events: int
    from_counters: int


class Bounds(NamedTuple):
    """Days first to last as starts of cells; `from_s` and `until_s` are their instants in the bot's zone."""

    day: int
    week: int
    month: int
    last: int
    from_s: int
    until_s: int


def bounds_of(first: date, last: date, zone: str, week_start: str) -> Bounds:
    """Return where the cells of the days *first* to *last* begin."""
    day, calendar, info = day_of(first), calendar_of(zone, week_start), ZoneInfo(zone)
    after = date.fromordinal(last.toordinal() + 1)

    return Bounds(
        max(day, 0) * DAY_S,
        max(calendar.week(day), 0) * DAY_S,
        max(month(day), 0) * DAY_S,
        day_of(last) * DAY_S,
        max(_midnight(first, info), 0),
        _midnight(after, info),
    )


def rolled_up(cells: Cells, bounds: Bounds) -> Cells:
    """Return *cells* with rolling measures as numbers of each day within *bounds*."""
    changes: defaultdict[str, dict[int, int]] = defaultdict(dict)
    result: Cells = {}
    for cell, value in cells.items():
        if _is_rolling(cell.measure):
            changes[cell.measure][cell.start] = value
        else:
            result[cell] = value
    for measure, by_day in changes.items():
        number = sum(value for start, value in by_day.items() if start < bounds.day)
        for start in range(bounds.day, bounds.last + 1, DAY_S):
            number += by_day.get(start, 0)
            result[Key(measure, "", "day", start, "")] = number

    return result


def differences(from_events: Cells, from_counters: Cells) -> list[Difference]:
    """Return every number on which the two do not agree; a number that is not there is 0."""
    found = []
    for cell in sorted(from_events.keys() | from_counters.keys()):
        expected, actual = from_events.get(cell, 0), from_counters.get(cell, 0)
        if expected != actual:
            found.append(
                Difference(cell.measure, cell.dim, cell.key, cell.window, cell.start, expected, actual)
            )

    return found


def cells_of(rows: Iterable[tuple[str, str, str, int, str, int]]) -> Cells:
    """Return rows of measure, dim, window, start, key, value by their name."""
    return {Key(*name): value for *name, value in rows}  # type: ignore[arg-type]


def _is_rolling(measure: str) -> bool:
    return measure in MEASURES and MEASURES[measure].source is Source.ROLLING


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
