"""`botpulse demo`: a bot that is alive."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from app.web.place import recorded_url
from tests.cli.conftest import System
from tests.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


@pytest.fixture(scope="module", autouse=True)
def web(system: System) -> Iterator[None]:
    """A web process on a free port."""
    command = [sys.executable, "-m", "app.cli", "web", "--port", "0"]
    process = subprocess.Popen(command, env=system.environment, stderr=subprocess.DEVNULL)
    until(lambda: recorded_url(system.settings), what="the web process to listen")
    yield
    process.kill()
    process.wait()


@pytest.fixture(scope="module", autouse=True)
def first(system: System, web: None) -> Any:
    """What the very first run said."""
    return system.run("demo", "--once", "30", "--json").answer


def stored(system: System) -> int:
    """Return how many events of the demo bot there are."""
    with system.clickhouse() as client:
        return int(client.execute("SELECT count() FROM bot_events WHERE bot_id = 'demo'")[0][0])


def test_first_start_brings_a_history(system: System, first: dict[str, Any]) -> None:
    """The first run makes the bot with 45 days of history, the next one only sends what it is asked for."""
    system.wait()
    before = stored(system)
    second = system.run("demo", "--once", "20", "--json").answer
    system.wait()

    assert (30, 20, 0) == (first["sent"], second["sent"], second["history"])
    assert before >= first["history"] + 30 > 50_000
    assert before + 20 == stored(system)


def test_the_key_is_for_the_owner_only(system: System) -> None:
    """The ingest key is kept in a file that nobody else can read."""
    assert 0o600 == (system.settings.home / "secrets" / "demo.key").stat().st_mode & 0o777


def test_a_lost_key_is_replaced(system: System) -> None:
    """Without its key file the demo makes a new key and goes on."""
    (system.settings.home / "secrets" / "demo.key").unlink()

    assert 0 == system.run("demo", "--once", "1").code


def test_live_traffic_flows(system: System) -> None:
    """Without an end it sends until it is stopped."""
    system.wait()
    before = stored(system)
    process = system.begin("demo", "--rate", "200")
    try:
        until(lambda: stored(system) > before + 50, 60, 0.5, "live messages")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
