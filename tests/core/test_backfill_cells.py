"""What a back-fill says of cells, run once or again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.counters import CellBatch
from app.core.dashboards.backfill import PARTITION, Part, Place, batches_of, taken_back
from app.core.live import LiveView

HOURS = st.dictionaries(
    st.tuples(st.just("hour"), st.integers(0, 20).map(lambda n: n * 3600)), st.integers(1, 9)
)


def said(batches: list[CellBatch]) -> dict[Place, Part]:
    """Return what ClickHouse knows after these, in whatever order they come."""
    found: dict[Place, Part] = {}
    for batch in batches:
        for _, _, _, window, start, _, value in batch.cells:
            part = Part(value, batch.stamp)
            found[window, start] = max(found.get((window, start), part), part, key=lambda one: one.stamp)

    return found


@given(counted=HOURS, later=HOURS)
def test_a_second_run_adds_what_is_new_and_takes_nothing_away(
    counted: dict[Place, int], later: dict[Place, int]
) -> None:
    """Also where retention has removed hits in between."""
    first = list(batches_of("b", "d@1", counted.items(), {}, 100))
    second = list(batches_of("b", "d@1", later.items(), said(first), 50))
    wanted = {place: max(counted.get(place, 0), later.get(place, 0)) for place in counted | later}

    assert wanted == {place: part.value for place, part in said(second + first).items()}


def test_a_run_is_told_in_records_of_bounded_size() -> None:
    """Each with whole numbers under one stamp, in a part of its own."""
    hours = {("hour", n * 3600): n + 1 for n in range(12_000)}
    batches = list(batches_of("b", "d@1", hours.items(), {}, 100))

    assert [5000, 5000, 2000] == [len(batch.cells) for batch in batches]
    assert {(PARTITION, 0, 100)} == {(batch.partition, batch.log_day, batch.stamp) for batch in batches}
    assert hours == {place: part.value for place, part in said(batches).items()}


def test_the_live_view_adds_it_to_what_track_counted() -> None:
    """As a part like any other."""
    view = LiveView()
    view.take(CellBatch(0, 0, 7, [("b", "hits", "dashboard", "hour", 7200, "d@1", 2)]), 7_200_000)
    for batch in batches_of("b", "d@1", [(("hour", 7200), 5)], {}, 100):
        view.take(batch, 7_200_000)

    assert [7] == [number for _, number in view.changes("b", 0)]


def test_after_a_replay_the_live_view_has_only_what_the_replay_says() -> None:
    """Hits of a version that was replaced are gone, and those of the present one count once."""
    view, at = LiveView(), 7_200_000
    view.take(CellBatch(3, 5, 41, [("b", "hits", "dashboard", "hour", 7200, "d@1", 2)]), at)
    view.take(CellBatch(3, 5, 99, [("b", "hits", "dashboard", "hour", 7200, "d@2", 1)]), at)
    cell = ("b", "hits", "dashboard", "hour", 7200)
    parts = [(3, 5, *cell, "d@1"), (3, 5, *cell, "d@2")]
    for batch in taken_back(parts, {3: 100}):
        view.take(batch, at)

    assert {"d@1": 0, "d@2": 0} == {cell.key: number for cell, number in view.changes("b", 0)}

    view.take(CellBatch(3, 5, 100, [("b", "hits", "dashboard", "hour", 7200, "d@2", 3)]), at)

    assert {"d@1": 0, "d@2": 3} == {cell.key: number for cell, number in view.changes("b", 0)}
