"""
The second agent of the alert stage: judges alerts and tells of them.

reads   alert-inputs   (partition = hash of the bot), and the clock, as silence counts, too
writes  botpulse-alert-state-changelog   (state, see app/core/alerts/table.py)
        alerts         (partition = hash of the bot)

Alerts of a bot are judged when its numbers change, and all of them once a second.  A look writes what it changed to the
changelog, and only then tells of it; then the messages are confirmed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog

from app.adapters.outbox import Outbox
from app.adapters.topics import ALERTS
from app.agents.acker import Confirmable
from app.agents.alert_sources import LEARNING_S, Sources
from app.agents.registered import Registered
from app.agents.sequence import Sequence
from app.core.alerts.definitions import Definitions, evaluate
from app.core.alerts.judging import Known
from app.core.alerts.machine import Transition
from app.core.alerts.table import AlertTable
from app.core.alerts.watching import Watch
from app.core.counters import CellBatch, decode_cells
from app.core.readable import Unreadable, read
from app.crash import fatal
from app.ports import Clock
from app.tables.state import ShardStore

__all__ = ["Judge"]

_TICK_S: Final = 1.0
_FROZEN_S: Final = 10.0
"""A process that stood still for so long may not be the one that judges any more."""

_log = structlog.get_logger(__name__)
_encode: Final = msgspec.json.Encoder().encode


class _Pending:
    """What came to a partition since its last look; confirming the last message confirms all before it."""

    def __init__(self) -> None:
        self.last: Confirmable | None = None
        self.bots: set[str] = set()


class Judge:
    """The second agent's body, and the looks that follow it. `is_ready` says whether partitions may be looked at."""

    def __init__(
        self,
        store: ShardStore,
        outbox: Outbox,
        sequence: Sequence,
        registered: Registered,
        sources: Sources,
        changelog: str,
        is_ready: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._sequence = sequence
        self._registered = registered
        self._sources = sources
        self._changelog = changelog
        self._is_ready = is_ready
        self._clock = clock
        self._pending: dict[int, _Pending] = {}
        self._swept: dict[int, tuple[int, Definitions]] = {}
        self._looking = asyncio.Lock()
        self._woken = asyncio.Event()
        self._is_whole_look_due = True
        self._is_closed = False
        self._alive_at = time.monotonic()
        self.figures = {"inputs": 0, "told": 0, "unreadable_inputs": 0}
        store.quiesce = self.quiesce
        store.rewrite = self._rewrite
        registered.on_change = self._wake_for_all

    async def run(self, stream: Any) -> None:
        """Consume alert-inputs for ever."""
        stream.enable_acks = False  # see app/worker.py
        async for event in stream.events():
            try:
                message = event.message
                is_ours = not self._is_closed and message.partition in self._store.partitions
                if is_ours and await self._sequence.admits(message):
                    self._take(event)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - crash-only: nothing is acknowledged, the restart reads it again
                fatal("judge", error)

    async def tick(self) -> None:
        """Look at what changed, and at everything once a second, for ever."""
        await self._registered.ready.wait()
        whole_at = 0.0
        while True:
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            if self._is_whole_look_due or time.monotonic() - whole_at >= _TICK_S:
                whole_at, is_whole = time.monotonic(), True
            else:
                is_whole = False
            async with self._looking:
                if self._is_ready() and not self._is_closed:
                    self._is_whole_look_due = False
                    await self._look(is_whole=is_whole)

    async def stay_awake(self) -> None:
        """End the process if it stood still for too long: another one may have taken over meanwhile."""
        while True:
            await asyncio.sleep(_FROZEN_S / 20)
            self._check_awake()
            self._alive_at = time.monotonic()

    async def quiesce(self) -> None:
        """Write what was taken in, and forget what it belonged to; the partitions may be another worker's next."""
        async with self._looking:
            for partition in self._store.partitions:
                await self._write(partition)
            self._pending.clear()
            self._swept.clear()

    async def finish(self) -> None:
        """Take nothing more, and return when all that was taken is written."""
        self._is_closed = True
        await self.quiesce()

    def load(self, partition: int, batches: list[CellBatch]) -> None:
        """Take in values from before an alert was there."""
        if partition in self._store.partitions:
            table: AlertTable = self._store.shard(partition)
            for batch in batches:
                self._pending.setdefault(partition, _Pending()).bots |= table.take(batch)
            self._woken.set()

    def set_whole(self, partition: int, watch: Watch, from_s: int) -> None:
        """Note from when on nothing that *watch* needs is missing."""
        if partition in self._store.partitions:
            self._store.shard(partition).set_whole(watch, from_s, self._clock())
            self._wake_for_all()

    def _take(self, event: Any) -> None:
        partition = event.message.partition
        table: AlertTable = self._store.shard(partition)
        pending = self._pending.setdefault(partition, _Pending())
        pending.last = event
        self.figures["inputs"] += 1
        try:
            pending.bots |= table.take(read(decode_cells, event.message.value))
        except Unreadable as error:
            self.figures["unreadable_inputs"] += 1
            _log.warning("alert_input_unreadable", offset=event.message.offset, error=str(error))
        self._woken.set()

    def _wake_for_all(self) -> None:
        self._is_whole_look_due = True
        self._woken.set()

    async def _look(self, *, is_whole: bool) -> None:
        self._check_awake()
        definitions, now_ms = self._registered.definitions, self._clock()
        known = Known(now_ms, self._sources.counted_ms, definitions.state, self._sources.asked)
        for partition in self._store.partitions:
            pending = self._pending.get(partition)
            if is_whole:
                self._keep_house(partition, definitions, now_ms)
                alerts = definitions.alerts(partition)
            elif pending is not None:
                alerts = definitions.alerts(partition, pending.bots)
            else:
                continue
            evaluate(self._store.shard(partition), alerts, definitions, known)
            await self._write(partition)

    def _keep_house(self, partition: int, definitions: Definitions, now_ms: int) -> None:
        """Note what is watched for the first time, ask for what came before, and delete what nobody needs."""
        table: AlertTable = self._store.shard(partition)
        wanted = definitions.wanted(partition, now_ms)
        self._sources.want_only(partition, wanted)
        for watch, oldest in wanted.items():
            from_s = table.whole_from(watch)
            if from_s is None:
                from_s = now_ms // 1000 + LEARNING_S
                table.set_whole(watch, from_s, now_ms)
            if from_s > oldest:
                self._sources.want(partition, watch, oldest)
        swept = (now_ms // 60_000, definitions)
        if self._swept.get(partition) != swept:
            self._swept[partition] = swept
            table.expire(wanted)
            for name in table.alerts:
                if name not in definitions.state.alerts:
                    table.forget(name)

    async def _write(self, partition: int) -> None:
        pending = self._pending.pop(partition, None)
        table: AlertTable = self._store.shard(partition)
        writes = table.flush()
        try:
            for entries in (writes.entries, [(key, None) for key in writes.gone]):
                await self._outbox.write_entries(self._changelog, partition, entries)
            if writes.told:
                await self._tell(partition, writes.told)
                table.has_told(writes.told, self._clock())
            if pending is not None and pending.last is not None:
                pending.last.confirm()
        except (asyncio.CancelledError, Exception) as error:  # noqa: BLE001
            fatal("look", error)  # also when cancelled: a later look must not cover for this one

    async def _tell(self, partition: int, told: list[Transition]) -> None:
        sent = [await self._outbox.send(ALERTS, _encode(one), partition, one.alert.encode()) for one in told]
        await asyncio.wait(sent)
        self.figures["told"] += len(told)
        for one in told:
            _log.info("alert", id=one.id, type=one.type, bot=one.bot, value=one.value)

    async def _rewrite(self, partition: int, entries: list[tuple[bytes, bytes]]) -> None:
        await self._outbox.write_entries(self._changelog, partition, entries)

    def _check_awake(self) -> None:
        frozen_s = time.monotonic() - self._alive_at
        if frozen_s > _FROZEN_S:
            fatal("judge", TimeoutError(f"the process stood still for {frozen_s:.0f} s"))
