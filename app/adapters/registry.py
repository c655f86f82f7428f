"""
The registry as the topic keeps it: followed by every process from its beginning, written by whoever changes something.

    KafkaRegistry        for a running process: `state` is always there, `change` returns when it is part of `state`
    load, transact       for a command: read everything, decide, write, leave
    records              everything there is, for history and backup

A change is written first and judged after, when the writer's own follower has come to it: the order of the log decides.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from app.adapters.topics import REGISTRY
from app.config import MIB
from app.core.refusal import Refusal
from app.core.registry import (
    Change,
    Note,
    Past,
    Record,
    State,
    fold_all,
    forgettable,
    history,
    proposed,
    record_of,
)
from app.errors import BotpulseError
from app.observe import REGISTRY_SKIPPED
from app.ports import Decide, Refused, Unavailable

__all__ = ["Follower", "KafkaRegistry", "Writer", "load", "records", "transact"]

_PARTITION: Final = TopicPartition(REGISTRY, 0)
_POLL_MS: Final = 1000
_TIMEOUT_S: Final = 15.0
_FETCH_BYTES: Final = 8 * MIB
_LOOK_BACK_S: Final = 60.0
_TRIES: Final = 20
"""So often somebody else may be faster before a command gives up."""

T = TypeVar("T")
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
        self._awaited: dict[str, Refusal | None] = {}

    async def start(self) -> None:
        """Connect and begin to read."""
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=_FETCH_BYTES,
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

    def await_verdict(self, change: str) -> None:
        """Remember what becomes of *change*, which is about to be written."""
        self._awaited[change] = None

    def take_verdict(self, change: str) -> Refusal | None:
        """Return why *change*, which has been folded, was refused; None where it was accepted."""
        return self._awaited.pop(change, None)

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
            # Compaction may have removed the last records, so the place is asked for, not counted.
            next_offset = await self._consumer.position(_PARTITION)
            if next_offset > self._next_offset or records:
                self._fold(records, next_offset)
            self._next_offset = next_offset
            self._moved.set()

    def _fold(self, records: Sequence[Any], next_offset: int) -> None:
        state, verdicts = fold_all(self.state, [(one.key or b"", one.value) for one in records])
        self.state = msgspec.structs.replace(state, read_to=next_offset)
        self._awaited |= {change: verdict for change, verdict in verdicts.items() if change in self._awaited}
        REGISTRY_SKIPPED.set(self.state.skipped)
        for callback in self._callbacks:
            try:
                callback(self.state)
            except Exception:  # noqa: BLE001 whoever listens must not end the following
                _log.exception("registry_listener_failed")


class Writer:
    """Appends records, each acknowledged by all replicas, none of them twice."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    async def start(self) -> None:
        """Connect."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            request_timeout_ms=int(_TIMEOUT_S * 1000),
            max_request_size=16 * MIB,
        )
        async with _said_plainly(self._bootstrap, self._producer):
            await self._producer.start()

    async def write(self, record: Record) -> int:
        """Return the offset of *record*; raise Unavailable when it is not known to be written."""
        key, value = record
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                sent = await self._producer.send_and_wait(
                    REGISTRY, value, key=key, partition=_PARTITION.partition
                )
        except (KafkaError, TimeoutError) as error:
            msg = "The broker did not confirm the change; look whether it was made, and try again."
            raise Unavailable(msg, retry_after_s=2) from error
        return int(sent.offset)

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()


class KafkaRegistry:
    """Implements `ports.Registry`: a follower and a writer that waits for it."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._follower = Follower(bootstrap)
        self._writer = Writer(bootstrap)
        self._looking_back = asyncio.Lock()

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
        except BaseException:
            await self._follower.stop()
            raise
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._follower.ready()
        except TimeoutError as error:
            await self.stop()
            raise Unavailable("The registry could not be read in time; look at the broker's log.") from error

    async def change(self, decide: Decide, who: str, why: str = "") -> State:
        """Carry out a command; see `ports.Registry`."""
        verdict: Refusal | None = None
        for _ in range(_TRIES):
            facts = decide(self.state)
            if isinstance(facts, Refusal):
                raise Refused(facts)
            if not facts:
                return self.state
            change = Change(secrets.token_hex(8), _now_ms(), who, tuple(facts), why)
            record = proposed(self.state, change)
            if isinstance(record, Refusal):
                raise Refused(record)
            # refused only by the log: somebody was faster, and the command is decided again by what there is now
            verdict = await self._propose(change, record)
            if verdict is None:
                return self.state
        assert verdict is not None
        raise Refused(verdict)

    async def note(self, note: Note) -> None:
        """Return when *note* is durable and part of `state`."""
        await self._follow(await self._writer.write(record_of(note)))

    async def past(self, kind: str, id: str) -> list[Past]:
        """Return what happened to a subject: the topic is read again, by one asker at a time."""
        return await self._looked_back(lambda found: history(found, kind, id))

    async def forget(self) -> int:
        """Let what was said of deleted bots and people leave the log; see `ports.Registry`."""
        keys = await self._looked_back(forgettable)
        for key in keys:
            await self._writer.write((key, None))
        return len(keys)

    def on_change(self, callback: Callable[[State], None]) -> None:
        """Call *callback* with the new state after each change."""
        self._follower.on_change(callback)

    async def stop(self) -> None:
        """Disconnect."""
        await self._writer.stop()
        await self._follower.stop()

    async def _propose(self, change: Change, record: Record) -> Refusal | None:
        self._follower.await_verdict(change.id)
        try:
            await self._follow(await self._writer.write(record))
        finally:
            verdict = self._follower.take_verdict(change.id)
        return verdict

    async def _looked_back(self, question: Callable[[list[Record]], T]) -> T:
        try:
            async with self._looking_back, asyncio.timeout(_LOOK_BACK_S):
                found = await records(self._bootstrap)
                return await asyncio.to_thread(question, found)
        except (BotpulseError, TimeoutError) as error:
            msg = "The history cannot be read now; try again."
            raise Unavailable(msg, retry_after_s=2) from error

    async def _follow(self, offset: int) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._follower.wait_for(offset)
        except TimeoutError as error:
            msg = "The change is written, but the broker does not give it back yet; look again in a moment."
            raise Unavailable(msg, retry_after_s=2) from error


