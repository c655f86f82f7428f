"""Which minutes and days an alert looks at."""

from __future__ import annotations

import pytest

from app.core.alerts.windows import Span, oldest_start, windows_of
from app.core.calendar import calendar_of
from app.core.registry import Alert
from tests.core.alerts.made import NOON_MS, alert

NOON = NOON_MS // 1000
DAY = 86_400
MIDNIGHT = NOON // DAY * DAY
UTC = calendar_of("UTC", "monday")


def spans(watched: Alert, second: int, zone: str = "UTC") -> tuple[Span, Span | None]:
    """Return window and base at noon and some seconds."""
    windows = windows_of(watched, calendar_of(zone, "monday"), NOON_MS + second * 1000)
    return windows.now, windows.base


@pytest.mark.parametrize("second", [0, 59], ids=["first", "last"])
def test_too_much_is_seen_in_the_minute_that_is_under_way(second: int) -> None:
    """A window of five minutes holds the present one and the four before."""
    assert (Span(NOON - 240, NOON + 60), None) == spans(alert("above"), second)


@pytest.mark.parametrize("second", [0, 59], ids=["first", "last"])
def test_too_little_is_seen_in_minutes_that_are_over(second: int) -> None:
    """The present minute is left out until it is over."""
    assert (Span(NOON - 300, NOON), None) == spans(alert("below"), second)


@pytest.mark.parametrize(
    ("against", "back_s"), [("before", 300), ("day", DAY), ("week", 7 * DAY)], ids=["before", "day", "week"]
)
def test_what_a_window_is_compared_with(against: str, back_s: int) -> None:
    """The base is as long as the window, and as far back as was asked."""
    now, base = spans(alert("falls_by", 50, against), 0)

    assert Span(now.first_s - back_s, now.end_s - back_s) == base


def test_part_of_a_minute_is_a_minute() -> None:
    """A window of 90 seconds is one of two minutes."""
    assert Span(NOON - 60, NOON + 60) == spans(alert(window_s=90), 0)[0]


@pytest.mark.parametrize(
    ("op", "zone", "expected"),
    [
        pytest.param("above", "UTC", 0, id="today"),
        pytest.param("below", "UTC", -1, id="yesterday"),
        pytest.param("above", "Pacific/Kiritimati", 1, id="where it is tomorrow"),
    ],
)
def test_users_are_counted_by_the_days_of_the_bot(op: str, zone: str, expected: int) -> None:
    """An alert on active users looks at a calendar day, whatever its window."""
    start = MIDNIGHT + expected * DAY

    assert Span(start, start + DAY) == spans(alert(op, measure="active_users"), 0, zone)[0]


def test_a_day_ends_at_local_midnight() -> None:
    """Of a day in New York nothing is over before 04:00 UTC."""
    windows = windows_of(
        alert("below", measure="active_users"), calendar_of("America/New_York", "monday"), NOON_MS
    )

    assert (MIDNIGHT + 4 * 3600) * 1000 == windows.end_ms


@pytest.mark.parametrize("op", ["above", "below", "rises_by", "falls_by"])
@pytest.mark.parametrize("measure", ["messages_in", "active_users"])
def test_what_is_kept_reaches_far_enough(op: str, measure: str) -> None:
    """Nothing that is looked at, now or a minute ago, is older than what is kept; a base of days is asked for."""
    watched = alert(op, measure=measure)
    for now_ms in (NOON_MS, NOON_MS + 59_999):
        windows = windows_of(watched, UTC, now_ms - 60_000)
        first = windows.now if measure == "active_users" else windows.base or windows.now

        assert oldest_start(watched, now_ms) <= first.first_s
