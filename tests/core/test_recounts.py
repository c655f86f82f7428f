"""A bot counted anew: whatever comes meanwhile and whatever crashes, the next generation is what brute force says."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.counters import CellBatch
from app.core.entries import bot_of, generations_key, name_in, prefix_of, user_key
from app.core.events import NOWHERE, BotEvent, EventBatch, Recount, Reporting
from app.core.generations import bot_in, counted_as, generation_of
from app.core.recounting import FIELDS, history
from app.core.shard import Shard
from tests.core.oracle import Numbers, expected, once
from tests.core.simulation import Changelog, every_number, numbers_of, records_of, taken
from tests.core.test_shard import BASE, DAY, ZONES, events, make_events, run_with_crashes

OLD = Reporting("America/Los_Angeles", "monday", 900)
LATER = BASE + 61 * DAY


class Play(NamedTuple):
    """A log in which b1 is counted anew as generation 1 by `new`: all its records, and what they hold."""

    records: list[list[EventBatch]]
    own: list[BotEvent]
    new: Reporting


def order(revision: int, shown: Reporting, coming: Reporting | None = None) -> list[EventBatch]:
    """Return a record that orders what is counted of b1."""
    return [EventBatch(NOWHERE, 0, 0, [], recounts={"b1": Recount(revision, shown, coming)})]


def sent(stored: Sequence[BotEvent], generation: int = 1) -> list[list[EventBatch]]:
    """Return stored events of b1 as records of history, a few in each."""
    rows = [[getattr(event, field) for field in FIELDS] for event in stored if event.bot_id == "b1"]
    random.Random(len(rows)).shuffle(rows)

    return [
        [batch]
        for first in range(0, len(rows), 3)
        for _, batch in history("b1", generation, rows[first : first + 3], 1, LATER)
    ]


def stored_before(own: Sequence[BotEvent], place: int, until: int) -> list[BotEvent]:
    """
    Return what ClickHouse has of the first *place* events when *until* have come: each once, the first rich one if there is one.

    One that came richer after *place* has its row from there, so it is none of those before.
    """
    rows: dict[tuple[str, str, str], tuple[int, BotEvent]] = {}
    for n, event in enumerate(own[:until]):
        key = (event.bot_id, event.user_id, event.event_id)
        _, before = rows.get(key, (n, None))
        if before is None or (_is_rich(event) and not _is_rich(before)):
            rows[key] = (n, event)

    return [event for n, event in rows.values() if n < place]


def _is_rich(event: BotEvent) -> bool:
    return (bool(event.intent) or event.not_handled) and not event.warnings


@st.composite
def plays(draw: st.DrawFn) -> Play:
    """Events before and while history is sent, and after the new generation is shown, in every mixture."""
    own = draw(events())
    begun, shown = sorted((draw(st.integers(0, len(own))), draw(st.integers(0, len(own)))))
    new = Reporting(draw(st.sampled_from(ZONES)), "sunday", 1800, generation=1)
    read = draw(st.integers(begun, shown))
    rng = random.Random(draw(st.integers(0, 2**32)))
    meanwhile = [*records_of(own[begun:shown], 1, OLD), *sent(stored_before(own, begun, read))]
    rng.shuffle(meanwhile)
    live = sorted((one for one in meanwhile if not one[0].history), key=lambda one: one[0].raw_offset)
    ordered = iter(live)
    records = [
        *records_of(own[:begun], 2, OLD),
        order(2, OLD, new),
        *(one if one[0].history else next(ordered) for one in meanwhile),
        order(3, new),
        *_by_bot(own[shown:], new),
    ]

    return Play(_numbered(records), own, new)


def _by_bot(own: Sequence[BotEvent], new: Reporting) -> list[list[EventBatch]]:
    """Return records in which b1 has its new settings; some are late and have the old ones, as when they were accepted."""
    return [
        [EventBatch(0, 0, one.received_at, [one], {"b1": new if n % 3 else OLD, "b2": OLD})]
        for n, one in enumerate(own)
    ]


def _numbered(records: list[list[EventBatch]]) -> list[list[EventBatch]]:
    """Give what comes from raw records its place there, in the order of the log."""
    for n, record in enumerate(records):
        for batch in record:
            if batch.raw_partition != NOWHERE:
                batch.raw_offset = n

    return records


def of_bot(numbers: Numbers, name: str) -> Numbers:
    """Return the numbers of one name, as those of the bot."""
    return Counter({(bot_in(cell[0]), *cell[1:]): n for cell, n in numbers.items() if cell[0] == name})


def named(entries: dict[bytes, bytes], bot: bytes) -> set[bytes]:
    """Return the names under which a bot stands in the state."""
    return {name_in(key) for key in entries if bot_of(key) == bot and key != generations_key(bot.decode())}


@settings(max_examples=200, deadline=None)
@given(play=plays(), seed=st.integers(0, 2**32))
def test_whatever_comes_meanwhile(play: Play, seed: int) -> None:
    """Ordered anywhere, mixed with anything, crashed anywhere: the new generation has every event once, in the new cut."""
    changelog = run_with_crashes(play.records, random.Random(seed))
    numbers = numbers_of(changelog.counters)
    of_b1 = [one for one in play.own if one.bot_id == "b1"]
    others = [one for one in play.own if one.bot_id != "b1"]

    assert of_bot(expected(of_b1, play.new), "b1") == of_bot(numbers, "b1~1")
    assert expected(others, OLD) == of_bot(numbers, "b2")
    assert named(changelog.restore(), b"b1") <= {b"b1~1"}


@settings(max_examples=50, deadline=None)
@given(own=events(), place=st.integers(0, 40), seed=st.integers(0, 2**32))
def test_what_is_shown_stays_right_meanwhile(own: list[BotEvent], place: int, seed: int) -> None:
    """While the new generation is counted the old one goes on as if nothing was: history moves none of its numbers."""
    records = [*records_of(own[:place], 2, OLD), order(2, OLD, Reporting("UTC", generation=1))]
    records += [*records_of(own[place:], 2, OLD), *sent(stored_before(own, place, len(own)))]
    changelog = run_with_crashes(_numbered(records), random.Random(seed))

    shown = {name: of_bot(numbers_of(changelog.counters), name) for name in ("b1", "b2")}
    assert expected(own, OLD) == shown["b1"] + shown["b2"]


@settings(max_examples=50, deadline=None)
@given(own=events(), seed=st.integers(0, 2**32))
def test_one_that_was_given_up_leaves(own: list[BotEvent], seed: int) -> None:
    """A second order takes the place of the first: what comes for generation 1 counts nowhere, generation 2 is exact."""
    first, second = Reporting("UTC", generation=1), Reporting("Asia/Kathmandu", generation=2)
    half = len(own) // 2
    records = [*records_of(own[:half], 2, OLD), order(2, OLD, first), *sent(stored_before(own, half, half))]
    records += [order(4, OLD, second), *sent(stored_before(own, half, half)), order(3, OLD, first)]
    records += [*sent(stored_before(own, half, half), 2), *records_of(own[half:], 2, OLD)]
    changelog = run_with_crashes(_numbered(records), random.Random(seed))

    of_b1 = [one for one in own if one.bot_id == "b1"]
    assert expected(of_b1, second) == of_bot(numbers_of(changelog.counters), "b1~2")
    assert named(changelog.restore(), b"b1") <= {b"b1", b"b1~2"}


def test_how_events_arrived_is_not_told_of_history() -> None:
    """Events sent once more are not late, however old they are; what comes late from then on is late in both generations."""
    own = [BotEvent(f"e{n}", "b1", "u", BASE + at, BASE + at, "text") for n, at in enumerate((0, DAY))]
    late = BotEvent("e2", "b1", "u", BASE + DAY // 2, BASE + DAY, "text")
    records = [*records_of(own, 2), order(2, Reporting(), Reporting(generation=1))]
    records += [*records_of([late], 1), *sent(own)]
    shard = Shard(0, {})
    for offset, record in enumerate(_numbered(records)):
        shard.fold(offset, record)

    late_ones: Counter[str] = Counter()
    for cell, n in every_number(taken(shard).counters).items():
        if cell.measure == "late" and cell.window == "day":
            late_ones[cell.bot] += n

    assert {"b1": 1, "b1~1": 1} == late_ones


def test_an_erased_bot_leaves_in_every_generation() -> None:
    """Nothing stays of a bot that is deleted while it is counted anew, and no order brings it back."""
    own = [one for one in make_events(random.Random(3), 40) if one.bot_id == "b1"]
    new = Reporting(generation=1)
    records = [*records_of(own, 4), order(2, Reporting(), new), *sent(own), *records_of(own, 4)]
    records += [[EventBatch(1, 0, BASE, [], erase=["b1"])], order(3, Reporting(), new), *sent(own)]
    changelog = run_with_crashes(_numbered(records), random.Random(5))

    assert {b"x|b1"} == {key for key in changelog.restore() if bot_of(key) == b"b1"}


def test_what_a_frozen_worker_wrote_late_goes_too() -> None:
    """Entries of the old generation that come after it left are deleted by whoever restores them next."""
    new = Reporting(generation=1)
    shard = Shard(0, {})
    for offset, record in enumerate([order(1, Reporting(), new), order(2, new)]):
        shard.fold(offset, record)
    late = user_key("b1", "ann")
    again = Shard(0, dict(taken(shard).entries) | {late: prefix_of(0) + msgspec.msgpack.encode([0] * 5)})

    assert late not in again.entries
    assert [late] == taken(again).sealed


def test_an_order_from_before_a_replay_changes_nothing() -> None:
    """Where later generations count and no order is known, one that comes late from before is passed over."""
    own = [one for one in make_events(random.Random(4), 30) if one.bot_id == "b1"]
    new = Reporting("Europe/Lisbon", generation=3)
    before, stale, after = (
        records_of(own[:15], 4, new),
        order(2, OLD, Reporting("UTC", generation=1)),
        records_of(own[15:], 4, new),
    )
    shard, counters = Shard(0, {}), list[CellBatch]()
    for offset, record in enumerate(_numbered([*before, stale, *after])):
        shard.fold(offset, record)
        counters += taken(shard).counters

    assert expected(own, new) == of_bot(numbers_of(counters), "b1~3")


def test_after_a_replay_events_count_in_the_generation_they_name() -> None:
    """Where no order is known, as after a replay, what is shown is what an event's settings say."""
    own = [one for one in make_events(random.Random(4), 30) if one.bot_id == "b1"]
    new = Reporting("Europe/Lisbon", generation=3)
    shard = Shard(0, {})
    for offset, record in enumerate(records_of(own, 4, new)):
        shard.fold(offset, record)

    assert expected(own, new) == of_bot(numbers_of(taken(shard).counters), "b1~3")


@pytest.mark.parametrize(
    ("bot", "generation", "name"),
    [
        pytest.param("pizza", 0, "pizza", id="as made"),
        pytest.param("pizza", 12, "pizza~12", id="counted anew"),
    ],
)
def test_names_of_generations(bot: str, generation: int, name: str) -> None:
    """A generation's name tells its bot and its number."""
    assert name == counted_as(bot, generation)
    assert (bot, generation) == (bot_in(name), generation_of(name))


def test_once_is_what_is_stored() -> None:
    """The rows these tests take history from are what brute force counts."""
    own = make_events(random.Random(6), 60)

    assert Counter(one.event_id for one in once(own)) == Counter(
        one.event_id for one in stored_before(own, len(own), len(own))
    )
    assert isinstance(Changelog().restore(), dict)
