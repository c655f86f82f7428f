"""
Kill anything, at any time, under load: every event answered with 200 is counted and stored once, no other twice.

`CHAOS_KILLS` sets how often (5 by default, `make chaos` 30), `CHAOS_SEED` which parts and when.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from app.config import Settings
from app.local.home import Home
from app.local.leash import leashed
from app.local.running import attached
from app.local.supervision import server_at
from tests.chaos.feeder import Feeder
from tests.stack import Stack, running_stack
from tests.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.long]

KILLS = int(os.environ.get("CHAOS_KILLS", "5"))
EVENTS = 100_000
PARTS = ["web", "normalise", "track", "alert", "store", "kafka", "engine"]


@pytest.fixture
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack for killing."""
    with running_stack(tmp_path_factory.mktemp("chaos") / "home", "--no-demo") as own:
        yield own


def pid_of(stack: Stack, part: str) -> int:
    """Return the process id of a part as it is now, 0 while it is down."""
    with server_at(Home(stack.home)) as server:
        states = server.supervisor.getAllProcessInfo()

    return next(int(state["pid"]) for state in states if state["name"].startswith(part))


def hit(stack: Stack, part: str, number: signal.Signals) -> None:
    """Send a signal to a part that runs."""
    pid = until(lambda: pid_of(stack, part), 60, 0.1, f"{part} to run")
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def joining_worker(stack: Stack, stage: str) -> subprocess.Popen[bytes]:
    """Start one more process of a stage."""
    command = [
        sys.executable,
        "-m",
        "app.cli",
        "worker",
        stage,
        "--instance",
        "guest",
        "--home",
        str(stack.home),
    ]
    with (stack.home / f"guest-{stage}.log").open("ab") as log:
        return subprocess.Popen(leashed(command), stdout=log, stderr=log)


def test_nothing_is_lost_or_counted_twice(own_stack: Stack) -> None:
    """Kills of every part, SIGTERM, SIGSTOP, a guest worker that joins and leaves, with events flowing all the time."""
    rng = random.Random(int(os.environ.get("CHAOS_SEED", "1")))
    made = own_stack.run("bots", "create", "--name", "chaos", "--platform", "generic", "--time-zone", "UTC")
    feeder = Feeder(own_stack.url, made["ingest_key"])
    feeder.start()
    guest = joining_worker(own_stack, "track")
    parts = (PARTS * (KILLS // len(PARTS) + 1))[: max(KILLS, 1)]
    rng.shuffle(parts)
    try:
        for n, part in enumerate(parts):
            time.sleep(rng.uniform(0.2, 3))  # the moment is what is varied
            hit(own_stack, part, signal.SIGKILL)
            if n == KILLS // 3:
                hit(own_stack, rng.choice(["normalise", "track", "store"]), signal.SIGTERM)
            if n == KILLS // 2:
                freeze(own_stack, rng.choice(["normalise", "track", "store"]))
            if n == KILLS * 2 // 3:
                guest.kill()
        until(lambda: len(feeder.accepted) >= EVENTS, 600, 0.2, f"{EVENTS:,} events to be accepted")
    finally:
        feeder.stop()
        guest.kill()
    until(own_stack.is_ready, 180, 0.5, "every part to be back")

    assert_exact(own_stack, made["bot"], made["read_key"], feeder)


def freeze(stack: Stack, part: str) -> None:
    """Stop a part for longer than its session: its group goes on without it before it wakes."""
    until(lambda: is_member(stack, part) is True, 60, 0.5, f"{part} to be in its group")
    pid = until(lambda: pid_of(stack, part), 60, 0.1)
    os.kill(pid, signal.SIGSTOP)
    until(lambda: is_member(stack, part) is False, 60, 0.5, f"the group to go on without {part}")
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def is_member(stack: Stack, part: str) -> bool | None:
    """Tell whether the one process of a part is in its group; None while the broker cannot say."""
    group = f"botpulse-{part}"
    try:
        admin = KafkaAdminClient(bootstrap_servers=attached(Settings(home=stack.home)).kafka)
    except KafkaError:
        return None
    try:
        members = admin.describe_groups([group])[group]["members"]
    except KafkaError:
        return None
    finally:
        admin.close()

    return f"{group}-1" in [member["group_instance_id"] for member in members]


def assert_exact(stack: Stack, bot: str, key: str, feeder: Feeder) -> None:
    """Events, counters and the audit agree with what the client was told."""

    def stored() -> int:
        status, answer = stack.call(
            "POST", "/data/v1/sql", key, {"query": "SELECT count() AS n FROM bot_events"}
        )
        return int(answer["data"][0]["n"]) if status == 200 else 0

    def is_drained() -> bool:
        status, answer = stack.call("GET", "/data/v1/pipeline", key)
        if status != 200:
            return False
        return all(stage["lag_records"] == 0 for stage in answer["stages"] if stage["stage"] != "web")

    until(is_drained, 300, 1, "the pipeline to be drained")
    until(lambda: stored() >= len(feeder.accepted), 120, 1, "everything to be stored")
    lines = stack.home.parent / "events.ndjson"
    stack.run("export", "--bot", bot, "--format", "ndjson", "-o", str(lines))
    texts = [
        line.split('"text":"')[1].split('"')[0] for line in lines.read_text(encoding="utf-8").splitlines()
    ]

    assert not feeder.accepted - set(texts), "answered with 200 and lost"
    assert not set(texts) - feeder.accepted - feeder.unanswered, "never sent"
    assert len(set(texts)) == len(texts), "stored twice"
    counted = stack.get(f"/data/v1/bots/{bot}/series?measure=events&window=day", key)
    assert len(texts) == sum(point["value"] for point in counted["points"])
    assert [] == stack.run("audit", "--bot", bot)["differences"]
