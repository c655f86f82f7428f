"""
Does the condition of an alert hold? The numbers of its windows, from the table and from what was asked, and the verdict.

A change is undefined where the number before was 0, and does not hold; a fall to zero is -100 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from app.core.alerts.machine import Reading
from app.core.alerts.table import AlertTable
from app.core.alerts.watching import DAILY, NOT_HANDLED_SHARE, Watch, is_asked, keys_of, watches_of
from app.core.alerts.windows import Span, Windows, is_fall, windows_of
from app.core.calendar import calendar_of
from app.core.registry import Alert, Condition, State

__all__ = ["Asked", "Known", "Verdict", "asks", "change_of", "holds", "judge"]

Asked = Mapping[tuple[str, Span], float | None]
"""Alert, span -> number, as far as ClickHouse has answered."""


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
    if is_fall(alert) and not _is_over(alert, windows, known.counted_ms):
        return _UNKNOWN
    if not _is_whole(alert, table, windows):
        return _UNKNOWN
    value = _number(alert, table, known, windows.now)
    base = None if windows.base is None else _base(alert, table, known, windows.base)
    if isinstance(value, _Missing) or isinstance(base, _Missing):
        return _UNKNOWN
    reading = Reading(value, base, change_of(value, base))
    return Verdict(holds(alert.condition, reading), reading)


def asks(alert: Alert, known: Known) -> list[Span]:
    """Return what ClickHouse has to be asked for, so that *alert* can be judged."""
    windows = _windows(alert, known)
    base = [windows.base] if windows.base is not None else []
    if is_asked(alert.measure):
        return [windows.now, *base]
    return base if _asks_for_base(alert) else []


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


def _windows(alert: Alert, known: Known) -> Windows:
    reporting = known.state.bots[alert.bot].reporting
    return windows_of(alert, calendar_of(reporting.zone, reporting.week_start), known.now_ms)


def _is_over(alert: Alert, windows: Windows, counted_ms: int) -> bool:
    """Tell whether everything of the window has been counted, and the alert existed all the while."""
    return windows.end_ms <= counted_ms and windows.end_ms >= alert.created_at + alert.window_s * 1000


def _is_whole(alert: Alert, table: AlertTable, windows: Windows) -> bool:
    """Tell whether the table has what is needed; too much is too much, whatever else there was."""
    if alert.condition.op == "above" or is_asked(alert.measure):
        return True
    first_s = windows.now.first_s if windows.base is None or _asks_for_base(alert) else windows.base.first_s
    starts = [table.whole_from(watch) for watch in watches_of(alert)]
    return all(start is not None and start <= first_s for start in starts)


def _number(alert: Alert, table: AlertTable, known: Known, span: Span) -> float | _Missing | None:
    if is_asked(alert.measure):
        return known.asked.get((alert.id, span), _MISSING)
    watches = watches_of(alert)
    sums = [_sum(watch, table, known, span) for watch in watches]
    if alert.measure == NOT_HANDLED_SHARE:
        return sums[0] / sums[1] if sums[1] else None
    return sums[0]


def _base(alert: Alert, table: AlertTable, known: Known, span: Span) -> float | _Missing | None:
    if _asks_for_base(alert):
        return known.asked.get((alert.id, span), _MISSING)
    return _number(alert, table, known, span)


def _sum(watch: Watch, table: AlertTable, known: Known, span: Span) -> int:
    return table.number(watch, keys_of(watch, known.state), span)


def _asks_for_base(alert: Alert) -> bool:
    """Tell whether the base is too far back to be kept: yesterday's and last week's numbers do not change by the second."""
    return alert.condition.against != "before" or alert.measure in DAILY or is_asked(alert.measure)