def load(bootstrap: str) -> State:
    """Return everything the registry says now."""
    return transact(bootstrap, lambda _state: [], "nobody")


def transact(bootstrap: str, decide: Decide, who: str, why: str = "") -> State:
    """Carry out a command and return the state after it. Raises Refused."""
    return asyncio.run(_transact(bootstrap, decide, who, why))


async def _transact(bootstrap: str, decide: Decide, who: str, why: str) -> State:
    registry = KafkaRegistry(bootstrap)
    await registry.start()
    try:
        return await registry.change(decide, who, why)
    finally:
        await registry.stop()


async def records(bootstrap: str) -> list[Record]:
    """Return everything that stands in the topic now, in its order."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    found: list[Record] = []
    async with _said_plainly(bootstrap, consumer):
        await consumer.start()
        try:
            consumer.assign([_PARTITION])
            await consumer.seek_to_beginning(_PARTITION)
            end = (await consumer.end_offsets([_PARTITION]))[_PARTITION]
            while await consumer.position(_PARTITION) < end:
                batches = await consumer.getmany(_PARTITION, timeout_ms=_POLL_MS)
                found += [(one.key or b"", one.value) for one in batches.get(_PARTITION, [])]
        finally:
            await consumer.stop()
    return found


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def _said_plainly(bootstrap: str, client: AIOKafkaConsumer | AIOKafkaProducer) -> AsyncIterator[None]:
    try:
        yield
    except KafkaError as error:
        await client.stop()
        msg = f"no broker answers at {bootstrap}, or it has no topic {REGISTRY}; start it, or correct BOTPULSE_KAFKA"
        raise BotpulseError(msg, "kafka") from error
