"""
How a stage writes to Kafka: in order, acknowledged by all replicas, and never twice.

One idempotent aiokafka producer.  `send` is for single records, `write_entries` packs thousands of small keyed
records into few large batches (a tenth of the cost of sending them one by one).  Whatever cannot be sent ends the
process (`app.crash.fatal`): nothing after a lost record may be acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from aiokafka import AIOKafkaProducer

from app.config import MIB
from app.crash import fatal

__all__ = ["Outbox"]

_BATCH_BYTES: Final = MIB
_TIMEOUT_MS: Final = 30_000


class Outbox:
    """Sends records of one stage. `started` must be awaited once before the first."""

    def __init__(self, bootstrap: str, client_id: str) -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._posting: set[asyncio.Task[asyncio.Future[object]]] = set()

    async def start(self) -> None:
        """Connect; a second call does nothing."""
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                max_batch_size=_BATCH_BYTES,
                max_request_size=16 * MIB,
                linger_ms=0,
                request_timeout_ms=_TIMEOUT_MS,
            )
            await producer.start()
            self._producer = producer

    async def stop(self) -> None:
        """Send what is left and disconnect."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def send(
        self, topic: str, value: bytes, partition: int, key: bytes | None = None
    ) -> asyncio.Future[object]:
        """Hand over one record; the future is done when it is acknowledged."""
        try:
            future: asyncio.Future[object] = await self._started.send(
                topic, value, key=key, partition=partition
            )
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - any failure to send ends the stage
            fatal(f"send to {topic}", error)
        future.add_done_callback(_check)

        return future

    def post(self, topic: str, key: bytes, value: bytes) -> None:
        """Send one record to partition 0 without waiting; a failure ends the stage like any other."""
        task = asyncio.get_running_loop().create_task(self.send(topic, value, 0, key))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def write_entries(
        self, topic: str, partition: int, entries: Iterable[tuple[bytes, bytes | None]]
    ) -> None:
        """Write keyed records in their order and return when all are acknowledged."""
        producer, last = self._started, None
        batch = producer.create_batch()
        for key, value in entries:
            if batch.append(timestamp=None, key=key, value=value) is None:
                last = await self._send_batch(batch, topic, partition)
                batch = producer.create_batch()
                if batch.append(timestamp=None, key=key, value=value) is None:
                    last = await self.send(topic, value or b"", partition, key)
        if batch.record_count():
            last = await self._send_batch(batch, topic, partition)
        if last is not None:
            await last  # the producer keeps the order, so the last one speaks for all

    async def _send_batch(self, batch: object, topic: str, partition: int) -> asyncio.Future[object]:
        try:
            future: asyncio.Future[object] = await self._started.send_batch(batch, topic, partition=partition)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001
            fatal(f"send to {topic}", error)
        future.add_done_callback(_check)

        return future

    @property
    def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            msg = "the outbox is not started"
            raise RuntimeError(msg)

        return self._producer


def _check(future: asyncio.Future[object]) -> None:
    if future.cancelled():
        return
    error = future.exception()
    if error is not None:
        fatal("record not acknowledged", error)
