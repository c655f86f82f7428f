"""
The registry as the topic keeps it: followed by every process from its beginning, written by whoever changes something.

    KafkaRegistry        for a running process: `state` is always there, `append` returns when it is part of `state`
    load, transact       for a command: read everything, decide, append, leave
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from app.adapters.topics import REGISTRY
from app.core.registry import Fact, State, encode_fact, fold_all, key_of
from app.errors import BotpulseError
from app.observe import REGISTRY_SKIPPED
from app.ports import Unavailable

__all__ = ["Follower", "KafkaRegistry", "Writer", "load", "transact"]

_PARTITION: Final = TopicPartition(REGISTRY, 0)
_POLL_MS: Final = 1000
_TIMEOUT_S: Final = 15.0

_log = structlog.get_logger(__name__)


class Follower:
    """Reads the registry from its beginning and goes on reading. No consumer group: everybody sees everything."""

    def __init__(self, bootstrap: str) -> None:
        self.state = State()
        self._bootstrap = bootstrap
        self._next_offset = 0
        self._end_at_start = 0
        self._moved = asyncio.Event()
        self._callbacks: list[Callable[[State], None]] = []

    async def start(self) -> None:
        """Connect and begin to read."""
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        async with _said_plainly(self._bootstrap, self._consumer):
            await self._consumer.start()
            self._consumer.assign([_PARTITION])
            await self._consumer.seek_to_beginning(_PARTITION)
            self._end_at_start = (await self._consumer.end_offsets([_PARTITION]))[_PARTITION]
            self._next_offset = await self._consumer.position(_PARTITION)
        self._reading = asyncio.create_task(self._read())

    async def ready(self) -> None:
        """Return when everything written before `start` is part of `state`."""
        await self.wait_for(self._end_at_start - 1)

    @property
    def is_ready(self) -> bool:
        """Tell whether `ready` would return at once."""
        return self._next_offset >= self._end_at_start

    async def wait_for(self, offset: int) -> None:
        """Return when the record at *offset* is part of `state`."""
        while self._next_offset <= offset:
            self._moved.clear()
            await self._moved.wait()

    def on_change(self, callback: Callable[[State], None]) -> None:
        """Call *callback* with the new state after each change."""
        self._callbacks.append(callback)

    async def stop(self) -> None:
        """Stop reading."""
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        await self._consumer.stop()

    async def _read(self) -> None:
        while True:
            try:
                batches = await self._consumer.getmany(_PARTITION, timeout_ms=_POLL_MS)
            except KafkaError as error:
                _log.warning("registry_read_failed", error=repr(error))
                await asyncio.sleep(1)
                continue
            records = batches.get(_PARTITION, [])
            if records:
                self._fold(records)
            # Compaction may have removed the last records, so the place is asked for, not counted.
            self._next_offset = await self._consumer.position(_PARTITION)
            self._moved.set()

    def _fold(self, records: Sequence[object]) -> None:
        self.state = fold_all(self.state, [(record.key or b"", record.value) for record in records])  # type: ignore[attr-defined]
        REGISTRY_SKIPPED.set(self.state.skipped)
        for callback in self._callbacks:
            callback(self.state)


class Writer:
    """Appends facts, each acknowledged by all replicas."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    async def start(self) -> None:
        """Connect."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, acks="all", request_timeout_ms=int(_TIMEOUT_S * 1000)
        )
        async with _said_plainly(self._bootstrap, self._producer):
            await self._producer.start()

    async def write(self, fact: Fact) -> int:
        """Return the offset of *fact*; raise Unavailable when it is not known to be written."""
        try:
            sent = await self._producer.send_and_wait(
                REGISTRY, encode_fact(fact), key=key_of(fact.subject), partition=_PARTITION.partition
            )
        except KafkaError as error:
            raise Unavailable("The broker did not take the change; try again.", retry_after_s=2) from error
        return int(sent.offset)

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()


class KafkaRegistry:
    """Implements `ports.Registry`: a follower and a writer that waits for it."""

    def __init__(self, bootstrap: str) -> None:
        self._follower = Follower(bootstrap)
        self._writer = Writer(bootstrap)

    @property
    def state(self) -> State:
        """Everything known now."""
        return self._follower.state

    @property
    def is_ready(self) -> bool:
        """Tell whether everything written before the start is known."""
        return self._follower.is_ready

    async def start(self) -> None:
        """Return when everything written so far is part of `state`."""
        await self._follower.start()
        try:
            await self._writer.start()
            async with asyncio.timeout(_TIMEOUT_S):
                await self._follower.ready()
        except TimeoutError as error:
            await self.stop()
            raise Unavailable("The registry could not be read in time; look at the broker's log.") from error

    async def append(self, fact: Fact) -> None:
        """Return when *fact* is durable and part of `state`."""
        await self._follower.wait_for(await self._writer.write(fact))

    def on_change(self, callback: Callable[[State], None]) -> None:
        """Call *callback* with the new state after each change."""
        self._follower.on_change(callback)

    async def stop(self) -> None:
        """Disconnect."""
        await self._writer.stop()
        await self._follower.stop()


def load(bootstrap: str) -> State:
    """Return everything the registry says now."""
    return transact(bootstrap, lambda _state: [])


def transact(bootstrap: str, decide: Callable[[State], Sequence[Fact]]) -> State:
    """Append what *decide* makes of the present state, and return the state after it."""
    return asyncio.run(_transact(bootstrap, decide))


async def _transact(bootstrap: str, decide: Callable[[State], Sequence[Fact]]) -> State:
    registry = KafkaRegistry(bootstrap)
    await registry.start()
    try:
        for fact in decide(registry.state):
            await registry.append(fact)
        return registry.state
    finally:
        await registry.stop()


@asynccontextmanager
async def _said_plainly(bootstrap: str, client: AIOKafkaConsumer | AIOKafkaProducer) -> AsyncIterator[None]:
    try:
        yield
    except KafkaError as error:
        await client.stop()
        msg = f"no broker answers at {bootstrap}, or it has no topic {REGISTRY}; start it, or correct BOTPULSE_KAFKA"
        raise BotpulseError(msg, "kafka") from error
