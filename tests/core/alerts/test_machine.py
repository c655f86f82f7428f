"""When an alert fires and resolves: the table of `step`, and its laws."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.alerts.machine import AlertState, Reading, Transition, dismiss, step
from app.core.registry import Alert
from tests.core.alerts.made import alert

Look = tuple[int, bool | None]
"""Seconds since the last look, and whether the condition held"""


def walk(
    watched: Alert, looks: list[Look], state: AlertState = AlertState(), at_s: int = 0
) -> tuple[list[Transition], list[AlertState]]:
    """Return what is told when the condition is looked at so, and where the alert stood after each look."""
    told, states = [], []
    for pause_s, holds in looks:
        at_s += pause_s
        state, one = step(state, watched, holds, at_s * 1000)
        states.append(state)
        if one is not None:
            told.append(one)
    return told, states


@pytest.mark.parametrize(
    ("for_s", "looks", "expected"),
    [
        pytest.param(0, [(1, False), (1, None)], [], id="nothing-happens"),
        pytest.param(0, [(1, True), (1, True)], ["1 firing 1"], id="fires-once"),
        pytest.param(0, [(1, True), (1, False), (59, False)], ["1 firing 1"], id="stays-firing-while-it-cools"),
        pytest.param(0, [(1, True), (1, False), (60, False)], ["1 firing 1", "1 resolved 62"], id="resolves"),
        pytest.param(
            0, [(1, True), (1, False), (30, True), (1, False), (59, False)], ["1 firing 1"], id="cool-down-begins-anew"
        ),
        pytest.param(
            0,
            [(1, True), (1, False), (60, False), (1, True)],
            ["1 firing 1", "1 resolved 62", "2 firing 63"],
            id="fires-again-after-it-resolved",
        ),
        pytest.param(0, [(1, True), (1, False), (90, None)], ["1 firing 1"], id="unknown-resolves-nothing"),
        pytest.param(10, [(1, True), (9, True)], ["1 pending 1"], id="waits-for-the-condition-to-last"),
        pytest.param(10, [(1, True), (10, True)], ["1 pending 1", "1 firing 11"], id="fires-when-it-lasted"),
        pytest.param(
            10,
            [(1, True), (5, False), (1, True), (9, True)],
            ["1 pending 1", "1 ok 6", "2 pending 7"],
            id="one-good-look-begins-anew",
        ),
    ],
)  # fmt: skip
def test_phases(for_s: int, looks: list[Look], expected: list[str]) -> None:
    """What is told, in which episode and when, follows from what was seen."""
    told, _ = walk(alert(for_s=for_s), looks)

    assert expected == [f"{one.episode} {one.type} {one.at // 1000}" for one in told]


def test_a_resolved_says_when_it_fired() -> None:
    """`started_at` of firing and of resolved is the time of the firing, not of what was pending before."""
    told, _ = walk(alert(for_s=10), [(1, True), (10, True), (1, False), (60, False)])

    assert [("pending", 1), ("firing", 11), ("resolved", 11)] == [
        (one.type, one.started_at // 1000) for one in told
    ]


def test_what_was_seen_is_told() -> None:
    """Number, base, change and the alert's own words are in the transition."""
    _, told = step(AlertState(), alert(), True, 7, Reading(6, 3, 100))

    assert told is not None
    assert ("a1-1-firing", "pizza", "messages_in", 300, 6, 3, 100) == (
        told.id, told.bot, told.measure, told.window_s, told.value, told.base, told.change,
    )  # fmt: skip


def test_pending_for_one_rule_is_not_pending_for_another() -> None:
    """A change of the rule ends what was pending; how long the new one holds is counted from then on."""
    _, [state] = walk(alert(for_s=10), [(1, True)])
    told, _ = walk(alert(for_s=10, threshold=6), [(9, True), (1, True), (9, True)], state, 1)

    assert ["a1-1-ok", "a1-2-pending"] == [one.id for one in told]


def test_a_firing_alert_survives_a_change_of_its_rule() -> None:
    """It goes on firing, and resolves by the new rule."""
    _, [state] = walk(alert(), [(1, True)])
    told, _ = walk(alert(threshold=6), [(1, True), (1, False), (60, False)], state, 1)

    assert ["a1-1-resolved"] == [one.id for one in told]


@pytest.mark.parametrize(
    ("for_s", "expected"),
    [pytest.param(0, "a1-1-resolved disabled", id="firing"), pytest.param(9, "a1-1-ok disabled", id="pending")],
)  # fmt: skip
def test_a_dismissed_alert_ends_at_once(for_s: int, expected: str) -> None:
    """Disabled or removed, it does not wait for the cool-down, says why, and is dismissed once."""
    watched = alert(for_s=for_s)
    _, [state] = walk(watched, [(1, True)])
    state, told = dismiss(state, watched, 2000)

    assert told is not None
    assert expected == f"{told.id} {told.reason}"
    assert (state, None) == dismiss(state, watched, 3000)


LOOKS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([True, False, None])), max_size=60)
ALERTS = st.builds(
    lambda for_s, cool_down_s: alert(for_s=for_s, cool_down_s=cool_down_s),
    st.sampled_from([0, 1, 30]),
    st.sampled_from([0, 10, 60]),
)


@given(ALERTS, LOOKS)
def test_no_two_firings_without_a_resolved_between(watched: Alert, looks: list[Look]) -> None:
    """Firing and resolved take turns, the first is a firing, and no id is told twice."""
    told, _ = walk(watched, looks)
    types = [one.type for one in told if one.type in ("firing", "resolved")]

    assert ["firing", "resolved"] * (len(types) // 2) + ["firing"] * (len(types) % 2) == types
    assert len(told) == len({one.id for one in told})


@given(ALERTS, LOOKS)
def test_an_episode_is_one_story(watched: Alert, looks: list[Look]) -> None:
    """Episodes are numbered without a gap, and each is pending and then ok, or fires and then resolves."""
    told, _ = walk(watched, looks)
    stories: dict[int, list[str]] = {}
    for one in told:
        stories.setdefault(one.episode, []).append(one.type)
    whole = (["pending", "ok"], ["pending", "firing", "resolved"], ["firing", "resolved"])

    assert list(range(1, len(stories) + 1)) == list(stories)
    assert all(any(story == one[: len(story)] for one in whole) for story in stories.values())
    assert all(later.at >= earlier.at for earlier, later in pairwise(told))


@given(ALERTS, LOOKS, st.data())
def test_going_on_from_any_point_tells_the_same(
    watched: Alert, looks: list[Look], data: st.DataObject
) -> None:
    """Whoever takes over with the state as it was after any look tells exactly what would have been told."""
    told, states = walk(watched, looks)
    cut = data.draw(st.integers(0, len(looks)))
    at_s = sum(pause_s for pause_s, _ in looks[:cut])
    first, _ = walk(watched, looks[:cut])
    rest, _ = walk(watched, looks[cut:], states[cut - 1] if cut else AlertState(), at_s)

    assert told == first + rest
