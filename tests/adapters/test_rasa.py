"""Events of Rasa's event broker flow in by themselves: each once, in whatever state they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import RequestTimedOutError
from kafka import KafkaAdminClient

from app.adapters import rasa
from app.adapters.raw_log import RawLog
from app.adapters.registry import transact
from app.adapters.topics import ensure_topics
from app.config import Settings
from app.core.deliveries import Delivery, encode_delivery
from app.core.events import BotEvent, Reporting
from app.core.normalise import Normalised, normalise
from app.core.rasa_records import item_of
from app.core.registry import Bot
from app.errors import BotpulseError
from app.ports import Unavailable
from tests.broker import own_broker, unique
from tests.facts import saying
from tests.pipeline.rig import Rig, rig
from tests.raw import deliveries_in
from tests.waiting import until

encode = msgspec.json.Encoder().encode


@dataclass
class Record:
    """As much of a consumer's record as is looked at."""

    value: bytes | None
    topic: str = "rasa"
    partition: int = 3
    offset: int = 42


def said(n: int, **more: object) -> dict[str, object]:
    """Return the n-th event of a conversation: the user's are odd, the bot's even; every third has no time."""
    event: dict[str, object] = {
        "event": "user" if n % 2 else "bot",
        "sender_id": f"u{n % 5}",
        "text": f"text {n}",
    }
    return event | ({"timestamp": 1_700_000_000.000001 + n} if n % 3 else {}) | more


def items(*values: bytes | None) -> list[bytes]:
    """Return what is kept of records."""
    return [item_of(Record(value), 1000) for value in values]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"event": "user", "message_id": "m1", "text": "hi"}, id="message id"),
        pytest.param({"event": "bot", "timestamp": 1.5, "text": "hi"}, id="time"),
    ],
)
def test_what_names_itself_stays_as_it_is(event: dict[str, object]) -> None:
    """Nothing is put into an event that has an identity."""
    assert [encode(event)] == items(encode(event))


def test_what_does_not_gets_its_place() -> None:
    """A repeated record has the same ids, two alike at two places have not."""
    event = encode({"event": "bot", "sender_id": "u", "text": "hi"})
    first, again = (item_of(Record(event), 1000) for _ in range(2))
    other = item_of(Record(event, offset=43), 1000)
    ids = [events_of([_delivery("b", [one])])[0].event_id for one in (first, again, other)]

    assert b'"botpulse_record":"rasa-3-42"' in first
    assert (ids[0], True) == (ids[1], ids[0] != ids[2])


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        pytest.param(b"", None, id="tombstone"),
        pytest.param(b'"nonsense"', b"nonsense", id="not JSON"),
        pytest.param(b'"[1]"', b"[1]", id="an array"),
        pytest.param(b'"\xef\xbf\xbd"', b"\xff", id="not UTF-8"),
        pytest.param(b'{"botpulse_record":"rasa-3-42"}', b"{}", id="no members"),
        pytest.param(b'{"botpulse_record":"rasa-3-42","a":1}', b'\xef\xbb\xbf {"a":1} ', id="blanks"),
        pytest.param(
            b'{"botpulse_record":"rasa-3-42","a":"\\ufffd"}', b'{"a":"\\ud83d"}', id="half an emoji"
        ),
    ],
)
def test_whatever_comes_is_kept(expected: bytes, value: bytes | None) -> None:
    """What is no event is kept for the dead letters, as text."""
    assert [expected] == items(value)


def test_a_record_too_large_is_kept_in_part() -> None:
    """It must not stop what comes after it."""
    [kept] = items(b'{"text":"' + b"x" * 100_000 + b'"}')

    assert (True, str) == (60_000 < len(kept) < 70_000, type(msgspec.json.decode(kept)))


def test_unreadable_is_a_dead_letter() -> None:
    """Of the bot, with what it said; its neighbours are read."""
    read = normalised([_delivery("b", items(b"nonsense", encode(said(1)), b'{"event":7}', b'{"a":1}'))])

    assert [("b", '"nonsense"'), ("b", '{"botpulse_record":"rasa-3-42","a":1}')] == [
        (one.bot_id, one.body)
        for one in read.dead_letters
        if one.body != '{"botpulse_record":"rasa-3-42","event":7}'
    ]
    assert "text 1" in {event.text for batch in read.batches.values() for event in batch.events}


