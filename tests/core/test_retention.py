"""Cohorts from cells: sums from n on, what is over, and the weighted mean."""

from __future__ import annotations

import pytest

from app.core.calendar import Calendar
from app.core.periods import Span, span_of
from app.core.retention import Cohort, Grid, Overall, cell_window, cohorts, overall

DAY_S = 86_400
MONDAY = 1_699_833_600  # 2023-11-13
NOW_MS = (MONDAY + 3 * DAY_S) * 1000 + 1


def grid(mode: str, window: str = "day", *, relative: bool = False, periods: int = 3) -> Grid:
    """Return two cohorts of a UTC bot."""
    before = {"day": "2023-11-15", "week": "2023-11-20", "month": "2023-12-01"}[window]
    after = {"day": "2023-11-13", "week": "2023-11-06", "month": "2023-10-01"}[window]
    span = span_of(window, after, before, NOW_MS, Calendar("UTC"))
    assert isinstance(span, Span)
    return Grid(span, periods, mode, relative)


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        pytest.param("on", [10, 4, 3], id="on: as it is"),
        pytest.param("on_or_after", [19, 9, 5], id="on or after: from n on, later ones included"),
        pytest.param("unbroken", [19, 9, 5], id="unbroken: the same of another measure"),
        pytest.param("windows", [10, 4, 3], id="windows: as it is"),
    ],
)
def test_what_cells_add_up_to(mode: str, wanted: list[int]) -> None:
    """The last n stands for itself and all after it."""
    found = cohorts(grid(mode), [(MONDAY, 0, 10), (MONDAY, 1, 4), (MONDAY, 2, 3), (MONDAY, 3, 2)], NOW_MS)

    assert wanted == found[0].retained
    assert wanted[0] == found[0].size


def test_cohorts_nobody_is_in_are_there() -> None:
    """With zeros."""
    assert [0, 0, 0] == cohorts(grid("on"), [], NOW_MS)[1].retained


@pytest.mark.parametrize(
    ("window", "mode", "relative", "wanted"),
    [
        pytest.param("day", "on", False, [[True, True, True], [True, True, False]], id="days before today"),
        pytest.param("week", "on", False, [[True, False, False], [False, False, False]], id="calendar weeks"),
        pytest.param("week", "on", True, [[False, False, False], [False, False, False]], id="own weeks end later"),
        pytest.param("month", "on", False, [[True, False, False], [False, False, False]], id="months"),
        pytest.param("day", "windows", False, [[True, True, False], [True, False, False]], id="24 h of the last to come"),
    ],
)  # fmt: skip
def test_a_cell_is_complete_when_nobody_can_add_to_it(
    window: str, mode: str, relative: bool, wanted: list[list[bool]]
) -> None:
    """On the Thursday after the Monday."""
    assert wanted == [one.complete for one in cohorts(grid(mode, window, relative=relative), [], NOW_MS)]


def test_the_mean_weighs_users_and_leaves_out_what_is_not_over() -> None:
    """Where no cell is complete there is no rate."""
    found = [
        Cohort("a", 10, [10, 5, 2], [True, True, False]),
        Cohort("b", 30, [30, 5, 9], [True, True, False]),
        Cohort("c", 60, [60, 60, 60], [True, False, False]),
    ]

    assert [Overall(0, 100, 100, 1.0), Overall(1, 40, 10, 0.25), Overall(2, 0, 0, None)] == overall(
        grid("on"), found
    )


def test_own_weeks_have_cells_of_their_own() -> None:
    """Only weeks have them."""
    assert ["rweek", "week", "day"] == [
        cell_window(grid("on", "week", relative=True)),
        cell_window(grid("on", "week")),
        cell_window(grid("on", relative=True)),
    ]
