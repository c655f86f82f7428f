"""A bot that is deleted: it leaves the state wherever it lies, nothing of it counts any more, and no other number moves."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.deliveries import ERASE, Delivery, encode_delivery
from app.core.entries import bot_of, erased_key, prefix_of, user_key
from app.core.events import BotEvent, EventBatch, Reporting
from app.core.live import LiveView
from app.core.normalise import Normalised, normalise
from app.core.rows import event_rows, without_bots
from app.core.shard import Shard
from tests.core.oracle import expected
from tests.core.simulation import fold_all, numbers_of, records_of, taken
from tests.core.test_shard import BASE, events, make_events, run_with_crashes
from tests.events import NOON_MS, event, stream_record

PARTITIONS = 4


def _with_erase(own: Sequence[BotEvent], place: int, size: int) -> list[list[EventBatch]]:
    """Return records of *own*, and among them one that b1 is to be erased."""
    records = records_of(own, size)
    records.insert(place, [EventBatch(1, place, BASE, [], erase=["b1"])])

    return records


def _bots_in(entries: dict[bytes, bytes]) -> set[bytes]:
    return {bot_of(key) for key in entries if key != erased_key("b1")} - {b""}


@settings(max_examples=100, deadline=None)
@given(own=events(), seed=st.integers(0, 2**32), place=st.integers(0, 20))
def test_whatever_crashes(own: list[BotEvent], seed: int, place: int) -> None:
    """Erased anywhere, crashed anywhere: the bot is nowhere in the changelog, and the other's numbers are exact."""
    records = _with_erase(own, min(place, len(own) // 2), 2)
    changelog = run_with_crashes(records, random.Random(seed))
    others = [one for one in own if one.bot_id != "b1"]
    numbers = {cell: n for cell, n in numbers_of(changelog.counters).items() if cell[0] != "b1"}

    assert expected(others) == numbers
    assert b"b1" not in _bots_in(changelog.restore())
    assert erased_key("b1") in changelog.restore()


@settings(max_examples=50, deadline=None)
@given(own=events(), place=st.integers(0, 20))
def test_after_it_nothing_is_told(own: list[BotEvent], place: int) -> None:
    """From the flush with the erasure on no cell of the bot is told, whether it came before or after."""
    shard = Shard(0, {})
    records = _with_erase(own, min(place, len(own) // 2), 2)
    for offset, record in enumerate(records):
        shard.fold(offset, record)

    assert expected([one for one in own if one.bot_id != "b1"]) == numbers_of(taken(shard).counters)


def test_what_a_frozen_worker_wrote_late_goes_too() -> None:
    """Entries of the bot that come after its erasure are deleted by whoever restores them next."""
    shard = Shard(0, {})
    shard.fold(0, [EventBatch(0, 0, BASE, [], erase=["b1"])])
    entries = dict(taken(shard).entries)
    late = user_key("b1", "ann")
    entries[late] = prefix_of(0) + msgspec.msgpack.encode([0] * 5)
    again = Shard(0, entries)

    writes = again.take()
    assert writes is not None
    assert ([late], [], []) == (writes.sealed, writes.entries, writes.counters)
    assert late not in again.entries
    assert again.take() is None


def test_an_event_that_comes_late_does_not_count() -> None:
    """Also in a process that only knows the changelog."""
    shard = Shard(0, {})
    shard.fold(0, [EventBatch(0, 0, BASE, [], erase=["b1"])])
    again = Shard(0, dict(taken(shard).entries))
    own = make_events(random.Random(3), 30)
    again.fold(1, [EventBatch(0, 1, BASE, own)])

    assert {"b2"} == {cell[0] for batch in taken(again).counters for cell in batch.cells}
    assert {b"b2"} == _bots_in(again.entries)


def _delivery(bot: str, *items: bytes, way: str = "native") -> bytes:
    return encode_delivery(Delivery(bot, way, BASE, [msgspec.Raw(one) for one in items]))


def _run(*lines: bytes, removed: Sequence[str] = ()) -> Normalised:
    return normalise(b"\n".join(lines), 3, 7, PARTITIONS, removed=removed)


def test_every_partition_hears_of_it() -> None:
    """The bot's users may be anywhere."""
    found = _run(_delivery("b1", way=ERASE), _delivery("b2", b'{"user":"u"}'))

    assert [["b1"]] * PARTITIONS == [found.batches[n].erase for n in range(PARTITIONS)]
    assert 1 == sum(len(batch.events) for batch in found.batches.values())


def test_nothing_of_a_deleted_bot_goes_on() -> None:
    """Neither events nor refusals, while its neighbours in the record have the ids that they would have anyway."""
    lines = [_delivery("b1", b'{"user":"u"}', b"3"), _delivery("b2", b'{"user":"v"}', b"4")]
    before, after = _run(*lines), _run(*lines, removed=["b1"])

    assert [one for one in _events(before) if one.bot_id == "b2"] == _events(after)
    assert [one for one in before.dead_letters if one.bot_id == "b2"] == after.dead_letters
    assert (1, 1) == (len(_events(after)), len(after.dead_letters))


def _events(found: Normalised) -> list[BotEvent]:
    return [one for batch in found.batches.values() for one in batch.events]


@pytest.mark.parametrize(
    ("expected", "removed"),
    [
        pytest.param(["e1", "e2", "e3"], [], id="nobody"),
        pytest.param(["e1", "e2", "e3"], ["other"], id="another bot"),
        pytest.param(["e2"], ["a", "other"], id="one of two"),
        pytest.param([], ["a", "b"], id="all"),
    ],
)
def test_rows(expected: list[str], removed: list[str]) -> None:
    """Rows of deleted bots are left out of every column alike."""
    own = [event("e1", bot_id="a"), event("e2", bot_id="b", text="hi"), event("e3", bot_id="a")]
    rows = without_bots(event_rows([stream_record(0, own)]), removed)

    assert expected == rows.values[rows.columns.index("event_id")]
    assert {len(expected)} == {len(column) for column in rows.values}


def test_the_live_view_forgets_it() -> None:
    """Of the bot nothing is shown and nothing kept; of the others all."""
    own = make_events(random.Random(5), 40, days=1)
    shard, view = Shard(0, {}), LiveView()
    shard.fold(0, [EventBatch(0, 0, BASE, own)])
    for batch in taken(shard).counters:
        view.take(batch, BASE)
    others = list(view.changes("b2", 0))
    view.forget("b1")

    assert others
    assert ([], others) == (list(view.changes("b1", 0)), list(view.changes("b2", 0)))
    assert len(others) == len(view)


def test_other_bots_are_as_if_it_had_never_been() -> None:
    """With settings of their own, too."""
    reporting = Reporting("Europe/Rome", "sunday", 1800)
    own = make_events(random.Random(11), 60)
    shard = Shard(0, {})
    for offset, record in enumerate(records_of(own, 5, reporting)):
        shard.fold(offset, record)
    shard.fold(99, [EventBatch(0, 99, NOON_MS, [], erase=["b1"])])

    assert fold_all([one for one in own if one.bot_id == "b2"], reporting=reporting) == numbers_of(
        taken(shard).counters
    )
