"""
Takes the numbers out of the state of the alert stage, when a replay is about to count all of history anew.

What a replay counts under another version of a dashboard would otherwise stand beside what was counted before.  Where each alert
stands stays, so nothing is told twice; the stage loads what it watches again, and while counting is behind nothing resolves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from app.adapters.topics import ALERT_STATE
from app.config import Settings

__all__ = ["forget_numbers"]

_NUMBERS: Final = (b"m|", b"w|")
"""See app/core/alerts/table.py."""


def forget_numbers(settings: Settings) -> None:
    """Delete values of cells, and from when on they are whole, from the changelog; no worker may be running."""
    keys = {(place, key) for place, key in _keys(settings) if key.startswith(_NUMBERS)}
    producer = KafkaProducer(bootstrap_servers=settings.kafka.split(","), acks="all")
    try:
        sent = [producer.send(ALERT_STATE, None, key=key, partition=place) for place, key in keys]
        for one in sent:
            one.get(30)
    finally:
        producer.close()


def _keys(settings: Settings) -> Iterator[tuple[int, bytes]]:
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka.split(","), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        places = [TopicPartition(ALERT_STATE, n) for n in range(settings.partitions)]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        consumer.seek_to_beginning(*places)
        while any(consumer.position(place) < end for place, end in ends.items()):
            for place, records in consumer.poll(200).items():
                for record in records:
                    yield place.partition, record.key
    finally:
        consumer.close()
