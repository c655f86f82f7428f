"""A recount's end in ClickHouse: what was stored of a bot, page by page, and numbers of generations. It is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from app.adapters.backfill import hits_found
from app.adapters.clickhouse import session
from app.adapters.patience import patiently
from app.adapters.reader import Reader
from app.adapters.recount_log import Places
from app.config import Settings
from app.core.commands.recounting import wanting
from app.core.counters import CellBatch
from app.core.events import Reporting
from app.core.recounting import ARRIVALS
from app.core.refusal import Refusal
from app.core.registry import Bot

__all__ = ["RecountTables", "loss"]

_PAGE: Final = 20_000
_SYNC: Final[dict[str, Any]] = {"mutations_sync": 2, "max_execution_time": 0}
_DELETE: Final = "ALTER TABLE counter_parts DELETE WHERE bot_id = %(bot)s AND generation NOT IN %(kept)s"


async def loss(reader: Reader, bot: Bot, changes: Mapping[str, Any]) -> Refusal | None:
    """
    Return why *changes* of *bot* would cost numbers: some were counted from events that are no longer stored.

    None where they would not. Raises Unavailable where ClickHouse does not answer.
    """
    after = wanting(bot, changes)
    if after.recounting is None or after.recounting == bot.recounting:
        return None
    ((events, first_s),) = await reader.rows("recount.lost", bot=bot.id, generation=bot.reporting.generation)
    if not events:
        return None
    day = datetime.fromtimestamp(first_s, UTC).date()

    return Refusal(
        "events_gone",
        f"{events:,} events before {day} were counted and are no longer stored, so they cannot be counted anew: their "
        "numbers would be gone. Say accept_loss (--accept-loss) if they may.",
        "accept_loss",
    )


class RecountTables:
    """One connection, for one question at a time."""

    def __init__(self, settings: Settings, page: int = _PAGE) -> None:
        self._settings = settings
        self._reader = Reader(settings, threads=1)
        self._page = page

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    async def size(self, bot: str, begins: Places) -> int:
        """Return how many events of *bot* were stored before *begins*."""
        ((events,),) = await self._rows("recount.size", bot=bot, begins=self._listed(begins))

        return int(events)

    async def pages(self, bot: str, begins: Places) -> AsyncIterator[list[Sequence[Any]]]:
        """Yield what was stored of *bot* before *begins*, as `core.recounting.history` takes it."""
        user = event = ""
        size = self._page
        asked = {"bot": bot, "begins": self._listed(begins), "limit": self._page}
        while size == self._page:
            rows = await self._rows("recount.page", **asked, user=user, event=event)
            size = len(rows)
            if rows:
                user, event = rows[-1][:2]
                yield rows

    async def arrivals(self, bot: str, shown: int, coming: int) -> list[tuple[str, int, int]]:
        """Return what generation *shown* says of how events arrived, and *coming* does not: measure, hour and number."""
        found: list[tuple[str, int, int]] = await self._rows(
            "recount.arrivals", bot=bot, shown=shown, coming=coming, measures=ARRIVALS
        )

        return found

    async def hits(self, bot: str, reporting: Reporting, now_ms: int) -> list[CellBatch]:
        """Return what back-fills of dashboards found, as numbers of the generation of *reporting*."""
        found = []
        for (hit,) in await self._rows("recount.hits", bot=bot):

            async def ask(hit: str = hit) -> list[CellBatch]:
                return await hits_found(self._reader, bot, hit, reporting, now_ms)

            found += await patiently(ask, "recount")

        return found

    async def generations(self, bots: Collection[str]) -> list[tuple[str, int]]:
        """Return each bot and generation of which there are numbers."""
        return await self._rows("recount.left", bots=list(bots)) if bots else []

    async def drop(self, bot: str, kept: Collection[int]) -> None:
        """Delete the numbers of all generations of *bot* but those that are *kept*; raise BotpulseError where that fails."""

        def work() -> None:
            with session(self._settings) as client:
                client.execute(_DELETE, {"bot": bot, "kept": sorted(kept)}, settings=_SYNC)

        await asyncio.to_thread(work)

    def _listed(self, begins: Places) -> list[int]:
        return [begins[partition] for partition in range(self._settings.partitions)]

    async def _rows(self, query: str, /, **parameters: object) -> list[Any]:
        return await patiently(lambda: self._reader.rows(query, **parameters), "recount")
