"""The live view: what it keeps, what it forgets, what it tells to whom."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.counters import Cell, CellBatch
from app.core.live import LiveView

DAY_S = 86_400
TODAY = 20_000 * DAY_S
NOW_MS = (TODAY + DAY_S // 2) * 1000


def batch(value: int, stamp: int = 1, partition: int = 0, log_day: int = 20_000, **cell: Any) -> CellBatch:
    """Return one value of a cell of today."""
    name = {"bot": "b", "measure": "messages", "dim": "", "window": "day", "start": TODAY, "key": ""} | cell
    return CellBatch(partition, log_day, stamp, [(*name.values(), value)])  # type: ignore[list-item]


def told(view: LiveView, since: int = 0, bot: str = "b") -> dict[str, int]:
    """Return what changed, by measure."""
    return {cell.measure: number for cell, number in view.changes(bot, since)}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 9)), max_size=30))
def test_a_number_is_the_sum_of_its_newest_parts(said: list[tuple[int, int, int]]) -> None:
    """In whatever order they come."""
    view = LiveView()
    newest: dict[tuple[int, int], int] = {}
    for partition, log_day, stamp in said:
        view.take(batch(stamp * 7, stamp, partition, log_day), NOW_MS)
        newest[partition, log_day] = max(newest.get((partition, log_day), 0), stamp)

    assert sum(newest.values()) * 7 == view.number(Cell("b", "messages", "", "day", TODAY, ""))


def test_only_what_changed_is_told() -> None:
    """A value said again is no change."""
    view = LiveView()
    view.take(batch(1), NOW_MS)
    view.take(batch(5, measure="sessions"), NOW_MS)
    before = view.version

    assert set() == view.take(batch(1, stamp=2), NOW_MS)
    assert {"b"} == view.take(batch(6, stamp=2, measure="sessions"), NOW_MS)
    assert {"sessions": 6} == told(view, before)
    assert {"messages": 1, "sessions": 6} == told(view)
    assert {} == told(view, bot="other")


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        pytest.param({"window": "minute", "start": NOW_MS // 1000 - 3600}, True, id="minute of the last hour"),
        pytest.param({"window": "minute", "start": NOW_MS // 1000 - 3 * 3600}, False, id="minute of the morning"),
        pytest.param({"window": "hour", "start": TODAY - DAY_S}, True, id="hour of yesterday"),
        pytest.param({"window": "day", "start": TODAY - DAY_S}, True, id="yesterday"),
        pytest.param({"window": "day", "start": TODAY - 9 * DAY_S}, False, id="last week"),
        pytest.param({"dim": "intent", "key": "buy"}, True, id="dimension of a day"),
        pytest.param({"dim": "intent", "key": "buy", "window": "hour"}, False, id="dimension of an hour"),
        pytest.param({"measure": "hits", "dim": "dashboard", "key": "a@1", "window": "minute", "start": NOW_MS // 1000 - 60}, True, id="minute of a dashboard"),
        pytest.param({"measure": "active_users", "window": "month", "start": TODAY - 20 * DAY_S}, True, id="this month"),
        pytest.param({"measure": "active_users_7d"}, False, id="rolling"),
        pytest.param({"measure": "retained", "dim": "cohort", "key": "0"}, False, id="retention"),
    ],
)  # fmt: skip
def test_what_is_kept(cell: dict[str, Any], kept: bool) -> None:
    """What a live page shows, and no more."""
    view = LiveView()
    view.take(batch(1, **cell), NOW_MS)

    assert kept == (len(view) == 1)


def test_what_becomes_too_old_is_forgotten() -> None:
    """With everything that was known of it."""
    view = LiveView()
    view.take(batch(1), NOW_MS)
    view.prune(NOW_MS + 4 * DAY_S * 1000)

    assert (0, {}) == (len(view), told(view))


def test_memory_has_an_end() -> None:
    """When it is full, only totals of days are taken in; what is there goes on changing."""
    view = LiveView(most_cells=3)
    for n in range(9):
        view.take(batch(1, dim="intent", key=f"i{n}"), NOW_MS)
    view.take(batch(4), NOW_MS)
    view.take(batch(2, stamp=2, dim="intent", key="i0"), NOW_MS)

    assert 4 == len(view)
    assert 2 == view.number(Cell("b", "messages", "intent", "day", TODAY, "i0"))


def test_generations_are_told_apart() -> None:
    """Each has its own numbers under its name, and one can be forgotten without the others."""
    view = LiveView()
    for value, name in enumerate(("b", "b~1", "c"), 1):
        view.take(batch(value, bot=name), NOW_MS)
    before = view.names()
    view.forget("b")

    assert ["b", "b~1", "c"] == before
    assert (["b~1", "c"], 2) == (view.names(), len(view))
    assert [{}, {"messages": 2}] == [told(view, bot=name) for name in ("b", "b~1")]


def test_what_was_forgotten_may_come_again() -> None:
    """Then it is new: nothing of what was known before is left."""
    view = LiveView()
    view.take(batch(5, stamp=9), NOW_MS)
    view.forget("b")

    assert {"b"} == view.take(batch(3, stamp=2), NOW_MS)
    assert {"messages": 3} == told(view)
