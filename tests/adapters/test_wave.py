"""How far stages are, on a real broker: a wave arrives when everything before it was read, and waits while it was not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from app.adapters.wave import Wave
from tests.broker import unique
from tests.waiting import eventually

pytestmark = pytest.mark.kafka


def now_ms() -> int:
    """The real time."""
    return time.time_ns() // 1_000_000


@pytest.fixture
async def topics(broker: str) -> list[str]:
    """Two topics of two partitions, the first with a record in the second partition."""
    names = [unique("first"), unique("second")]
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1) for name in names])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    await producer.send_and_wait(names[0], b"x", partition=1)
    await producer.stop()
    return names


async def confirm(broker: str, group: str, topic: str) -> None:
    """Say that *group* has read the record."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, group_id=group, enable_auto_commit=False)
    await consumer.start()
    place = TopicPartition(topic, 1)
    consumer.assign([place])
    await consumer.commit({place: 1})
    await consumer.stop()


@asynccontextmanager
async def running(broker: str, *steps: tuple[str, tuple[str, ...]]) -> AsyncIterator[Wave]:
    """Give a wave that goes through *steps* again and again."""
    wave = Wave(broker, steps, 2, now_ms)
    task = asyncio.create_task(wave.run(0.05))
    yield wave
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_wave_waits_for_who_is_behind(broker: str, topics: list[str]) -> None:
    """It does not arrive while a record is unread, however often another one arrives; read, it does."""
    first, second = topics
    group = unique("group")
    async with (
        running(broker, (group, (second,)), (group, (first,))) as waiting,
        running(broker, (group, (second,))) as free,
    ):
        began_ms = now_ms()
        await eventually(lambda: free.reached_ms > began_ms)
        stuck_ms = waiting.reached_ms
        await confirm(broker, group, first)
        confirmed_ms = now_ms()
        await eventually(lambda: waiting.reached_ms > 0)

    assert 0 == stuck_ms
    assert waiting.reached_ms < confirmed_ms + 20_000


async def test_a_wave_says_when_it_began(broker: str, topics: list[str]) -> None:
    """What it vouches for is the time before it began, with some to spare, never what came after."""
    async with running(broker, (unique("group"), (topics[1],))) as wave:
        began_ms = now_ms()
        await eventually(lambda: wave.reached_ms > began_ms)

    assert wave.reached_ms < now_ms()
