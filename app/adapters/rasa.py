"""
Rasa without HTTP: events of the topic that a Rasa event broker writes, taken in as the webhook of `rasa` would.

    the topic -> prepare -> raw-events, acknowledged -> commit

A record is committed after it is durable, so a crash repeats it and loses none.  What is read of a repeated record has
the same ids: Rasa's own, and where an event has neither id nor time its place in the topic, as `botpulse_record`.
While the bot is not there, or takes no events, or our broker is away, nothing is read and nothing is lost.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

import msgspec
import stamina
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalStateError, KafkaError

from app.adapters.edge import BatchingEdge, Limits
from app.adapters.heartbeat import Heartbeat, beat
from app.adapters.outbox import Outbox
from app.adapters.raw_log import RawLog
from app.adapters.registry import KafkaRegistry
from app.config import KIB, MIB, Settings
from app.core.deliveries import MAX_ITEMS, Delivery
from app.core.rasa_records import PLATFORM, WAY, item_of
from app.core.registry import Bot
from app.errors import BotpulseError
from app.ports import Unavailable

__all__ = ["group_of", "run"]

_NAME: Final = "botpulse-rasa"
_POLL_MS: Final = 500
_GRACE_S: Final = 10.0
_BOT_CHECK_S: Final = 1.0
_METADATA_MS: Final = 10_000
_SESSION_MS: Final = 6_000
_LONGEST_WAIT_MS: Final = 24 * 3_600_000  # waiting for our own broker is no reason to give partitions away
_FETCH_BYTES: Final = 4 * MIB
_DELIVERY_BYTES: Final = 512 * KIB

_log = structlog.get_logger(__name__)


async def run(settings: Settings, stop: asyncio.Event, instance: str = "1") -> None:
    """Take events in until *stop* is set."""
    if not settings.rasa_topic or not settings.rasa_bot:
        msg = "no topic of Rasa is set; set BOTPULSE_RASA_TOPIC to it and BOTPULSE_RASA_BOT to the bot's id"
        raise BotpulseError(msg, "settings")
    registry = KafkaRegistry(settings.kafka)
    edge = BatchingEdge(RawLog(settings), Limits.of(settings))
    outbox = Outbox(settings.kafka, f"{_NAME}-{instance}")
    await registry.start()
    await edge.start()
    await outbox.start()
    inlet = _Inlet(settings, registry, edge, instance)
    work = asyncio.create_task(inlet.work(stop))
    beside = [asyncio.create_task(beat(inlet.word, outbox.post)), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait([work, beside[1]], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([work], timeout=_GRACE_S)  # what our broker does not take now is read again
        if work.done():
            work.result()
    finally:
        for task in (work, *beside):
            task.cancel()
        await asyncio.gather(work, *beside, return_exceptions=True)
        await edge.stop()
        await outbox.stop()
        await registry.stop()


class _Inlet:
    """Consumer of the topic, and how far it is."""

    def __init__(
        self, settings: Settings, registry: KafkaRegistry, edge: BatchingEdge, instance: str
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._edge = edge
        self._instance = instance
        self._is_ready = False
        self._started_at = _now_ms()
        self._figures = {"records": 0, "accepted": 0}

    async def work(self, stop: asyncio.Event) -> None:
        """Take records until *stop*."""
        consumer = self._consumer()
        try:
            await consumer.start()
        except KafkaError as error:
            await consumer.stop()
            broker = self._settings.rasa_kafka or self._settings.kafka
            msg = f"the broker at {broker} cannot be used ({error}); start it, or correct BOTPULSE_RASA_KAFKA"
            raise BotpulseError(msg, "kafka") from error
        consumer.subscribe([self._settings.rasa_topic])
        self._is_ready = True
        try:
            while not stop.is_set():
                bot = await self._bot(stop)
                if bot is not None:
                    await self._turn(consumer, bot)
        finally:
            await consumer.stop()

    def word(self) -> Heartbeat:
        """Return the heartbeat."""
        return Heartbeat(
            "rasa",
            self._instance,
            os.getpid(),
            _now_ms(),
            self._started_at,
            self._is_ready,
            version("botpulse"),
            self._figures,
        )

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._settings.rasa_kafka or self._settings.kafka,
            group_id=group_of(self._settings.rasa_topic),
            group_instance_id=f"{_NAME}-{self._instance}",
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_SESSION_MS // 3,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
            max_poll_interval_ms=_LONGEST_WAIT_MS,
            metadata_max_age_ms=_METADATA_MS,  # the topic may be made later
        )

    async def _bot(self, stop: asyncio.Event) -> Bot | None:
        """Return the bot once it takes events; None when told to stop before."""
        is_said = False
        while not stop.is_set():
            bot = self._registry.state.bots.get(self._settings.rasa_bot)
            if bot is not None and bot.archived_at is None:
                return bot
            if not is_said:
                _log.warning("rasa_waits_for_bot", bot=self._settings.rasa_bot, is_archived=bot is not None)
                is_said = True
            try:
                await asyncio.wait_for(stop.wait(), _BOT_CHECK_S)
            except TimeoutError:
                continue
        return None

    async def _turn(self, consumer: AIOKafkaConsumer, bot: Bot) -> None:
        fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=MAX_ITEMS)
        records = [record for found in fetched.values() for record in found]
        if not records:
            return
        items = [item for record in records if (item := item_of(record, self._settings.max_event_bytes))]
        for part in _parts(items):
            await self._accept(_delivery(bot, part))
        self._figures["records"] += len(records)
        self._figures["accepted"] += len(items)
        ends = {partition: found[-1].offset + 1 for partition, found in fetched.items()}
        try:
            await consumer.commit(ends)
        except (KafkaError, IllegalStateError) as error:
            # these are read again, by us or by another process, to no harm
            _log.info("rasa_commit_left_out", error=repr(error))

    async def _accept(self, delivery: Delivery) -> None:
        """Return when *delivery* is durable, however long that takes: sent twice, it counts once."""
        async for attempt in stamina.retry_context(on=Unavailable, attempts=None, timeout=None, wait_max=5):
            with attempt:
                await self._edge.accept(delivery)


def group_of(topic: str) -> str:
    """Return the consumer group of *topic*; another topic begins anew."""
    return f"{_NAME}-{topic}"


def _parts(items: list[bytes]) -> Iterator[list[bytes]]:
    """Cut *items* into deliveries of a size that the broker takes."""
    part: list[bytes] = []
    size_bytes = 0
    for item in items:
        if part and size_bytes + len(item) > _DELIVERY_BYTES:
            yield part
            part, size_bytes = [], 0
        part.append(item)
        size_bytes += len(item)
    if part:
        yield part


def _delivery(bot: Bot, items: list[bytes]) -> Delivery:
    return Delivery(
        bot=bot.id,
        way=WAY,
        received_at=_now_ms(),
        items=[msgspec.Raw(item) for item in items],
        platform=PLATFORM,
        sdk="rasa event broker",
        reporting=bot.reporting,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
