"""The heart: any order, any repeats, any crash, and every number equals brute force."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.events import BotEvent, EventBatch, Reporting
from app.core.shard import Shard
from app.core.users import is_bare
from tests.core.oracle import expected, once
from tests.core.simulation import (
    Changelog,
    batch,
    clock_offset,
    every_number,
    fold_all,
    numbers_of,
    records_of,
    taken,
)

HOUR = 3_600_000
DAY = 24 * HOUR
BASE = 1_700_000_000_000  # 2023-11-14
ZONES = ["UTC", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia", "Europe/Lisbon"]


@st.composite
def events(draw: st.DrawFn, most: int = 40) -> list[BotEvent]:
    """Events of few users over few weeks, some at equal times, some repeated."""
    n = draw(st.integers(1, most))
    seed = draw(st.integers(0, 2**32))
    return make_events(random.Random(seed), n)


def make_events(rng: random.Random, n: int, days: int = 40) -> list[BotEvent]:
    """Return *n* believable events: bursts, long silences, repeats, both directions, dashboards hit."""
    made: list[BotEvent] = []
    for i in range(n):
        if made and rng.random() < 0.15:
            made.append(_again(rng, made))
            continue
        base = rng.choice(made).at if made and rng.random() < 0.6 else BASE + rng.randrange(days * DAY)
        at = base + rng.choice([0, 1, 60_000, 900_000, 900_001, HOUR, -HOUR, -900_000, DAY, 7 * DAY])
        kind = rng.choice(["text", "text", "text", "image", "custom", "typing"])
        made.append(
            BotEvent(
                event_id=f"e{i}",
                bot_id=rng.choice(["b1", "b2"]),
                user_id=rng.choice(["u1", "u2", "u3", "u4", "u4", ""]),
                at=at,
                received_at=BASE + 60 * DAY + i * 1000,
                kind=kind,
                direction=rng.choice(["in", "in", "out"]),
                repeats=True,
                platform=rng.choice(["generic", "facebook"]),
                intent=rng.choice(["", "buy", "NotHandled"]),
                not_handled=rng.random() < 0.2,
                session_id=rng.choice(["", "", "", "s1", "s2"]),
                event_name="signup" if kind == "custom" else "",
                amount=rng.choice([None, None, 2.5]),
                currency="EUR",
                locale=rng.choice(["", "en"]),
            )
        )

    for event in made:
        event.dashboards = hits_of(event)

    return made


def hits_of(event: BotEvent) -> list[str]:
    """Return dashboards that *event* hits: some whoever sends it, some by what is understood of it."""
    rng = random.Random(f"{event.event_id} {event.intent} {event.not_handled}")

    return [
        f"{name}@{version}" for name, version in (("all", 1), ("a", rng.choice([2, 3]))) if rng.random() < 0.4
    ]


def _again(rng: random.Random, made: list[BotEvent]) -> BotEvent:
    """Return a repeat: the very event, or what it was before or after somebody understood it."""
    again = rng.choice(made).event_id
    first = next(event for event in made if event.event_id == again)
    if rng.random() < 0.5:
        return first
    if first.intent or first.not_handled:
        return msgspec.structs.replace(first, intent="", not_handled=False)
    return msgspec.structs.replace(first, intent="asked", not_handled=first.at % 2 == 0)


@settings(max_examples=150, deadline=None)
@given(own=events(), zone=st.sampled_from(ZONES), week_start=st.sampled_from(["monday", "sunday"]))
def test_every_number_equals_brute_force(own: list[BotEvent], zone: str, week_start: str) -> None:
    """Whatever comes, in whatever zone: cells sum up to the numbers counted by hand."""
    reporting = Reporting(zone=zone, week_start=week_start, session_gap_s=900)  # type: ignore[arg-type]

    assert expected(own, reporting) == fold_all(own, reporting=reporting)


@settings(max_examples=60, deadline=None)
@given(own=events(), seed=st.integers(0, 2**32))
def test_minutes_of_dashboards_add_up_to_their_hours(own: list[BotEvent], seed: int) -> None:
    """Of events that come in time, whatever is repeated on the way and richer."""
    records = records_of(
        [msgspec.structs.replace(one, received_at=one.at) for one in sorted(own, key=_at)], 1
    )
    cells = every_number(run_with_crashes(records, random.Random(seed)).counters)
    found: dict[str, Counter[tuple[str, int, str]]] = {"minute": Counter(), "hour": Counter()}
    for cell, n in cells.items():
        if cell.measure == "hits" and cell.window in found:
            found[cell.window][cell.bot, cell.start // 3600, cell.key] += n

    assert found["minute"] == found["hour"]


def test_a_richer_repeat_with_another_time_takes_the_hits_along() -> None:
    """Where the plain event was counted they are taken back; ClickHouse keeps the richer row, with its time and hits."""
    hour = BASE // HOUR * HOUR + HOUR
    plain = BotEvent("m1", "b1", "u1", hour - 100, hour, "text", repeats=True, dashboards=["d@1", "e@1"])
    rich = msgspec.structs.replace(plain, at=hour + 100, intent="asked", dashboards=["e@1"])
    cells = every_number(run_with_crashes(records_of([plain, rich], 1), random.Random(1)).counters)
    hits = {
        (cell.window, cell.start * 1000 - hour, cell.key): n
        for cell, n in cells.items()
        if n and cell.measure == "hits" and cell.window != "day"
    }

    assert {("minute", 0, "e@1"): 1, ("hour", 0, "e@1"): 1} == hits


@settings(max_examples=60, deadline=None)
@given(own=events(), seed=st.integers(0, 2**32))
def test_minutes_of_turns_not_handled_add_up_to_their_hours(own: list[BotEvent], seed: int) -> None:
    """However late what belongs to a turn arrives: what is taken back is taken from where it was."""
    counters = run_with_crashes(records_of(own, 2), random.Random(seed)).counters
    found: dict[str, Counter[tuple[str, int]]] = {"minute": Counter(), "hour": Counter()}
    for cell, n in every_number(counters).items():
        if cell.measure == "not_handled" and cell.window in found:
            found[cell.window][cell.bot, cell.start // 3600] += n

    assert +found["minute"] == +found["hour"]


@settings(max_examples=100, deadline=None)
@given(own=events(), seed=st.integers(0, 2**32))
def test_rules_that_change_on_the_way_are_counted_as_stored(own: list[BotEvent], seed: int) -> None:
    """What a repeat hits by newer rules counts only where its row stays: once, and richer than the first."""
    rng = random.Random(seed)
    changed = [
        msgspec.structs.replace(one, dashboards=[f"d@{rng.randrange(3)}"][: rng.randrange(2)]) for one in own
    ]

    assert expected(changed) == numbers_of(run_with_crashes(records_of(changed, 2), rng).counters)


@settings(max_examples=60, deadline=None)
@given(own=events(), seed=st.integers(0, 2**32), size=st.integers(1, 7))
def test_order_and_batching_change_nothing(own: list[BotEvent], seed: int, size: int) -> None:
    """Reversed, shuffled, in small records or large ones: the same numbers."""
    shuffled = random.Random(seed).sample(own, len(own))

    assert fold_all(once(own)) == fold_all(own[::-1], size=size) == fold_all(shuffled, size=1)


@settings(max_examples=200, deadline=None)
@given(own=events(60), seed=st.integers(0, 2**32))
def test_a_crash_anywhere_in_a_flush_changes_nothing(own: list[BotEvent], seed: int) -> None:
    """Flushes at random, each cut off anywhere, the shard restored from what was written: exact every time."""
    rng = random.Random(seed)
    records = records_of(own, rng.choice([1, 2, 5]))
    changelog = run_with_crashes(records, rng)

    assert expected(own) == numbers_of(changelog.counters)


@settings(max_examples=100, deadline=None)
@given(own=events(60), seed=st.integers(0, 2**32))
def test_stale_writes_of_a_frozen_worker_lose(own: list[BotEvent], seed: int) -> None:
    """A worker thought dead writes its old flush after its successor's: the higher stamp holds."""
    rng = random.Random(seed)
    records = records_of(own, 2)
    changelog, stale = Changelog(), Changelog()
    old = Shard(0, {})
    for offset in range(rng.randrange(len(records) + 1)):
        old.fold(offset, records[offset])
    held_back = taken(old)
    new = Shard(0, changelog.restore())
    cut = rng.randrange(len(records) + 1)
    for offset in range(cut):
        new.fold(offset, records[offset])
    changelog.write(new.take())
    changelog.write(held_back, until=rng.randrange(len(held_back.entries) + 1))
    last = Shard(0, changelog.restore())
    for offset in range(last.clock.offset + 1, len(records)):
        last.fold(offset, records[offset])
    changelog.write(last.take())

    assert expected(own) == numbers_of([*changelog.counters, *stale.counters])


