"""Links in Kafka: processes learn from each other, and nothing is written twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.adapters.links import KafkaLinks
from app.adapters.topics import LINKS, ensure_topics
from app.config import Settings
from tests.broker import unique
from tests.waiting import until

pytestmark = pytest.mark.kafka


@pytest.fixture
def bootstrap(broker: str) -> str:
    """A broker with its topics."""
    ensure_topics(Settings(kafka=broker))
    return broker


@asynccontextmanager
async def started(bootstrap: str, **options: int) -> AsyncIterator[KafkaLinks]:
    """Links of one process."""
    links = KafkaLinks(bootstrap, **options)
    await links.start()
    try:
        yield links
    finally:
        await links.stop()


async def true(probe: Callable[[], bool]) -> None:
    """Return when *probe* says so."""
    await asyncio.to_thread(until, probe, 20)


async def told(bootstrap: str, bot: str) -> list[tuple[bytes, bytes]]:
    """Return the records of *bot*, in their order."""
    partition = TopicPartition(LINKS, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[tuple[bytes, bytes]] = []
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(timeout_ms=200)).get(partition, []):
                found.append((record.key, record.value))
    finally:
        await consumer.stop()
    return [(key, value) for key, value in found if key.startswith(bot.encode())]


async def test_others_learn_and_remember(bootstrap: str) -> None:
    """What one process learns another knows soon, and one that starts later knows before it is ready."""
    bot = unique("bot")
    async with started(bootstrap) as here, started(bootstrap) as there:
        here.learn(bot, {"channel:c1": "ada"})
        await true(lambda: bool(there.find(bot, ["channel:c1"])))
        async with started(bootstrap) as later:
            assert {"channel:c1": "ada"} == later.find(bot, ["channel:c1"])


async def test_the_same_is_told_once(bootstrap: str) -> None:
    """Only what is new or changed is written, by whichever process; the key names bot and link."""
    bot = unique("bot")
    async with started(bootstrap) as here, started(bootstrap) as there:
        for _ in range(3):
            here.learn(bot, {"channel:c1": "ada"})
        await true(lambda: bool(there.find(bot, ["channel:c1"])))
        there.learn(bot, {"channel:c1": "ada"})
        there.learn(bot, {"channel:c1": "bob"})
        await true(lambda: here.find(bot, ["channel:c1"]) == {"channel:c1": "bob"})

    key, text = f"{bot}|channel:c1".encode(), '{"bot":"%s","name":"channel:c1","value":"%s"}'
    assert [(key, (text % (bot, who)).encode()) for who in ("ada", "bob")] == await told(bootstrap, bot)


async def test_one_value_in_the_end(bootstrap: str) -> None:
    """Processes that learn different values at the same time end with the same one, the last of the topic."""
    bot = unique("bot")
    async with started(bootstrap) as here, started(bootstrap) as there:
        for number in range(50):
            here.learn(bot, {"channel:c1": f"a{number}"})
            there.learn(bot, {"channel:c1": f"b{number}"})
        here.learn(bot, {"end": "here"})
        there.learn(bot, {"end2": "there"})
        await true(lambda: len(here.find(bot, ["end", "end2"])) + len(there.find(bot, ["end", "end2"])) == 4)
        values = [one.find(bot, ["channel:c1"])["channel:c1"] for one in (here, there)]

    last = [value for key, value in await told(bootstrap, bot) if b"channel" in key][-1]
    assert values[0] == values[1]
    assert f'"{values[0]}"'.encode() in last


async def test_an_own_older_record_does_not_turn_back(bootstrap: str) -> None:
    """While a newer value is on its way the older one, coming back, is not believed."""
    bot = unique("bot")
    async with started(bootstrap) as links:
        seen = set()
        for number in range(200):
            links.learn(bot, {"channel:c1": str(number)})
            await asyncio.sleep(0)
            seen.add(links.find(bot, ["channel:c1"])["channel:c1"] == str(number))

    assert {True} == seen


async def test_a_full_queue_costs_nothing_but_the_others(bootstrap: str) -> None:
    """Links that do not fit are known here, and told when they are named again."""
    bot = unique("bot")
    names = [f"channel:c{number}" for number in range(20)]
    async with started(bootstrap, most_waiting=5) as links:
        for name in names:
            links.learn(bot, {name: "ada"})
        assert 20 == len(links.find(bot, names))
        await true(lambda: not links._waiting.full())
        for name in names[5:10]:
            links.learn(bot, {name: "ada"})

    keys = [key.decode().partition("|")[2] for key, _ in await told(bootstrap, bot)]
    assert names[:10] == keys


async def test_what_is_no_link_is_passed_over(bootstrap: str) -> None:
    """A record nobody of ours wrote, or one without a value, stops nobody."""
    bot = unique("bot")
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    for value in (b"\xff", b"[]", b"{}", None):
        await producer.send_and_wait(LINKS, value, key=b"strange", partition=0)
    await producer.stop()
    async with started(bootstrap) as here, started(bootstrap) as there:
        here.learn(bot, {"channel:c1": "ada"})
        await true(lambda: bool(there.find(bot, ["channel:c1"])))
