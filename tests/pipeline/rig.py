"""
The stages as real processes on a real broker, and what comes out of them.

    raw deliveries -> [normalise] -> [track] -> counters topic -> Numbers, to be compared with tests/core/oracle.py
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import MemberToRemove
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from app.adapters.heartbeat import HEARTBEATS, read_beat
from app.adapters.topics import BOT_EVENTS, COUNTERS, RAW_EVENTS, ensure_topics, topics
from app.config import Settings
from app.core.counters import CellBatch, decode_cells
from app.core.deliveries import Delivery, encode_delivery
from app.core.events import BotEvent, Reporting, decode_batches
from app.local.leash import leashed
from tests.core.oracle import Numbers
from tests.core.simulation import numbers_of
from tests.waiting import until

__all__ = ["Rig", "rig"]


class Rig:
    """One home on one broker: starts, kills and watches stage processes."""

    def __init__(self, bootstrap: str, home: Path, partitions: int = 4, **settings: object) -> None:
        self.settings = Settings(kafka=bootstrap, home=home, partitions=partitions, **settings)  # type: ignore[arg-type]
        self.processes: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        home.mkdir(parents=True, exist_ok=True)
        ensure_topics(self.settings)
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=16 << 20)
        self._next = 0
        self._sent: list[Any] = []

    # -- input

    def send(
        self,
        items: Iterable[dict[str, object]],
        *,
        received_at: int,
        bot: str = "b1",
        reporting: Reporting = Reporting(),
        size: int = 50,
        flush: bool = True,
    ) -> None:
        """Write native items as deliveries of *size*, one a record."""
        raws = [msgspec.Raw(msgspec.json.encode(item)) for item in items]
        for i in range(0, len(raws), size):
            delivery = Delivery(bot, "native", received_at, raws[i : i + size], reporting=reporting)
            self.send_raw(encode_delivery(delivery))
        if flush:
            self._producer.flush()
            for sent in self._sent:
                sent.get(0)  # `flush` says nothing of what could not be written
            self._sent.clear()

    def send_raw(self, record: bytes) -> None:
        """Write one raw record."""
        self._sent.append(
            self._producer.send(RAW_EVENTS, record, partition=self._next % self.settings.partitions)
        )
        self._next += 1

    # -- processes

    def start(self, stage: str, instance: str = "1") -> None:
        """Start one process of a stage; its output goes to the home."""
        environment = os.environ | {
            "BOTPULSE_KAFKA": self.settings.kafka,
            "BOTPULSE_HOME": str(self.settings.home),
            "BOTPULSE_PARTITIONS": str(self.settings.partitions),
            "BOTPULSE_CLICKHOUSE": self.settings.clickhouse,
            "BOTPULSE_CLICKHOUSE_PASSWORD_FILE": str(self.settings.clickhouse_password_file or ""),
        }
        environment = {name: value for name, value in environment.items() if value}
        with (self.settings.home / f"{stage}-{instance}.log").open("ab") as log:
            command = [sys.executable, "-m", "app.cli", "worker", stage, "--instance", instance]
            self.processes[stage, instance] = subprocess.Popen(
                leashed(command), env=environment, stdout=log, stderr=log
            )

    def kill(self, stage: str, instance: str = "1", number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal and wait for the end."""
        process = self.processes.pop((stage, instance))
        process.send_signal(number)

        return process.wait(60)

    def sign_off(self, stage: str, instance: str = "1") -> None:
        """Tell the group of a process that was killed that it will not come back; it finds out itself if it cannot be told."""
        group = f"botpulse-{stage}"
        admin = KafkaAdminClient(bootstrap_servers=self.settings.kafka)
        try:
            with suppress(KafkaError):  # killed before it joined, it may have no group to leave
                admin.remove_group_members(group, [MemberToRemove(group_instance_id=f"{group}-{instance}")])
        finally:
            admin.close()

    def stop(self) -> None:
        """Kill everything."""
        for stage, instance in list(self.processes):
            self.kill(stage, instance)
        self._producer.close()

    def log(self, stage: str, instance: str = "1") -> str:
        """Return what a process wrote."""
        return (self.settings.home / f"{stage}-{instance}.log").read_text(encoding="utf-8")

    # -- output

    def wait_until_done(self, timeout_s: float = 120) -> None:
        """Wait until normalise and then track have confirmed all there is."""
        with self._asking() as (admin, consumer):
            for group, topic in (("botpulse-normalise", RAW_EVENTS), ("botpulse-track", BOT_EVENTS)):
                until(
                    lambda g=group, t=topic: self._lag(g, t, admin, consumer) == 0,
                    timeout_s,
                    0.2,
                    f"{group} to have read all of {topic}",
                )

    def lag(self, group: str, topic: str) -> int:
        """Return how many records a group has not confirmed."""
        with self._asking() as (admin, consumer):
            return self._lag(group, topic, admin, consumer)

    def _lag(self, group: str, topic: str, admin: KafkaAdminClient, consumer: KafkaConsumer) -> int:
        ends = consumer.end_offsets(self._partitions_of(topic))
        try:
            committed = admin.list_group_offsets([group])[group]
        except KafkaError:  # no coordinator yet: nobody has joined
            return -1

        return sum(end - max(committed[tp].offset if tp in committed else 0, 0) for tp, end in ends.items())

    @contextmanager
    def _asking(self) -> Iterator[tuple[KafkaAdminClient, KafkaConsumer]]:
        """Connect once for many questions: the benchmarks wait on the cores that they measure."""
        admin = KafkaAdminClient(bootstrap_servers=self.settings.kafka)
        consumer = KafkaConsumer(bootstrap_servers=self.settings.kafka)
        try:
            yield admin, consumer
        finally:
            consumer.close()
            admin.close()

    def numbers(self) -> Numbers:
        """Return every number, from the counters topic."""
        return numbers_of(self.cell_batches())

    def cell_batches(self) -> Iterator[CellBatch]:
        """Yield the records of the counters topic."""
        for record in self.records(COUNTERS):
            yield decode_cells(record)

    def bot_events(self) -> Iterator[BotEvent]:
        """Yield what normalise wrote, in log order of each partition."""
        for record in self.records(BOT_EVENTS):
            for batch in decode_batches(record):
                yield from batch.events

    def records(self, topic: str) -> list[bytes]:
        """Return the values of a topic from beginning to end."""
        return [record.value for record in self._read(topic) if record.value is not None]

    def keys(self, topic: str) -> set[bytes]:
        """Return the keys of a topic that were not deleted."""
        last = {record.key: record.value for record in self._read(topic)}

        return {key for key, value in last.items() if value is not None}

    def follow(self, topic: str) -> Callable[[], list[bytes]]:
        """Return a function that gives what came to a topic since its last call."""
        consumer = KafkaConsumer(bootstrap_servers=self.settings.kafka, enable_auto_commit=False)
        consumer.assign(list(self._ends(topic)))
        consumer.seek_to_end()
        for tp in consumer.assignment():
            consumer.position(tp)

        return lambda: [
            record.value for records in consumer.poll(1, max_records=500).values() for record in records
        ]

    def _read(self, topic: str) -> list[Any]:
        ends = {tp: end for tp, end in self._ends(topic).items() if end}
        if not ends:
            return []
        consumer = KafkaConsumer(bootstrap_servers=self.settings.kafka, enable_auto_commit=False)
        found: list[Any] = []
        try:
            consumer.assign(list(ends))
            consumer.seek_to_beginning(*ends)
            while any(consumer.position(tp) < end for tp, end in ends.items()):
                for records in consumer.poll(500, max_records=5000).values():
                    found += records
        finally:
            consumer.close()

        return found

    def is_ready(self, stage: str, instance: str = "1") -> bool:
        """Tell whether the newest word of a process that runs now is that it is ready."""
        pid = self.processes[stage, instance].pid
        beats = [read_beat(record) for record in self.records(HEARTBEATS)]
        own = [beat for beat in beats if (beat.stage, beat.instance, beat.pid) == (stage, instance, pid)]

        return bool(own) and own[-1].ready

    def _ends(self, topic: str) -> dict[TopicPartition, int]:
        consumer = KafkaConsumer(bootstrap_servers=self.settings.kafka)
        try:
            return dict(consumer.end_offsets(self._partitions_of(topic)))
        finally:
            consumer.close()

    def _partitions_of(self, topic: str) -> list[TopicPartition]:
        partitions = {one.name: one.partitions for one in topics(self.settings)}[topic]

        return [TopicPartition(topic, partition) for partition in range(partitions)]


@contextmanager
def rig(bootstrap: str, home: Path, **settings: object) -> Iterator[Rig]:
    """Yield a rig and kill what it started."""
    own = Rig(bootstrap, home, **settings)
    try:
        yield own
    finally:
        own.stop()
