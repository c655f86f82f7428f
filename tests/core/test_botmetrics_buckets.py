"""Botmetrics' periods, keys and growth."""

from __future__ import annotations

import pytest

from app.core.botmetrics_buckets import grouping_of, growth_of, numbers_of, span_of_grouping
from app.core.calendar import calendar_of
from app.core.periods import Span

NOW_MS = 1_479_745_500_000
"""2016-11-21 16:25 UTC, a Monday"""


def _span(group_by: str, zone: str = "UTC") -> Span:
    found = span_of_grouping(grouping_of(group_by), NOW_MS, calendar_of(zone, "monday"))
    assert isinstance(found, Span)

    return found


@pytest.mark.parametrize(
    ("periods", "first", "last", "group_by"),
    [
        pytest.param(7, "2016-11-15 00:00:00 UTC", "2016-11-21 00:00:00 UTC", "today", id="days"),
        pytest.param(7, "2016-11-15 00:00:00 UTC", "2016-11-21 00:00:00 UTC", "", id="as if days"),
        pytest.param(7, "2016-11-15 00:00:00 UTC", "2016-11-21 00:00:00 UTC", "day", id="days by their name"),
        pytest.param(4, "2016-10-31 00:00:00 UTC", "2016-11-21 00:00:00 UTC", "this-week", id="weeks"),
        pytest.param(12, "2015-12-01 00:00:00 UTC", "2016-11-01 00:00:00 UTC", "this-month", id="months"),
        pytest.param(168, "2016-11-14 17:00:00 UTC", "2016-11-21 16:00:00 UTC", "hour", id="hours"),
    ],
)
def test_periods(periods: int, first: str, last: str, group_by: str) -> None:
    """There are as many as Botmetrics shows, the present one last, named as Ruby writes a time."""
    span = _span(group_by)
    data = numbers_of(grouping_of(group_by), span, [0] * len(span.periods))["data"]

    assert (periods, first, last) == (len(data), next(iter(data)), list(data)[-1])


def test_keys_have_the_zone() -> None:
    """A day is the bot's, also across a change of its clocks."""
    span = _span("this-month", "Europe/Rome")
    keys = list(numbers_of(grouping_of("this-month"), span, [0] * 12)["data"])

    assert ("2016-10-01 00:00:00 +0200", "2016-11-01 00:00:00 +0100") == (keys[-2], keys[-1])


def test_all_time_is_one_number() -> None:
    """Whatever Botmetrics has no word for is the sum of all there is."""
    span = _span("all-time")
    values = [1] * len(span.periods)

    assert {"growth": None, "count": len(values), "data": len(values)} == numbers_of(
        grouping_of("x"), span, values
    )
    assert 0 == span.periods[0].start


def test_the_count_is_the_present_one() -> None:
    """The number that is shown large is that of the period under way; growth is that of the two before it."""
    found = numbers_of(grouping_of("today"), _span("today"), [0, 0, 0, 0, 2, 3, 2])

    assert (2, 0.5) == (found["count"], found["growth"])


@pytest.mark.parametrize(
    ("expected", "values"),
    [
        pytest.param(8.0, [3, 9, 81], id="a rise"),
        pytest.param(-1.0, [5, 0], id="a fall to zero"),
        pytest.param(None, [0, 5], id="a rise from zero"),
        pytest.param(None, [0, 0], id="nothing"),
        pytest.param(None, [5], id="one period"),
    ],
)
def test_growth(expected: float | None, values: list[int]) -> None:
    """A fall to zero is one of 100 %, and a rise from zero has no percentage."""
    assert expected == growth_of(values)
