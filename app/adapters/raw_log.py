"""
The topic `raw-events`, written by an idempotent producer that is thrown away as soon as it fails.

aiokafka's idempotent producer never gives a record up: it repeats it for ever, and after an error that it cannot repeat
it fails every later record of that partition.  So:

* a record that is not acknowledged in time ends its producer at once, and every record in it is refused;
* any other failure retires the producer: it may finish what it has, new records go to a new one;
* a record is never given to a second producer, which could count it twice.

While there is no producer the log is closed and refuses without waiting.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import stamina
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, RequestTimedOutError

from app.adapters.topics import RAW_EVENTS
from app.config import MIB, Settings
from app.errors import BotpulseError
from app.observe import AWAY
from app.ports import Unavailable

__all__ = ["RawLog"]

_MAX_RECORD_BYTES: Final = 64 * MIB
"""Never the limit that refuses: requests are limited before, and the topic has a limit of its own."""
_DISCARD_TIMEOUT_S: Final = 5

_log = structlog.get_logger(__name__)


class RawLog:
    """Implements `edge.Log` on Kafka."""

    def __init__(self, settings: Settings) -> None:
        self._bootstrap = settings.kafka
        self._timeout_s = settings.ingest_timeout_s
        self._producer: AIOKafkaProducer | None = None
        self._outstanding: dict[AIOKafkaProducer, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """False from a failure until a new producer has found the broker."""
        return self._producer is not None

    async def start(self) -> None:
        """Open the first producer; a broker that is not there is the operator's problem, so it is said at once."""
        try:
            self._producer = await self._new_producer()
        except KafkaError as error:
            msg = f"no broker answers at {self._bootstrap}, or it has no topic {RAW_EVENTS}; start it with its topics"
            raise BotpulseError(msg, "kafka") from error

    async def append(self, record: bytes) -> None:
        """Return when the broker has acknowledged *record*."""
        producer = self._producer
        if producer is None:
            raise Unavailable(
                "The broker does not answer; nothing was stored. Send it again.", retry_after_s=2
            )
        self._outstanding[producer] += 1
        try:
            await (await producer.send(RAW_EVENTS, record))
        except asyncio.CancelledError:
            self._retire(producer, "late")
            self._end(producer)
            raise
        except KafkaError as error:
            self._retire(producer, repr(error))
            raise Unavailable("The broker refused it; send it again.", retry_after_s=2) from error
        finally:
            self._count_down(producer)

    async def stop(self) -> None:
        """Close the producer. Whatever was appended has been answered."""
        if self._opening is not None:
            self._opening.cancel()
        producer, self._producer = self._producer, None
        if producer is not None:
            self._end(producer)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _count_down(self, producer: AIOKafkaProducer) -> None:
        if producer in self._outstanding:
            self._outstanding[producer] -= 1
            if producer is not self._producer and not self._outstanding[producer]:
                self._end(producer)

    def _retire(self, producer: AIOKafkaProducer, reason: str) -> None:
        if producer is not self._producer:
            return
        self._producer = None
        AWAY.set(1)
        _log.warning("producer_retired", reason=reason)
        self._opening = self._spawn(self._open())

    async def _open(self) -> None:
        retries = stamina.retry_context(
            on=KafkaError, attempts=None, timeout=None, wait_initial=0.1, wait_max=1
        )
        async for attempt in retries:
            with attempt:
                self._producer = await self._new_producer()
        AWAY.set(0)
        _log.info("producer_opened")

    async def _new_producer(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            max_batch_size=MIB,
            max_request_size=_MAX_RECORD_BYTES,
            request_timeout_ms=int(self._timeout_s * 1000),
            partitioner=_RoundRobin(),
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                await producer.start()
                await producer.partitions_for(RAW_EVENTS)
        except BaseException as error:
            await _discard(producer)
            if isinstance(error, TimeoutError):
                raise RequestTimedOutError from error
            raise
        self._outstanding[producer] = 0
        return producer

    def _end(self, producer: AIOKafkaProducer) -> None:
        if self._outstanding.pop(producer, None) is not None:
            self._spawn(_discard(producer))

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _RoundRobin:
    """Partitions in turn, so that every stage behind gets the same share."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, _key: bytes | None, everywhere: list[int], available: list[int]) -> int:
        partitions = available or everywhere
        self._next += 1
        return partitions[self._next % len(partitions)]


async def _discard(producer: AIOKafkaProducer) -> None:
    """
    End *producer* without waiting for a broker that does not answer; records it still holds fail.

    `stop` alone would wait for them for ever, so the connection is cut and the records are failed before it.
    """
    with suppress(KafkaError, KeyError, TimeoutError):
        async with asyncio.timeout(_DISCARD_TIMEOUT_S):
            await _cut_off(producer)


async def _cut_off(producer: AIOKafkaProducer) -> None:
    await producer.client.close()
    producer._message_accumulator.fail_all(RequestTimedOutError())  # noqa: SLF001 it has no public way
    await producer.stop()
