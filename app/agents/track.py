"""
Bot events in, exact state and counters out.

reads   bot-events                     (a user's events are all in one partition)
writes  counters                       (absolute values of the cells' parts that changed)
        botpulse-track-state-changelog (state, see app/core/shard.py)

Changes are gathered for a moment and written once; the more comes in, the longer, as most of it then changes what was
changed before.  A flush sends the counters, then cells, users and clock to one changelog partition, then the tombstones,
each step acknowledged before the next; then the messages are confirmed.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from app.adapters.outbox import Outbox
from app.adapters.topics import COUNTERS
from app.agents.acker import Confirmable
from app.agents.sequence import Sequence
from app.config import Settings
from app.core.counters import CellBatch, encode_cells
from app.core.events import decode_batches
from app.core.shard import Shard, Writes
from app.crash import fatal
from app.tables.state import ShardStore

__all__ = ["Track", "is_due"]

_TICK_S: Final = 0.02
_CALM_EVENTS: Final = 10_000
"""At so many events a second and partition a flush waits for a second, at half of it half as long, and so on."""

_LONGEST_S: Final = 2.0
_MOST_EVENTS: Final = 60_000
_CELLS_PER_RECORD: Final = 5_000


class _Pending:
    """What was folded into a shard since its last flush; confirming the last message confirms all before it."""

    def __init__(self) -> None:
        self.last: Confirmable | None = None
        self.events = 0
        self.since = 0.0
        self.flushing: asyncio.Task[None] | None = None


class Track:
    """The agent's body, and the flushes that follow it."""

    def __init__(
        self, settings: Settings, store: ShardStore, outbox: Outbox, sequence: Sequence, changelog: str
    ) -> None:
        self._sequence = sequence
        self._store = store
        self._outbox = outbox
        self._changelog = changelog
        self._interval_s = settings.flush_interval_ms / 1000
        self._pending: dict[int, _Pending] = {}
        self.figures = {"records": 0, "events": 0, "flushes": 0, "entries": 0, "cells": 0}
        self._closed = False
        store.quiesce = self.quiesce
        store.rewrite = self._rewrite

    async def run(self, stream: Any) -> None:
        """Consume bot-events for ever."""
        stream.enable_acks = False  # see app/worker.py
        async for event in stream.events():
            try:
                await self._fold(event)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - crash-only: nothing is acknowledged, the restart reads it again
                fatal("track", error)

    async def tick(self) -> None:
        """Start the flushes that are due, for ever."""
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.monotonic()
            for partition, pending in self._pending.items():
                waited_s = now - pending.since
                if pending.last is not None and is_due(pending.events, waited_s, self._interval_s):
                    self._start_flush(partition, pending)

    async def quiesce(self) -> None:
        """Write what was folded, and forget what it belonged to; the partitions may be another worker's next."""
        for partition, pending in list(self._pending.items()):
            while pending.last is not None or pending.flushing:
                self._start_flush(partition, pending)
                if pending.flushing is not None:
                    await pending.flushing
        self._pending.clear()

    async def finish(self) -> None:
        """Take nothing more, and return when all that was taken is written."""
        self._closed = True
        await self.quiesce()

    async def _fold(self, event: Any) -> None:
        if self._closed:
            return
        message = event.message
        shard = self._store.shard(message.partition)
        expected = shard.clock.offset + 1
        if message.offset > expected and not await self._sequence.follows(message, expected):
            return
        pending = self._pending.setdefault(message.partition, _Pending())
        shard.fold(message.offset, decode_batches(message.value))
        if pending.last is None:
            pending.since = time.monotonic()
        pending.last = event
        self.figures["records"] += 1
        self.figures["events"] += shard.pending_events - pending.events
        pending.events = shard.pending_events
        if pending.events >= _MOST_EVENTS:
            self._start_flush(message.partition, pending)
            if pending.flushing is not None and pending.events >= _MOST_EVENTS:
                await pending.flushing

    def _start_flush(self, partition: int, pending: _Pending) -> None:
        if pending.flushing is not None or pending.last is None:
            return
        shard = self._store.shard(partition)
        last, pending.last, pending.events = pending.last, None, 0
        pending.flushing = asyncio.get_running_loop().create_task(
            self._flush(shard, shard.take(), last, pending)
        )

    async def _flush(self, shard: Shard, writes: Writes | None, last: Confirmable, pending: _Pending) -> None:
        try:
            if writes is not None:
                await self._write(shard.partition, writes)
            last.confirm()
        except (asyncio.CancelledError, Exception) as error:  # noqa: BLE001
            fatal("flush", error)  # also when cancelled: a later flush must not cover for this one
        pending.flushing = None

    async def _write(self, partition: int, writes: Writes) -> None:
        sent = [
            await self._outbox.send(COUNTERS, encode_cells(part), partition)
            for batch in writes.counters
            for part in _split(batch)
        ]
        if sent:
            await asyncio.wait(sent)
        for entries in (writes.entries, [(key, None) for key in writes.sealed]):
            await self._outbox.write_entries(self._changelog, partition, entries)
        self.figures["flushes"] += 1
        self.figures["entries"] += len(writes.entries)
        self.figures["cells"] += sum(len(batch.cells) for batch in writes.counters)

    async def _rewrite(self, partition: int, entries: list[tuple[bytes, bytes]]) -> None:
        await self._outbox.write_entries(self._changelog, partition, entries)


def is_due(events: int, waited_s: float, interval_s: float) -> bool:
    """Tell whether *events* of one partition, gathered for *waited_s*, are to be written now."""
    if waited_s < interval_s:
        return False

    return waited_s >= _LONGEST_S or waited_s * waited_s * _CALM_EVENTS >= events


def _split(batch: CellBatch) -> list[CellBatch]:
    cells = batch.cells

    return [
        CellBatch(batch.partition, batch.log_day, batch.stamp, cells[i : i + _CELLS_PER_RECORD])
        for i in range(0, len(cells), _CELLS_PER_RECORD)
    ]
