"""A recount's end in ClickHouse: what was stored of a bot, page by page, and numbers of generations. It is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar

import structlog

from app.adapters.backfill import hits_found
from app.adapters.clickhouse import session
from app.adapters.ends import has_come_to
from app.adapters.queries import query
from app.adapters.reader import Reader
from app.adapters.recount_log import GoOn, Places
from app.config import Settings
from app.core.commands.recounting import is_same_cut, wanting
from app.core.counters import CellBatch
from app.core.events import Reporting
from app.core.recounting import ARRIVALS
from app.core.refusal import Refusal
from app.core.registry import Bot
from app.ports import Unavailable

__all__ = ["RecountTables", "loss"]

T = TypeVar("T")
_log = structlog.get_logger(__name__)

_PAGE: Final = 20_000
_SYNC: Final[dict[str, Any]] = {"mutations_sync": 2, "max_execution_time": 0}
_DELETE: Final = "ALTER TABLE counter_parts DELETE WHERE bot_id = %(bot)s AND generation != %(kept)s AND generation <= %(newest)s"
_LONGEST: Final = {"max_execution_time": 600}
_EVERY_S: Final = 0.5
_APART_S: Final = 1.5
_MOST_LOOKS: Final = 5
_RETRY_S: Final = 1.0


async def loss(reader: Reader, bot: Bot, changes: Mapping[str, Any]) -> Refusal | None:
    """
    Return why *changes* of *bot* would cost numbers: some were counted from events that are no longer stored.

    None where they would not. Raises Unavailable where ClickHouse does not answer.
    """
    after = wanting(bot, changes).recounting
    if after is None or (
        bot.recounting is not None and is_same_cut(after.reporting, bot.recounting.reporting)
    ):
        return None
    shown = bot.reporting
    ((events, first, last),) = await reader.rows(
        "recount.lost", bot=bot.id, generation=shown.generation, zone=shown.zone
    )
    if not events:
        return None

    return Refusal(
        "events_gone",
        f"{events:,} events of days from {first} to {last} were counted and are no longer stored, so they cannot be counted "
        "anew: their numbers would be gone. Say accept_loss (--accept-loss) if they may.",
        "accept_loss",
    )


class RecountTables:
    """One connection, for one question at a time, asked until it is answered or there is no reason to go on."""

    def __init__(self, settings: Settings, page: int = _PAGE) -> None:
        self._settings = settings
        self._reader = Reader(settings, threads=1)
        self._page = page

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    async def wait_until_stored(self, topic: str, ends: Places, go_on: GoOn) -> None:
        """Return when ClickHouse has what stands before *ends* of *topic*; Kafka may know of another, older one."""
        while True:
            if has_come_to(ends, await self._rows("live.positions", go_on, topic=topic)):
                return
            await asyncio.sleep(_EVERY_S)

    async def size(self, bot: str, begins: Places, go_on: GoOn) -> int:
        """Return how many events of *bot* were stored before *begins*."""
        ((events,),) = await self._rows("recount.size", go_on, bot=bot, begins=self._listed(begins))

        return int(events)

    async def pages(self, bot: str, begins: Places, go_on: GoOn) -> AsyncIterator[list[Sequence[Any]]]:
        """Yield what was stored of *bot* before *begins*, as `core.recounting.history` takes it."""
        user = event = ""
        size = self._page
        asked = {"bot": bot, "begins": self._listed(begins), "limit": self._page}
        while size == self._page:
            rows = await self._rows("recount.page", go_on, **asked, user=user, event=event)
            size = len(rows)
            if rows:
                user, event = rows[-1][:2]
                yield rows

    async def arrivals(self, bot: str, shown: int, coming: int, go_on: GoOn) -> list[tuple[str, int, int]]:
        """
        Return what generation *shown* says of how events arrived, and *coming* does not: measure, hour and number.

        Both go on while they are asked, and what changes both may be stored in two steps, so two answers have to agree.
        """
        asked = {"bot": bot, "shown": shown, "coming": coming, "measures": ARRIVALS}
        before: list[tuple[str, int, int]] | None = None
        for _ in range(_MOST_LOOKS):
            found = sorted(await self._rows("recount.arrivals", go_on, **asked))
            if found == before:
                break
            before = found
            await asyncio.sleep(_APART_S)

        return found

    async def hits(self, bot: str, reporting: Reporting, now_ms: int, go_on: GoOn) -> list[CellBatch]:
        """Return what back-fills of dashboards found, as numbers of the generation of *reporting*."""
        found = []
        for (hit,) in await self._rows("recount.hits", go_on, bot=bot):

            async def ask(hit: str = hit) -> list[CellBatch]:
                return await hits_found(self._reader, bot, hit, reporting, now_ms)

            found += await _answered(ask, go_on)

        return found

    async def is_told(self, bot: str, generation: int) -> bool:
        """Tell whether SQL is shown this generation of *bot*. Raises Unavailable, as do the following."""
        return await self._reader.rows("recount.told", bot=bot) == [(generation,)]

    async def generations(self, bots: Collection[str]) -> list[tuple[str, int]]:
        """Return each bot and generation of which there are numbers."""
        return await self._reader.rows("recount.left", bots=list(bots)) if bots else []

    async def drop(self, bot: str, kept: int, newest: int) -> None:
        """Delete the numbers of all generations of *bot* up to *newest* but *kept*; raise BotpulseError where that fails."""

        def work() -> None:
            with session(self._settings) as client:
                client.execute(_DELETE, {"bot": bot, "kept": kept, "newest": newest}, settings=_SYNC)

        await asyncio.to_thread(work)

    def _listed(self, begins: Places) -> list[int]:
        return [begins[partition] for partition in range(self._settings.partitions)]

    async def _rows(self, name: str, go_on: GoOn, /, **parameters: object) -> list[Any]:
        async def ask() -> list[Any]:
            found: list[Any] = await self._reader.run(
                lambda client: client.execute(query(name), parameters, settings=_LONGEST)
            )
            return found

        return await _answered(ask, go_on)


async def _answered(ask: Callable[[], Awaitable[list[T]]], go_on: GoOn) -> list[T]:
    """Return the answer of *ask*, asked anew while ClickHouse is away."""
    is_said = False
    while True:
        go_on()
        try:
            return await ask()
        except Unavailable as error:
            if not is_said:
                _log.info("waiting", who="recount", reason=error.message)
            is_said = True
            await asyncio.sleep(_RETRY_S)
