"""Points from cells: sums, running sums, quotients, and which questions make sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.calendar import Calendar
from app.core.filters import Filter
from app.core.measures import MEASURES
from app.core.periods import WINDOWS, Span, span_of
from app.core.refusal import Refusal
from app.core.registry import Dashboard
from app.core.rules.language import Rule
from app.core.series import (
    Ask,
    Point,
    ask_of,
    is_in_minute_cells,
    points,
    quotients,
    rolling,
    sums,
    windows_of,
)

DAY_S = 86_400
NOW_MS = 1_700_000_000_000


def span(window: str, after: str, before: str) -> Span:
    """Return a span of a UTC bot."""
    found = span_of(window, after, before, NOW_MS, Calendar("UTC"))
    assert isinstance(found, Span)
    return found


def test_weeks_and_months_are_sums_of_days() -> None:
    """Every day counts in exactly one of them."""
    june = span("day", "2023-05-29", "2023-07-03")
    days = {period.start: n for n, period in enumerate(june.periods, 1)}

    assert sum(days.values()) == sum(sums(days, span("week", "2023-05-29", "2023-07-03")))
    assert 1 + 2 + 3 == sums(days, span("month", "2023-05-29", "2023-07-03"))[0]
    assert sum(days.values()) == sum(sums(days, span("month", "2023-05-29", "2023-07-03")))


@given(differences=st.dictionaries(st.integers(0, 60), st.integers(-5, 5)), cut=st.integers(1, 40))
def test_running_sums_do_not_depend_on_where_they_begin(differences: dict[int, int], cut: int) -> None:
    """What happened before the range is in its first number."""
    cells = {day * DAY_S: value for day, value in differences.items()}
    whole = rolling(cells, span("day", "1970-01-01", "1970-03-02"))
    first = span("day", "1970-01-01", "1970-03-02")._replace(
        periods=span("day", "1970-01-01", "1970-03-02").periods[cut:]
    )

    assert whole[cut:] == rolling(cells, first)


def test_nothing_is_divided_by_nothing() -> None:
    """There is no number then."""
    assert [0.5, None, 0.0] == quotients([1, 3, 0], [2, 0, 4])


def test_points_say_whether_they_can_still_change() -> None:
    """Today can."""
    found = points([1, None], span("day", "2023-11-13", "2023-11-15"), NOW_MS)

    assert [Point("2023-11-13", 1, True), Point("2023-11-14", None, False)] == found


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_question_is_answered_or_refused_with_what_is_possible(measure: str, window: str) -> None:
    """Every measure has a window, and a refusal names them."""
    found = ask_of(measure, window, "")

    assert isinstance(found, Ask) == (window in windows_of(measure))
    assert isinstance(found, Ask) or all(possible in found.message for possible in windows_of(measure))


@pytest.mark.parametrize(
    ("measure", "by"), [(name, dim) for name, one in MEASURES.items() for dim in one.dims]
)
def test_declared_dimensions_can_be_had(measure: str, by: str) -> None:
    """By the day."""
    assert Ask(measure, "day", by) == ask_of(measure, "day", by)


def test_others_cannot() -> None:
    """And the refusal says which can."""
    found = ask_of("messages", "day", "intent")

    assert isinstance(found, Refusal)
    assert "platform" in found.message


@pytest.mark.parametrize(("hours_ago", "wanted"), [(47, True), (49, False)])
def test_minutes_are_in_cells_for_two_days(hours_ago: int, wanted: bool) -> None:
    """Older events may have come too late for them."""
    found = span("minute", "2023-11-14T22:00", "2023-11-14T22:10")
    now_ms = found.periods[0].begin_s * 1000 + hours_ago * 3_600_000

    assert wanted == is_in_minute_cells(found, now_ms)


ORDERS = Dashboard(
    "orders", "pizza", "Orders", 0, Rule(field="intent", value="order"), version=4, counted_from=3
)
SHOWN = {
    measure: Dashboard(measure.replace("_", "-"), "pizza", "Shown", 0, measure=measure)
    for measure in ("new_users", "messages")
}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("measure", ["dashboard:orders", "dashboard_users:orders"])
def test_a_dashboard_has_every_window(measure: str, window: str) -> None:
    """And counts from the version on that it says."""
    assert Ask(measure, window, "", (), "orders", 3) == ask_of(measure, window, "", (), {"orders": ORDERS})


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param(("dashboard:other", "day", "", ()), "unknown_dashboard", id="of another bot"),
        pytest.param(("dashboards:orders", "day", "", ()), "unknown_measure", id="no such measure"),
        pytest.param(("dashboard", "day", "", ()), "unknown_measure", id="of none"),
        pytest.param(("dashboard:orders", "day", "kind", ()), "bad_dimension", id="dimension"),
        pytest.param(("dashboard:orders", "day", "", (("kind", "text"),)), "bad_filter", id="filter"),
    ],
)
def test_what_a_dashboard_does_not_have(asked: tuple[str, str, str, Filter], code: str) -> None:
    """Each is refused by its own name."""
    found = ask_of(*asked, {"orders": ORDERS})

    assert isinstance(found, Refusal)
    assert code == found.code


@pytest.mark.parametrize(
    ("measure", "found"),
    [
        pytest.param("dashboard:new-users", "new_users", id="number"),
        pytest.param("dashboard_users:new-users", "new_users", id="number of users is of users"),
        pytest.param("dashboard:messages", "messages", id="other number"),
        pytest.param("dashboard_users:messages", "bad_measure", id="users of no dashboard's own"),
    ],
)
def test_a_dashboard_without_a_rule_stands_for_its_measure(measure: str, found: str) -> None:
    """With the windows that one has."""
    asked = ask_of(measure, "week", "", (), {one.id: one for one in SHOWN.values()})

    assert found == (asked.code if isinstance(asked, Refusal) else asked.measure)
