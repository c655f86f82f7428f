"""Since when a rule is held against all events: what normalisers say decides."""

from __future__ import annotations

import pytest

from app.core.dashboards.settling import READ_TO, is_settled


@pytest.mark.parametrize(
    ("settled", "places"),
    [
        pytest.param(True, [7], id="one that knows it"),
        pytest.param(True, [9, 7], id="two that know it"),
        pytest.param(False, [9, 6], id="one that does not"),
        pytest.param(False, [], id="nobody was heard of"),
    ],
)
def test_every_normaliser_has_to_know_the_rule(settled: bool, places: list[int]) -> None:
    """And there has to be one: a stage that stands still says nothing."""
    assert settled == is_settled(7, [{READ_TO: place} for place in places])


def test_a_normaliser_that_has_read_nothing_yet_does_not_know_it() -> None:
    """It says so by not naming a place."""
    assert not is_settled(1, [{"events": 3}])
