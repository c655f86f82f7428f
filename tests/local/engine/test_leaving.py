"""Clients that give up, go away, or talk nonsense."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from clickhouse_driver import Client

from tests.engine import EngineServer, fresh_table
from tests.waiting import until

pytestmark = pytest.mark.clickhouse

SLOW = "SELECT count(), '{mark}' FROM system.numbers WHERE cityHash64(number) = 1"
LEAVER = """
import sys
from clickhouse_driver import Client
Client("127.0.0.1", int(sys.argv[1]), password=sys.argv[2]).execute(sys.argv[3])
"""


@pytest.fixture
def mark() -> str:
    """A word to know a query by."""
    return uuid.uuid4().hex


def running(client: Client, mark: str) -> int:
    """How many queries with *mark* there are."""
    look = "SELECT count() FROM system.processes WHERE query LIKE %(mark)s AND query NOT LIKE '%%processes%%'"
    count: int = client.execute(look, {"mark": f"%{mark}%"})[0][0]
    return count


def test_killed_client(engine: EngineServer, client: Client, mark: str) -> None:
    """The query of a client that died is ended."""
    command = [sys.executable, "-c", LEAVER, str(engine.tcp_port), engine.password, SLOW.format(mark=mark)]
    with subprocess.Popen(command) as process:
        until(lambda: running(client, mark), what="the query to run")
        process.kill()

    until(lambda: not running(client, mark), what="the query to be gone")


def test_cancel(engine: EngineServer, client: Client, mark: str) -> None:
    """A cancelled query ends, and the connection can be used at once."""
    other = engine.client()
    rows = other.execute_iter(
        f"SELECT number, '{mark}' FROM system.numbers", settings={"max_block_size": 1000}
    )
    next(rows)
    other.cancel()

    assert [(1,)] == other.execute("SELECT 1")
    until(lambda: not running(client, mark), what="the query to be gone")


def rows_then_death() -> Iterator[tuple[int, str]]:
    """Five blocks of rows, and an error."""
    for number in range(5000):
        yield number, "x" * 100
    raise InterruptedError


def test_death_within_an_insert(engine: EngineServer, client: Client) -> None:
    """An INSERT whose client leaves between its blocks writes nothing."""
    table = fresh_table(client, "k UInt64, v String")

    with pytest.raises(InterruptedError):
        engine.client().execute(
            f"INSERT INTO {table} VALUES", rows_then_death(), settings={"insert_block_size": 1000}
        )

    until(lambda: not running(client, table), what="the INSERT to be gone")
    assert [(0,)] == client.execute(f"SELECT count() FROM {table}")


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="http"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="tls"),
        pytest.param(b"\x00" + b"\xff" * 20, id="a number without end"),
        pytest.param(b"\x00" + b"\xff\xff\xff\xff\x7f", id="a string of gigabytes"),
        pytest.param(b"\x01\x00", id="a query before the greeting"),
        pytest.param(random.Random(1).randbytes(5000), id="random"),
    ],
)
def test_noise(engine: EngineServer, client: Client, noise: bytes) -> None:
    """A client that does not speak the protocol is shown the door; the others do not notice."""
    with socket.create_connection(("127.0.0.1", engine.tcp_port), timeout=5) as sock:
        sock.sendall(noise)
        try:
            answer = sock.recv(1000)
        except ConnectionResetError:
            answer = b""

    assert b"" == answer
    assert [(1,)] == client.execute("SELECT 1")


def test_noise_after_the_greeting(engine: EngineServer, client: Client) -> None:
    """Random packets from clients who may come in hang and crash nothing."""
    for seed in range(60):
        other = engine.client()
        other.execute("SELECT 1")
        dice = random.Random(seed)
        with other.connection.socket as sock:
            sock.sendall(bytes([dice.choice([1, 2, 3, 4, 5, 77])]) + dice.randbytes(dice.randrange(300)))
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(5)
            try:
                while sock.recv(1000):
                    pass
            except ConnectionResetError:
                pass

    assert [(1,)] == client.execute("SELECT 1")
