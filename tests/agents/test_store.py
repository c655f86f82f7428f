"""The store against a real broker and a real engine, killed at bad moments."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import Error
from kafka import KafkaProducer

from app.adapters.clickhouse import connect, insert
from app.adapters.sink import Sink
from app.adapters.topics import BOT_EVENTS, COUNTERS, DEAD_LETTERS, REGISTRY, ensure_topics
from app.config import Settings
from app.core.counters import CellBatch, encode_cells
from app.core.events import BotEvent, EventBatch, Reporting, encode_batches, partition_of
from app.core.outcome import DeadLetter, Reason
from app.core.registry import Bot
from app.core.rows import event_rows
from tests.broker import own_broker
from tests.databases import fresh_database, on_engine
from tests.engine import EngineServer, running_engine
from tests.events import NOON_MS, event, stream_record
from tests.facts import records_of
from tests.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

PARTITIONS = 4


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker with our topics, which no other module writes to."""
    with own_broker(tmp_path_factory.mktemp("kafka")) as address:
        ensure_topics(Settings(kafka=address, partitions=PARTITIONS))
        yield address


@pytest.fixture
def settings(kafka: str, engine: EngineServer) -> Settings:
    """The broker, and a database of the test's own."""
    return fresh_database(engine, kafka=kafka)


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    """A client on that database."""
    with connect(settings) as client:
        yield client


@pytest.fixture
def topics(kafka: str) -> Iterator[Topics]:
    """A way to write records."""
    with Topics(kafka) as topics:
        yield topics


@pytest.fixture
def store(settings: Settings, tmp_path: Path) -> Iterator[Store]:
    """A store process that is running."""
    with Store(settings, tmp_path) as store:
        store.start()
        yield store


