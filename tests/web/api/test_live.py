"""The live stream and the pipeline page over a real broker: changes arrive, watchers come and go, lag is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from app.adapters.clickhouse import connect, insert
from app.adapters.heartbeat import HEARTBEATS, Heartbeat
from app.adapters.topics import ALERTS, BOT_EVENTS, COUNTERS, RAW_EVENTS, ensure_topics
from app.config import Settings
from app.core.alerts.machine import AlertState, Transition, step
from app.core.alerts.machine import Reading as Seen
from app.core.counters import Cell, CellBatch, encode_cells
from app.core.events import EventBatch, Reporting, encode_batches
from app.core.registry import Alert, Bot, Condition, Recounting, RecountProgress
from app.core.rows import counter_rows
from app.web.api.states import ALERTS as ALERT_LOG
from app.web.api.states import LIVE
from app.web.openapi import document
from tests.broker import own_broker, unique
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.events import event
from tests.facts import tell as site_knows
from tests.waiting import eventually
from tests.web.api.stock import Reading, reading
from tests.web.site import ADMIN_KEY
from tests.web.test_openapi import closed

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

DAY_S = 86_400
CONTENTS = {
    "counters": "LiveCells",
    "alert": "TransitionShown",
    "recounting": "RecountShown",
    "event": "LiveLine",
}
"""Of each event; every one that comes is held against its schema."""


def shape(name: str) -> Any:
    """Return the schema of what a page hears, as the OpenAPI document says it, closed; of a recount that is over it is null."""
    schemas = {one: closed(schema) for one, schema in document()["components"]["schemas"].items()}
    reference = {"$ref": f"#/components/schemas/{name}"}
    possible = [reference, {"type": "null"}] if name == "RecountShown" else [reference]
    return {"anyOf": possible, "components": {"schemas": schemas}}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker whose topics nobody else writes."""
    with own_broker(tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture
def settings(address: str, engine: EngineServer, tmp_path: Path) -> Settings:
    """A system of its own: empty tables, and topics that exist."""
    chosen = fresh_database(engine, kafka=address, partitions=2, home=tmp_path)
    ensure_topics(chosen)
    return chosen


@pytest.fixture
async def producer(address: str) -> AsyncIterator[AIOKafkaProducer]:
    """What plays the stages."""
    one = AIOKafkaProducer(bootstrap_servers=address)
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
def bot() -> str:
    """A bot no other test speaks of."""
    return unique("bot")


def now_ms() -> int:
    """The real time: the broker has no other."""
    return time.time_ns() // 1_000_000


def today() -> int:
    """The start of today's cells."""
    return now_ms() // 1000 // DAY_S * DAY_S


def cells(bot: str, value: int, stamp: int, partition: int = 0) -> CellBatch:
    """Today's messages of a bot, as one flush would say them."""
    return CellBatch(
        partition, now_ms() // 86_400_000, stamp, [(bot, "messages", "", "day", today(), "", value)]
    )


async def tell(producer: AIOKafkaProducer, batch: CellBatch) -> None:
    """Write one record of counters."""
    await producer.send_and_wait(COUNTERS, encode_cells(batch), partition=batch.partition)


@asynccontextmanager
async def site(settings: Settings, *bots: str) -> AsyncIterator[Reading]:
    """A web process whose live view has caught up."""
    async with reading(settings, Reporting(), now_ms, *bots) as api:
        yield api


class Stream:
    """One open page."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.last_id = ""

    async def next(self, name: str, timeout_s: float = 20) -> Any:
        """Return the content of the next event called *name*."""
        async with asyncio.timeout(timeout_s):
            while True:
                fields = await self._frame()
                self.last_id = fields.get("id", self.last_id)
                if "event" in fields:
                    jsonschema.validate(json.loads(fields["data"]), shape(CONTENTS[fields["event"]]))
                if fields.get("event") == name:
                    return json.loads(fields["data"])

    async def number(self, wanted: int, measure: str = "messages") -> None:
        """Return once a total of today has the number *wanted*."""
        await self.until_told(wanted, measure)

    async def until_told(self, wanted: int, measure: str = "messages") -> list[Any]:
        """Return all that was told of counters until a total of today had the number *wanted*."""
        heard = []
        while True:
            heard.append(await self.next("counters"))
            for cell in heard[-1]["cells"]:
                if (cell["measure"], cell["window"], cell["value"]) == (measure, "day", wanted):
                    return heard

    async def _frame(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        while True:
            line = (await self.answer.content.readline()).decode().rstrip("\n")
            if not line:
                return fields
            name, _, value = line.partition(": ")
            fields[name] = value


@asynccontextmanager
async def watching(api: Reading, bot: str, last_id: str = "") -> AsyncIterator[Stream]:
    """Open the stream of a bot."""
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"} | ({"Last-Event-ID": last_id} if last_id else {})
    async with api.site.client.get(f"{api.site.url}/data/v1/bots/{bot}/live", headers=headers) as answer:
        assert 200 == answer.status
        assert "text/event-stream" == answer.content_type
        yield Stream(answer)


async def test_changes_arrive_as_sums_of_parts(
    settings: Settings, producer: AIOKafkaProducer, bot: str
) -> None:
    """The higher stamp of a part holds, and parts of two partitions add up."""
    async with site(settings, bot) as api, watching(api, bot) as stream:
        await stream.next("counters")
        await tell(producer, cells(bot, 5, stamp=10))
        await stream.number(5)
        await tell(producer, cells(bot, 3, stamp=9))
        await tell(producer, cells(bot, 2, stamp=4, partition=1))
        await stream.number(7)


async def test_it_begins_with_what_is_stored(
    settings: Settings, producer: AIOKafkaProducer, bot: str
) -> None:
    """What the store had written before comes from ClickHouse, and the topic goes on from there."""
    with connect(settings) as client:
        insert(client, counter_rows([cells(bot, 40, stamp=1), cells(bot, 2, stamp=1, partition=1)]), "")
    async with site(settings, bot) as api, watching(api, bot) as stream:
        await stream.number(42)
        await tell(producer, cells(bot, 41, stamp=2))
        await stream.number(43)


async def test_what_is_stored_of_a_generation_is_its_own(
    settings: Settings, producer: AIOKafkaProducer, bot: str
) -> None:
    """A process that starts after the numbers were counted anew shows those, and goes on with them."""
    with connect(settings) as client:
        insert(client, counter_rows([cells(bot, 40, stamp=1), cells(f"{bot}~1", 5, stamp=1)]), "")
    async with reading(settings, Reporting(generation=1), now_ms, bot) as api, watching(api, bot) as stream:
        stored = await stream.until_told(5)
        await tell(producer, cells(f"{bot}~1", 6, stamp=2))
        await stream.number(6)

    assert {(1, 5)} == {(told["generation"], cell["value"]) for told in stored for cell in told["cells"]}


async def test_only_changes_follow(settings: Settings, producer: AIOKafkaProducer, bot: str) -> None:
    """After the snapshot a cell that stays as it is is not told again."""
    first = cells(bot, 1, stamp=100)
    first.cells.append((bot, "sessions", "", "day", today(), "", 8))
    async with site(settings, bot) as api, watching(api, bot) as stream:
        await tell(producer, first)
        await stream.number(8, "sessions")
        await tell(producer, cells(bot, 2, stamp=101))
        later = await stream.next("counters")

    assert ["messages"] == [cell["measure"] for cell in later["cells"]]


async def test_a_page_resumes_where_it_was(settings: Settings, producer: AIOKafkaProducer, bot: str) -> None:
    """Last-Event-ID brings what changed in between and no more; a foreign one brings everything."""
    first = cells(bot, 11, stamp=200)
    first.cells.append((bot, "bounces", "", "day", today(), "", 9))
    async with site(settings, bot) as api:
        async with watching(api, bot) as stream:
            await tell(producer, first)
            await stream.number(9, "bounces")
        await tell(producer, cells(bot, 12, stamp=201))
        async with watching(api, bot, last_id=stream.last_id) as resumed:
            await resumed.number(12)
            known = resumed.last_id
        async with watching(api, bot, last_id=known) as resumed:
            nothing = await resumed.next("counters")
        async with watching(api, bot, last_id="other-99") as fresh:
            everything = await fresh.next("counters")

    assert [] == nothing["cells"]
    assert {"messages", "bounces"} <= {cell["measure"] for cell in everything["cells"]}


async def begin(api: Reading, bot: str) -> Bot:
    """Let a process count the numbers of *bot* as generation 1; return the bot as it will be when that is shown."""
    coming = Reporting("Asia/Tokyo", "sunday", generation=1)
    before = api.site.registry.state.bots[bot]
    begun = msgspec.structs.replace(before, recounting=Recounting(coming, "w1", now_ms()), generations=1)
    await site_knows(api.site.registry, begun)
    return msgspec.structs.replace(begun, reporting=coming, recounting=None)


async def seen(api: Reading, bot: str, value: int) -> None:
    """Return when the live view has this number of messages of today, of *bot* or a generation of it."""
    cell = Cell(bot, "messages", "", "day", today(), "")
    await eventually(lambda: api.site.app[LIVE].view.number(cell) == value)


async def test_numbers_that_were_counted_anew_take_the_place_of_the_old_ones(
    settings: Settings, producer: AIOKafkaProducer, bot: str
) -> None:
    """While they are counted nothing of them is told; then all of them are, under another generation; and the old ones no more."""
    first = cells(f"{bot}~1", 5, stamp=500)
    first.cells.append((f"{bot}~1", "sessions", "", "hour", today() + 1800, "", 3))
    async with site(settings, bot) as api, watching(api, bot) as stream:
        counted = await begin(api, bot)
        await tell(producer, cells(bot, 40, stamp=500))
        await tell(producer, first)
        await seen(api, f"{bot}~1", 5)
        before = await stream.until_told(40)
        await site_knows(api.site.registry, counted)
        after = await stream.next("counters")
        await tell(producer, cells(bot, 41, stamp=501))
        await tell(producer, cells(f"{bot}~1", 6, stamp=501))
        later = await stream.next("counters")

    assert {(0, 40)} == {(told["generation"], cell["value"]) for told in before for cell in told["cells"]}
    assert (1, {("messages", 5), ("sessions", 3)}) == (after["generation"], numbers(after))
    assert (1, {("messages", 6)}) == (later["generation"], numbers(later))


async def test_a_page_that_was_away_while_the_numbers_changed_hears_all_of_them(
    settings: Settings, producer: AIOKafkaProducer, bot: str
) -> None:
    """Its Last-Event-ID is of another generation; one of the present generation brings only what is new."""
    async with site(settings, bot) as api:
        counted = await begin(api, bot)
        await tell(producer, cells(f"{bot}~1", 5, stamp=600))
        await tell(producer, cells(bot, 40, stamp=600))
        async with watching(api, bot) as stream:
            await seen(api, f"{bot}~1", 5)
            await stream.number(40)
        await site_knows(api.site.registry, counted)
        async with watching(api, bot, last_id=stream.last_id) as resumed:
            everything = await resumed.next("counters")
        async with watching(api, bot, last_id=resumed.last_id) as again:
            nothing = await again.next("counters")

    assert (1, {("messages", 5)}) == (everything["generation"], numbers(everything))
    assert (1, set()) == (nothing["generation"], numbers(nothing))


async def test_how_far_a_recount_is(settings: Settings, producer: AIOKafkaProducer, bot: str) -> None:
    """A page hears what the numbers will be cut by, and of how many events they are counted; and when that is over."""
    async with site(settings, bot) as api, watching(api, bot) as stream:
        counted = await begin(api, bot)
        begun = await stream.next("recounting")
        await site_knows(api.site.registry, RecountProgress(bot, 1, 300, 400, now_ms()))
        await tell(producer, cells(f"{bot}~1", 5, stamp=700))
        further = await stream.next("recounting")
        await site_knows(api.site.registry, counted)
        over = await stream.next("recounting")

    cut = {"time_zone": "Asia/Tokyo", "week_start": "sunday", "session_gap_s": 900}

    assert [cut | {"events": 0, "of": 0}, cut | {"events": 300, "of": 400}, None] == [begun, further, over]


def numbers(told: Any) -> set[tuple[str, int]]:
    """Return measures and values."""
    return {(cell["measure"], cell["value"]) for cell in told["cells"]}


async def test_other_bots_are_not_told(settings: Settings, producer: AIOKafkaProducer, bot: str) -> None:
    """A page of one bot hears nothing of another's."""
    other = unique("other")
    async with site(settings, bot, other) as api, watching(api, other) as stream:
        await stream.next("counters")
        await tell(producer, cells(bot, 77, stamp=300))
        await tell(producer, cells(other, 50, stamp=300))
        await stream.number(50)


async def test_lines_of_conversations(settings: Settings, producer: AIOKafkaProducer, bot: str) -> None:
    """What is said while somebody watches is shown; another bot's is not."""
    other = unique("other")
    async with site(settings, bot) as api, watching(api, bot) as stream:

        async def say() -> None:
            for n in range(1000):
                said = [
                    event(f"e{n}", bot_id=other, text="secret"),
                    event(f"f{n}", bot_id=bot, text=f"hello {n}"),
                ]
                await producer.send_and_wait(
                    BOT_EVENTS, encode_batches([EventBatch(0, n, now_ms(), said)]), partition=0
                )
                await asyncio.sleep(0.1)

        saying = asyncio.create_task(say())
        lines = [await stream.next("event") for _ in range(3)]
        saying.cancel()

    assert {"hello"} == {line["text"].split()[0] for line in lines}


async def test_alerts(settings: Settings, producer: AIOKafkaProducer, bot: str) -> None:
    """A page hears first where each alert of its bot stands, then what becomes of it, each once, and of no other bot."""
    firing, resolved = (transition(bot, kind) for kind in ("firing", "resolved"))
    await producer.send_and_wait(ALERTS, msgspec.json.encode(firing), partition=1)
    async with site(settings, bot, "other") as api:
        log = api.site.app[ALERT_LOG]
        await eventually(lambda: log.is_ready and log.past.phase("a1") == "firing")
        async with watching(api, bot) as stream:
            for one in (transition("other", "firing", "a2"), firing, resolved):
                await producer.send_and_wait(ALERTS, msgspec.json.encode(one), partition=1)
            heard = [await stream.next("alert") for _ in range(2)]

    assert [("firing", 6), ("resolved", 6)] == [(one["type"], one["value"]) for one in heard]
    assert {"op": "above", "threshold": 5, "against": "before"} == heard[0]["condition"]


def transition(bot: str, kind: Any, alert: str = "a1") -> Transition:
    """Return a record of `alerts`."""
    watched = Alert(alert, bot, "Much", "messages_in", 300, Condition("above", 5), 0)
    _, told = step(AlertState(), watched, True, now_ms(), Seen(6))
    assert told is not None
    return msgspec.structs.replace(told, id=f"{alert}-1-{kind}", type=kind)


async def test_who_leaves_leaves_nothing(settings: Settings, producer: AIOKafkaProducer, bot: str) -> None:
    """Twenty pages share one follower; when they are gone there is no watcher and nothing follows bot-events."""
    async with site(settings, bot) as api:
        live = api.site.app[LIVE]
        async with contextlib.AsyncExitStack() as stack:
            streams = [await stack.enter_async_context(watching(api, bot)) for _ in range(20)]
            await tell(producer, cells(bot, 1000, stamp=400))
            for stream in streams:
                await stream.number(1000)

            assert 20 == len(live.watchers)
        await tell(producer, cells(bot, 1001, stamp=401))

        async def gone() -> bool:
            return not live.watchers and not live.follows_events

        assert await eventually(gone)


async def test_ready_once_every_stage_says_so(
    settings: Settings, producer: AIOKafkaProducer, bot: str
) -> None:
    """503 names who is missing; a heartbeat of each makes it 200."""
    async with site(settings, bot) as api:

        async def ready() -> tuple[int, Any]:
            return await api.get("/readyz", "")

        async def caught_up() -> Any:
            status, answer = await ready()
            missing = [reason for reason in answer["reasons"] if "has not said" in reason]
            is_over = len(missing) == 4  # what another test said for a stage holds for some seconds
            return (status, answer) if is_over and missing == answer["reasons"] else None

        status, answer = await eventually(caught_up)

        assert 503 == status
        assert ["normalise", "track", "alert", "store"] == [reason.split()[0] for reason in answer["reasons"]]

        async def beaten() -> bool:
            for stage in ("normalise", "track", "alert", "store"):
                await beat(producer, stage)
            return (await ready())[0] == 200

        assert await eventually(beaten)


async def beat(producer: AIOKafkaProducer, stage: str, **figures: int) -> None:
    """Speak for a stage."""
    word = Heartbeat(stage, "1", 1, now_ms(), now_ms() - 9000, ready=True, version="1", figures=figures)
    await producer.send_and_wait(
        HEARTBEATS, msgspec.json.encode(word), key=f"{stage}-1".encode(), partition=0
    )


async def test_pipeline_tells_lag_and_work(settings: Settings, producer: AIOKafkaProducer, bot: str) -> None:
    """Records nobody has read are lag with an age; figures of heartbeats are shown; the web process is a stage."""
    await producer.send_and_wait(RAW_EVENTS, b"{}", partition=1)
    async with site(settings, bot) as api:

        async def told() -> Any:
            await beat(producer, "normalise", records=4, events=40)
            _, answer = await api.get("/data/v1/pipeline")
            stages = {stage["stage"]: stage for stage in answer["stages"]}
            return (answer, stages) if stages["normalise"]["alive"] and stages["web"]["alive"] else None

        answer, stages = await eventually(told)

    assert {} == answer["away"]
    assert stages["normalise"]["lag_records"] >= 1
    assert 10 * stages["normalise"]["lag_records"] == stages["normalise"]["lag_events"]
    assert 0 <= stages["normalise"]["lag_seconds"] < 600
    assert 40 == answer["normalised"]
    assert answer["disk"]["used_bytes"] <= answer["disk"]["budget_bytes"]
    assert {} == answer["rejected"]


async def test_metrics_speak_of_every_stage(settings: Settings, producer: AIOKafkaProducer, bot: str) -> None:
    """For Prometheus, without a key, and without any bot's name."""
    async with site(settings, bot) as api, api.site.client.get(api.site.url + "/metrics") as answer:
        text = await answer.text()

    assert 'botpulse_stage_lag_records{stage="normalise"}' in text
    assert "botpulse_ingest_events_accepted_total" in text
    assert bot not in text
