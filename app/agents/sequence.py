"""
Sees to it that no record of a partition is passed over.

Faust drops what it has fetched when its flow is suspended or the generation changes, and may go on after it without
a seek; it then takes the hole for compaction and commits across it.  Our topics have no holes: a record that is not
the next one is refused, and the consumer is sent back to where the hole begins.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import structlog
from faust.types import TP

__all__ = ["Sequence"]

_PATIENCE_S: Final = 1.0

_log = structlog.get_logger(__name__)


class Sequence:
    """Judges the records of one stage; `consumer` is asked for when needed, it exists only once the app runs."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._generation = -1
        self._next: dict[TP, int] = {}
        self._sought: dict[TP, float] = {}
        self._in_turn = asyncio.Lock()

    async def admits(self, message: Any) -> bool:
        """Tell whether *message* is the next of its partition, counted from what is committed."""
        async with self._in_turn:  # agents of one stage share a generation: it is begun once
            return await self._admits(message)

    async def follows(self, message: Any, expected: int) -> bool:
        """Tell whether *message* is at *expected*; where it is beyond, go back there."""
        tp = message.tp
        if message.offset == expected:
            return True
        now = time.monotonic()
        if now - self._sought.get(tp, 0.0) < _PATIENCE_S:
            return False
        self._sought[tp] = now
        earliest = (await self._app.consumer.earliest_offsets(tp))[tp]
        if earliest is not None and earliest > expected:
            _log.error(
                "records_lost_to_retention",
                topic=tp.topic,
                partition=tp.partition,
                first=expected,
                end=earliest,
            )
            return bool(message.offset == earliest)
        _log.warning("going_back", topic=tp.topic, partition=tp.partition, to=expected, got=message.offset)
        await self._app.consumer.seek(tp, expected)

        return False

    async def _admits(self, message: Any) -> bool:
        tp = message.tp
        if self._generation != self._app.consumer_generation_id:
            await self._start_over()
        expected = self._next.get(tp)
        if expected is None:
            return False  # another worker's by now
        if message.offset < expected or not await self.follows(message, expected):
            return False
        self._next[tp] = message.offset + 1

        return True

    async def _start_over(self) -> None:
        """Begin a generation at the committed offsets, whatever was fetched before."""
        self._generation = self._app.consumer_generation_id
        consumer = self._app.consumer
        await consumer.perform_seek()
        self._next = dict(consumer.starts)
        self._sought.clear()
