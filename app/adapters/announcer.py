"""The web process's own heartbeat. It is a courtesy: a broker that is away is waited for, and ingest goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from app.adapters.heartbeat import BEAT_S, HEARTBEATS, Heartbeat

__all__ = ["announce"]

_RETRY_S: Final = 2.0


async def announce(bootstrap: str, word: Callable[[], Heartbeat]) -> None:
    """Send what *word* says, every second, until cancelled."""
    while True:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks=1, request_timeout_ms=5000)
        with suppress(KafkaError, OSError):
            try:
                await producer.start()
                while True:
                    own = word()
                    key = f"{own.stage}-{own.instance}".encode()
                    await producer.send_and_wait(HEARTBEATS, msgspec.json.encode(own), key=key, partition=0)
                    await asyncio.sleep(BEAT_S)
            finally:
                await producer.stop()
        await asyncio.sleep(_RETRY_S)