@settings(max_examples=200, deadline=None)
@given(own=events(60), seed=st.integers(0, 2**32), visits=st.sampled_from([1, 2, 5, 1000]))
def test_what_expires_on_the_way_changes_no_number(own: list[BotEvent], seed: int, visits: int) -> None:
    """Over days of receipt, with parts sealed and users tidied bit by bit and crashes in between: the same numbers."""
    rng = random.Random(seed)
    records = records_of(over_days(own, rng), rng.choice([1, 2, 5]))
    whole = Shard(0, {})
    for offset, record in enumerate(records):
        whole.fold(offset, record)

    assert every_number(taken(whole).counters) == every_number(
        run_with_crashes(records, rng, visits).counters
    )


@settings(max_examples=100, deadline=None)
@given(own=events(60), seed=st.integers(0, 2**32), visits=st.sampled_from([1, 5, 1000]))
def test_a_frozen_worker_may_tidy_up_late(own: list[BotEvent], seed: int, visits: int) -> None:
    """Days go by; a worker thought dead writes its last flush, tombstones and all, into its successor's work."""
    rng = random.Random(seed)
    records = records_of(over_days(own, rng), 2)
    changelog, old = Changelog(), Shard(0, {}, visits)
    asleep, cut = rng.randrange(len(records) + 1), rng.randrange(len(records) + 1)
    go_on(old, records[:asleep], changelog, rng)
    new = Shard(0, changelog.restore(), visits)
    for offset in range(old.clock.offset + 1, min(asleep + rng.randrange(3), len(records))):
        old.fold(offset, records[offset])
    held_back = taken(old)
    go_on(new, records[:cut], changelog, rng)
    changelog.write(held_back, until=rng.randrange(len(held_back.entries) + len(held_back.sealed) + 1))
    go_on(new, records[: rng.randrange(cut, len(records) + 1)], changelog, rng)
    last = Shard(0, changelog.restore(), visits)
    go_on(last, records, changelog, rng)
    changelog.write(last.take())
    whole = Shard(0, {})
    for offset, record in enumerate(records):
        whole.fold(offset, record)

    assert every_number(taken(whole).counters) == every_number(changelog.counters)


