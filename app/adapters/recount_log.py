"""
A recount's end in the broker: orders and history go into `bot-events`, numbers nobody can count into `counters`.

They are written to the partitions themselves, past normalise: what is sent is normalised already, and each partition's order
has to have a place of its own in it.  Whatever is waited for is waited for as long as there is reason to go on.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaProducer
from kafka import TopicPartition

from app.adapters.catching_up import ALERT, TRACK, wait_until_read
from app.adapters.ends import ends_of, span_of
from app.adapters.topics import ALERT_INPUTS, BOT_EVENTS, COUNTERS
from app.config import MIB, Settings
from app.core.counters import CellBatch, encode_cells
from app.core.events import EventBatch, Recount, encode_batches
from app.core.recounting import order_batch
from app.errors import BotpulseError

__all__ = ["GoOn", "Places", "RecountLog"]

GoOn = Callable[[], None]
"""Asked now and then; raises when there is no reason to go on."""

Places = dict[int, int]
"""Offset by partition of bot-events"""

_Tell = Callable[[str, int], None]
_ALERTS_S: Final = 10.0


class RecountLog:
    """Connects with `start`. Broker errors are KafkaError or BotpulseError; nothing of a generation is sent twice after one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def start(self) -> None:
        """Connect."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka, enable_idempotence=True, max_request_size=16 * MIB
        )
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()

    async def order(self, bot: str, order: Recount) -> Places:
        """Tell every partition of *order*; return where it stands."""
        batch = order_batch(bot, order)

        return await self.send([(partition, batch) for partition in range(self._settings.partitions)])

    async def send(self, batches: Iterable[tuple[int, EventBatch]]) -> Places:
        """Write *batches*, each to its partition; return where the last of each stands."""
        sent = [
            await self._producer.send(BOT_EVENTS, encode_batches([batch]), partition=partition)
            for partition, batch in batches
        ]
        places = Places()
        for written in await asyncio.gather(*sent):
            places[written.partition] = max(written.offset, places.get(written.partition, 0))

        return places

    async def tell(self, batches: Iterable[CellBatch]) -> None:
        """Write numbers."""
        for batch in batches:
            if batch.cells:
                await self._producer.send_and_wait(COUNTERS, encode_cells(batch), partition=0)

    async def wait_until_counted(self, places: Places, go_on: GoOn) -> None:
        """Return when track has read what stands at *places*, and written what it counts."""
        ends = {TopicPartition(BOT_EVENTS, partition): offset + 1 for partition, offset in places.items()}
        await _in_thread(lambda tell: wait_until_read(self._settings, TRACK, ends, tell, math.inf), go_on)

    async def wait_for_alerts(self, go_on: GoOn) -> None:
        """Return when the alert stage knows what is counted now, or does not seem to live."""
        for topic in (COUNTERS, ALERT_INPUTS):
            ends = {TopicPartition(topic, one): end for one, end in (await self.ends(topic)).items()}
            if not await self._has_read(ends, go_on):
                return

    async def is_kept(self, places: Places) -> bool:
        """Tell whether what stands at *places* was not removed since, as a replay does."""
        spans = await span_of(self._settings.kafka, BOT_EVENTS)

        return all(spans[partition][0] <= offset for partition, offset in places.items())

    async def ends(self, topic: str) -> Places:
        """Return where the partitions of *topic* end now; those that are empty are left out."""
        return await ends_of(self._settings.kafka, topic)

    async def _has_read(self, ends: Mapping[TopicPartition, int], go_on: GoOn) -> bool:
        try:
            await _in_thread(
                lambda tell: wait_until_read(self._settings, ALERT, ends, tell, _ALERTS_S), go_on
            )
        except BotpulseError as error:
            if error.code != "not_counted_yet":
                raise
            return False

        return True


async def _in_thread(work: Callable[[_Tell], None], go_on: GoOn) -> None:
    """Run what waits in a thread; cancelled, it ends the next time it tells how far it is."""
    is_over = threading.Event()

    def tell(_group: str, _records: int) -> None:
        if is_over.is_set():
            raise BotpulseError("this process is stopping", "stopping")
        go_on()

    try:
        await asyncio.to_thread(work, tell)
    finally:
        is_over.set()
