"""
Applies a dashboard's rule back over history: `apply_to_history` is the whole of it.

    settled -> page by page: events that did not hit it on arrival -> hits -> the dashboard counts from this version on -> cells

It may be run again, also after it died: hits are kept once for each event, and cells say whole numbers.  The dashboard counts
from this version on before the cells are told, so that one that dies in between leaves too little, which the next run adds,
and never the same event counted by two versions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from clickhouse_driver import Client

from app.adapters.clickhouse import insert
from app.adapters.queries import query
from app.adapters.reader import Reader
from app.adapters.settling import until_settled, until_stored
from app.adapters.topics import COUNTERS
from app.core.commands.dashboards import change_dashboard, dashboard_of
from app.core.counters import CellBatch, encode_cells
from app.core.dashboards.backfill import PARTITION, Part, batches_of
from app.core.dashboards.hits import hit_of
from app.core.events import BotEvent, Reporting
from app.core.generations import counted_as
from app.core.measures import MINUTE_HORIZON_MS
from app.core.refusal import Refusal
from app.core.registry import Dashboard, Fact, State
from app.core.rows import Rows
from app.core.rules.matching import Matcher
from app.ports import Clock, Refused, Registry, Unavailable

__all__ = [
    "BackFilled",
    "Send",
    "Tell",
    "Version",
    "apply_to_history",
    "back_fill",
    "counters_of",
    "hits_found",
]

Send = Callable[[CellBatch], Awaitable[None]]
"""Returns when a record of `counters` is durable."""

Tell = Callable[[int, int], None]
"""Hears now and then how many events were looked at, and how many of them match."""

_PAGE: Final = 20_000
_SETTINGS: Final = {"max_execution_time": 120}
_FIELDS: Final = (
    "user_id", "event_id", "at", "received_at", "kind", "direction", "platform", "text", "intent", "intent_confidence",
    "not_handled", "event_name", "amount", "locale", "attributes", "user_attributes",
)  # fmt: skip
_FORGET: Final = "ALTER TABLE backfilled_hits DELETE WHERE bot_id = %(bot)s AND dashboard = %(hit)s SETTINGS mutations_sync = 1"
_COLUMNS: Final = ("bot_id", "dashboard", "user_id", "event_id", "at", "received_at")


class BackFilled(NamedTuple):
    """How many events were looked at, and how many of these match."""

    events: int
    hits: int


class _Place(NamedTuple):
    user: str
    event: str


class _Page(NamedTuple):
    events: int
    hits: int
    last: _Place | None


async def apply_to_history(
    bootstrap: str,
    reader: Reader,
    registry: Registry,
    bot: str,
    dashboard: str,
    who: str,
    clock: Clock,
    why: str = "",
    tell: Tell = lambda _events, _hits: None,
) -> BackFilled:
    """
    Count the present rule of a dashboard of *bot* over all that happened, and let it count from this version on.

    Raises Refused where there is no such dashboard or its rule was changed meanwhile, and nothing is left then of what was found;
    Unavailable when broker, workers or ClickHouse are away; what was done till then is found again.
    """
    state = registry.state
    found = dashboard_of(state, bot, dashboard)
    if isinstance(found, Refusal):
        raise Refused(found)
    await until_settled(bootstrap, reader, state, clock)
    version = Version(registry, found, who, why)
    async with counters_of(bootstrap) as send:
        done = await back_fill(reader, version, send, clock(), tell)
    await until_stored(bootstrap, reader, COUNTERS)

    return done


class Version:
    """The version of a dashboard's rule that is applied, as long as it is the present one."""

    def __init__(self, registry: Registry, dashboard: Dashboard, who: str, why: str = "") -> None:
        self.dashboard = dashboard
        self._registry = registry
        self._who, self._why = who, why
        bot = registry.state.bots.get(dashboard.bot)
        self._reporting = bot.reporting if bot else Reporting()

    @property
    def reporting(self) -> Reporting:
        """How the bot's numbers are cut now; as when it was begun, where the bot is gone."""
        bot = self._registry.state.bots.get(self.dashboard.bot)
        if bot is not None:
            self._reporting = bot.reporting

        return self._reporting

    def check(self) -> None:
        """Raise Refused where the rule is another now."""
        refusal = self._counted(self._registry.state)
        if isinstance(refusal, Refusal):
            raise Refused(refusal)

    async def count(self) -> None:
        """Let the dashboard count from this version on; raise Refused where the rule is another now."""
        await self._registry.change(self._counted, self._who, self._why)

    def _counted(self, state: State) -> Sequence[Fact] | Refusal:
        before = self.dashboard
        present = dashboard_of(state, before.bot, before.id)
        if isinstance(present, Refusal):
            return present
        if present.version != before.version:
            return Refusal("rule_changed", "The rule was changed meanwhile; apply the new one.", "rule")

        return change_dashboard(state, before.bot, before.id, {"counted_from": before.version})


