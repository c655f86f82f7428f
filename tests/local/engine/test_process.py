"""The process: how it starts, what stops it from starting, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from clickhouse_driver import Client, errors

from tests.engine import EngineServer, fresh_table, running_engine, start_engine
from tests.waiting import until

pytestmark = pytest.mark.clickhouse


def refused(*options: str) -> str:
    """What the process says when it cannot start."""
    command = [sys.executable, "-m", "app.local.engine", *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (1, "") == (result.returncode, result.stdout)
    return result.stderr


def test_second_process(engine: EngineServer) -> None:
    """A second process on the same directory says so in one line and ends with 1."""
    said = refused("--path", str(engine.folder))

    assert [
        f"{engine.folder} is in use by another engine. Stop that one, or choose another --path."
    ] == said.splitlines()


@pytest.mark.parametrize("which", ["tcp", "http"])
def test_port_in_use(tmp_path: Path, which: str) -> None:
    """A port that is taken is named in one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("--path", str(tmp_path / "data"), f"--{which}-port", str(port))

    assert 1 == len(said.splitlines())
    assert f"Cannot listen on 127.0.0.1:{port}: " in said


def test_no_password_file(tmp_path: Path) -> None:
    """A password file that is not there is named in one line."""
    said = refused("--path", str(tmp_path / "data"), "--password-file", str(tmp_path / "none"))

    assert [
        f"Cannot read the password file {tmp_path / 'none'}: No such file or directory."
    ] == said.splitlines()


def test_path_that_cannot_be(tmp_path: Path) -> None:
    """A path that cannot be made is named in one line."""
    (tmp_path / "file").write_text("")

    assert [f"Cannot write to {tmp_path / 'file'}: Not a directory. Choose another --path."] == refused(
        "--path", str(tmp_path / "file")
    ).splitlines()


def test_limits_are_set(tmp_path: Path) -> None:
    """The memory limit given is in force, and the caches are small."""
    names = "('max_server_memory_usage', 'mark_cache_size')"
    sql = f"SELECT name, value FROM system.server_settings WHERE name IN {names} ORDER BY name"
    with running_engine(tmp_path / "data", "--max-memory-bytes", "900000000") as own:
        rows = own.client().execute(sql)

    assert [("mark_cache_size", "67108864"), ("max_server_memory_usage", "900000000")] == rows


def test_no_system_logs(engine: EngineServer, client: Client) -> None:
    """The server keeps no tables of its own that could grow."""
    client.execute("SYSTEM FLUSH LOGS")

    assert [(0,)] == client.execute("SELECT count() FROM system.parts WHERE database = 'system'")


def test_listens_here_only(engine: EngineServer) -> None:
    """Without --host nobody outside the machine can connect."""
    wanted = {f"0100007F:{engine.tcp_port:04X}", f"0100007F:{engine.http_port:04X}"}
    listening = {line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]}

    assert wanted <= listening


def test_stop_lets_a_query_end(tmp_path: Path) -> None:
    """SIGTERM waits for the query under way, takes no new ones, and ends with 0."""
    with running_engine(tmp_path / "data") as own:
        client, idle = own.client(), own.client()
        idle.execute("SELECT 1")
        answer: list[object] = []
        sql = "SELECT sum(sleepEachRow(0.5)) FROM numbers(3)"
        thread = threading.Thread(
            target=lambda: answer.append(client.execute(sql, settings={"max_block_size": 1}))
        )
        thread.start()
        running = "SELECT 1 FROM system.processes WHERE startsWith(query, 'SELECT sum(sleep')"
        until(lambda: idle.execute(running), what="the query to run")
        own.process.send_signal(signal.SIGTERM)
        until(lambda: not _connects(own.tcp_port), what="the port to close")
        thread.join()

        assert [[(0,)]] == answer
        assert 0 == own.process.wait(60)


def test_stop_when_idle(tmp_path: Path) -> None:
    """SIGINT ends an idle server with 0, and what it stored is there for the next one."""
    with running_engine(tmp_path / "data") as own:
        client = own.client()
        table = fresh_table(client, "k UInt64")
        client.execute(f"INSERT INTO {table} VALUES", [(1,)])
        own.process.send_signal(signal.SIGINT)
        assert 0 == own.process.wait(60)

    with running_engine(tmp_path / "data") as again:
        assert [(1,)] == again.client().execute(f"SELECT k FROM {table}")


def test_password_is_never_logged(tmp_path: Path) -> None:
    """At the most talkative the log holds no password, right or wrong, of either protocol."""
    with running_engine(tmp_path / "data", "--log-level", "debug") as own:
        with pytest.raises(errors.Error):
            own.client(password="not-the-password").execute("SELECT 1")
        own.client().execute("SELECT 1")
        query = urllib.parse.urlencode({"password": own.password, "query": "SELECT 1"})
        with urllib.request.urlopen(f"{own.http_url}?{query}") as answer:
            assert b"1\n" == answer.read()
        own.process.send_signal(signal.SIGTERM)
        own.process.wait(60)
        log = own.log.read_text()

    assert "refused with code 516" in log
    assert own.password not in log
    assert "not-the-password" not in log


def test_kill_9_loses_nothing(tmp_path: Path) -> None:
    """
    Rounds of SIGKILL within inserts lose no acknowledged row.

    Each batch is there whole or not at all, and sending the unacknowledged one again with its token makes the
    count exact.
    """
    size, acknowledged = 500, 0
    table = "CREATE TABLE t (batch UInt64, k UInt64) ENGINE = MergeTree ORDER BY k"
    pending: int | None = None
    for round_number in range(4):
        own = start_engine(tmp_path / "data")
        client = own.client()
        if not round_number:
            client.execute(f"{table} SETTINGS non_replicated_deduplication_window = 1000")
        if pending is not None:
            _insert(client, pending, size)
            acknowledged, pending = acknowledged + 1, None
        _check_batches(client, acknowledged, size)
        killer = threading.Timer(0.1 + 0.07 * round_number, own.process.kill)
        killer.start()
        try:
            while True:
                pending = acknowledged
                _insert(client, pending, size)
                acknowledged += 1
        except (errors.Error, OSError, EOFError):
            own.process.communicate()
    with running_engine(tmp_path / "data") as last:
        assert pending is not None
        _insert(last.client(), pending, size)
        _check_batches(last.client(), acknowledged + 1, size)
    assert acknowledged > 4


def test_ready_line(tmp_path: Path) -> None:
    """The line on stdout is JSON with the ports and the version; without a password file there is no password."""
    command = [sys.executable, "-m", "app.local.engine", "--path", str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        rows = Client("127.0.0.1", ready["tcp_port"]).execute("SELECT version()")
        process.kill()

    assert {"ready", "tcp_port", "http_port", "version"} == set(ready)
    assert [(ready["version"],)] == rows


def _insert(client: Client, batch: int, size: int) -> None:
    columns = [[batch] * size, list(range(batch * size, (batch + 1) * size))]
    token = {"insert_deduplication_token": f"batch-{batch}"}
    client.execute("INSERT INTO t VALUES", columns, columnar=True, settings=token)


def _check_batches(client: Client, batches: int, size: int) -> None:
    rows = client.execute("SELECT batch, count(), uniqExact(k) FROM t GROUP BY batch ORDER BY batch")
    assert [(number, size, size) for number in range(batches)] == rows


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:  # refused, or reset while it closes
        return False
    return True
