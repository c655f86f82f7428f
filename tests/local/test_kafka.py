"""The local broker: it may be killed, it keeps what it acknowledged, it refuses nothing it should take."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from app.config import MIB, Settings
from app.local.jars import jars
from app.local.kafka import Broker
from app.local.ports import free_port
from tests.broker import prepared, started, unique

pytestmark = pytest.mark.kafka


@pytest.fixture
def place(tmp_path: Path) -> Broker:
    """A broker's place, prepared and not started."""
    return prepared(tmp_path / "kafka")


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Brokers to end with the test."""
    listed: list[subprocess.Popen[bytes]] = []
    yield listed
    for process in listed:
        process.kill()
        process.wait()


def make_topic(address: str, name: str) -> None:
    """Make a topic of one partition."""
    admin = KafkaAdminClient(bootstrap_servers=address)
    admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()


def write(address: str, topic: str, values: list[bytes]) -> None:
    """Write *values* and return when all are acknowledged."""
    producer = KafkaProducer(bootstrap_servers=address, acks="all", max_request_size=16 * MIB)
    futures = [producer.send(topic, value) for value in values]
    for future in futures:
        future.get(30)
    producer.close()


def read(address: str, topic: str) -> list[bytes]:
    """Read all there is in the one partition of *topic*."""
    consumer = KafkaConsumer(
        bootstrap_servers=address, fetch_max_bytes=32 * MIB, max_partition_fetch_bytes=32 * MIB
    )
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    values: list[bytes] = []
    while consumer.position(partition) < end:
        for records in consumer.poll(1000).values():
            values.extend(record.value for record in records)
    consumer.close()
    return values


def test_sigkill_keeps_acknowledged_records(place: Broker, processes: list[subprocess.Popen[bytes]]) -> None:
    """What the broker acknowledged is there after SIGKILL and a new start on the same folder, on the same port."""
    values = [b"%d" % number for number in range(1000)]
    processes.append(started(place))
    make_topic(place.address, "kept")
    write(place.address, "kept", values)
    processes[-1].kill()
    processes[-1].wait()

    place.prepare()
    processes.append(started(place))

    assert values == read(place.address, "kept")


def test_other_ports_find_the_same_data(place: Broker, processes: list[subprocess.Popen[bytes]]) -> None:
    """When its ports were taken meanwhile, the broker starts on others with all its data."""
    processes.append(started(place))
    make_topic(place.address, "moved")
    write(place.address, "moved", [b"one"])
    processes[-1].terminate()
    processes[-1].wait()

    elsewhere = Broker(place.folder, free_port(), free_port(), place.jars)
    elsewhere.prepare()
    processes.append(started(elsewhere))

    assert [b"one"] == read(elsewhere.address, "moved")


def test_starts_in_any_folder(tmp_path: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    """A folder whose name is not ASCII is formatted and served, whatever the locale."""
    place = Broker(tmp_path / "hömé \\ 😀" / "kafka", free_port(), free_port(), jars(Settings()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LC_ALL", "C")
        place.prepare()
        processes.append(started(place))
    make_topic(place.address, "any")
    write(place.address, "any", [b"one"])

    assert [b"one"] == read(place.address, "any")
    assert (place.folder / "data" / "any-0").is_dir()


def test_interrupted_first_start_is_made_good(place: Broker) -> None:
    """Storage that was half formatted when the process died is formatted anew."""
    (place.folder / "data").rename(place.folder / "data.new")
    (place.folder / "data.new" / "meta.properties").write_text("torn", encoding="utf-8")

    place.prepare()

    assert "cluster.id" in (place.folder / "data" / "meta.properties").read_text(encoding="utf-8")


def test_envelopes_of_many_megabytes_pass(broker: str) -> None:
    """A record of 15 MiB, more than the largest request body, goes in and out."""
    topic = unique("large")
    make_topic(broker, topic)

    write(broker, topic, [bytes(15 * MIB)])

    assert [15 * MIB] == [len(value) for value in read(broker, topic)]


def test_unknown_topics_are_not_made(broker: str) -> None:
    """Asking for a topic that nobody declared does not create it."""
    topic = unique("typo")
    admin = KafkaAdminClient(bootstrap_servers=broker)
    admin.describe_topics([topic])
    names = admin.list_topics()
    admin.close()

    assert topic not in names