async def test_settings_are_asked_for() -> None:
    """Without topic or bot the worker says what to set."""
    with pytest.raises(BotpulseError, match="BOTPULSE_RASA_TOPIC"):
        await rasa.run(Settings(kafka="127.0.0.1:1", rasa_bot="b"), asyncio.Event())


# -- on a real broker


@pytest.fixture
def settings(broker: str, tmp_path: Path) -> Settings:
    """A bot and a topic of four partitions for it."""
    found = Settings(kafka=broker, home=tmp_path, rasa_topic=unique("rasa"), rasa_bot=unique("bot"))
    ensure_topics(found)
    _make_topic(found)
    return found


def _make_topic(settings: Settings) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    admin.create_topics({settings.rasa_topic: {"num_partitions": 4, "replication_factor": 1}})
    admin.wait_for_topics([settings.rasa_topic], timeout_ms=30_000)
    admin.close()


def _make_bot(settings: Settings) -> None:
    bot = Bot(settings.rasa_bot, "Rasa", "rasa", 1, Reporting("Europe/Rome"))
    transact(settings.kafka, saying(bot), "test")


async def publish(settings: Settings, values: Iterable[bytes | None]) -> None:
    """Write records as Rasa does, by sender."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    for n, value in enumerate(values):
        await producer.send(settings.rasa_topic, value, key=b"u%d" % (n % 5))
    await producer.stop()


@asynccontextmanager
async def working(settings: Settings, instance: str = "1") -> AsyncIterator[asyncio.Task[None]]:
    """Run the worker, and stop it in order."""
    stop = asyncio.Event()
    work = asyncio.create_task(rasa.run(settings, stop, instance))
    try:
        yield work
    finally:
        stop.set()
        await work


async def kept(settings: Settings, enough: int) -> list[Delivery]:
    """Return the bot's deliveries once they hold *enough* items."""
    async with asyncio.timeout(60):
        while True:
            found = [one for one in await deliveries_in(settings.kafka) if one.bot == settings.rasa_bot]
            if sum(len(one.items) for one in found) >= enough:
                return found


@pytest.mark.kafka
async def test_events_flow_in(settings: Settings) -> None:
    """Every event of every partition is delivered as the webhook of rasa would, with the bot's settings."""
    await asyncio.to_thread(_make_bot, settings)
    await publish(settings, [encode(said(n)) for n in range(500)])
    async with working(settings):
        found = await kept(settings, 500)

    assert {f"text {n}" for n in range(500)} == {event.text for event in events_of(found)}
    assert {("webhook", "rasa", "Europe/Rome", "rasa event broker")} == {
        (one.way, one.platform, one.reporting.zone, one.sdk) for one in found
    }


