"""What a partition of the alert stage keeps: exact whatever is repeated, lost half-way, or deleted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.alerts.machine import AlertState, Transition
from app.core.alerts.table import AlertTable
from app.core.alerts.watching import Watch
from app.core.alerts.windows import Span
from app.core.counters import CellBatch
from tests.core.alerts.made import NOON_MS, alert, cells

NOON = NOON_MS // 1000
IN = Watch("pizza", "messages_in", "minute")
HOUR = Span(NOON, NOON + 3600)


def applied(log: list[tuple[bytes, bytes | None]]) -> AlertTable:
    """Return the table that is restored from a changelog."""
    entries: dict[bytes, bytes] = {}
    for key, value in log:
        if value is None:
            entries.pop(key, None)
        elif key not in entries or entries[key][:8] <= value[:8]:
            entries[key] = value
    return AlertTable(0, entries)


def written(table: AlertTable) -> list[tuple[bytes, bytes | None]]:
    """Flush *table* and return its records, in their order."""
    writes = table.flush()
    return [*writes.entries, *((key, None) for key in writes.gone)]


def transition(id: str = "a1-1-firing") -> Transition:
    """Return something to tell."""
    watched = alert()
    return Transition(
        id, "firing", "a1", "pizza", 1, 7, 7, watched.name, watched.measure, 300, watched.condition, 6
    )


def test_a_number_is_the_sum_of_its_parts() -> None:
    """Parts of several partitions and log days add up, those of other minutes do not count."""
    table = AlertTable(0, {})
    for batch in (
        cells(NOON, 2),
        cells(NOON, 3, partition=1),
        cells(NOON, 4, log_day=1),
        cells(NOON - 60, 9),
    ):
        table.take(batch)

    assert 9 == table.number(IN, [""], HOUR)


def test_an_older_value_changes_nothing() -> None:
    """Of two values of a part the one with the higher stamp holds, whatever comes last."""
    table = AlertTable(0, {})
    bots = [table.take(cells(NOON, value, stamp=stamp)) for value, stamp in ((5, 7), (3, 6), (5, 7))]

    assert (5, [{"pizza"}, set(), set()]) == (table.number(IN, [""], HOUR), bots)


def test_generations_are_kept_apart_and_are_of_one_bot() -> None:
    """What changed is said of the bot, whose alerts are to be looked at; the old one goes when nobody watches it any more."""
    table, coming = AlertTable(0, {}), Watch("pizza~1", "messages_in", "minute")
    changed = [table.take(cells(NOON, value, bot=name)) for name, value in (("pizza", 2), ("pizza~1", 3))]
    log = written(table)

    assert ([{"pizza"}, {"pizza"}], 2, 3) == (
        changed, table.number(IN, [""], HOUR), table.number(coming, [""], HOUR),
    )  # fmt: skip

    table.expire({coming: NOON})
    left = applied(log + written(table))

    assert (0, 3) == (left.number(IN, [""], HOUR), left.number(coming, [""], HOUR))


PARTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 20)), min_size=1, max_size=30)
"""Minute, partition, stamp"""


@given(PARTS, st.randoms(use_true_random=False), st.integers(0, 40))
def test_order_and_repeats_do_not_matter(
    parts: list[tuple[int, int, int]], random: object, crash: int
) -> None:
    """However values are shuffled, repeated and cut off by a crash, the numbers are those of the newest values."""
    batches = [
        cells(NOON + minute * 60, stamp * 10, stamp=stamp, partition=place) for minute, place, stamp in parts
    ]
    shuffled = batches * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    table, log = AlertTable(0, {}), []
    for n, batch in enumerate(shuffled):
        table.take(batch)
        if n == crash:  # nothing of it was written
            table = applied(log)
            table.take(batch)
        log += written(table)
    newest = {(minute, place): 0 for minute, place, _ in parts}
    for minute, place, stamp in parts:
        newest[minute, place] = max(newest[minute, place], stamp * 10)

    assert sum(newest.values()) == table.number(IN, [""], HOUR)
    assert sum(newest.values()) == applied(log + written(table)).number(IN, [""], HOUR)


def test_versions_of_a_dashboard_are_asked_for() -> None:
    """Hits count under the versions whose sum is wanted."""
    table, orders = AlertTable(0, {}), Watch("pizza", "hits", "minute", "orders")
    for version in (1, 2, 3):
        table.take(cells(NOON, version, measure="hits", dim="dashboard", key=f"orders@{version}"))

    assert 5 == table.number(orders, ["orders@2", "orders@3"], HOUR)


def test_what_is_too_old_is_deleted_in_the_log_too() -> None:
    """Old minutes leave memory and changelog; what is still needed stays."""
    table, log = AlertTable(0, {}), []
    for minute in range(10):
        table.take(cells(NOON + minute * 60, 1))
    log += written(table)
    table.expire({IN: NOON + 420})
    log += written(table)

    assert (3, 3) == (len(table), len(applied(log)))
    assert 3 == table.number(IN, [""], HOUR) == applied(log).number(IN, [""], HOUR)


def test_what_nobody_watches_any_more_is_deleted() -> None:
    """With its last alert everything of a watch goes, also the note since when it is whole."""
    table = AlertTable(0, {})
    table.take(cells(NOON, 1))
    table.set_whole(IN, NOON, NOON_MS)
    log = written(table)
    table.expire({})
    log += written(table)

    assert (0, 0) == (len(table), len(applied(log)))


def test_much_is_deleted_bit_by_bit() -> None:
    """A flush deletes a few thousand entries, the next ones the rest."""
    table = AlertTable(0, {})
    table.take(
        CellBatch(0, 1, 1, [("pizza", "messages_in", "", "minute", n * 60, "", 1) for n in range(120_000)])
    )
    table.flush()
    gone = []
    for _ in range(4):
        table.expire({})
        gone.append(len(table.flush().gone))

    assert [50_000, 50_000, 20_000, 0] == gone


def test_what_is_to_be_told_survives() -> None:
    """Between the changelog and the topic a crash tells it again; once told, it is told no more."""
    table = AlertTable(0, {})
    table.keep("a1", AlertState("firing", 1, 7), transition(), NOON_MS)
    log = written(table)
    again = applied(log)
    told = again.flush().told
    again.has_told(told, NOON_MS)
    log += written(again)

    assert [transition()] == told
    assert ([], AlertState("firing", 1, 7)) == (applied(log).flush().told, applied(log).state_of("a1"))


def test_nothing_is_told_before_it_is_written() -> None:
    """What a flush tells stands in the entries of the same flush, which are written before."""
    table = AlertTable(0, {})
    table.keep("a1", AlertState("firing", 1, 7), transition(), NOON_MS)
    writes = table.flush()

    assert writes.told == applied([*writes.entries]).flush().told


def test_a_state_is_written_only_when_it_changes() -> None:
    """To find an alert as it was costs no record."""
    table = AlertTable(0, {})
    table.keep("a1", AlertState("firing", 1, 7), transition(), NOON_MS)
    table.flush()
    table.keep("a1", AlertState("firing", 1, 7), None, NOON_MS + 1)

    assert [] == table.flush().entries


def test_a_state_written_later_holds_though_the_clock_went_back() -> None:
    """The stamp rises with every write, or the changelog would end with the older state."""
    table = AlertTable(0, {})
    table.keep("a1", AlertState("firing", 1, 7), None, NOON_MS)
    log = written(table)
    table.keep("a1", AlertState("ok", 1, 8), None, NOON_MS - 5000)

    assert "ok" == applied(log + written(table)).state_of("a1").phase


def test_an_alert_nobody_knows_is_forgotten() -> None:
    """Where the registry has no trace of an alert, neither has the table."""
    table = AlertTable(0, {})
    table.keep("a1", AlertState("firing", 1, 7), None, NOON_MS)
    log = written(table)
    table.forget("a1")

    assert 0 == len(applied(log + written(table)))
