"""
How far the stages are, to the instant: everything accepted before it has gone through all of them.

A wave notes where the first topic ends, waits until its reader is there, then where the next topic ends, and so on.  What was
accepted before the wave began is behind it when it arrives, however much comes after; while a stage stands still, so does the wave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.ports import Clock

__all__ = ["Step", "Wave"]

Step = tuple[str, tuple[str, ...]]
"""A group, and topics that it reads"""

_POLL_S: Final = 0.2
_SLACK_MS: Final = 2_000
"""What has been accepted may take a moment to be written to the first topic."""


class Wave:
    """Goes through the *steps* again and again; `reached_ms` is the instant at which the last whole wave began."""

    def __init__(self, bootstrap: str, steps: Sequence[Step], partitions: int, clock: Clock) -> None:
        self._bootstrap = bootstrap
        self._steps = steps
        self._numbers = range(partitions)
        self._clock = clock
        self.reached_ms = 0

    async def run(self, pause_s: float) -> None:
        """Send wave after wave until cancelled; a broker that is away is waited for."""
        while True:
            try:
                await self._follow(pause_s)
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(1)

    async def _follow(self, pause_s: float) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, group_id=None, enable_auto_commit=False
        )
        try:
            await admin.start()
            await consumer.start()
            while True:
                began_ms = self._clock() - _SLACK_MS
                for group, topics in self._steps:
                    await self._pass(admin, consumer, group, topics)
                self.reached_ms = began_ms
                await asyncio.sleep(pause_s)
        finally:
            await consumer.stop()
            await admin.close()

    async def _pass(
        self, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, group: str, topics: Sequence[str]
    ) -> None:
        """Return when *group* has read everything that is in *topics* now."""
        places = [TopicPartition(topic, n) for topic in topics for n in self._numbers]
        begins = await consumer.beginning_offsets(places)
        ends = {
            place: end for place, end in (await consumer.end_offsets(places)).items() if end > begins[place]
        }
        while ends:
            committed = await admin.list_consumer_group_offsets(group, partitions=list(ends))
            ends = {
                place: end
                for place, end in ends.items()
                if place not in committed or committed[place].offset < end
            }
            if ends:
                await asyncio.sleep(_POLL_S)
