"""
Rebuilds everything that is derived from raw-events: empties it, and sends normalise back to the beginning.

The order matters, because it may be interrupted.  As long as track keeps its state it recognises what normalise sends
again, so that goes first, and the state is given up only when nothing older than the replay is left for track to
read.  Topics that others follow are emptied, not made anew: offsets go on rising, and with them the stamps by which
everybody tells new values from old.  Track, alert and store are told where the topics begin now, so that none of them takes what
was removed for lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

import msgspec
import stamina
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import OffsetTimestamp
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from app.adapters.alert_state import forget_numbers
from app.adapters.catching_up import ALERT, NORMALISE, STORE, TRACK, admin_of, spans_of
from app.adapters.clickhouse import insert, session
from app.adapters.heartbeat import HEARTBEATS, Heartbeat, read_beat
from app.adapters.topics import (
    ALERT_INPUTS,
    BOT_EVENTS,
    COUNTERS,
    DEAD_LETTERS,
    RAW_EVENTS,
    TRACK_STATE,
    ensure_topics,
    missing_topics,
)
from app.adapters.withdrawal import recent_history, recent_parts, withdraw
from app.config import Settings
from app.core.dashboards.backfill import taken_back
from app.core.entries import CLOCK_KEY
from app.core.entries import Clock as ShardClock
from app.core.rows import Rows
from app.errors import BotpulseError
from app.ports import Clock

__all__ = ["STAGES", "Loss", "losses", "rebuild", "refuse_while_running", "wait_until_idle"]

GROUPS: Final = (NORMALISE, TRACK, ALERT, STORE)
STAGES: Final = ("normalise", "track", "alert", "store")
_STORED: Final = (BOT_EVENTS, COUNTERS, DEAD_LETTERS)
_POSITION: Final = ("topic", "partition", "position")
_TABLES: Final = ("events", "backfilled_hits", "counter_parts", "dead_letter_rows", "sink_positions")
_FRESH_MS: Final = 5_000
_RECENT_MS: Final = 60_000
_IDLE_WITHIN_S: Final = 60.0


Begins = dict[TopicPartition, int]
"""Where partitions begin"""


class Loss(NamedTuple):
    """What a replay cannot bring back: events received before `begins_ms`, where what it reads begins."""

    events: int
    begins_ms: int


def refuse_while_running(settings: Settings, clock: Clock) -> None:
    """Return when no stage gives signs of life; raise as soon as one does."""
    began_ms = clock()
    while fresh := _fresh_beats(settings, clock()):
        living = sorted({f"{beat.stage}-{beat.instance}" for beat in fresh if beat.at > began_ms})
        if living:
            msg = f"a replay needs every worker to be stopped, and these are at work: {', '.join(living)}; stop them and try again"
            raise BotpulseError(msg, "workers_running")
        time.sleep(0.5)


def wait_until_idle(settings: Settings, timeout_s: float = _IDLE_WITHIN_S) -> None:
    """Return when no process consumes in the name of a stage; one that was killed counts for some seconds more."""
    deadline = time.monotonic() + timeout_s
    with admin_of(settings) as admin:
        while busy := _busy(admin):
            if time.monotonic() > deadline:
                msg = f"somebody still consumes as {', '.join(busy)}; stop every worker, then run this again"
                raise BotpulseError(msg, "workers_running")
            time.sleep(0.5)


def _busy(admin: KafkaAdminClient) -> list[str]:
    for attempt in _patiently():
        with attempt:
            groups = admin.describe_groups(list(GROUPS))
    return [name for name, group in groups.items() if group["members"]]


def losses(settings: Settings, from_ms: int | None) -> Loss:
    """Count the events in ClickHouse that were received before what raw-events (from *from_ms* on) still holds."""
    begins_ms = from_ms or _first_record_ms(settings)
    with session(settings) as client:
        rows = client.execute(
            "SELECT count() FROM events WHERE received_at < fromUnixTimestamp64Milli(%(begins)s)",
            {"begins": begins_ms},
        )

    return Loss(rows[0][0], begins_ms)


def rebuild(settings: Settings, from_ms: int | None, say: Callable[[str], None]) -> int:
    """Empty what is derived and return how many records of raw-events will be read again."""
    with admin_of(settings) as admin:
        say("sending normalise back")
        records = _send_back(admin, from_ms)
        say("emptying bot-events, counters and dead-letters")
        now_ms = time.time_ns() // 1_000_000
        history, parts = recent_history(settings, now_ms), recent_parts(settings, now_ms)
        begins = _emptied(admin, _STORED)
        say("forgetting the state of track")
        events = {place: begin for place, begin in begins.items() if place.topic == BOT_EVENTS}
        _make_anew(admin, settings, TRACK_STATE)
        _set_clocks(settings, events)
        _commit(admin, TRACK, events)
        counters = {place: begin for place, begin in begins.items() if place.topic == COUNTERS}
        inputs = {place: last for place, (_, last) in spans_of(admin, [ALERT_INPUTS]).items()}
        _commit(admin, ALERT, counters | inputs)
        forget_numbers(settings)
        say("emptying the tables of ClickHouse")
        _empty_tables(settings, begins)
        _commit(admin, STORE, begins)
        places = {place.partition: begin for place, begin in events.items()}
        withdraw(settings, [*taken_back(parts, places), *history])

    return records


def _fresh_beats(settings: Settings, now_ms: int) -> list[Heartbeat]:
    return [
        beat
        for beat in _beats(settings, now_ms - _RECENT_MS)
        if beat.stage in STAGES and beat.at > now_ms - _FRESH_MS
    ]


def _beats(settings: Settings, since_ms: int) -> Iterator[Heartbeat]:
    place = TopicPartition(HEARTBEATS, 0)
    with _reader(settings) as consumer:
        consumer.assign([place])
        found = consumer.offsets_for_times({place: since_ms})[place]
        end = consumer.end_offsets([place])[place]
        consumer.seek(place, found.offset if found else end)
        while consumer.position(place) < end:
            for record in consumer.poll(1000).get(place, []):
                yield read_beat(record.value)


def _first_record_ms(settings: Settings) -> int:
    """Return when the oldest record of raw-events was written; 0 while nothing was ever removed from it."""
    with _reader(settings) as consumer:
        places = [TopicPartition(RAW_EVENTS, n) for n in consumer.partitions_for_topic(RAW_EVENTS) or ()]
        if not any(consumer.beginning_offsets(places).values()):
            return 0
        found = consumer.offsets_for_times(dict.fromkeys(places, 0))
        return max((one.timestamp for one in found.values() if one), default=0)


@contextmanager
def _reader(settings: Settings) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka.split(","), enable_auto_commit=False)
    try:
        yield consumer
    finally:
        consumer.close()


def _send_back(admin: KafkaAdminClient, from_ms: int | None) -> int:
    spans = spans_of(admin, [RAW_EVENTS])
    starts = {place: first for place, (first, _) in spans.items()}
    if from_ms is not None:
        found = admin.list_partition_offsets(dict.fromkeys(spans, OffsetTimestamp(from_ms)))
        # none from then on: the offset is -1
        starts = {place: spans[place][1] if one.offset < 0 else one.offset for place, one in found.items()}
    _commit(admin, NORMALISE, starts)

    return sum(spans[place][1] - start for place, start in starts.items())


def _emptied(admin: KafkaAdminClient, topics: Sequence[str]) -> Begins:
    """Remove every record of *topics* and return where they begin from then on."""
    spans = spans_of(admin, topics)
    ends = {place: last for place, (first, last) in spans.items() if last > first}
    if ends:
        admin.delete_records(ends)

    return {place: last for place, (_, last) in spans.items()}


def _set_clocks(settings: Settings, begins: Begins) -> None:
    """Write the state of a partition in which nothing has been counted, and the next record is the first one."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka.split(","), acks="all")
    try:
        for place, begin in begins.items():
            if begin:
                clock = (begin - 1).to_bytes(8, "big") + msgspec.msgpack.encode(ShardClock(offset=begin - 1))
                producer.send(TRACK_STATE, clock, key=CLOCK_KEY, partition=place.partition)
        producer.flush()
    finally:
        producer.close()


