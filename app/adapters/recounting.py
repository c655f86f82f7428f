"""
Counts bots' numbers anew when what cuts them is to be another, for as long as a web process lives: decision 19 says why so.

    claim       the registry says who counts, and as which generation
    order       track counts what comes from here on in that generation, too, beside the one that is shown
    history     what was stored before the order is sent once more, for that generation alone
    take over   what no stored event tells: how events arrived, and what back-fills of dashboards found
    finish      the registry says that it is shown; every process follows
    tidy        the old generation leaves state and tables

A process that dies leaves a claim behind, and another begins again with a generation of its own; what it left is tidied.
So nothing is ever counted twice, and what is shown is always whole.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from app.adapters.recount_log import RecountLog
from app.adapters.recount_tables import RecountTables
from app.core.commands.recounting import claim_recount, finish_recount, is_claimed
from app.core.events import Reporting
from app.core.recounting import arrivals, history, order_of
from app.core.registry import Bot, RecountProgress
from app.errors import BotpulseError
from app.ports import Clock, Refused, Registry, Unavailable

__all__ = ["Recounter"]

_WHO: Final = "recount"
_RETRY_S: Final = 5.0
_SIGN_S: Final = 5.0
_SILENT_MS: Final = 30_000
"""A process that has not said for so long how far it is does not count any more."""

_LOOK_S: Final = 600.0

_log = structlog.get_logger(__name__)


class Recounter:
    """The work of one web process, one bot after the other."""

    def __init__(
        self, log: RecountLog, tables: RecountTables, registry: Registry, partitions: int, clock: Clock
    ) -> None:
        self._log = log
        self._tables = tables
        self._registry = registry
        self._partitions = partitions
        self._clock = clock
        self._name = secrets.token_hex(8)
        self._moved = asyncio.Event()
        self._tidied: dict[str, int] = {}
        self._tidied_at = -_LOOK_S
        self._said = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with what there is."""
        self._registry.on_change(lambda _state: self._moved.set())
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave what is under way; another process begins it anew."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._tables.close()

    async def _run(self) -> None:
        pauses = _pauses()
        while True:
            self._moved.clear()
            try:
                is_done = await self._do_all()
                self._said, pauses = "", _pauses()
            except (BotpulseError, KafkaError, OSError) as error:
                self._say(str(error))
                await asyncio.sleep(next(pauses))
                continue
            except Exception:  # noqa: BLE001 whatever it is, a change that was promised is not given up
                _log.exception("recount_failed")
                await asyncio.sleep(next(pauses))
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S if is_done else _RETRY_S):
                    await self._moved.wait()

    async def _do_all(self) -> bool:
        """Count what is to be counted, and tidy; tell whether that leaves nothing that another process is about."""
        waiting = [bot for bot in self._registry.state.bots.values() if bot.recounting is not None]
        others = [bot for bot in waiting if self._is_others(bot)]
        for bot in waiting:
            if bot not in others:
                await self._recount(bot.id)
        await self._tidy()

        return not others

    def _is_others(self, bot: Bot) -> bool:
        """Tell whether another process is at it, as far as it says."""
        claim, sign = bot.recounting, self._registry.state.recounts.get(bot.id)
        if claim is None or claim.by in ("", self._name):
            return False
        is_current = sign is not None and sign.generation == claim.reporting.generation
        heard_at = sign.at if sign is not None and is_current else claim.claimed_at

        return self._clock() - heard_at < _SILENT_MS

    async def _recount(self, bot: str) -> None:
        async with _connected(
            self._log
        ):  # a claim stays in the log for ever: first see that the broker is there
            state = await self._registry.change(
                lambda state: claim_recount(state, bot, self._name, self._clock()), _WHO
            )
            claim = state.bots[bot].recounting
            assert claim is not None
            work = _Recount(
                self._log, self._tables, self._registry, self._partitions, self._clock, bot, claim.reporting
            )
            try:
                await work.run()
            except _Overtaken:
                _log.info("recount_given_up", bot=bot, generation=claim.reporting.generation)

    async def _tidy(self) -> None:
        """Let generations leave that are neither shown nor being counted: old ones, and those of processes that died."""
        state = self._registry.state
        settled = [
            bot
            for bot in state.bots.values()
            if bot.generations and not (bot.recounting and bot.recounting.by)
        ]
        revisions = {bot.id: state.revision_of(bot) for bot in settled}
        if revisions == self._tidied and time.monotonic() - self._tidied_at < _LOOK_S:
            return
        left = await self._tables.generations(list(revisions))
        untidy = {bot for bot, generation in left if generation != state.bots[bot].reporting.generation}
        for bot in sorted(untidy):
            async with _connected(self._log):
                await self._log.order(bot, order_of(state.bots[bot], revisions[bot]))
                await self._log.wait_until_stored(lambda: None)  # or what is on its way would come after
            await self._tables.drop(bot, [state.bots[bot].reporting.generation])
            _log.info("generations_dropped", bot=bot)
        self._tidied, self._tidied_at = revisions, time.monotonic()

    def _say(self, error: str) -> None:
        """Say once what is waited for."""
        if error != self._said:
            _log.warning("recount_delayed", error=error)
        self._said = error


