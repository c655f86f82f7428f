"""
Carries out the deletion of bots, for as long as a web process lives: whatever the registry says is deleted and not finished.

    erase       a delivery through the log: track forgets the bot, exactly, and takes nothing of it any more
    wait        until everything that was accepted before is counted and stored
    count       what the tables hold goes into the report, before any of it goes
    delete      rows, what links tell of it, and its history in the registry
    finish      the report says when

Each step may be done twice, by two processes or after a crash; the registry says how far it is.  From time to time the tables
are looked through again, so that a restored copy, or a store that was frozen, brings nothing back.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from app.adapters.topics import DAY_MS
from app.adapters.traces import Traces
from app.config import Settings
from app.core.commands.removal import count_removed, finish_removal
from app.core.deliveries import ERASE, Delivery
from app.core.registry import Removed
from app.core.removal import is_counted, removed_bots, unfinished
from app.errors import BotpulseError
from app.ports import Clock, Edge, Registry

__all__ = ["Remover", "kept_until"]

_WHO: Final = "removal"
_RETRY_S: Final = 5.0
_LOOK_S: Final = 600.0
_SEGMENT_DAYS: Final = 7
"""The broker deletes a file when its newest record is old enough, and begins another at the latest after a week."""

_log = structlog.get_logger(__name__)


def kept_until(settings: Settings, now_ms: int) -> int:
    """Return when what is accepted now has left the broker at the latest."""
    return now_ms + (settings.raw_retention_days + _SEGMENT_DAYS) * DAY_MS


class Remover:
    """The work of one web process. What it cannot do now it tries again, without an end."""

    def __init__(self, traces: Traces, registry: Registry, edge: Edge, clock: Clock) -> None:
        self._traces = traces
        self._registry = registry
        self._edge = edge
        self._clock = clock
        self._moved = asyncio.Event()
        self._sent: set[str] = set()
        self._looked_at = -_LOOK_S
        self._is_stopping = False
        self._forgotten: set[str] = set()
        self._said = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with what is unfinished."""
        self._registry.on_change(lambda _state: self._moved.set())
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave what is under way; the next process goes on with it."""
        self._is_stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._moved.clear()
            wait_s = _LOOK_S
            try:
                for removed in unfinished(self._registry.state):
                    await self._finish(removed)
                await self._forget_people()
                await self._look_through()
                self._said = ""
            except (BotpulseError, KafkaError, OSError) as error:
                self._say(str(error))
                wait_s = _RETRY_S
            except Exception:  # noqa: BLE001 whatever it is, a deletion that was promised is not given up
                _log.exception("removal_failed")
                wait_s = _RETRY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._moved.wait()

    async def _finish(self, removed: Removed) -> None:
        bot = removed.id
        if not is_counted(removed):
            await self._erase(bot)
            rows, users = await self._traces.count_rows(bot)
            await self._registry.change(lambda state: count_removed(state, bot, rows, users), _WHO)
        await self._traces.erase_rows([bot])
        counts = {"links": await self._traces.forget_links(bot)}
        counts["registry_records"] = await self._traces.forget_notes(bot) + await self._registry.forget()
        when = self._clock()
        await self._registry.change(lambda state: finish_removal(state, bot, counts, when), _WHO)
        _log.info("bot_erased", bot=bot)

    async def _forget_people(self) -> None:
        """Let the log forget who was removed since the last time; after a start that is everybody once more."""
        gone = {name for name, removed in self._registry.state.removed.items() if removed.kind == "person"}
        if gone - self._forgotten:
            await self._registry.forget()
            self._forgotten = gone

    async def _erase(self, bot: str) -> None:
        if bot not in self._sent:
            await self._edge.accept(Delivery(bot, ERASE, self._clock(), []))
            self._sent.add(bot)
        await self._traces.wait_until_stored(self._go_on)

    def _say(self, error: str) -> None:
        """Say once what is waited for."""
        if error != self._said:
            _log.warning("removal_delayed", error=error)
        self._said = error

    def _go_on(self) -> None:
        if self._is_stopping:
            raise BotpulseError("this process is stopping", "stopping")

    async def _look_through(self) -> None:
        if time.monotonic() - self._looked_at < _LOOK_S:
            return
        state = self._registry.state
        bots = removed_bots(state) - {one.id for one in unfinished(state)}
        rows = await self._traces.erase_rows(bots)
        if rows:
            _log.warning("erased_again", rows=rows)
        self._looked_at = time.monotonic()
