"""Many signed counts in one integer: what goes in by adding comes out again, each in its lane."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.groups import from_bytes, name_of, numbers_of, to_bytes, unit_of

SESSION_MEASURES = ["sessions", "session_messages", "bounces", "session_ms"]


@given(
    changes=st.lists(st.tuples(st.sampled_from(SESSION_MEASURES), st.integers(-(2**50), 2**50)), min_size=1)
)
def test_signed_lanes_do_not_touch_each_other(changes: list[tuple[str, int]]) -> None:
    """Sums of changes, however negative, read back as the sums of each measure."""
    sums: Counter[str] = Counter()
    value = 0
    for measure, change in changes:
        sums[measure] += change
        value += change * unit_of(measure, "")
    stored = from_bytes(to_bytes(value))

    found = {measure: n for measure, _, _, n in numbers_of(name_of("sessions", "", ""), stored, 0)}
    assert {measure: sums[measure] for measure in SESSION_MEASURES} == found


def test_counts_that_only_grow_are_told_where_they_grew() -> None:
    """Of a kind's cells only those with a change go out, with their whole value."""
    name = name_of("events", "kind", "text")
    value = 7 * unit_of("events", "kind") + 3 * unit_of("messages", "kind")

    assert [("events", "kind", "text", 7)] == numbers_of(name, value, unit_of("events", "kind"))


def test_a_change_that_cancels_out_is_told() -> None:
    """Retention cells may fall again, so a change of 0 says their values once more."""
    found = numbers_of(name_of("retained", "cohort", "3"), 0, 0)

    assert [(measure, "cohort", "3", 0) for measure in ("retained", "retained_last", "retained_run")] == found


@pytest.mark.parametrize("key", ["", "a|b", "ünïcode", "|"], ids=["empty", "bar", "unicode", "only-bar"])
def test_a_key_may_be_anything(key: str) -> None:
    """The key of a dimension comes back as it was, also with the separator in it."""
    assert [("intents", "intent", key, 1)] == numbers_of(name_of("intents", "intent", key), 1, 1)


def test_a_sum_beyond_64_bits_stays_at_the_end() -> None:
    """Amounts that add up to more than the counters' numbers hold stop there and break nothing."""
    assert [("revenue", "currency", "EUR", 2**63 - 1)] == numbers_of(
        name_of("revenue", "currency", "EUR"), 10**20, 10**20
    )
