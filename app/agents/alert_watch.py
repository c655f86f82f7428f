"""
The first agent of the alert stage: passes on what some alert looks at.

reads   counters       (any partition)
writes  alert-inputs   (partition = hash of the bot)

Values are absolute and stamped, so what is passed on twice changes nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

from app.adapters.outbox import Outbox
from app.adapters.topics import ALERT_INPUTS
from app.agents.acker import Acker
from app.agents.registered import Registered
from app.agents.sequence import Sequence
from app.config import Settings
from app.core.alerts.definitions import home_of
from app.core.counters import CellBatch, decode_cells, encode_cells
from app.core.generations import bot_in
from app.core.readable import Unreadable, read
from app.crash import fatal
from app.ports import Clock

__all__ = ["Watcher"]

_KEPT_S: Final = 3 * 86_400
"""Farther back looks no window, nor the one before it; a replay brings much that is older."""

_log = structlog.get_logger(__name__)


class Watcher:
    """The first agent's body."""

    def __init__(
        self, settings: Settings, outbox: Outbox, sequence: Sequence, registered: Registered, clock: Clock
    ) -> None:
        self._partitions = settings.partitions
        self._outbox = outbox
        self._sequence = sequence
        self._registered = registered
        self._clock = clock
        self._acker = Acker()
        self._sending: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self.figures = {"records": 0, "cells": 0, "unreadable_counters": 0}

    async def run(self, stream: Any) -> None:
        """Consume counters for ever."""
        stream.enable_acks = False  # see app/worker.py
        await self._registered.ready.wait()
        async for event in stream.events():
            try:
                if not self._is_closed and await self._sequence.admits(event.message):
                    await self._pass_on(event)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - crash-only: nothing is acknowledged, the restart reads it again
                fatal("watch", error)

    async def finish(self) -> None:
        """Take nothing more, and return when all that was taken is written."""
        self._is_closed = True
        while self._sending:
            await asyncio.wait(list(self._sending))

    async def _pass_on(self, event: Any) -> None:
        batches = self._batches(event.message)
        self.figures["records"] += 1
        unit = self._acker.add([event])
        if not batches:
            self._acker.finish(unit)
            return
        self.figures["cells"] += sum(len(batch.cells) for batch in batches.values())
        sent = [
            await self._outbox.send(ALERT_INPUTS, encode_cells(batch), place)
            for place, batch in batches.items()
        ]

        async def confirm() -> None:
            await asyncio.wait(sent)
            self._acker.finish(unit)

        task = asyncio.get_running_loop().create_task(confirm())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def _batches(self, message: Any) -> dict[int, CellBatch]:
        try:
            return self._wanted(read(decode_cells, message.value))
        except Unreadable as error:
            self.figures["unreadable_counters"] += 1
            _log.warning(
                "counters_unreadable", partition=message.partition, offset=message.offset, error=str(error)
            )
            return {}

    def _wanted(self, batch: CellBatch) -> dict[int, CellBatch]:
        watchlist, found = self._registered.definitions.watchlist, dict[int, CellBatch]()
        oldest_s = self._clock() // 1000 - _KEPT_S
        for cell in batch.cells:
            bot, _, _, _, start, _, _ = cell
            if start >= oldest_s and watchlist.wants(cell):
                place = home_of(bot_in(bot), self._partitions)
                if place not in found:
                    found[place] = CellBatch(batch.partition, batch.log_day, batch.stamp, [])
                found[place].cells.append(cell)
        return found
