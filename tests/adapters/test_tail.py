"""Following a topic, whatever stands there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from app.adapters import tail
from app.adapters.tail import Record, Tail, now_on
from tests.waiting import eventually

PLACE = TopicPartition("topic", 0)


class Consumer:
    """A topic of one partition; its records come one by one."""

    def __init__(self, *values: bytes) -> None:
        self._left = [SimpleNamespace(offset=n, value=value) for n, value in enumerate(values)]

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def end_offsets(self, _places: Any) -> dict[TopicPartition, int]:
        return {PLACE: 0}

    beginning_offsets = end_offsets

    def seek(self, _place: TopicPartition, _offset: int) -> None: ...

    async def getmany(self, **_limits: int) -> dict[TopicPartition, list[Any]]:
        await asyncio.sleep(0)
        return {PLACE: [self._left.pop(0)]} if self._left else {}


async def test_what_its_reader_fails_on_does_not_end_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is passed over; the next record arrives."""
    consumer, heard = Consumer(b"\xff", b"after"), []

    def take(records: Sequence[Record]) -> None:
        for record in records:
            heard.append(record.value.decode())

    monkeypatch.setattr(tail, "AIOKafkaConsumer", lambda *_topics, **_settings: consumer)
    task = asyncio.create_task(Tail("", "topic", now_on, take).run())
    await eventually(lambda: heard or task.done())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert ["after"] == heard