def go_on(shard: Shard, records: list[list[EventBatch]], changelog: Changelog, rng: random.Random) -> None:
    """Fold what *shard* has not folded, with a flush now and then."""
    for offset in range(shard.clock.offset + 1, len(records)):
        shard.fold(offset, records[offset])
        if rng.random() < 0.4:
            changelog.write(shard.take())


@settings(max_examples=60, deadline=None)
@given(own=events(60), seed=st.integers(0, 2**32), visits=st.sampled_from([3, 10, 1000]))
def test_what_has_expired_leaves_the_changelog(own: list[BotEvent], seed: int, visits: int) -> None:
    """Whatever crashed before: while time goes on, old parts and memories are deleted, a bounded number with each flush."""
    rng = random.Random(seed)
    records = records_of(over_days(own, rng), 2)
    changelog = run_with_crashes(records, rng, visits)
    shard = Shard(0, changelog.restore(), visits)
    last_ms = shard.clock.log_ms + 3 * DAY
    # Two days go by, and then as many flushes as it takes to look at every entry twice.
    steps = [HOUR // 2] * 100 + [1] * (2 * len(shard.entries) // visits + 2)
    for n, step in enumerate(steps):
        last_ms += step
        other = BotEvent(f"t{n}", "ticking", "clock", last_ms, last_ms, "typing")
        shard.fold(len(records) + n, [batch(len(records) + n, [other])])
        writes = taken(shard)
        changelog.write(writes)

        assert max(visits, len(writes.entries)) >= len(writes.sealed)

    kept = changelog.restore()
    last_day = last_ms // DAY
    assert {last_day, last_day - 1} >= {int(key.split(b"|")[1]) for key in kept if key[:1] == b"c"}
    assert set() == {key for key in kept if key[:1] == b"u" and not is_bare(kept[key][8:])}


def over_days(own: list[BotEvent], rng: random.Random) -> list[BotEvent]:
    """Let *own* arrive over days and weeks instead of within a minute."""
    received_at, events = own[0].received_at, []
    for event in own:
        received_at += rng.choice([0, 1000, HOUR, 5 * HOUR, 30 * HOUR, 60 * HOUR])
        events.append(msgspec.structs.replace(event, received_at=received_at))

    return events


def run_with_crashes(records: list, rng: random.Random, visits: int = 1000) -> Changelog:
    """Fold *records*, flushing and crashing at random, until a run reaches the end and its flush is whole."""
    changelog = Changelog()
    crashes = 6
    while True:
        entries = changelog.restore()
        shard = Shard(0, entries, visits)
        offset = clock_offset(entries) + 1
        while offset < len(records):
            shard.fold(offset, records[offset])
            offset += 1
            if rng.random() < 0.4:
                writes = taken(shard)
                if crashes and rng.random() < 0.6:
                    crashes -= 1
                    changelog.write(writes, until=rng.randrange(len(writes.entries) + len(writes.sealed) + 1))
                    break
                changelog.write(writes)
        else:
            changelog.write(shard.take())
            return changelog


def _at(event: BotEvent) -> int:
    return event.at


def test_a_normalisers_repeat_is_dropped() -> None:
    """A raw record normalised twice counts once, also where it comes with others around it."""
    own = make_events(random.Random(1), 30)
    records = records_of(own, 5)
    shard = Shard(0, {})
    for offset, record in enumerate([*records[:3], *records[1:3], *records[2:]]):
        shard.fold(offset, record)

    assert expected(own) == numbers_of(taken(shard).counters)


def test_parts_of_a_past_log_day_are_forgotten() -> None:
    """When receipt passes midnight UTC the day's parts leave the state, as tombstones after the clock."""
    shard = Shard(0, {})
    today, tomorrow = (BotEvent(f"e{n}", "b", "u", BASE, BASE + n * DAY, "text") for n in range(2))
    shard.fold(0, records_of([today], 1)[0])
    first = taken(shard)
    shard.fold(1, [records_of([today, tomorrow], 1)[1][0]])
    second = taken(shard)

    old = [key for key, _ in first.entries if key.startswith(b"c|")]
    assert sorted(old) == sorted(second.sealed)
    assert not set(old) & set(shard.entries)


@pytest.mark.parametrize("kind", ["typing", "read", "delivery"])
def test_signals_make_nobody_active(kind: str) -> None:
    """Receipts and typing count as events and nothing else."""
    numbers = fold_all([BotEvent("e", "b", "u", BASE, BASE, kind)])

    assert {"events"} == {name[1] for name in numbers}
