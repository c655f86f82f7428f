"""
One embedded ClickHouse for the whole test run: the fixture `engine`, known everywhere, gives it.

Tests share the server, so they create databases or tables of their own (`fresh_table`); databases go with their module.
What stops or kills a server starts one of its own (`running_engine`).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

__all__ = ["KEPT", "EngineServer", "engine", "fresh_table", "running_engine", "shared_engine", "start_engine"]

KEPT = "kept_"
OWN = ("default", "system", "INFORMATION_SCHEMA", "information_schema")


@dataclass
class EngineServer:
    """A running server and how to reach it."""

    folder: Path
    process: subprocess.Popen[str]
    tcp_port: int
    http_port: int
    password: str
    log: Path

    @property
    def http_url(self) -> str:
        """The address of the HTTP interface."""
        return f"http://127.0.0.1:{self.http_port}/"

    def client(self, **options: Any) -> Client:
        """A clickhouse-driver client that may come in."""
        return Client("127.0.0.1", self.tcp_port, **{"password": self.password, **options})

    def drop_databases(self) -> None:
        """Drop every database but those a server has of itself and those that are kept for the whole run."""
        client = self.client()
        named = (
            "SELECT name FROM system.databases WHERE name NOT IN %(own)s AND NOT startsWith(name, %(kept)s)"
        )
        for (name,) in client.execute(named, {"own": OWN, "kept": KEPT}):
            client.execute(f"DROP DATABASE `{name}` SYNC")
        client.disconnect()


@pytest.fixture(scope="session")
def shared_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineServer]:
    """The one server of the run; ask for `engine`."""
    with running_engine(tmp_path_factory.mktemp("engine")) as server:
        yield server


@pytest.fixture(scope="module")
def engine(shared_engine: EngineServer) -> Iterator[EngineServer]:
    """The server that all share; what a module made in it goes when the module is done."""
    yield shared_engine
    shared_engine.drop_databases()


@contextlib.contextmanager
def running_engine(folder: Path, *options: str) -> Iterator[EngineServer]:
    """Run a server of one's own over *folder*."""
    server = start_engine(folder, *options)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


def start_engine(folder: Path, *options: str) -> EngineServer:
    """Start a server over *folder* and return when it is ready; who starts it ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder.with_name(f"{folder.name}.password")
    if not secret.exists():
        secret.write_text(f"{secrets.token_urlsafe(12)}\n")
    log = folder.with_name(f"{folder.name}.log")
    command = [
        sys.executable,
        "-m",
        "app.local.engine",
        "--path",
        str(folder),
        "--password-file",
        str(secret),
    ]
    with log.open("a") as errors:
        process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=errors, text=True, env=dict(os.environ)
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the engine did not start: {log.read_text()}"
    ready = json.loads(line)
    return EngineServer(
        folder, process, ready["tcp_port"], ready["http_port"], secret.read_text().strip(), log
    )


def fresh_table(client: Client, columns: str, engine: str = "MergeTree ORDER BY tuple()") -> str:
    """Create a table nobody else uses and return its name."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    client.execute(f"CREATE TABLE {name} ({columns}) ENGINE = {engine}")
    return name
