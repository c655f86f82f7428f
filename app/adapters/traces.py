"""Where a bot leaves traces besides the registry's state: the pipeline, the tables, what links tell, notes in the registry's log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.adapters.catching_up import catch_up
from app.adapters.erasing import count_rows, erase_rows
from app.adapters.registry import records
from app.adapters.topics import LINKS, REGISTRY
from app.config import Settings
from app.core.removal import notes_of

__all__ = ["Traces"]

_LINKS: Final = TopicPartition(LINKS, 0)

logging.getLogger("kafka").setLevel(logging.WARNING)  # the client that waits tells of every connection


class Traces:
    """Finds and removes them; each call may be made again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def wait_until_stored(self, go_on: Callable[[], None]) -> None:
        """Return when all that was accepted is counted and stored; *go_on* is asked now and then, and may raise."""
        await asyncio.to_thread(catch_up, self._settings, lambda _group, _records: go_on())

    async def count_rows(self, bot: str) -> tuple[dict[str, int], int]:
        """Return how many rows of *bot* each table has, and how many users its events have."""
        return await asyncio.to_thread(count_rows, self._settings, bot)

    async def erase_rows(self, bots: Collection[str]) -> int:
        """Delete all rows of *bots* and return how many there were."""
        return await asyncio.to_thread(erase_rows, self._settings, bots)

    async def forget_links(self, bot: str) -> int:
        """Let compaction remove what messages of *bot* told about one another; return how many links there were."""
        keys = await self._keys_of_links(f"{bot}|".encode())
        await self._delete(LINKS, keys)

        return len(keys)

    async def forget_notes(self, bot: str) -> int:
        """Let compaction remove the registry's notes about *bot*; its changes must still be there, they name its keys."""
        keys = await asyncio.to_thread(notes_of, await records(self._settings.kafka), bot)
        await self._delete(REGISTRY, keys)

        return len(keys)

    async def _delete(self, topic: str, keys: Iterable[bytes]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self._settings.kafka, enable_idempotence=True)
        await producer.start()
        try:
            await asyncio.gather(*[await producer.send(topic, None, key=key, partition=0) for key in keys])
        finally:
            await producer.stop()

    async def _keys_of_links(self, prefix: bytes) -> list[bytes]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka, group_id=None, enable_auto_commit=False
        )
        standing: dict[bytes, bool] = {}
        await consumer.start()
        try:
            consumer.assign([_LINKS])
            await consumer.seek_to_beginning(_LINKS)
            end = (await consumer.end_offsets([_LINKS]))[_LINKS]
            while await consumer.position(_LINKS) < end:
                for record in (await consumer.getmany(_LINKS, timeout_ms=1000)).get(_LINKS, []):
                    if record.key is not None and record.key.startswith(prefix):
                        standing[record.key] = record.value is not None
        finally:
            await consumer.stop()

        return [key for key, is_there in standing.items() if is_there]
