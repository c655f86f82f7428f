"""Spans of numbers are found by bisection as by comparing."""

from __future__ import annotations

import operator

from hypothesis import given
from hypothesis import strategies as st

from app.core.rules.sizes import Bound, Sizes

COMPARED = {"above": operator.gt, "at_least": operator.ge, "below": operator.lt, "at_most": operator.le}
NUMBERS = st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0, float("inf")])
BOUNDS = st.lists(
    st.builds(Bound, st.sampled_from(list(COMPARED)), NUMBERS, st.booleans()), min_size=1, max_size=3
)


@given(
    spans=st.lists(BOUNDS, max_size=6), number=st.none() | NUMBERS | st.sampled_from([-2.0, 0.1, 0.3, 2.0])
)
def test_like_comparing(spans: list[list[Bound]], number: float | None) -> None:
    """A clause is possible when all its bounds are as wanted; one without bounds always is; no number is in no bound."""
    sizes = Sizes((1 << len(spans) + 1) - 1, {1 << place: bounds for place, bounds in enumerate(spans)})
    expected = 1 << len(spans)
    for place, bounds in enumerate(spans):
        holding = [number is not None and COMPARED[bound.op](number, bound.edge) for bound in bounds]
        if holding == [bound.is_wanted for bound in bounds]:
            expected |= 1 << place

    assert expected == sizes.possible(number)
