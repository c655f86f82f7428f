"""A bot is deleted while everything that takes part in it is killed: nothing of it is left, and the other bot has all of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from app.adapters.erasing import count_rows
from app.adapters.topics import RAW_EVENTS, REGISTRY, TRACK_STATE
from app.config import Settings
from app.core.deliveries import Delivery, encode_delivery
from app.core.entries import bot_of, erased_key
from app.local.running import attached
from tests.chaos.test_chaos import hit
from tests.stack import Stack, running_stack
from tests.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.long]

EVENTS = 3_000
AT = 1_700_000_000_000


@pytest.fixture
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack for killing."""
    with running_stack(tmp_path_factory.mktemp("removal") / "home", "--no-demo") as own:
        yield own


def made(stack: Stack, name: str) -> dict[str, Any]:
    """Return a bot with events of a few hundred users, a refused item, and a short link."""
    bot: dict[str, Any] = stack.run("bots", "create", "--name", name, "--platform", "generic")
    for first in range(0, EVENTS, 500):
        items = [
            {"id": f"m{n}", "user": f"u{n % 300}", "at": AT + n * 60_000} for n in range(first, first + 500)
        ]
        assert 200 == stack.call("POST", "/v1/events", bot["ingest_key"], items)[0]
    stack.call(
        "POST", f"/bots/{bot['bot']}/short_links", bot["ingest_key"], {"user_id": "u", "url": "https://x.org"}
    )

    return bot


def settled(stack: Stack, key: str) -> None:
    """Wait until everything that was accepted is counted and stored."""

    def is_drained() -> bool:
        status, answer = stack.call("GET", "/data/v1/pipeline", key)
        lags = [
            one["lag_records"] for one in answer["stages"] if one["stage"] in ("normalise", "track", "store")
        ]
        return status == 200 and [0, 0, 0] == lags

    until(stack.is_ready, 180, 0.5, "every part to be back")
    until(is_drained, 180, 0.5, "the pipeline to be drained")


def standing(settings: Settings, topic: str) -> dict[tuple[int, bytes], bytes]:
    """Return the last value of every key of a compacted topic, those that were deleted left out."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    found: dict[tuple[int, bytes], bytes] = {}
    try:
        places = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < end for place, end in ends.items()):
            for place, records in consumer.poll(500).items():
                for record in records:
                    found[place.partition, record.key] = record.value
    finally:
        consumer.close()

    return {key: value for key, value in found.items() if value is not None}


def rows_of(settings: Settings, bot: str) -> int:
    """Return how many rows of *bot* there are in all tables."""
    return sum(count_rows(settings, bot)[0].values())


def counted_in(report: dict[str, Any]) -> dict[str, int]:
    """Return how many rows a report names, by table."""
    return {name[5:]: n for name, n in report["removed"].items() if name.startswith("rows.")}


def assert_the_other_is_whole(stack: Stack, bot: dict[str, Any]) -> None:
    """Every event of *bot* is there once and counted once."""
    counted = stack.get(
        f"/data/v1/bots/{bot['bot']}/series?measure=events&window=month&from=2023-11-01", bot["read_key"]
    )

    assert EVENTS == sum(point["value"] for point in counted["points"])
    assert [] == stack.run("audit", "--bot", bot["bot"])["differences"]


def test_nothing_is_left_whatever_is_killed(own_stack: Stack) -> None:
    """Tables, state, registry and a replay: the bot is in none of them, and the report says what there was."""
    gone, stays = made(own_stack, "gone"), made(own_stack, "stays")
    admin = own_stack.run("keys", "create", "--scope", "admin")["key"]
    settings = attached(Settings(home=own_stack.home))
    settled(own_stack, admin)
    bot = gone["bot"]
    before = count_rows(settings, bot)
    own_stack.run("bots", "archive", bot)

    path = f"/data/v1/bots/{bot}"
    assert 400 == own_stack.call("DELETE", path, admin)[0]
    assert 202 == own_stack.call("DELETE", f"{path}?confirm=gone", admin)[0]
    for part in ("web", "track", "normalise", "store", "web"):
        hit(own_stack, part, signal.SIGKILL)
    until(own_stack.is_ready, 180, 0.5, "every part to be back")
    report = until(
        lambda: (found := own_stack.get(f"{path}/removal", admin))["finished_at"] and found,
        180,
        0.5,
        "the deletion to be finished",
    )

    assert before == (counted_in(report), report["removed"]["users"])
    assert (2, 1) == (report["removed"]["keys"], report["removed"]["short_links"])
    assert 0 == rows_of(settings, bot)
    assert_not_in_state(settings, bot)
    assert_not_in_registry(settings, gone)
    assert_the_other_is_whole(own_stack, stays)

    send_late(settings, bot)
    own_stack.run("replay", "--yes")
    settled(own_stack, admin)

    assert 0 == rows_of(settings, bot)
    assert_not_in_state(settings, bot)
    assert_the_other_is_whole(own_stack, stays)


def assert_not_in_state(settings: Settings, bot: str) -> None:
    """Nothing of *bot* stands in the state of track but that it was erased."""
    keys = {key for _, key in standing(settings, TRACK_STATE)}

    assert keys
    assert [] == [key for key in keys if bot_of(key) == bot.encode() and key != erased_key(bot)]


def assert_not_in_registry(settings: Settings, made: dict[str, Any]) -> None:
    """Of the bot the registry only says that it was deleted."""
    records = [msgspec.json.decode(value) for value in standing(settings, REGISTRY).values()]
    facts = [fact for record in records for fact in record.get("facts", ())]
    told = {
        fact["type"] for fact in facts if made["bot"] in (fact["subject"]["id"], fact["subject"].get("bot"))
    }

    assert {"bot_removed", "bot_rows_counted", "bot_erased"} == told
    assert [] == [record for record in records if record.get("bot") == made["bot"]]


def send_late(settings: Settings, bot: str) -> None:
    """Write an event as a web process would that has not heard yet."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    item = msgspec.Raw(b'{"id":"late","user":"u1"}')
    producer.send(RAW_EVENTS, encode_delivery(Delivery(bot, "native", AT, [item])), partition=0).get(30)
    producer.close()
