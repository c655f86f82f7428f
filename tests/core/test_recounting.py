"""What a recount sends: stored events for the next generation alone, and how they arrived as the old one knew it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.calendar import DAY_S, HOUR_MS
from app.core.dashboards.backfill import PARTITION
from app.core.events import (
    NOWHERE,
    BotEvent,
    EventBatch,
    Recount,
    Reporting,
    decode_batches,
    encode_batches,
    partition_of,
)
from app.core.recounting import FIELDS, arrivals, history, names_of, order_batch, order_of
from app.core.registry import Bot, Recounting
from tests.events import NOON_MS, event

PARTITIONS = 4
TOKYO = Reporting("Asia/Tokyo", generation=2)
PIZZA = Bot("pizza", "Pizza", "kik", 1, Reporting("Europe/Rome", generation=1))


def row(number: int, **fields: Any) -> tuple[Any, ...]:
    """Return a stored event as ClickHouse gives it."""
    made = event(f"e{number}", **fields)

    return tuple(getattr(made, name) for name in FIELDS)


def sent(rows: list[tuple[Any, ...]], now_ms: int = NOON_MS) -> list[tuple[int, EventBatch]]:
    """Return the batches for generation 2, as track reads them."""
    made = history("pizza", 2, rows, PARTITIONS, now_ms)

    return [(place, one) for place, batch in made for one in decode_batches(encode_batches([batch]))]


def events_of(found: list[tuple[int, EventBatch]]) -> list[BotEvent]:
    """Return all events in their order."""
    return [one for _, batch in found for one in batch.events]


def test_history_goes_where_its_users_are() -> None:
    """To the partition in which the bot's own events of that user meet, whatever the generation is called."""
    users = [f"u{n}" for n in range(40)]
    found = sent([row(n, user_id=user) for n, user in enumerate(users)])

    assert sorted(users) == sorted(one.user_id for one in events_of(found))
    for place, batch in found:
        assert {place} == {partition_of("pizza", one.user_id, PARTITIONS) for one in batch.events}


def test_history_is_for_the_generation_alone() -> None:
    """It says so, has the generation's name, and comes from no raw record: nobody takes it for news."""
    [(_, batch)] = sent([row(1)])

    assert (True, NOWHERE, {}) == (batch.history, batch.raw_partition, batch.recounts)
    assert ["pizza~2"] == [one.bot_id for one in batch.events]


def test_nothing_that_is_counted_is_lost() -> None:
    """All that numbers follow from comes again; what was said does not travel."""
    full = {
        "user_id": "bob", "at": NOON_MS - 5, "received_at": NOON_MS - 90 * HOUR_MS, "kind": "custom", "direction": "out",
        "platform": "slack", "intent": "order", "not_handled": True, "session_id": "s", "event_name": "e", "amount": 1.25,
        "currency": "EUR", "locale": "de", "warnings": ["no_time"], "dashboards": ["bought@2"],
    }  # fmt: skip
    [found] = events_of(sent([row(1, **full, text="hello")]))

    assert set(full) | {"event_id"} == set(FIELDS)
    assert event("e1", **full, bot_id="pizza~2") == found


@pytest.mark.parametrize(
    ("expected", "age_ms"),
    [
        pytest.param(True, 0, id="just now"),
        pytest.param(True, 49 * HOUR_MS, id="49 hours ago"),
        pytest.param(False, 49 * HOUR_MS + 1, id="longer ago"),
    ],
)
def test_only_what_may_be_repeated_is_remembered(expected: bool, age_ms: int) -> None:
    """Repeats are recognised for two days after receipt, of whatever time the event is."""
    [found] = events_of(sent([row(1, at=0, received_at=NOON_MS - age_ms)]))

    assert expected == found.repeats


@pytest.mark.parametrize(
    ("expected", "events"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([1000], 1000, id="a full batch"),
        pytest.param([1000, 1000, 1], 2001, id="one more"),
    ],
)
def test_batches_are_of_bounded_size(expected: list[int], events: int) -> None:
    """A thousand events at most, in the order they were given."""
    found = sent([row(n) for n in range(events)])

    assert expected == [len(batch.events) for _, batch in found]
    assert [f"e{n}" for n in range(events)] == [one.event_id for one in events_of(found)]


@pytest.mark.parametrize(("expected", "hits"), [(False, 10), (True, 11)], ids=["few", "very many"])
def test_very_many_hits_are_packed(expected: bool, hits: int) -> None:
    """So that a record stays small; what is read from it has them at the events again."""
    names = [[f"d{n}@{number}" for n in range(hits)] for number in range(1000)]
    rows = [row(number, dashboards=own) for number, own in enumerate(names)]
    [(_, batch)] = history("pizza", 2, rows, PARTITIONS, NOON_MS)

    assert expected == bool(batch.hits)
    assert names == [one.dashboards for one in decode_batches(encode_batches([batch]))[0].events]


