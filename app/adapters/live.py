"""
Keeps a live view current: what ClickHouse has, then `counters` from where the store stood; and wakes who watches.

Numbers are read back from ClickHouse rather than from two days of the topic, so that a web process is there within a
second or two however much has happened.  The store writes parts before its position, so nothing is missed in between;
what comes twice has the same stamp.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from app.adapters.patience import patiently
from app.adapters.reader import Reader
from app.adapters.tail import Places, Record, Tail, from_time, now_on
from app.adapters.topics import BOT_EVENTS, COUNTERS
from app.core.alerts.machine import Transition
from app.core.counters import CellBatch, decode_cells
from app.core.events import BotEvent, decode_batches
from app.core.generations import bot_in, generation_of
from app.core.live import FOLLOWED, LiveView, oldest_starts
from app.core.readable import Unreadable, read
from app.core.recounting import names_of
from app.core.registry import Bot, RecountProgress, State
from app.ports import Clock

__all__ = ["Live", "Transcript", "Watcher"]

_PRUNE_S: Final = 30.0
_BACK_MS: Final = 48 * 3_600_000
_MOST_LINES: Final = 20

_log = structlog.get_logger(__name__)


class Watcher:
    """
    Somebody who looks at a bot: `woken` is set when there is something new.

    `lines` are sampled events, `alerts` what became of alerts.
    """

    def __init__(self, bot: str) -> None:
        self.bot = bot
        self.woken = asyncio.Event()
        self.lines: list[BotEvent] = []
        self.alerts: list[Transition] = []


class Live:
    """The one follower of a web process, for all who watch."""

    def __init__(self, bootstrap: str, reader: Reader, bots: Callable[[], list[str]], clock: Clock) -> None:
        self.view = LiveView()
        self.epoch = secrets.token_hex(4)
        self.updated_ms = 0
        self.is_closing = False
        self.watchers: set[Watcher] = set()
        self._reader = reader
        self._bots = bots
        self._clock = clock
        self._known = State()
        self._tail = Tail(bootstrap, COUNTERS, self._restore, self._take)
        self._transcript = Transcript(bootstrap, self.watchers)

    @property
    def is_ready(self) -> bool:
        """Tell whether everything counted before the start is in the view."""
        return self._tail.is_caught_up

    @property
    def follows_events(self) -> bool:
        """Tell whether bot-events is being read."""
        return self._transcript.is_following

    async def run(self) -> None:
        """Follow until cancelled."""
        pruning = asyncio.create_task(self._prune())
        try:
            await self._tail.run()
        finally:
            pruning.cancel()
            await self._transcript.stop()

    @contextmanager
    def watching(self, bot: str) -> Iterator[Watcher]:
        """Be woken when something about *bot* changes."""
        watcher = Watcher(bot)
        self.watchers.add(watcher)
        self._transcript.start()
        try:
            yield watcher
        finally:
            self.watchers.discard(watcher)
            if not self.watchers:
                self._transcript.cancel()

    def tell(self, told: Transition) -> None:
        """Hand what became of an alert to those who watch its bot."""
        for watcher in self.watchers:
            if watcher.bot == told.bot:
                watcher.alerts.append(told)
                watcher.woken.set()

    def follow(self, state: State) -> None:
        """
        Forget what *state* knows no more: bots that were deleted, generations that others took the place of.

        Who watches hears what is new of their bot, and of any key or person: it may be theirs, and end what they may.
        """
        before, self._known = self._known, state
        are_rights_new = state.keys is not before.keys or state.people is not before.people
        are_bots_new = state.bots is not before.bots or state.recounts is not before.recounts
        for name in self.view.names() if are_bots_new else ():
            if _is_past(state, name):
                self.view.forget(name)
        for watcher in self.watchers if are_bots_new or are_rights_new else ():
            if are_rights_new or _standing(state, watcher.bot) != _standing(before, watcher.bot):
                watcher.woken.set()

    def close(self) -> None:
        """Send everybody home."""
        self.is_closing = True
        for watcher in self.watchers:
            watcher.woken.set()

    async def _restore(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> Places:
        """Fill the view from ClickHouse and say where the store stood before that."""
        stored = await patiently(self._stored, "live_view")
        recent = await from_time(consumer, partitions, self._clock() - _BACK_MS)
        return {one: max(stored.get(one, 0), place) for one, place in recent.items()}

    async def _stored(self) -> dict[int, int]:
        """Load what the store has written, and say how far that goes."""
        stored: dict[int, int] = dict(await self._reader.rows("live.positions", topic=COUNTERS))
        await self._load()
        return stored

    async def _load(self) -> None:
        now_ms = self._clock()
        rows = await self._reader.rows(
            "live.parts", bots=self._bots() or [""], measures=sorted(FOLLOWED), **oldest_starts(now_ms)
        )
        batches: dict[tuple[int, int, int], CellBatch] = {}
        for partition, log_day, *cell, value, stamp in rows:
            batch = batches.setdefault((partition, log_day, stamp), CellBatch(partition, log_day, stamp, []))
            batch.cells.append((*cell, value))
        self._note(batches.values())

    def _take(self, records: Sequence[Record]) -> None:
        self._note(batch for record in records if (batch := _cells(record)) is not None)

    def _note(self, batches: Iterable[CellBatch]) -> None:
        now_ms = self._clock()
        bots: set[str] = set()
        for batch in batches:
            bots |= {bot_in(name) for name in self.view.take(batch, now_ms)}
        self.updated_ms = now_ms
        for watcher in self.watchers:
            if watcher.bot in bots:
                watcher.woken.set()

    async def _prune(self) -> None:
        while True:
            await asyncio.sleep(_PRUNE_S)
            self.view.prune(self._clock())


class Transcript:
    """Follows bot-events from now on, only while somebody watches, and hands a few of each bot's to its watchers."""

    def __init__(self, bootstrap: str, watchers: set[Watcher]) -> None:
        self._watchers = watchers
        self._tail = Tail(bootstrap, BOT_EVENTS, now_on, self._take)
        self._bootstrap = bootstrap
        self._task: asyncio.Task[None] | None = None

    @property
    def is_following(self) -> bool:
        """Tell whether the topic is being read."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Follow, if that is not done already."""
        if not self.is_following:
            self._tail = Tail(self._bootstrap, BOT_EVENTS, now_on, self._take)
            self._task = asyncio.create_task(self._tail.run())

    def cancel(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()

    async def stop(self) -> None:
        """Stop following and return when that is done."""
        self.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _take(self, records: Sequence[Record]) -> None:
        wanted = {watcher.bot for watcher in self._watchers if len(watcher.lines) < _MOST_LINES}
        for record in reversed(records):
            found = {bot for bot in wanted if b'"%s"' % bot.encode() in record.value}
            if found:
                self._hand_out(_events(record.value), found)
                wanted = {watcher.bot for watcher in self._watchers if len(watcher.lines) < _MOST_LINES}

    def _hand_out(self, events: list[BotEvent], bots: set[str]) -> None:
        for watcher in self._watchers:
            if watcher.bot in bots:
                own = [event for event in events if event.bot_id == watcher.bot]
                watcher.lines += own[-(_MOST_LINES - len(watcher.lines)) :]
                watcher.woken.set()


def _is_past(state: State, name: str) -> bool:
    """Tell whether nobody asks for *name* any more; what *state* has not heard of yet may be asked for soon."""
    bot = state.bots.get(bot_in(name))
    if bot is None:
        return f"bot:{bot_in(name)}" in state.removed

    return name not in names_of(bot) and generation_of(name) <= bot.generations


def _standing(state: State, bot: str) -> tuple[Bot | None, RecountProgress | None]:
    return state.bots.get(bot), state.recounts.get(bot)


def _cells(record: Record) -> CellBatch | None:
    try:
        return read(decode_cells, record.value)
    except Unreadable:
        _log.warning("counters_unreadable", partition=record.partition, offset=record.offset)
        return None


def _events(record: bytes) -> list[BotEvent]:
    try:
        return [event for batch in read(decode_batches, record) for event in batch.events]
    except Unreadable:
        return []
