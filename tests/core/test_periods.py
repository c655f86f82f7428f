"""Calendars of answers: which periods a range holds, what they are called, and when they are over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.calendar import Calendar
from app.core.periods import WINDOWS, Span, label, parse_time, period_at, span_of
from app.core.refusal import Refusal

ZONES = [
    "UTC",
    "America/Los_Angeles",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Havana",
]
NOW_MS = 1_700_000_000_000


def span(window: str, after: str | None, before: str | None, zone: str = "UTC", week: str = "monday") -> Span:
    """Return a span that can be had."""
    found = span_of(window, after, before, NOW_MS, Calendar(zone, week))
    assert isinstance(found, Span), found
    return found


def labels(found: Span) -> list[str]:
    """Name the periods."""
    return [label(found.window, period, found.calendar.zone) for period in found.periods]


@pytest.mark.parametrize(
    ("window", "after", "before", "wanted"),
    [
        pytest.param("day", "2004-02-28", "2004-03-02", ["2004-02-28", "2004-02-29", "2004-03-01"], id="leap day"),
        pytest.param("day", "2004-02-28", "2004-02-29T00:00:01", ["2004-02-28", "2004-02-29"], id="begun counts"),
        pytest.param("week", "2004-05-27", "2004-06-07", ["2004-05-24", "2004-05-31"], id="weeks from within"),
        pytest.param("month", "2003-12-31", "2004-02-01", ["2003-12-01", "2004-01-01"], id="months over a year"),
        pytest.param("hour", "2004-05-27T22:30", "2004-05-28T00:00", ["2004-05-27T22:00:00+00:00", "2004-05-27T23:00:00+00:00"], id="hours"),
        pytest.param("minute", "2004-05-27T23:59:30Z", "2004-05-28T00:00:01Z", ["2004-05-27T23:59:00+00:00", "2004-05-28T00:00:00+00:00"], id="minutes"),
        pytest.param("day", "1970-01-01", "1970-01-02", ["1970-01-01"], id="the first day"),
        pytest.param("week", "1970-01-01", "1970-01-02", ["1969-12-29"], id="the first week"),
    ],
)  # fmt: skip
def test_a_range_holds_every_period_it_touches(
    window: str, after: str, before: str, wanted: list[str]
) -> None:
    """From the period that contains `from` to the last that begins before `to`."""
    assert wanted == labels(span(window, after, before))


def test_weeks_begin_on_the_bots_day() -> None:
    """Sunday where it is set."""
    assert ["2004-05-23"] == labels(span("week", "2004-05-27", "2004-05-28", week="sunday"))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Los_Angeles", "2023-11-05", 25),
        ("America/Los_Angeles", "2023-03-12", 23),
        ("Asia/Kathmandu", "2023-11-05", 24),
        ("Australia/Lord_Howe", "2023-04-02", 25),
        ("Australia/Lord_Howe", "2023-10-01", 24),
    ],
)
def test_days_when_clocks_change(zone: str, day: str, hours: int) -> None:
    """An hour that comes twice is two hours, with names of their own; a part of an hour is an hour."""
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    found = span("hour", day, following, zone)

    assert hours == len(found.periods) == len(set(labels(found)))


def test_a_day_that_never_was_is_empty() -> None:
    """Apia went from the 29th to the 31st of December 2011."""
    days = span("day", "2011-12-29", "2012-01-01", "Pacific/Apia").periods

    assert days[1].begin_s == days[2].begin_s
    assert days[0].begin_s + 86_400 == days[1].begin_s


@settings(deadline=None)
@given(
    window=st.sampled_from(WINDOWS),
    zone=st.sampled_from(ZONES),
    week=st.sampled_from(["monday", "sunday"]),
    at=st.integers(631_152_000, 2_208_988_800).map(lambda second: datetime.fromtimestamp(second, UTC)),
    length=st.timedeltas(timedelta(seconds=1), timedelta(days=3)),
)
def test_spans_are_what_cells_say(window: str, zone: str, week: str, at: datetime, length: timedelta) -> None:
    """Starts grow, every instant of the range lies in the period that its cell is in, and nothing is over too early."""
    calendar = Calendar(zone, week)
    found = span_of(window, at.isoformat(), (at + length).isoformat(), NOW_MS, calendar)
    assert isinstance(found, Span)
    starts = [period.start for period in found.periods]
    first_ms, last_ms = round(at.timestamp() * 1000), round((at + length).timestamp() * 1000) - 1

    assert sorted(set(starts)) == starts
    for n in range(6):
        at_ms = first_ms + (last_ms - first_ms) * n // 5
        begun = [period for period in found.periods if period.begin_s * 1000 <= at_ms]
        assert period_at(window, at_ms, calendar) == begun[-1].start
    assert [starts[-1], found.end.start] == [
        period_at(window, at_s * 1000, calendar) for at_s in (found.end.begin_s - 1, found.end.begin_s)
    ]


@pytest.mark.parametrize(
    ("text", "zone", "wanted"),
    [
        pytest.param("2004-05-27", "America/Los_Angeles", "2004-05-27T00:00:00-07:00", id="date"),
        pytest.param("2004-05-27T12:00", "America/Los_Angeles", "2004-05-27T12:00:00-07:00", id="local"),
        pytest.param("2004-05-27T12:00:00Z", "America/Los_Angeles", "2004-05-27T12:00:00+00:00", id="UTC"),
        pytest.param(
            "2004-05-27T12:00:00 02:00", "UTC", "2004-05-27T12:00:00+02:00", id="plus that became a space"
        ),
        pytest.param("2004-05-27 12:00:00", "UTC", "2004-05-27T12:00:00+00:00", id="space between"),
    ],
)
def test_times_as_people_write_them(text: str, zone: str, wanted: str) -> None:
    """Local where no offset is named."""
    assert round(datetime.fromisoformat(wanted).timestamp() * 1000) == parse_time(text, zone)


@given(text=st.one_of(st.text(), st.datetimes().map(str), st.dates().map(str)), zone=st.sampled_from(ZONES))
def test_any_text_is_a_time_or_none(text: str, zone: str) -> None:
    """Never an exception; what is a time lies within 1970 and 2100."""
    at_ms = parse_time(text, zone)

    assert at_ms is None or -86_400_000 <= at_ms < 4_133_980_800_000


@pytest.mark.parametrize(
    ("window", "count"), [("minute", 120), ("hour", 48), ("day", 30), ("week", 30), ("month", 24)]
)
@pytest.mark.parametrize("zone", ZONES)
def test_without_a_range_it_is_the_last_periods(window: str, count: int, zone: str) -> None:
    """Up to the present one, which is not over."""
    found = span(window, None, None, zone)

    assert count == len(found.periods)
    assert period_at(window, NOW_MS, found.calendar) == found.periods[-1].start


@pytest.mark.parametrize(
    ("after", "before", "code", "field"),
    [("x", None, "bad_time", "from"), (None, "y", "bad_time", "to"), ("2004-01-02", "2004-01-01", "empty_range", "from"), ("1970-01-01", "2100-01-01", "too_many_points", "from")],
)  # fmt: skip
def test_ranges_that_make_no_sense(after: str | None, before: str | None, code: str, field: str) -> None:
    """Are refused with a reason and the parameter at fault."""
    found = span_of("hour", after, before, NOW_MS, Calendar("UTC"))

    assert isinstance(found, Refusal)
    assert (code, field) == (found.code, found.field)


def test_labels_are_in_the_bots_zone() -> None:
    """Instants carry the offset of their time."""
    winter, *_, summer = labels(span("hour", "2023-03-12", "2023-03-13", "America/Los_Angeles"))

    assert ("2023-03-12T00:00:00-08:00", "2023-03-12T23:00:00-07:00") == (winter, summer)
