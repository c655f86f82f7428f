"""
Follows a topic from some place on, all partitions, without a group: every process that asks sees everything.

A broker that is away is waited for; reading goes on where it stood.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

__all__ = ["Places", "Record", "Tail", "from_time", "now_on"]

Record = Any
"""An `aiokafka.ConsumerRecord`"""

Places = Mapping[int, int]
"""Partition -> offset to begin with"""

Choose = Callable[[AIOKafkaConsumer, Sequence[TopicPartition]], Awaitable[Places]]
Take = Callable[[Sequence[Record]], None]

_POLL_MS: Final = 500
_RETRY_S: Final = 1.0
_MOST_RECORDS: Final = 500

_log = structlog.get_logger(__name__)


class Tail:
    """Hands records to *take* in batches; *choose* says where to begin, each time it has to connect anew."""

    def __init__(self, bootstrap: str, topic: str, choose: Choose, take: Take) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._choose = choose
        self._take = take
        self._next: dict[int, int] = {}
        self._goal: dict[int, int] | None = None

    @property
    def is_caught_up(self) -> bool:
        """Tell whether everything written before the start has been taken."""
        goal = self._goal
        return goal is not None and all(self._next.get(one, 0) >= end for one, end in goal.items())

    async def run(self) -> None:
        """Follow until cancelled."""
        is_away = False
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError) as error:
                if not is_away:
                    _log.warning("topic_away", topic=self._topic, error=repr(error))
                is_away = True
            await asyncio.sleep(_RETRY_S)

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            partitions = sorted(consumer.assignment())
            if not partitions:
                return  # the topic is not there yet
            await self._place(consumer, partitions)
            while True:
                fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_MOST_RECORDS)
                for partition, records in fetched.items():
                    self._hand_over(records)
                    self._next[partition.partition] = records[-1].offset + 1
        finally:
            await consumer.stop()

    def _hand_over(self, records: Sequence[Record]) -> None:
        """Hand over what came; *take* may fail on what it cannot read, but must not end the following."""
        try:
            self._take(records)
        except Exception:  # noqa: BLE001 - whatever it is, these records would bring it about again
            _log.exception(
                "records_passed_over", topic=self._topic, offset=records[0].offset, count=len(records)
            )

    async def _place(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        chosen = self._next or await self._choose(consumer, partitions)
        for one in partitions:
            place = min(max(chosen.get(one.partition, begins[one]), begins[one]), ends[one])
            consumer.seek(one, place)
            self._next[one.partition] = place
        if self._goal is None:
            self._goal = {one.partition: ends[one] for one in partitions}


async def now_on(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> Places:
    """Begin with what comes next."""
    ends = await consumer.end_offsets(partitions)
    return {one.partition: end for one, end in ends.items()}


async def from_time(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], at_ms: int
) -> dict[int, int]:
    """Begin with the first record the broker received at *at_ms* or later."""
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, max(at_ms, 0)))
    ends = await now_on(consumer, partitions)
    return {one.partition: place.offset if place else ends[one.partition] for one, place in found.items()}
