"""
Every stage says once a second that it lives, whether it is ready, and how far it is; the web process listens.

Topic `heartbeats`, key = stage and instance, kept for an hour.  It works the same on one machine and on many, and
nothing but Kafka is needed for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

__all__ = ["BEAT_S", "HEARTBEATS", "Heartbeat", "Send", "beat", "read_beat"]

HEARTBEATS: Final = "heartbeats"
BEAT_S: Final = 1.0

Send = Callable[[str, bytes, bytes], None]
"""send(topic, key, value), without waiting"""


class Heartbeat(msgspec.Struct, omit_defaults=True):
    """A stage's word: `at` in ms, `ready` once its state is recovered and it consumes, `figures` since its start."""

    stage: str
    instance: str
    pid: int
    at: int
    started_at: int
    ready: bool
    version: str
    figures: dict[str, int] = {}


def read_beat(record: bytes) -> Heartbeat:
    """Read one record of `heartbeats`. Raises msgspec.DecodeError on anything we did not write."""
    return msgspec.json.decode(record, type=Heartbeat)


async def beat(word: Callable[[], Heartbeat], send: Send) -> None:
    """Send what *word* says, every second, until cancelled."""
    while True:
        own = word()
        send(HEARTBEATS, f"{own.stage}-{own.instance}".encode(), msgspec.json.encode(own))
        await asyncio.sleep(BEAT_S)