def _commit(admin: KafkaAdminClient, group: str, offsets: Begins) -> None:
    committed = {place: OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items()}
    for attempt in _patiently():
        with attempt:
            faults = {fault.__name__ for fault in admin.alter_group_offsets(group, committed).values()}
    faults.discard("NoError")
    if faults:
        msg = f"the broker refuses to move {group} ({faults.pop()}); make sure that every worker is stopped, then run this again"
        raise BotpulseError(msg, "workers_running")


def _patiently() -> Iterable[stamina.Attempt]:
    """Try again where the broker has not yet chosen who keeps the offsets of a group, as after its start."""
    return stamina.retry_context(
        on=lambda error: isinstance(error, KafkaError) and error.retriable,
        attempts=None,
        timeout=_IDLE_WITHIN_S,
    )


def _make_anew(admin: KafkaAdminClient, settings: Settings, topic: str) -> None:
    admin.delete_topics([topic])
    deadline = time.monotonic() + _IDLE_WITHIN_S
    while topic not in missing_topics(settings):
        if time.monotonic() > deadline:
            msg = f"the broker does not delete the topic {topic}; look at its log, then run this again"
            raise BotpulseError(msg, "topics")
        time.sleep(0.2)
    ensure_topics(settings)


def _empty_tables(settings: Settings, begins: Begins) -> None:
    rows = [(place.topic, place.partition, begin) for place, begin in begins.items()]
    with session(settings) as client:
        for table in _TABLES:
            client.execute(f"TRUNCATE TABLE {table}")
        insert(
            client,
            Rows("sink_positions", _POSITION, [list(column) for column in zip(*rows, strict=True)]),
            "",
        )
