"""
One real broker for the whole test run: the fixture `broker` gives its bootstrap address.

Tests share it, so they take topics of their own (`unique("raw")`) or partitions nobody else writes.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.config import Settings
from app.local.jars import jars
from app.local.kafka import Broker
from app.local.leash import leashed
from app.local.ports import LOOPBACK, free_port, listens
from tests.waiting import until

__all__ = ["broker", "own_broker", "prepared", "started", "unique"]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real broker, empty at the start of the run."""
    with own_broker(tmp_path_factory.mktemp("kafka")) as address:
        yield address


@contextlib.contextmanager
def own_broker(folder: Path) -> Iterator[str]:
    """Run a broker of one's own in *folder* and give its address."""
    place = prepared(folder)
    process = started(place)
    try:
        yield place.address
    finally:
        process.kill()
        process.wait()


def prepared(folder: Path) -> Broker:
    """Return a broker in *folder* that may be started: it takes what formatting wrote for another one."""
    place = Broker(folder, free_port(), free_port(), jars(Settings()))
    data = folder / "data"
    data.mkdir(parents=True)
    for name, content in _formatted().items():
        (data / name).write_bytes(content)
    place.prepare()

    return place


def started(place: Broker) -> subprocess.Popen[bytes]:
    """Start the broker of *place* and return when it answers."""
    log = place.folder / "broker.log"
    with log.open("ab") as output:
        process = subprocess.Popen(leashed(place.command), stdout=output, stderr=output)

    def answers() -> bool:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        return listens(LOOPBACK, place.port)

    until(answers, 60, what="the broker to listen")
    return process


@cache
def _formatted() -> dict[str, bytes]:
    """Return the files of a storage just formatted; formatting takes a Java of its own, and one serves all brokers."""
    with tempfile.TemporaryDirectory() as folder:
        place = Broker(Path(folder), 1, 2, jars(Settings()))
        place.prepare()
        return {file.name: file.read_bytes() for file in (place.folder / "data").iterdir()}


def unique(stem: str) -> str:
    """Return a name no other test uses."""
    return f"{stem}-{uuid.uuid4().hex[:12]}"
