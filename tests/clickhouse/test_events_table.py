"""Each event is seen once, whatever arrives twice, before any merge."""

from __future__ import annotations

import pytest
from clickhouse_driver import Client

from app.adapters.clickhouse import insert
from app.core.events import BotEvent
from app.core.rows import event_rows
from tests.events import NOON_MS, event, stream_record

pytestmark = pytest.mark.clickhouse

DAY_MS = 86_400_000


def store(client: Client, offset: int, *events: BotEvent, partition: int = 0) -> None:
    """Insert *events* as one record of bot-events."""
    insert(client, event_rows([stream_record(offset, events, partition)]), f"{partition}-{offset}")


def texts(client: Client) -> list[str]:
    """Return the texts of bot_events in their order."""
    return [text for (text,) in client.execute("SELECT text FROM bot_events ORDER BY text")]


@pytest.fixture(autouse=True)
def _no_merges(client: Client) -> None:
    client.execute("SYSTEM STOP MERGES events")


def test_every_field_comes_back(client: Client) -> None:
    """What normalise wrote is what an analyst reads."""
    sent = event(
        "m1", platform="slack", text="zwei Pizzen 🍕", intent="order", intent_confidence=0.5, not_handled=True,
        conversation_id="c", session_id="s", message_id="m", event_name="e", amount=1.25, currency="EUR", locale="de_DE",
        attributes={"a": "1"}, user_attributes={"b": "2"}, dialect="dashbot", sdk="js/1", warnings=["no_time"], raw_index=3,
        dashboards=["bought@2"],
    )  # fmt: skip
    store(client, 7, sent)
    columns = [name for name in sent.__struct_fields__ if name not in ("at", "received_at", "repeats")]
    (row,) = client.execute(f"SELECT {', '.join(columns)} FROM bot_events")

    assert {name: getattr(sent, name) for name in columns} == dict(zip(columns, row, strict=True))


def test_times_keep_their_milliseconds(client: Client) -> None:
    """`at` is exact to the millisecond."""
    store(client, 1, event("m1", at=NOON_MS + 123))

    assert [(NOON_MS + 123,)] == client.execute("SELECT toUnixTimestamp64Milli(at) FROM bot_events")


def test_the_first_arrival_stays(client: Client) -> None:
    """Of a repeat in a later record, the first record's event is read: it is the one that was counted."""
    store(client, 9, event("m1", text="again"))
    store(client, 3, event("m1", text="first"))

    assert ["first"] == texts(client)


def test_the_first_within_a_record_stays(client: Client) -> None:
    """Two of one id in one record: the earlier one is read."""
    store(client, 3, event("m1", text="first"), event("m1", text="again"))

    assert ["first"] == texts(client)


def test_a_repeat_in_another_month_is_one_event(client: Client) -> None:
    """Without a time of its own a repeat gets another `at`, even in another partition; it is still one event."""
    store(client, 3, event("m1", text="first"))
    store(client, 4, event("m1", text="again", at=NOON_MS + 40 * DAY_MS))

    assert ["first"] == texts(client)


def test_a_filter_on_time_does_not_bring_the_repeat_back(client: Client) -> None:
    """Looking only at the month of the repeat does not show it."""
    store(client, 3, event("m1"))
    store(client, 4, event("m1", at=NOON_MS + 40 * DAY_MS))
    found = client.execute("SELECT event_id FROM bot_events WHERE at >= toDateTime64('2024-06-15', 3, 'UTC')")

    assert [] == found


def test_equal_ids_of_different_users_are_different_events(client: Client) -> None:
    """An id means something only within its bot and user."""
    store(
        client,
        3,
        event("m1", text="a"),
        event("m1", user_id="bob", text="b"),
        event("m1", bot_id="x", text="c"),
    )

    assert ["a", "b", "c"] == texts(client)


def test_the_same_insert_again_writes_nothing(client: Client) -> None:
    """A try whose answer got lost is repeated with the same token."""
    for _ in range(2):
        store(client, 3, event("m1"), event("m2"))

    assert [(2,)] == client.execute("SELECT count() FROM events")


def test_many_months_come_in_one_insert(client: Client) -> None:
    """An import of ten years is one block."""
    store(client, 3, *(event(f"m{n}", at=NOON_MS - n * 31 * DAY_MS) for n in range(120)))

    assert [(120,)] == client.execute("SELECT count() FROM bot_events")
