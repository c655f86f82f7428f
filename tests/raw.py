"""Read everything that is in raw-events now."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.adapters.topics import RAW_EVENTS
from app.core.deliveries import Delivery, read_envelope

__all__ = ["deliveries_in"]


async def deliveries_in(bootstrap: str) -> list[Delivery]:
    """Return every delivery in raw-events, partition after partition."""
    consumer = AIOKafkaConsumer(
        RAW_EVENTS,
        bootstrap_servers=bootstrap,
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_bytes=2**26,
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(RAW_EVENTS, one) for one in consumer.partitions_for_topic(RAW_EVENTS)]
        ends = await consumer.end_offsets(partitions)
        records: list[bytes] = []
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records += [record.value for record in batch]
    finally:
        await consumer.stop()
    return [one for record in records for one in read_envelope(record) if isinstance(one, Delivery)]