async def back_fill(
    reader: Reader,
    version: Version,
    send: Send,
    now_ms: int,
    tell: Tell = lambda _events, _hits: None,
    page: int = _PAGE,
) -> BackFilled:
    """Hold a rule against the events in ClickHouse that did not hit it on arrival; keep the hits, and count them."""
    dashboard = version.dashboard
    try:
        done = await _look(reader, version, tell, page)
        batches = await hits_found(reader, dashboard.bot, hit_of(dashboard), version.reporting, now_ms)
        await version.count()
    except Refused:
        await _take_back(reader, version)
        raise
    for batch in batches:
        await send(batch)

    return done


async def hits_found(
    reader: Reader, bot: str, hit: str, reporting: Reporting, now_ms: int
) -> list[CellBatch]:
    """Return the cells of what back-fills found of *hit*, for the generation of *bot* that is cut by *reporting*."""
    minutes_ms = max(now_ms - MINUTE_HORIZON_MS, 0)
    rows = await reader.rows("dashboards.cells", bot=bot, hit=hit, zone=reporting.zone, minutes_ms=minutes_ms)
    counted = [((window, start), number) for window, start, number in rows]
    said = await _said_before(reader, bot, hit, reporting.generation)

    return list(batches_of(counted_as(bot, reporting.generation), hit, counted, said, now_ms))


@asynccontextmanager
async def counters_of(bootstrap: str) -> AsyncIterator[Send]:
    """Give what writes to the topic `counters`."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)

    async def send(batch: CellBatch) -> None:
        await producer.send_and_wait(COUNTERS, encode_cells(batch), partition=0)

    try:
        await producer.start()
        yield send
    except KafkaError as error:
        raise Unavailable("The broker did not take the numbers; try again.", retry_after_s=5) from error
    finally:
        await producer.stop()


async def _look(reader: Reader, version: Version, tell: Tell, page: int) -> BackFilled:
    """Find the hits, page by page; an event that came under a newer rule does not carry this one, so that ends it."""
    dashboard = version.dashboard
    if dashboard.rule is None:
        raise Refused(Refusal("no_rule", f"{dashboard.name} shows a measure and has no rule.", "dashboard"))
    hit = hit_of(dashboard)
    matcher = Matcher({hit: dashboard.rule})
    place: _Place | None = _Place("", "")
    events = hits = 0
    while place is not None:
        version.check()
        done = await reader.run(_paging(dashboard.bot, hit, matcher, place, page))
        events, hits, place = events + done.events, hits + done.hits, done.last
        tell(events, hits)

    return BackFilled(events, hits)


async def _take_back(reader: Reader, version: Version) -> None:
    """Remove the hits of a version that was given up, unless an earlier run counted them."""
    dashboard = version.dashboard
    if not await _said_before(reader, dashboard.bot, hit_of(dashboard), version.reporting.generation):
        asked = {"bot": dashboard.bot, "hit": hit_of(dashboard)}
        await reader.run(lambda client: client.execute(_FORGET, asked))


def _paging(bot: str, hit: str, matcher: Matcher, after: _Place, limit: int) -> Callable[[Client], _Page]:
    """Return the work of one page: read events, keep the hits, say where the next page begins."""

    def work(client: Client) -> _Page:
        asked = {"bot": bot, "hit": hit, "user": after.user, "event": after.event, "limit": limit}
        rows = client.execute(query("dashboards.page"), asked, settings=_SETTINGS)
        found = [row for row in rows if matcher.hits(_event(bot, row))]
        values = [[bot] * len(found), [hit] * len(found), *([row[n] for row in found] for n in range(4))]
        insert(client, Rows("backfilled_hits", _COLUMNS, values), "")

        return _Page(len(rows), len(found), _Place(*rows[-1][:2]) if len(rows) == limit else None)

    return work


def _event(bot: str, row: Sequence[Any]) -> BotEvent:
    return BotEvent(bot_id=bot, **dict(zip(_FIELDS, row, strict=True)))


async def _said_before(reader: Reader, bot: str, hit: str, generation: int) -> dict[tuple[str, int], Part]:
    rows = await reader.rows("dashboards.parts", bot=bot, generation=generation, hit=hit, partition=PARTITION)

    return {(window, start): Part(number, stamp) for window, start, number, stamp in rows}
