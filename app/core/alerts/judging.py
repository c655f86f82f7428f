"""
Does the condition of an alert hold? The numbers of its windows, from the table and from what was asked, and the verdict.

More of a count can only make it more, so a count above its threshold is so at once, whatever is still on the way.  Everything else,
also that a count is no longer above it, may be an appearance while a stage, or one partition of it, is behind, and is not said then.

A change is undefined where the number before was 0, and does not hold; a fall to zero is -100 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from app.core.alerts.machine import Reading
from app.core.alerts.table import AlertTable
from app.core.alerts.watching import (
    DAILY,
    NOT_HANDLED_SHARE,
    Watch,
    is_asked,
    keys_of,
    shown_generation,
    watches_of,
)
from app.core.alerts.windows import Span, Windows, is_fall, windows_of
from app.core.calendar import calendar_of
from app.core.generations import counted_as
from app.core.registry import Alert, Condition, State

__all__ = [
    "Asked",
    "Known",
    "Question",
    "Verdict",
    "asks",
    "change_of",
    "holds",
    "judge",
]

_RECENT_MS: Final = 30_000
"""So far behind may counting be, and what was counted still passes for what happened."""


class Question(NamedTuple):
    """
    A number of ClickHouse, named by all that it depends on: an edited alert, or dashboard, asks something else.

    So does another generation of the bot: `bot` is its name.

    `over_ms` is when all of its time is over, and is to be stored before it is asked for; 0 where that is not waited for.
    """

    bot: str
    measure: str
    counted_from: int
    span: Span
    over_ms: int


Asked = Mapping[Question, float | None]
"""What ClickHouse has answered so far."""


class Known(NamedTuple):
    """
    What is known besides the table: the time, the registry, and what ClickHouse said.

    Every event that was accepted before `counted_ms` is in the table.
    """

    now_ms: int
    counted_ms: int
    state: State
    asked: Asked


class Verdict(NamedTuple):
    """`holds` is None while that cannot be said."""

    holds: bool | None
    reading: Reading = Reading()


_UNKNOWN: Final = Verdict(None)


def judge(alert: Alert, table: AlertTable, known: Known) -> Verdict:
    """Say whether the condition of *alert*, which is live, holds."""
    windows = _windows(alert, known)
    if not _is_counted(alert, windows, known) or not _is_whole(alert, table, known, windows):
        return _UNKNOWN
    value = _number(alert, table, known, windows.now)
    base = _base(alert, table, known, windows)
    if isinstance(value, _Missing) or isinstance(base, _Missing):
        return _UNKNOWN
    reading = Reading(value, base, change_of(value, base))
    is_so = holds(alert.condition, reading)
    return Verdict(is_so if is_so or is_fall(alert) or _is_recent(known) else None, reading)


def asks(alert: Alert, known: Known) -> list[Question]:
    """Return what ClickHouse has to be asked for, so that *alert* can be judged."""
    windows = _windows(alert, known)
    found = [_of_now(alert, known, windows.now)] if is_asked(alert.measure) else []
    if windows.base is not None and _asks_for_base(alert):
        found.append(_question(alert, known, windows.base, windows.base_end_ms))
    return found


def holds(condition: Condition, reading: Reading) -> bool:
    """Tell whether what was read is what *condition* is about."""
    value, change, threshold = reading.value, reading.change, condition.threshold
    if condition.op == "above":
        return value is not None and value > threshold
    if condition.op == "below":
        return value is not None and value < threshold
    if change is None:
        return False
    return change >= threshold if condition.op == "rises_by" else change <= -threshold


def change_of(value: float | None, base: float | None) -> float | None:
    """Return the change in per cent; None where there is none to speak of."""
    return (value - base) / base * 100 if value is not None and base else None


class _Missing:
    """A number that is not there yet."""


_MISSING: Final = _Missing()


def _of_now(alert: Alert, known: Known, span: Span) -> Question:
    return _question(alert, known, span, span.end_s * 1000 if is_fall(alert) else 0)


def _question(alert: Alert, known: Known, span: Span, over_ms: int) -> Question:
    dashboard = known.state.dashboards.get(alert.measure.partition(":")[2])
    name = counted_as(alert.bot, shown_generation(known.state, alert.bot))
    return Question(name, alert.measure, dashboard.counted_from if dashboard else 0, span, over_ms)


def _windows(alert: Alert, known: Known) -> Windows:
    reporting = known.state.bots[alert.bot].reporting
    return windows_of(alert, calendar_of(reporting.zone, reporting.week_start), known.now_ms)


def _is_counted(alert: Alert, windows: Windows, known: Known) -> bool:
    """Tell whether nothing that is still on the way could turn the verdict; a fall must have been watched for a whole window, too."""
    counted_ms, end_ms = known.counted_ms, windows.end_ms
    if is_fall(alert):
        return counted_ms >= end_ms >= _watched_from(alert, known.state) + alert.window_s * 1000
    if alert.measure == NOT_HANDLED_SHARE and not _is_recent(known):
        return False
    if windows.base is None or _asks_for_base(alert):
        return True
    return windows.base_end_ms <= counted_ms


def _watched_from(alert: Alert, state: State) -> int:
    """Return when *alert* was made, or else the last of it, its bot and its dashboard was put to use again."""
    dashboard = alert.measure.partition(":")[2]
    names = (f"alert:{alert.id}", f"bot:{alert.bot}", f"dashboard:{dashboard}")
    return max(alert.created_at, *(state.used_from.get(name, 0) for name in names))


def _is_recent(known: Known) -> bool:
    return known.counted_ms >= known.now_ms - _RECENT_MS


def _is_whole(alert: Alert, table: AlertTable, known: Known, windows: Windows) -> bool:
    """Tell whether the table has what is needed; too many are too many, whatever else there was, but not so a share."""
    is_monotone = alert.condition.op == "above" and alert.measure != NOT_HANDLED_SHARE
    if is_asked(alert.measure) or is_monotone:
        return True
    first_s = windows.now.first_s if windows.base is None or _asks_for_base(alert) else windows.base.first_s
    starts = [table.whole_from(watch) for watch in _watches(alert, known)]
    return all(start is not None and start <= first_s for start in starts)


def _number(alert: Alert, table: AlertTable, known: Known, span: Span) -> float | _Missing | None:
    if is_asked(alert.measure):
        return known.asked.get(_of_now(alert, known, span), _MISSING)
    watches = _watches(alert, known)
    sums = [_sum(watch, table, known, span) for watch in watches]
    if alert.measure == NOT_HANDLED_SHARE:
        return sums[0] / sums[1] if sums[1] else None
    return sums[0]


def _base(alert: Alert, table: AlertTable, known: Known, windows: Windows) -> float | _Missing | None:
    if windows.base is None:
        return None
    if _asks_for_base(alert):
        return known.asked.get(_question(alert, known, windows.base, windows.base_end_ms), _MISSING)
    return _number(alert, table, known, windows.base)


def _watches(alert: Alert, known: Known) -> tuple[Watch, ...]:
    return watches_of(alert, shown_generation(known.state, alert.bot))


def _sum(watch: Watch, table: AlertTable, known: Known, span: Span) -> int:
    return table.number(watch, keys_of(watch, known.state), span)


def _asks_for_base(alert: Alert) -> bool:
    """Tell whether the base is too far back to be kept: yesterday's and last week's numbers do not change by the second."""
    return alert.condition.against != "before" or alert.measure in DAILY or is_asked(alert.measure)
