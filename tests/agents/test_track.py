"""When track writes what it has gathered."""

from __future__ import annotations

import pytest

from app.agents.track import is_due


@pytest.mark.parametrize(
    ("rate", "expected_s"),
    [(1, 0.1), (1_000, 0.1), (5_000, 0.5), (10_000, 1.0), (50_000, 2.0)],
    ids=["hardly-any", "calm", "busy", "busier", "flood"],
)
def test_the_more_comes_in_the_longer_it_is_gathered(rate: int, expected_s: float) -> None:
    """Calm, an event waits no longer than the interval; in a flood two seconds, so that a cell is written once for many."""
    waits = (n / 1000 for n in range(1, 10_000))

    assert expected_s == next(waited_s for waited_s in waits if is_due(round(rate * waited_s), waited_s, 0.1))