def test_the_generation_before_the_first_has_the_name_of_the_bot() -> None:
    """So what was counted before there were generations is one."""
    [(_, batch)] = history("pizza", 0, [row(1)], PARTITIONS, NOON_MS)

    assert "pizza" == batch.events[0].bot_id


@pytest.mark.parametrize(
    ("zone", "start", "hour", "day"),
    [
        pytest.param("UTC", "2024-05-27 22:00", "2024-05-27 22:00", "2024-05-27", id="as it was"),
        pytest.param("Asia/Tokyo", "2024-05-27 22:00", "2024-05-27 22:00", "2024-05-28", id="tomorrow there"),
        pytest.param(
            "America/New_York", "2024-05-28 03:00", "2024-05-28 03:00", "2024-05-27", id="yesterday there"
        ),
        pytest.param(
            "Asia/Kolkata", "2024-05-27 18:00", "2024-05-27 17:30", "2024-05-27", id="half an hour, before midnight"
        ),
        pytest.param(
            "Asia/Kolkata", "2024-05-27 19:00", "2024-05-27 18:30", "2024-05-28", id="half an hour, after midnight"
        ),
        pytest.param(
            "Europe/Berlin", "2024-03-31 00:30", "2024-03-31 00:00", "2024-03-31", id="from half an hour, at a change"
        ),
    ],
)  # fmt: skip
def test_arrivals_are_cut_anew(zone: str, start: str, hour: str, day: str) -> None:
    """Hours begin where they do in the new zone, of two that share an hour the first has it, and days are that zone's."""
    [batch] = arrivals("pizza", Reporting(zone, generation=2), [("late", seconds(start), 7)], 99)

    assert (PARTITION, 0, 99) == (batch.partition, batch.log_day, batch.stamp)
    assert sorted(batch.cells) == [
        ("pizza~2", "late", "", "day", seconds(day), "", 7),
        ("pizza~2", "late", "", "hour", seconds(hour), "", 7),
    ]


HOURS = st.dictionaries(
    st.tuples(st.sampled_from(["late", "repeats"]), st.integers(19_000 * 24, 19_100 * 24).map(lambda n: n * 3600)),
    st.integers(1, 9),
    max_size=30,
)  # fmt: skip


@given(HOURS, st.sampled_from(["UTC", "Asia/Kolkata", "America/St_Johns", "Asia/Kathmandu", "Europe/London"]))
def test_no_arrival_is_lost_and_none_counted_twice(hours: dict[tuple[str, int], int], zone: str) -> None:
    """All hours, and all days, of a measure have the sum they had; days are whole days; each cell is said once."""
    given_hours = [(measure, start, number) for (measure, start), number in hours.items()]
    cells = [
        cell
        for batch in arrivals("pizza", Reporting(zone, generation=2), given_hours, 99)
        for cell in batch.cells
    ]

    assert len(cells) == len({cell[:-1] for cell in cells})
    assert all(start % DAY_S == 0 for _, _, _, window, start, _, _ in cells if window == "day")
    for measure in ("late", "repeats"):
        total = sum(number for name, _, number in given_hours if name == measure)
        sums = [
            sum(cell[-1] for cell in cells if (cell[1], cell[3]) == (measure, window))
            for window in ("hour", "day")
        ]
        assert [total, total] == sums


@pytest.mark.parametrize(
    ("names", "coming", "recounting"),
    [
        pytest.param(["pizza~1"], None, None, id="nothing to be counted"),
        pytest.param(["pizza~1"], None, Recounting(Reporting("Asia/Tokyo")), id="nobody is at it yet"),
        pytest.param(["pizza~1", "pizza~2"], TOKYO, Recounting(TOKYO, "w1", 5), id="being counted"),
    ],
)
def test_orders_say_what_is_shown_and_what_comes(
    names: list[str], coming: Reporting | None, recounting: Recounting | None
) -> None:
    """A generation comes when somebody has claimed it, not before."""
    bot = msgspec.structs.replace(PIZZA, recounting=recounting)

    assert names == names_of(bot)
    assert Recount(9, PIZZA.reporting, coming) == order_of(bot, 9)


def test_an_order_is_no_news_either() -> None:
    """It travels alone, and says nothing of raw records."""
    order = Recount(9, PIZZA.reporting, TOKYO)
    [batch] = decode_batches(encode_batches([order_batch("pizza", order)]))

    assert (NOWHERE, [], {"pizza": order}, False) == (
        batch.raw_partition, batch.events, batch.recounts, batch.history,
    )  # fmt: skip


def seconds(text: str) -> int:
    """Return the second of an instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_many_hours_are_several_records() -> None:
    """Ten years of late events do not become one record that no broker takes."""
    hours = [("late", hour * 3600, 1) for hour in range(9_000)]
    sizes = [len(batch.cells) for batch in arrivals("pizza", Reporting(generation=2), hours, 99)]

    assert (9_000 + 9_000 // 24, 5_000) == (sum(sizes), max(sizes))
