"""Times: what is accepted, in which unit, and what is done with clocks that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.times import END_MS, SKEW_MS, milliseconds, parse_at, settle

AT = 1_085_659_200_123
LAST_MS = END_MS - 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("2004-05-27T12:00:00.123Z", AT, id="ISO in UTC"),
        pytest.param("2004-05-27T14:00:00.123+02:00", AT, id="ISO with an offset"),
        pytest.param("2004-05-27T12:00:00.123", AT, id="ISO without a zone is UTC"),
        pytest.param("2004-05-27 12:00:00.1239999", AT, id="fractions are cut off"),
        pytest.param("2004-05-27", 1_085_616_000_000, id="a day is its first instant"),
        pytest.param("20040527", 1_085_616_000_000, id="eight digits are a date"),
        pytest.param(1_085_659_200, AT - 123, id="seconds"),
        pytest.param(1_085_659_200.123, AT, id="seconds with a fraction"),
        pytest.param(1_470_024_587.572, 1_470_024_587_572, id="a float that is a little short"),
        pytest.param(AT, AT, id="milliseconds"),
        pytest.param(AT + 0.9, AT, id="milliseconds with a fraction"),
        pytest.param(AT * 1000 + 999, AT, id="microseconds"),
        pytest.param("1085659200", AT - 123, id="seconds as a string"),
        pytest.param("1085659200.123", AT, id="fractional seconds as a string"),
        pytest.param("1085659200123", AT, id="milliseconds as a string"),
        pytest.param(0, 0, id="the first instant"),
        pytest.param("1970-01-01T00:00:00+05:00", None, id="before 1970"),
        pytest.param(-1, None, id="below zero"),
        pytest.param("2100-12-31T23:59:59.999Z", LAST_MS, id="the last instant"),
        pytest.param("2101-01-01", None, id="after 2100"),
        pytest.param(END_MS, None, id="after 2100 in milliseconds"),
        pytest.param(10**40, None, id="a number of another universe"),
        pytest.param("9" * 500, None, id="digits without end"),
        pytest.param("0001-01-01T00:00:00+14:00", None, id="the edge of the calendar"),
        pytest.param("yesterday", None, id="words"),
        pytest.param("", None, id="nothing"),
        pytest.param("2004-02-30", None, id="a day that never was"),
    ],
)
def test_times(value: float | str, expected: int | None) -> None:
    """Numbers name their unit by their size; what lies outside 1970 to 2100 is no time."""
    assert expected == parse_at(value)


@given(
    at_ms=st.integers(100_000_000_000, LAST_MS),
    offset_min=st.integers(-14 * 60, 14 * 60),
    extra_us=st.integers(0, 999),
)
def test_all_writings_of_an_instant_are_one(at_ms: int, offset_min: int, extra_us: int) -> None:
    """ISO at any offset, milliseconds and microseconds give the same instant, cut to the millisecond."""
    zone = timezone(timedelta(minutes=offset_min))
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms, microseconds=extra_us)
    written = instant.astimezone(zone).isoformat()

    assert {at_ms} == {parse_at(written), parse_at(at_ms), parse_at(at_ms * 1000 + extra_us)}


@given(value=st.text() | st.floats(allow_nan=False) | st.integers())
def test_nothing_breaks_parsing(value: float | str) -> None:
    """Whatever is sent as a time, the answer is an instant within 1970 to 2100 or None."""
    at = parse_at(value)

    assert at is None or 0 <= at < END_MS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(2_222_222, 2_222_222, id="small numbers stay milliseconds"),
        pytest.param("1586214250037", 1_586_214_250_037, id="digits"),
        pytest.param(12.9, 12, id="fraction"),
        pytest.param("soon", None, id="words"),
        pytest.param("9" * 21, None, id="too many digits"),
        pytest.param(-1, None, id="below zero"),
        pytest.param(True, None, id="a truth is no number"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_milliseconds(value: object, expected: int | None) -> None:
    """A field that is always in milliseconds is never taken for seconds."""
    assert expected == milliseconds(value)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(AT - 1, (AT - 1, []), id="the past stays"),
        pytest.param(AT + SKEW_MS, (AT + SKEW_MS, []), id="five minutes ahead stay"),
        pytest.param(AT + SKEW_MS + 1, (AT, ["clock_skew"]), id="further ahead is a wrong clock"),
        pytest.param(None, (AT, ["no_time"]), id="no time"),
    ],
)
def test_settled_time(at: int | None, expected: tuple[int, list[str]]) -> None:
    """A missing time and one too far ahead become the time of receipt, and the event says so."""
    assert expected == settle(at, AT)
