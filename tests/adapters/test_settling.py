"""A rule is applied back over history only when nobody can hold older events in hand any more."""

from __future__ import annotations

import time

import msgspec
import pytest
from kafka import KafkaProducer

from app.adapters.heartbeat import HEARTBEATS, Heartbeat
from app.adapters.reader import Reader
from app.adapters.settling import until_settled
from app.adapters.topics import ensure_topics
from app.config import Settings
from app.core.dashboards.settling import READ_TO
from app.core.registry import State
from app.ports import Unavailable

pytestmark = pytest.mark.kafka


def now_ms() -> int:
    """Return the time."""
    return time.time_ns() // 1_000_000


def speak(bootstrap: str, instance: str, read_to: int, ago_ms: int) -> None:
    """Let a normaliser have said how far it had read the registry."""
    at = now_ms() - ago_ms
    word = Heartbeat("normalise", instance, 1, at, at, True, "1", {READ_TO: read_to})
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    try:
        producer.send(HEARTBEATS, msgspec.json.encode(word), timestamp_ms=at, partition=0).get(30)
    finally:
        producer.close()


async def test_a_normaliser_that_stands_still_is_waited_for(broker: str) -> None:
    """It was last heard of twenty seconds ago; it may wake, and pass on what it read without the rule."""
    settings = Settings(kafka=broker)
    ensure_topics(settings)
    speak(broker, "frozen", 3, 20_000)
    speak(broker, "awake", 5, 0)
    reader = Reader(settings)
    try:
        with pytest.raises(Unavailable, match="not yet held against the rule"):
            await until_settled(broker, reader, State(read_to=5), now_ms, 3)
    finally:
        reader.close()
