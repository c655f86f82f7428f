"""
Applies a dashboard's rule back over history: `apply_to_history` is the whole of it.

    settled -> page by page: events that did not hit it on arrival -> hits -> cells -> the dashboard counts from this version on

It may be run again, also after it died: hits are kept once for each event, and cells say whole numbers.
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
from app.core.measures import MINUTE_HORIZON_MS
from app.core.refusal import Refusal
from app.core.registry import Dashboard, Fact, State
from app.core.rows import Rows
from app.core.rules.matching import Matcher
from app.ports import Clock, Refused, Registry, Unavailable

__all__ = ["BackFilled", "Send", "Tell", "apply_to_history", "back_fill", "counters_of"]

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
    tell: Tell = lambda _events, _hits: None,
) -> BackFilled:
    """
    Count the present rule of a dashboard of *bot* over all that happened, and let it count from this version on.

    Raises Refused where there is no such dashboard or its rule was changed meanwhile, Unavailable when broker, workers or
    ClickHouse are away; what was done till then is found again.
    """
    state = registry.state
    found = dashboard_of(state, bot, dashboard)
    if isinstance(found, Refusal):
        raise Refused(found)
    await until_settled(bootstrap, reader, state, clock)
    async with counters_of(bootstrap) as send:
        done = await back_fill(reader, found, state.bots[bot].reporting, send, clock(), tell)
    await until_stored(bootstrap, reader, COUNTERS)
    await registry.change(lambda now: _counted(now, found), who)

    return done


async def back_fill(
    reader: Reader,
    dashboard: Dashboard,
    reporting: Reporting,
    send: Send,
    now_ms: int,
    tell: Tell = lambda _events, _hits: None,
    page: int = _PAGE,
) -> BackFilled:
    """Hold the rule of *dashboard* against the events in ClickHouse that did not hit it on arrival; keep and count the hits."""
    if dashboard.rule is None:
        raise Refused(Refusal("no_rule", f"{dashboard.name} shows a measure and has no rule.", "dashboard"))
    hit = hit_of(dashboard)
    matcher = Matcher({hit: dashboard.rule})
    place: _Place | None = _Place("", "")
    events = hits = 0
    while place is not None:
        done = await reader.run(_paging(dashboard.bot, hit, matcher, place, page))
        events, hits, place = events + done.events, hits + done.hits, done.last
        tell(events, hits)
    for batch in batches_of(
        dashboard.bot,
        hit,
        await _counted_cells(reader, dashboard, reporting, now_ms),
        await _said_before(reader, dashboard),
        now_ms,
    ):
        await send(batch)

    return BackFilled(events, hits)


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


async def _counted_cells(
    reader: Reader, dashboard: Dashboard, reporting: Reporting, now_ms: int
) -> list[tuple[tuple[str, int], int]]:
    rows = await reader.rows(
        "dashboards.cells",
        bot=dashboard.bot,
        hit=hit_of(dashboard),
        zone=reporting.zone,
        minutes_ms=max(now_ms - MINUTE_HORIZON_MS, 0),
    )

    return [((window, start), number) for window, start, number in rows]


async def _said_before(reader: Reader, dashboard: Dashboard) -> dict[tuple[str, int], Part]:
    rows = await reader.rows(
        "dashboards.parts", bot=dashboard.bot, hit=hit_of(dashboard), partition=PARTITION
    )

    return {(window, start): Part(number, stamp) for window, start, number, stamp in rows}


def _counted(state: State, before: Dashboard) -> Sequence[Fact] | Refusal:
    present = dashboard_of(state, before.bot, before.id)
    if isinstance(present, Refusal):
        return present
    if present.version != before.version:
        return Refusal("rule_changed", "The rule was changed meanwhile; apply the new one.", "rule")

    return change_dashboard(state, before.bot, before.id, {"counted_from": before.version})
