"""What `raw-events` holds already of an import, for a run that goes on after an interruption."""

from __future__ import annotations

import asyncio
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from app.adapters.catching_up import admin_of, spans_of
from app.adapters.importing import SentAfter, mark_of
from app.adapters.topics import RAW_EVENTS
from app.config import MIB, Settings
from app.core.deliveries import Delivery, read_envelope
from app.errors import BotpulseError

__all__ = ["sent_after"]

Ends = dict[TopicPartition, int]

_MARGIN_MS: Final = 600_000
"""By how much the clocks of the broker and of whoever imports may differ."""


def sent_after(settings: Settings) -> SentAfter:
    """Return the search of the broker."""

    async def search(bot: str, import_id: str, since_ms: int) -> set[bytes]:
        ends = await asyncio.to_thread(_ends, settings)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka,
            group_id=None,
            enable_auto_commit=False,
            max_partition_fetch_bytes=4 * MIB,
        )
        try:
            await consumer.start()
            await _place(consumer, ends, max(since_ms - _MARGIN_MS, 0))
            return await _search(consumer, ends, bot, import_id)
        except KafkaError as error:
            msg = f"the broker at {settings.kafka} cannot be read: {error}; try again"
            raise BotpulseError(msg, "kafka") from error
        finally:
            await consumer.stop()

    return search


def _ends(settings: Settings) -> Ends:
    with admin_of(settings) as admin:
        spans = spans_of(admin, [RAW_EVENTS])

    return {TopicPartition(*place): last for place, (_, last) in spans.items()}


async def _place(consumer: AIOKafkaConsumer, ends: Ends, since_ms: int) -> None:
    consumer.assign(list(ends))
    starts = await consumer.offsets_for_times(dict.fromkeys(ends, since_ms))
    for place, end in ends.items():
        start = starts[place]
        consumer.seek(place, start.offset if start else end)


async def _search(consumer: AIOKafkaConsumer, ends: Ends, bot: str, import_id: str) -> set[bytes]:
    found: set[bytes] = set()
    left = set(ends)
    while left := {place for place in left if await consumer.position(place) < ends[place]}:
        for records in (await consumer.getmany(*left, timeout_ms=1000)).values():
            for record in records:
                found |= _marks(record.value or b"", bot, import_id)

    return found


def _marks(record: bytes, bot: str, import_id: str) -> set[bytes]:
    if import_id.encode() not in record:
        return set()

    return {
        mark_of(bytes(item) for item in delivery.items)
        for delivery in read_envelope(record)
        if isinstance(delivery, Delivery) and delivery.bot == bot and delivery.import_id == import_id
    }