class _Overtaken(Exception):  # noqa: N818 a reason to stop, not a mishap
    """Somebody wants other settings by now, or another process counts."""


class _Recount:
    """One bot, counted as the generation of *coming*."""

    def __init__(
        self,
        log: RecountLog,
        tables: RecountTables,
        registry: Registry,
        partitions: int,
        clock: Clock,
        bot: str,
        coming: Reporting,
    ) -> None:
        self._log = log
        self._tables = tables
        self._registry = registry
        self._partitions = partitions
        self._clock = clock
        self._bot = bot
        self._coming = coming
        self._events = 0
        self._of = 0

    async def run(self) -> None:
        """Return when it is shown; raise _Overtaken when it will not be."""
        signing = asyncio.create_task(self._sign())
        try:
            await self._count()
            await self._finish()
        finally:
            signing.cancel()
            await asyncio.gather(signing, return_exceptions=True)

    async def _count(self) -> None:
        bot = self._current()
        order = order_of(bot, self._registry.state.revision_of(bot))
        begins = await self._log.order(self._bot, order)
        await self._log.wait_until_stored(self._go_on)
        self._of = await self._tables.size(self._bot, begins)
        async for rows in self._tables.pages(self._bot, begins):
            generation, now_ms = self._coming.generation, self._clock()
            batches = history(self._bot, generation, rows, self._partitions, now_ms)
            await self._log.wait_until_counted(await self._log.send(batches), self._go_on)
            self._events += len(rows)
        await self._log.wait_until_stored(self._go_on)
        await self._take_over(order.shown.generation)
        if not await self._log.is_kept(begins):
            msg = "the log was emptied while a recount was under way, as by a replay; it begins again"
            raise BotpulseError(msg, "log_emptied")

    async def _take_over(self, shown: int) -> None:
        hours = await self._tables.arrivals(self._bot, shown, self._coming.generation)
        await self._log.tell([arrivals(self._bot, self._coming, hours, self._clock())])
        await self._log.tell(await self._tables.hits(self._bot, self._coming, self._clock()))
        await self._log.wait_until_stored(self._go_on)
        await self._log.wait_for_alerts(self._go_on)

    async def _finish(self) -> None:
        generation = self._coming.generation
        try:
            await self._registry.change(lambda state: finish_recount(state, self._bot, generation), _WHO)
        except Refused as error:
            raise _Overtaken from error
        # a back-fill that ended just now may have told the generation before
        await self._log.tell(await self._tables.hits(self._bot, self._coming, self._clock()))
        _log.info("recounted", bot=self._bot, generation=generation, events=self._events)

    def _current(self) -> Bot:
        bot = self._registry.state.bots.get(self._bot)
        if bot is None or not is_claimed(bot, self._coming.generation):
            raise _Overtaken

        return bot

    def _go_on(self) -> None:
        self._current()

    async def _sign(self) -> None:
        """Say now and then how far it is, so that nobody else begins, and people see it."""
        while True:
            sign = RecountProgress(self._bot, self._coming.generation, self._events, self._of, self._clock())
            try:
                await self._registry.note(sign)
            except Unavailable as error:
                _log.debug("sign_left_out", error=str(error))
            await asyncio.sleep(_SIGN_S)


def _pauses() -> Iterator[float]:
    """Yield how long to wait after one failure, the next, ..."""
    pause_s = _RETRY_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, _LOOK_S)


@asynccontextmanager
async def _connected(log: RecountLog) -> AsyncIterator[None]:
    """Connect *log* for one piece of work."""
    await log.start()
    try:
        yield
    finally:
        await log.stop()
