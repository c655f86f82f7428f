"""
The store: bot-events, counters, dead-letters and alerts go to ClickHouse, in large batches, each once.

How far it has come stands in ClickHouse, beside the data; Kafka's own offsets only show the lag.  While one batch is
written, the next one is gathered; when ClickHouse is away, both wait, nothing more is fetched, and nothing is lost.

    gather (rows or time) -> columns -> insert with token -> positions -> commit
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from importlib.metadata import version
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from app.adapters.clickhouse import AWAY, UNFIT
from app.adapters.disk import keep_within_budget
from app.adapters.heartbeat import Heartbeat, beat
from app.adapters.outbox import Outbox
from app.adapters.sink import Sink
from app.agents.batch import TOPICS, Batch
from app.agents.bots_table import BotsTable
from app.agents.line import Line
from app.config import MIB, Settings
from app.crash import fatal

__all__ = ["GROUP", "run"]

GROUP: Final = "botpulse-store"
_IDLE_MS: Final = 500
_GRACE_S: Final = 10.0
_DISK_CHECK_S: Final = 60.0
_SESSION_MS: Final = 6_000
_LONGEST_WAIT_MS: Final = 24 * 3_600_000  # waiting for ClickHouse is no reason to give partitions away

_log = structlog.get_logger(__name__)


async def run(settings: Settings, stop: asyncio.Event, instance: str = "1") -> None:
    """Store until *stop* is set; the batch under way is finished if ClickHouse takes it."""
    name = f"{GROUP}-{instance}"
    bots = BotsTable(settings)
    store, outbox = Store(settings, name, bots), Outbox(settings.kafka, name)
    await bots.start()
    await store.start()
    await outbox.start()
    work = asyncio.create_task(_guarded("store", store.work(stop)))
    beside = [
        asyncio.create_task(_guarded("bots", bots.run())),
        asyncio.create_task(_guarded("disk", _watch_disk(settings))),
        asyncio.create_task(_guarded("heartbeat", beat(_word_of(store, instance), outbox.post))),
    ]
    await stop.wait()
    await asyncio.wait([work], timeout=_GRACE_S)
    for task in (work, *beside):
        task.cancel()
    await asyncio.gather(work, *beside, return_exceptions=True)
    await store.close()
    await bots.stop()
    await outbox.stop()


class Store(ConsumerRebalanceListener):  # type: ignore[misc]
    """Consumer and sink, and which partitions still wait for their position."""

    def __init__(self, settings: Settings, name: str, bots: BotsTable) -> None:
        self._settings = settings
        self._bots = bots
        self._line = Line(settings)
        self._unplaced: set[TopicPartition] = set()
        self.is_ready = False
        self.figures = {"records": 0, "rows": 0, "inserts": 0, "refused": 0}
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka,
            group_id=GROUP,
            group_instance_id=name,  # a restart takes its partitions back at once
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_SESSION_MS // 3,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 * MIB,
            max_poll_interval_ms=_LONGEST_WAIT_MS,
        )

    async def start(self) -> None:
        """Join the group."""
        await self._consumer.start()
        self._consumer.subscribe(TOPICS, listener=self)

    async def work(self, stop: asyncio.Event) -> None:
        """Gather and write until *stop*."""
        writing: asyncio.Task[None] | None = None
        while not stop.is_set():
            await self._place(writing)
            batch = await self._gather(stop)
            if writing:
                await writing
            writing = asyncio.create_task(self._write(batch)) if len(batch) else None
        if writing:
            await writing

    async def close(self) -> None:
        """Leave the group."""
        await self._consumer.stop()
        self._line.close()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing to give back: what is under way may be written by two stores."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note that these are to be read from where ClickHouse stands, not from where Kafka thinks."""
        self._unplaced = set(assigned)

    async def _place(self, writing: asyncio.Task[None] | None) -> None:
        if self._unplaced and writing:
            await asyncio.wait([writing])  # or its records would be read twice
        while self._unplaced:
            waiting = frozenset(self._unplaced)
            positions = await self._line.run(Sink.positions)
            for partition in waiting & self._unplaced & self._consumer.assignment():
                self._consumer.seek(partition, positions.get((partition.topic, partition.partition), 0))
            self._unplaced -= waiting
            self.is_ready = True

    async def _gather(self, stop: asyncio.Event) -> Batch:
        batch = Batch()
        deadline = None
        while not stop.is_set() and batch.rows < self._settings.store_batch_rows:
            left_ms = _IDLE_MS if deadline is None else int((deadline - time.monotonic()) * 1000)
            if left_ms <= 0:
                break
            fetched = await self._consumer.getmany(timeout_ms=left_ms)
            if self._unplaced:
                break  # these may have come from a place that Kafka remembered
            if fetched:
                deadline = deadline or time.monotonic() + self._settings.store_interval_ms / 1000
                await asyncio.to_thread(batch.add, [one for records in fetched.values() for one in records])

        return batch

    async def _write(self, batch: Batch) -> None:
        try:
            await self._line.run(
                lambda sink: sink.write(batch.tables(self._bots.removed), batch.token, batch.positions)
            )
        except UNFIT as error:
            await self._write_apart(batch, error)
            return
        self._count(batch)
        await self._commit(batch)

    async def _write_apart(self, batch: Batch, error: Exception) -> None:
        """Find the record with a value that no column takes: halve until it is alone, then put it aside."""
        records, half = batch.records, len(batch) // 2
        if batch.is_refused:
            raise error
        if not half:
            alone = Batch()
            alone.refuse(records[0], error)
            await self._write(alone)
            return
        for part in (records[:half], records[half:]):
            smaller = Batch()
            smaller.add(part)
            await self._write(smaller)

    def _count(self, batch: Batch) -> None:
        for name, n in (
            ("records", len(batch)),
            ("rows", batch.rows),
            ("refused", batch.refused),
            ("inserts", 1),
        ):
            self.figures[name] += n
        _log.debug("batch_stored", rows=batch.rows, records=len(batch))

    async def _commit(self, batch: Batch) -> None:
        ends = {TopicPartition(*place): end for place, end in batch.positions.items()}
        try:
            await self._consumer.commit(ends)
        except (KafkaError, IllegalStateError) as error:
            _log.debug("commit_left_out", error=repr(error))  # only the shown lag depends on it


def _word_of(store: Store, instance: str) -> Callable[[], Heartbeat]:
    started_at = _now_ms()

    def word() -> Heartbeat:
        is_ready, figures = store.is_ready, store.figures

        return Heartbeat(
            "store", instance, os.getpid(), _now_ms(), started_at, is_ready, version("botpulse"), figures
        )

    return word


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _watch_disk(settings: Settings) -> None:
    while True:
        try:
            await asyncio.to_thread(keep_within_budget, settings)
        except AWAY as error:
            _log.debug("disk_check_left_out", error=str(error))
        await asyncio.sleep(_DISK_CHECK_S)


async def _guarded(what: str, work: Awaitable[None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001
        fatal(what, error)
