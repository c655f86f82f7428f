"""A recount without broker and tables: a log and tables that say what was asked of them, in what order, and wait for a test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from app.adapters.memory import MemoryRegistry
from app.adapters.recount_log import GoOn, Places, RecountLog
from app.adapters.recount_tables import RecountTables
from app.adapters.recounting import Recounter
from app.core.commands.bots import change_bot
from app.core.commands.recounting import claim_recount
from app.core.counters import CellBatch
from app.core.events import EventBatch, Recount, Reporting
from app.core.generations import counted_as
from app.core.registry import Bot, Recounting, State
from tests.facts import tell

__all__ = ["AT", "Case", "FakeLog", "FakeTables", "claim_as_other", "wanting_rome"]

AT = 1_700_000_000_000
ROW: Sequence[Any] = ("ann", "e1", AT, AT, "text", "in", "kik", "", False, "", "", None, "", "", [], [])

Call = tuple[object, ...]
Hook = Callable[[], Awaitable[None]]


class FakeLog(RecountLog):
    """`calls` is what happened; what is in `hooks` happens while a step of that name is under way."""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.hooks: dict[str, list[Hook]] = defaultdict(list)
        self.is_whole = True

    async def start(self) -> None:
        await self._step("start")

    async def stop(self) -> None:
        await self._step("stop")

    async def order(self, bot: str, order: Recount) -> Places:
        coming = order.coming.generation if order.coming is not None else None
        await self._step("order", bot, order.shown.generation, coming)
        return {0: 7}

    async def send(self, batches: Iterable[tuple[int, EventBatch]]) -> Places:
        events = [event for _, batch in batches for event in batch.events]
        await self._step("send", *((event.bot_id, event.event_id) for event in events))
        return {0: 8}

    async def tell(self, batches: Iterable[CellBatch]) -> None:
        await self._step("tell", *(cell for batch in batches for cell in batch.cells))

    async def wait_until_counted(self, places: Places, go_on: GoOn) -> None:
        await self._step("wait_until_counted", places)
        go_on()

    async def wait_for_alerts(self, go_on: GoOn) -> None:
        await self._step("wait_for_alerts")

    async def ends(self, topic: str) -> Places:
        return {0: 9}

    async def is_kept(self, places: Places) -> bool:
        await self._step("is_kept", places)
        return self.is_whole

    async def _step(self, name: str, *about: object) -> None:
        self.calls.append((name, *about))
        if self.hooks[name]:
            await self.hooks[name].pop()()


class FakeTables(RecountTables):
    """One event of every bot, one late event, one hit that a back-fill found; a bot in `faults` cannot be counted."""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.faults: dict[str, Exception] = {}
        self.left: list[tuple[str, int]] = []
        self.is_sql_told = True

    def close(self) -> None:
        self.calls.append(("close",))

    async def wait_until_stored(self, topic: str, ends: Places, go_on: GoOn) -> None:
        go_on()
        self.calls.append(("wait_until_stored", topic, ends))

    async def size(self, bot: str, begins: Places, go_on: GoOn) -> int:
        if bot in self.faults:
            raise self.faults[bot]
        return 1

    async def pages(self, bot: str, begins: Places, go_on: GoOn) -> AsyncIterator[list[Sequence[Any]]]:
        self.calls.append(("page", bot, begins))
        yield [ROW]

    async def arrivals(self, bot: str, shown: int, coming: int, go_on: GoOn) -> list[tuple[str, int, int]]:
        self.calls.append(("arrivals", shown, coming))
        return [("late", 0, 2)]

    async def hits(self, bot: str, reporting: Reporting, now_ms: int, go_on: GoOn) -> list[CellBatch]:
        name = counted_as(bot, reporting.generation)
        return [CellBatch(0, 0, now_ms, [(name, "hits", "dashboard", "day", 0, "bought@1", 1)])]

    async def is_told(self, bot: str, generation: int) -> bool:
        self.calls.append(("is_told", bot, generation))
        return self.is_sql_told

    async def generations(self, bots: Collection[str]) -> list[tuple[str, int]]:
        if bots:
            self.calls.append(("generations",))
        return [one for one in self.left if one[0] in bots]

    async def drop(self, bot: str, kept: int, newest: int) -> None:
        self.calls.append(("drop", bot, kept, newest))
        self.left = [one for one in self.left if one[0] != bot or one[1] == kept or one[1] > newest]


class Case:
    """A registry, and everything around it that counts."""

    def __init__(self, registry: MemoryRegistry | None = None) -> None:
        self.registry = registry or MemoryRegistry()
        self.calls: list[Call] = []
        self.log, self.tables = FakeLog(self.calls), FakeTables(self.calls)
        self._shown: dict[str, int] = {}
        self.registry.on_change(self._watch)

    def bot(self, bot: str = "pizza") -> Bot:
        """Return what the registry says of a bot."""
        return self.registry.state.bots[bot]

    def named(self, *names: str) -> list[Call]:
        """Return the calls of these names."""
        return [call for call in self.calls if call[0] in names]

    def is_shown(self, generation: int, bot: str = "pizza") -> bool:
        """Tell whether this generation is shown, and nothing else is to be counted."""
        return self.bot(bot).reporting.generation == generation and self.bot(bot).recounting is None

    async def want(self, bot: str = "pizza", **changes: object) -> None:
        """Let somebody ask for other settings."""
        await self.registry.change(lambda state: change_bot(state, bot, changes), "test")

    async def tell(self, *bots: Bot) -> None:
        """Let there be *bots*."""
        await tell(self.registry, *bots)

    @asynccontextmanager
    async def process(self, log: FakeLog | None = None) -> AsyncIterator[Recounter]:
        """Run what a web process runs."""
        recounter = Recounter(log or self.log, self.tables, self.registry, 1, lambda: AT)
        recounter.start()
        try:
            yield recounter
        finally:
            await recounter.stop()

    def _watch(self, state: State) -> None:
        for bot in state.bots.values():
            generation = bot.reporting.generation
            if self._shown.setdefault(bot.id, generation) != generation:
                self._shown[bot.id] = generation
                self.calls.append(("shown", bot.id, generation))


def wanting_rome(bot: str = "pizza") -> Bot:
    """Return a bot whose numbers are to be counted anew, and nobody does it yet."""
    return Bot(bot, bot, "kik", 1, recounting=Recounting(Reporting("Europe/Rome")))


async def claim_as_other(registry: MemoryRegistry) -> None:
    """Let another process claim what is to be counted of the bot."""
    seen = registry.state.bots["pizza"].recounting
    assert seen is not None
    await registry.change(lambda state: claim_recount(state, "pizza", seen, "other", AT), "other")
