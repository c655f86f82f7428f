"""Events put where the pipeline would put them, by the same functions, with no broker in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from clickhouse_driver import Client

from app.adapters.clickhouse import insert
from app.config import Settings
from app.core.counters import CellBatch
from app.core.events import BotEvent, Reporting, partition_of
from app.core.registry import Bot
from app.core.rows import StreamRecord, counter_rows, event_rows
from app.core.shard import Shard
from tests.core.simulation import records_of, taken
from tests.web.site import ADMIN_KEY, Site, running, tell

__all__ = ["Reading", "reading", "stock"]

PARTITIONS = 3


class Reading:
    """A running web process over a stocked database."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def get(self, path: str, /, key: str = ADMIN_KEY, **parameters: Any) -> tuple[int, Any]:
        """Return status and answer of a read."""
        asked = {name.rstrip("_"): str(value) for name, value in parameters.items()}
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with self.site.client.get(self.site.url + path, params=asked, headers=headers) as answer:
            return answer.status, await answer.json()

    async def values(self, bot: str, measure: str, **parameters: Any) -> dict[str, Any]:
        """Return start -> value of a series."""
        status, answer = await self.get(f"/data/v1/bots/{bot}/series", measure=measure, **parameters)
        assert status == 200, answer
        return {point["start"]: point["value"] for point in answer["points"]}


@asynccontextmanager
async def reading(
    settings: Settings, reporting: Reporting, now_ms: int | Callable[[], int], *bots: str
) -> AsyncIterator[Reading]:
    """Run a web process that knows *bots* and has *now_ms*."""
    chosen = settings.model_dump(include=settings.model_fields_set)
    clock = now_ms if callable(now_ms) else lambda: now_ms
    async with running(clock=clock, **chosen) as site:
        for bot in bots:
            await tell(site.registry, Bot(bot, bot, "generic", clock(), reporting))
        yield Reading(site)


def stock(client: Client, events: Sequence[BotEvent], reporting: Reporting = Reporting()) -> None:
    """Fold and store *events* in the order of arrival."""
    split: defaultdict[int, list[BotEvent]] = defaultdict(list)
    for event in events:
        split[partition_of(event.bot_id, event.user_id, PARTITIONS)].append(event)
    for partition, own in split.items():
        shard = Shard(partition, {})
        batches: list[CellBatch] = []
        stream: list[StreamRecord] = []
        for offset, record in enumerate(records_of(own, 20, reporting)):
            shard.fold(offset, record)
            stream.append(StreamRecord(partition, offset, record))
            batches += taken(shard).counters
        for rows in (event_rows(stream), counter_rows(batches)):
            insert(client, rows, "")
