"""Where the partitions of a topic end, and whether ClickHouse has come there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

__all__ = ["ends_of", "has_come_to", "span_of"]


async def span_of(bootstrap: str, topic: str) -> dict[int, tuple[int, int]]:
    """Return where each partition of *topic* begins and ends now: its first offset, and the one after its last. Raises KafkaError."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=None)
    try:
        await consumer.start()
        places = [
            TopicPartition(topic, partition) for partition in consumer.partitions_for_topic(topic) or ()
        ]
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    finally:
        await consumer.stop()

    return {place.partition: (begins[place], ends[place]) for place in places}


async def ends_of(bootstrap: str, topic: str) -> dict[int, int]:
    """Return where the partitions of *topic* end now that hold anything. Raises KafkaError."""
    spans = await span_of(bootstrap, topic)

    return {partition: end for partition, (begin, end) in spans.items() if end > begin}


def has_come_to(ends: Mapping[int, int], positions: Iterable[tuple[int, int]]) -> bool:
    """Tell whether *positions*, rows of the query `live.positions`, are nowhere before *ends*."""
    reached = dict(positions)

    return all(reached.get(partition, 0) >= end for partition, end in ends.items())