class Topics:
    """Writes records as the stages before do; `bot` is one that no other test uses."""

    def __init__(self, kafka: str) -> None:
        self.bot = f"bot-{uuid.uuid4().hex[:8]}"
        self._producer = KafkaProducer(bootstrap_servers=kafka, acks="all")
        self._raw_offset = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close()

    def send(self, topic: str, value: bytes, partition: int = 0, key: bytes | None = None) -> int:
        """Write one record and return its offset."""
        return int(self._producer.send(topic, value, key=key, partition=partition).get(30).offset)

    def send_events(self, *names: str, **fields: Any) -> None:
        """Write one record of events of these ids, all of one user."""
        events = [event(name, bot_id=self.bot, **fields) for name in names]
        self.send(BOT_EVENTS, self._record(events), partition_of(self.bot, "ann", PARTITIONS))

    def stream(self, total: int, per_record: int, between: Callable[[int], None]) -> None:
        """Write *total* events of many users, *per_record* a record, calling *between* after each tenth."""
        for first in range(0, total, per_record):
            batch = [
                event(f"e{first + n}", bot_id=self.bot, user_id=f"u{first % 97}") for n in range(per_record)
            ]
            self._producer.send(BOT_EVENTS, self._record(batch), partition=first // per_record % PARTITIONS)
            if first % (total // 10) == 0:
                self._producer.flush()
                between(first)
        self._producer.flush()

    def _record(self, events: list[BotEvent]) -> bytes:
        self._raw_offset += 1

        return encode_batches([EventBatch(0, self._raw_offset, NOON_MS, events)])


class Store:
    """The process `botpulse worker store`."""

    def __init__(self, settings: Settings, folder: Path, instance: str = "1") -> None:
        self._instance = instance
        self._log = folder / "store.log"
        self._environment = os.environ | {
            "BOTPULSE_HOME": str(folder),
            "BOTPULSE_KAFKA": settings.kafka,
            "BOTPULSE_CLICKHOUSE": settings.clickhouse,
            "BOTPULSE_CLICKHOUSE_PASSWORD_FILE": str(settings.clickhouse_password_file),
            "BOTPULSE_STORE_INTERVAL_MS": "50",
            "BOTPULSE_STORE_BATCH_ROWS": "3000",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it; it may be anywhere in its start when this returns."""
        command = [sys.executable, "-m", "app.cli", "worker", "store", "--instance", self._instance]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it without a chance to finish anything."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """End it as an operator does, and return its exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)

        return self.process.wait(30)

    @property
    def log(self) -> str:
        """Everything it said."""
        return self._log.read_text(encoding="utf-8")


def count(client: Client, bot: str, table: str = "bot_events") -> int:
    """Return how many events of *bot* are stored; 0 while ClickHouse cannot tell."""
    try:
        ((n,),) = client.execute(f"SELECT count() FROM {table} WHERE bot_id = %(bot)s", {"bot": bot})
    except (Error, OSError, EOFError):
        client.disconnect()
        return 0

    return int(n)


def test_events_arrive(store: Store, topics: Topics, client: Client) -> None:
    """What normalise writes is in bot_events."""
    topics.send_events("a", "b")

    until(lambda: count(client, topics.bot) == 2, what="two events")


def test_counters_arrive(store: Store, topics: Topics, client: Client) -> None:
    """What track writes is in counters, newest value first."""
    cell = (topics.bot, "events", "", "day", 1_716_768_000, "")
    for stamp, value in ((1, 5), (2, 7)):
        topics.send(COUNTERS, encode_cells(CellBatch(0, 19870, stamp, [(*cell, value)])))
    query = "SELECT value FROM counters WHERE bot_id = %(bot)s"

    until(lambda: client.execute(query, {"bot": topics.bot}) == [(7,)], what="the newer value")


def test_dead_letters_arrive(store: Store, topics: Topics, client: Client) -> None:
    """What normalise refused is in dead_letters."""
    letter = DeadLetter(topics.bot, Reason.BAD_TIME, "no time", "normalise", 0, 5, 1, NOON_MS, "{}")
    topics.send(DEAD_LETTERS, msgspec.json.encode(letter))

    until(lambda: count(client, topics.bot, "dead_letters") == 1, what="the dead letter")


def test_bots_follow_the_registry(store: Store, topics: Topics, client: Client) -> None:
    """SQL knows how each bot's numbers are cut; the last fact holds."""
    reporting = Reporting("Europe/Rome", "sunday", 1800)
    named = [Bot(topics.bot, name, "slack", NOON_MS, reporting) for name in ("Pizza", "Pasta")]
    for key, value in records_of(*named):
        topics.send(REGISTRY, value, key=key)
    query = "SELECT name, zone, week_start, session_gap_s FROM bots FINAL WHERE bot_id = %(bot)s"
    expected = [("Pasta", "Europe/Rome", "sunday", 1800)]

    until(lambda: client.execute(query, {"bot": topics.bot}) == expected, what="the bot's settings")


def test_killed_again_and_again_everything_is_there_once(
    store: Store, topics: Topics, client: Client
) -> None:
    """50,000 events while the store is killed ten times: all of them, each once."""

    def kill_at_work(sent: int) -> None:
        until(lambda: count(client, topics.bot) > sent // 2, what="the store to catch up by half")
        store.kill()
        store.start()

    topics.stream(50_000, 50, kill_at_work)
    until(lambda: count(client, topics.bot) >= 50_000, 60, what="all events")
    query = "SELECT count(), uniqExact(event_id) FROM bot_events WHERE bot_id = %(bot)s"

    assert [(50_000, 50_000)] == client.execute(query, {"bot": topics.bot})


def test_two_stores_share_the_work(
    store: Store, topics: Topics, settings: Settings, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A second store that joins and leaves moves partitions; nothing is lost or seen twice."""
    with Store(settings, tmp_path_factory.mktemp("second"), "2") as second:

        def join_and_leave(sent: int) -> None:
            second.kill() if second.process and second.process.poll() is None else second.start()

        topics.stream(20_000, 20, join_and_leave)
        until(lambda: count(client, topics.bot) >= 20_000, 60, what="all events")

    assert 20_000 == count(client, topics.bot)


def test_clickhouse_away_loses_nothing(topics: Topics, kafka: str, tmp_path: Path) -> None:
    """Events go on while ClickHouse is killed; when it is back they are stored, by the same process."""
    with running_engine(tmp_path / "engine") as server:
        settings = fresh_database(server, kafka=kafka)
        with Store(settings, tmp_path) as store, connect(settings) as client:
            store.start()
            topics.send_events("before")
            until(lambda: count(client, topics.bot) == 1, what="the first event")
            server.process.kill()
            server.process.wait()
            topics.send_events("during")
            until(lambda: "clickhouse_away" in store.log, what="the store to notice")
            topics.send_events("later")
            with running_engine(server.folder, "--tcp-port", str(server.tcp_port)):
                until(lambda: count(client, topics.bot) == 3, what="all events")

                assert store.process
                assert store.process.poll() is None
                assert 1 == store.log.count("clickhouse_away")


def test_an_engine_killed_between_rows_and_position_is_exact(topics: Topics, tmp_path: Path) -> None:
    """Rows without their position are written again by the next try, and seen once."""
    rows = event_rows([stream_record(0, [event("a", bot_id=topics.bot), event("b", bot_id=topics.bot)])])
    with running_engine(tmp_path / "engine") as server, connect(fresh_database(server)) as client:
        insert(client, rows, "token")
        database = client.connection.database
        server.process.kill()
        server.process.wait()
    with running_engine(tmp_path / "engine") as server, connect(on_engine(server, database)) as client:
        sink = Sink(on_engine(server, database))
        before = sink.positions()
        for token in ("token", "another range after a restart"):
            sink.write([rows], token, {(BOT_EVENTS, 0): 1})
        after = sink.positions()
        sink.close()

        assert {} == before
        assert {(BOT_EVENTS, 0): 1} == after
        assert 2 == count(client, topics.bot)


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(b"\xff\xfe not json", id="no JSON"),
        pytest.param(b'{"events": 1}', id="wrong shape"),
        pytest.param(encode_batches([EventBatch(2**40, 0, 0, [event("x")])]), id="a number no column takes"),
    ],
)
def test_a_poison_record_costs_only_itself(
    store: Store, topics: Topics, client: Client, poison: bytes
) -> None:
    """It becomes a dead letter that says where it stands; those before and after it are stored."""
    partition = partition_of(topics.bot, "ann", PARTITIONS)
    topics.send_events("before")
    offset = topics.send(BOT_EVENTS, poison, partition)
    topics.send_events("after")
    until(lambda: count(client, topics.bot) == 2, what="both good events")
    place = {"partition": partition, "offset": offset}
    query = (
        "SELECT stage, reason, path FROM dead_letters"
        " WHERE raw_partition = %(partition)s AND raw_offset = %(offset)s AND stage = 'store'"
    )
    until(lambda: client.execute(query, place), what="the dead letter")

    assert [("store", "reader_failed", BOT_EVENTS)] == client.execute(query, place)


def test_a_fresh_clickhouse_is_filled_again(
    store: Store, topics: Topics, settings: Settings, client: Client, engine: EngineServer, tmp_path: Path
) -> None:
    """Kafka remembers that all was stored; an empty ClickHouse gets everything all the same."""
    topics.send_events("a", "b")
    until(lambda: count(client, topics.bot) == 2, what="the events")
    assert 0 == store.stop()
    fresh = fresh_database(engine, kafka=settings.kafka)
    with Store(fresh, tmp_path) as again, connect(fresh) as other:
        again.start()

        until(lambda: count(other, topics.bot) == 2, what="the events again")


def test_sigterm_ends_it_well(store: Store, topics: Topics, client: Client) -> None:
    """What was fetched is written, and the exit code is 0."""
    topics.send_events("a")
    until(lambda: count(client, topics.bot) == 1, what="the event")

    assert 0 == store.stop()
