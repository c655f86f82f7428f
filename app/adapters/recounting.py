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
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError

from app.adapters.recount_log import RecountLog
from app.adapters.recount_tables import RecountTables
from app.adapters.topics import BOT_EVENTS, COUNTERS
from app.core.commands.recounting import claim_recount, finish_recount, is_claimed
from app.core.events import EventBatch, Reporting
from app.core.recounting import arrivals, history, order_of
from app.core.registry import Bot, RecountProgress, State
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
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}
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
        while True:
            self._moved.clear()
            wait_s = _LOOK_S
            for bot in [one for one in self._registry.state.bots.values() if one.recounting is not None]:
                wait_s = min(wait_s, await self._attend(bot))
            wait_s = min(wait_s, await self._tidy_up())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._moved.wait()

    async def _attend(self, bot: Bot) -> float:
        """Count *bot* if nobody else does, and it did not fail just now; return when to look again, in seconds."""
        due_in_s = self._due.get(bot.id, 0.0) - time.monotonic()
        if due_in_s > 0:
            return due_in_s
        if self._is_others(bot):
            return _RETRY_S
        try:
            await self._recount(bot)
        except (BotpulseError, KafkaError, OSError) as error:
            return self._failed(bot.id, str(error))
        except Exception:  # noqa: BLE001 whatever it is, a change that was promised is not given up
            _log.exception("recount_failed", bot=bot.id)
            return self._failed(bot.id, "")
        self._pauses.pop(bot.id, None)

        return _RETRY_S if self._is_waiting(bot.id) else _LOOK_S

    def _failed(self, bot: str, error: str) -> float:
        """Note that *bot* waits, longer each time: each try leaves a claim in the log."""
        pause_s = min(2 * self._pauses.get(bot, _RETRY_S / 2), _LOOK_S)
        self._pauses[bot], self._due[bot] = pause_s, time.monotonic() + pause_s
        if error:
            _log.warning("recount_delayed", bot=bot, error=error, again_in_s=pause_s)

        return pause_s

    def _is_waiting(self, bot: str) -> bool:
        found = self._registry.state.bots.get(bot)

        return found is not None and found.recounting is not None

    async def _tidy_up(self) -> float:
        """Tidy; return when to look again, in seconds."""
        try:
            is_done = await self._tidy()
        except (BotpulseError, KafkaError, OSError) as error:
            _log.debug("tidying_left_out", error=str(error))
            is_done = False
        except Exception:  # noqa: BLE001 what is left lies in nobody's way
            _log.exception("tidying_failed")
            is_done = False

        return _LOOK_S if is_done else _RETRY_S

    def _is_others(self, bot: Bot) -> bool:
        """Tell whether another process is at it, as far as it says."""
        claim, sign = bot.recounting, self._registry.state.recounts.get(bot.id)
        if claim is None or claim.by in ("", self._name):
            return False
        is_current = sign is not None and sign.generation == claim.reporting.generation
        heard_at = sign.at if sign is not None and is_current else claim.claimed_at

        return self._clock() - heard_at < _SILENT_MS

    async def _recount(self, bot: Bot) -> None:
        seen = bot.recounting
        assert seen is not None
        # a claim stays in the log for ever: first see that the broker is there
        async with _connected(self._log):
            try:
                state = await self._registry.change(
                    lambda state: claim_recount(state, bot.id, seen, self._name, self._clock()), _WHO
                )
                coming = self._claimed(state, bot.id)
                await _Recount(
                    self._log, self._tables, self._registry, self._partitions, self._clock, bot.id, coming
                ).run()
            except (Refused, _Overtaken):
                _log.info("recount_given_up", bot=bot.id)

    def _claimed(self, state: State, bot: str) -> Reporting:
        """Return what this process has claimed; *state* may have somebody else's claim already, which came after."""
        claim = state.bots[bot].recounting if bot in state.bots else None
        if claim is None or claim.by != self._name:
            raise _Overtaken

        return claim.reporting

    async def _tidy(self) -> bool:
        """
        Let generations leave that are neither shown nor being counted: old ones, and those of processes that died.

        Tell whether that is done. What is claimed meanwhile has a higher number and is not touched.
        """
        state = self._registry.state
        settled = [bot for bot in state.bots.values() if bot.generations and bot.coming is None]
        revisions = {bot.id: state.revision_of(bot) for bot in settled}
        if revisions == self._tidied and time.monotonic() - self._tidied_at < _LOOK_S:
            return True
        left = await self._tables.generations(list(revisions))
        untidy = {bot for bot, generation in left if generation != state.bots[bot].reporting.generation}
        dropped = [await self._is_dropped(state.bots[bot], revisions[bot]) for bot in sorted(untidy)]
        if not all(dropped):
            return False
        self._tidied, self._tidied_at = revisions, time.monotonic()

        return True

    async def _is_dropped(self, bot: Bot, revision: int) -> bool:
        try:
            return await self._drop(bot, revision)
        except (BotpulseError, KafkaError, OSError) as error:
            _log.debug("tidying_left_out", bot=bot.id, error=str(error))
            return False

    async def _drop(self, bot: Bot, revision: int) -> bool:
        """Drop all generations but the one that is shown, once SQL is shown it, too; tell whether that is so."""
        shown = bot.reporting.generation
        if not await self._tables.is_told(bot.id, shown):
            return False

        def go_on() -> None:
            if self._registry.state.revision_of(bot) != revision:
                raise BotpulseError("the bot was changed meanwhile", "changed")

        async with _connected(self._log):
            # a back-fill that ended when it was shown may have told the generation before
            await self._log.tell(await self._tables.hits(bot.id, bot.reporting, self._clock(), go_on))
            # or what is on its way would come after
            await self._log.wait_until_counted(await self._log.order(bot.id, order_of(bot, revision)), go_on)
            await self._tables.wait_until_stored(COUNTERS, await self._log.ends(COUNTERS), go_on)
        await self._tables.drop(bot.id, shown, bot.generations)
        _log.info("generations_dropped", bot=bot.id)

        return True


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
        await self._log.wait_until_counted(begins, self._go_on)
        ends = {partition: offset + 1 for partition, offset in begins.items()}
        await self._tables.wait_until_stored(BOT_EVENTS, ends, self._go_on)
        self._of = await self._tables.size(self._bot, begins, self._go_on)
        async for rows in self._tables.pages(self._bot, begins, self._go_on):
            batches = await asyncio.to_thread(self._batches, rows)
            await self._log.wait_until_counted(await self._log.send(batches), self._go_on)
            self._events += len(rows)
        await self._wait_until_stored()
        await self._take_over(order.shown.generation)
        if not await self._log.is_kept(begins):
            msg = "the log was emptied while a recount was under way, as by a replay; it begins again"
            raise BotpulseError(msg, "log_emptied")

    def _batches(self, rows: list[Sequence[Any]]) -> list[tuple[int, EventBatch]]:
        return list(history(self._bot, self._coming.generation, rows, self._partitions, self._clock()))

    async def _wait_until_stored(self) -> None:
        """Return when all that was counted and told is in ClickHouse."""
        await self._tables.wait_until_stored(COUNTERS, await self._log.ends(COUNTERS), self._go_on)

    async def _take_over(self, shown: int) -> None:
        hours = await self._tables.arrivals(self._bot, shown, self._coming.generation, self._go_on)
        await self._log.tell(arrivals(self._bot, self._coming, hours, self._clock()))
        hits = await self._tables.hits(self._bot, self._coming, self._clock(), self._go_on)
        await self._log.tell(hits)
        await self._wait_until_stored()
        await self._log.wait_for_alerts(self._go_on)

    async def _finish(self) -> None:
        generation = self._coming.generation
        try:
            await self._registry.change(lambda state: finish_recount(state, self._bot, generation), _WHO)
        except Refused as error:
            raise _Overtaken from error
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


@asynccontextmanager
async def _connected(log: RecountLog) -> AsyncIterator[None]:
    """Connect *log* for one piece of work."""
    await log.start()
    try:
        yield
    finally:
        await log.stop()