@pytest.mark.kafka
async def test_a_crash_before_the_commit_counts_nothing_twice(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is delivered again after it, and means the same events."""
    await asyncio.to_thread(_make_bot, settings)
    await publish(settings, [encode(said(n)) for n in range(300)])

    async def fail(*_: Any) -> None:
        raise RequestTimedOutError

    with monkeypatch.context() as broken:
        broken.setattr(AIOKafkaConsumer, "commit", fail)
        async with working(settings):
            await kept(settings, 300)
    async with working(settings):
        found = await kept(settings, 600)

    events = events_of(found)
    assert (600, 300, {True}) == (
        len(events),
        len({event.event_id for event in events}),
        {event.repeats for event in events},
    )


@pytest.mark.kafka
async def test_what_is_committed_is_not_read_again(settings: Settings) -> None:
    """The next start goes on where the last one stopped."""
    await asyncio.to_thread(_make_bot, settings)
    await publish(settings, [encode(said(n)) for n in range(50)])
    async with working(settings):
        await kept(settings, 50)
    await publish(settings, [encode(said(n)) for n in range(50, 60)])
    async with working(settings):
        found = await kept(settings, 60)

    assert 60 == sum(len(one.items) for one in found)


@pytest.mark.kafka
async def test_a_bot_that_comes_later(settings: Settings) -> None:
    """Until the bot is there nothing is lost; the worker waits for it."""
    await publish(settings, [encode(said(n)) for n in range(10)])
    async with working(settings) as work:
        await asyncio.to_thread(_make_bot, settings)
        found = await kept(settings, 10)
        assert not work.done()

    assert 10 == len(events_of(found))


@pytest.mark.kafka
async def test_a_topic_that_comes_later(settings: Settings) -> None:
    """Rasa may be started after us."""
    later = settings.model_copy(update={"rasa_topic": unique("rasa")})
    await asyncio.to_thread(_make_bot, later)
    async with working(later):
        await asyncio.to_thread(_make_topic, later)
        await publish(later, [encode(said(n)) for n in range(10)])
        found = await kept(later, 10)

    assert 10 == len(events_of(found))


@pytest.mark.kafka
async def test_our_broker_refuses_for_a_while(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not acknowledged is delivered until it is."""
    await asyncio.to_thread(_make_bot, settings)
    await publish(settings, [encode(said(n)) for n in range(10)])
    append: Callable[[RawLog, bytes], Any] = RawLog.append
    tries = 0

    async def refuse(log: RawLog, record: bytes) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise Unavailable("Not now.")
        await append(log, record)

    monkeypatch.setattr(RawLog, "append", refuse)
    async with working(settings):
        found = await kept(settings, 10)

    assert (10, True) == (len(events_of(found)), tries > 2)


@pytest.mark.kafka
def test_killed_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker as a process dies by SIGKILL while events come; after it every one is counted once."""
    with own_broker(tmp_path / "kafka") as bootstrap:
        own = Settings(kafka=bootstrap, rasa_topic="rasa", rasa_bot="talker")
        monkeypatch.setenv("BOTPULSE_RASA_TOPIC", "rasa")
        monkeypatch.setenv("BOTPULSE_RASA_BOT", "talker")
        with rig(bootstrap, tmp_path / "home") as stages:
            _make_topic(own)
            _make_bot(own)
            for stage in ("normalise", "track", "rasa"):
                stages.start(stage)
            for first in range(0, 3000, 1000):
                asyncio.run(publish(own, [encode(said(n)) for n in range(first, first + 1000)]))
                until(lambda first=first: arrived(stages) > first, 60, 0.05, "some of them to arrive")  # type: ignore[misc]
                stages.kill("rasa")
                stages.start("rasa")
            until(lambda: arrived(stages) == 3000, 90, 0.2, "all to arrive")
            stages.wait_until_done()

            assert {f"text {n}" for n in range(3000)} == {event.text for event in stages.bot_events()}
            assert {"messages_in": 1500, "messages_out": 1500} == totals(stages)


def arrived(stages: Rig) -> int:
    """Return how many different events normalise wrote."""
    return len({event.event_id for event in stages.bot_events()})


def totals(stages: Rig) -> dict[str, int]:
    """Return how many messages track counted."""
    sums = {"messages_in": 0, "messages_out": 0}
    for (_, measure, dim, window, _, _), value in stages.numbers().items():
        if measure in sums and not dim and window == "day":
            sums[measure] += value
    return sums


def normalised(deliveries: Iterable[Delivery]) -> Normalised:
    """Return what normalise makes of *deliveries*."""
    return normalise(b"\n".join(map(encode_delivery, deliveries)), 0, 0, 1)


def events_of(deliveries: Iterable[Delivery]) -> list[BotEvent]:
    """Return the events of *deliveries*, none of which may be refused."""
    read = normalised(deliveries)
    assert [] == read.dead_letters
    return [event for batch in read.batches.values() for event in batch.events]


def _delivery(bot: str, raw: list[bytes]) -> Delivery:
    return Delivery(bot, "webhook", 1_700_000_000_000, [msgspec.Raw(one) for one in raw], "rasa")
