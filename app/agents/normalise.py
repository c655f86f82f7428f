"""
Raw deliveries in, bot events or dead letters out.

reads   raw-events     (any partition)
writes  bot-events     (partition = hash of bot and user)
        dead-letters   (the partition the raw record came from)

What arrives within a few milliseconds is sent on together: later stages pay per record.  All decisions are taken by
`app.core.normalise`; a message is confirmed when everything made of it is acknowledged.

Events are held against the rules of the bots' dashboards as these are at that moment (`apply`); of bots that were deleted
nothing goes on, and those whose numbers were counted anew have the settings of their newest generation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import msgspec
import structlog

from app.adapters.outbox import Outbox
from app.adapters.topics import BOT_EVENTS, DEAD_LETTERS
from app.agents.acker import Acker, Confirmable
from app.agents.sequence import Sequence
from app.config import MIB, Settings
from app.core.dashboards.hits import NO_HITS, book_of
from app.core.dashboards.settling import READ_TO
from app.core.events import EventBatch, Reporting, encode_batches
from app.core.normalise import normalise
from app.core.registry import Bot, State
from app.core.removal import removed_bots
from app.crash import fatal

__all__ = ["Normalise"]

_GATHER_S: Final = 0.01
_MOST_EVENTS: Final = 4000
_MOST_UNITS: Final = 50
_RECORD_BYTES: Final = 4 * MIB

_log = structlog.get_logger(__name__)


class Normalise:
    """The agent's body, and what it has gathered."""

    def __init__(self, settings: Settings, outbox: Outbox, sequence: Sequence) -> None:
        self._sequence = sequence
        self._partitions = settings.partitions
        self._outbox = outbox
        self._acker = Acker()
        self._in_order = asyncio.Lock()
        self._events: list[Confirmable] = []
        self._batches: dict[int, list[EventBatch]] = {}
        self._letters: list[tuple[int, bytes]] = []
        self._gathered = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False
        self._book = NO_HITS
        self._removed: frozenset[str] = frozenset()
        self._bots: Mapping[str, Bot] = {}
        self._reportings: dict[str, Reporting] = {}
        self.figures = {"records": 0, "events": 0, "dead_letters": 0, READ_TO: 0}

    async def run(self, stream: Any) -> None:
        """Consume raw-events for ever."""
        stream.enable_acks = False  # see app/worker.py
        async for event in stream.events():
            try:
                if self._closed or not await self._sequence.admits(event.message):
                    continue
                self._take(event)
                if self._gathered >= _MOST_EVENTS:
                    self._flush()
                await self._room.wait()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - crash-only: nothing is acknowledged, the restart reads it again
                fatal("normalise", error)

    def apply(self, state: State) -> None:
        """Hold what comes from now on against the rules of *state*, and say so when all before it is written."""
        known = self._book.faults
        self._book = book_of(state, self._book)
        self._removed = removed_bots(state)
        if state.bots is not self._bots:
            self._bots = state.bots
            self._reportings = {
                bot.id: bot.reporting for bot in state.bots.values() if bot.reporting.generation
            }
        for hit, why in self._book.faults.items():
            if hit not in known:
                _log.warning("rule_left_out", dashboard=hit, why=why)
        self._flush()
        self._keep(self._say(state.read_to, list(self._tasks)))

    async def quiesce(self) -> None:
        """Return when all that was taken is written and confirmed."""
        self._flush()
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    async def finish(self) -> None:
        """Take nothing more, and return when all that was taken is written."""
        self._closed = True
        await self.quiesce()

    def _take(self, event: Any) -> None:
        message = event.message
        outcome = normalise(
            message.value or b"",
            message.partition,
            message.offset,
            self._partitions,
            self._book,
            self._removed,
            self._reportings,
        )
        for partition, batch in outcome.batches.items():
            self._batches.setdefault(partition, []).append(batch)
            self._gathered += len(batch.events)
            self.figures["events"] += len(batch.events)
        for letter in outcome.dead_letters:
            self._letters.append((message.partition, msgspec.json.encode(letter)))
        self.figures["records"] += 1
        self.figures["dead_letters"] += len(outcome.dead_letters)
        self._events.append(event)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_S, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._events:
            return
        self._keep(self._send(self._events, self._batches, self._letters))
        self._events, self._batches, self._letters, self._gathered = [], {}, [], 0

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _say(self, read_to: int, sending: list[asyncio.Task[None]]) -> None:
        if sending:
            await asyncio.wait(sending)
        self.figures[READ_TO] = max(read_to, self.figures[READ_TO])

    async def _send(
        self,
        events: list[Confirmable],
        batches: dict[int, list[EventBatch]],
        letters: list[tuple[int, bytes]],
    ) -> None:
        unit = self._acker.add(events)
        if len(self._acker) >= _MOST_UNITS:
            self._room.clear()
        try:
            async with self._in_order:  # track drops what comes after a later raw offset
                futures = [
                    await self._outbox.send(BOT_EVENTS, record, partition)
                    for partition, own in batches.items()
                    for record in _records(own)
                ]
            futures += [
                await self._outbox.send(DEAD_LETTERS, letter, partition) for partition, letter in letters
            ]
            if futures:
                await asyncio.wait(futures)
        except asyncio.CancelledError as error:
            fatal("normalise was stopped half-way", error)  # a later unit must not overtake this one
        self._acker.finish(unit)
        self._room.set()


def _records(batches: list[EventBatch]) -> list[bytes]:
    """Write one record, or several where one would be too large."""
    record = encode_batches(batches)
    if len(record) <= _RECORD_BYTES or len(batches) == 1:
        return [record]
    half = len(batches) // 2

    return [*_records(batches[:half]), *_records(batches[half:])]
