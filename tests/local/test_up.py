"""`botpulse up`, with programs made for the purpose: what dies comes back, and nothing is ever left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.waiting import until

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home nobody used before, in a place with a space and a percent sign in its name."""
    return tmp_path / "a home, 100 %"


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Start `up` with programs given as name=behaviour; whatever a test leaves is killed after it."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*programs: str, port: int = 0) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.local.fake_up", str(home), str(port), *programs]
        pipe = subprocess.PIPE
        begun.append(subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()
    gone(home)


def facts(home: Path) -> dict[str, Any]:
    """Read run.json."""
    path = home / "run.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def pids(home: Path) -> dict[str, int]:
    """Name the processes of a run that is ready."""
    found: dict[str, int] = until(lambda: facts(home).get("pids", {}), what="run.json")
    return found


def gone(home: Path) -> bool:
    """Wait until no process mentions *home* in its command line."""
    return until(lambda: not living(home), 30, what="the end of every process")


def living(home: Path) -> list[psutil.Process]:
    """List the processes that have to do with *home*."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(home) in word for word in words):
            found.append(process)
    return found


def stopped(home: Path) -> list[str]:
    """Name the programs that stopped in order, the first first."""
    path = home / "stopped"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def test_ready_is_one_line(start: Start, home: Path) -> None:
    """All that is printed on stdout is the line naming the address, which run.json names too."""
    process = start("web=steady", "kafka=steady")
    pids(home)
    url = facts(home)["url"]
    process.send_signal(signal.SIGTERM)

    assert f"ready {url}\n" == process.communicate()[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
def test_stops_in_order(start: Start, home: Path, number: signal.Signals) -> None:
    """Told to stop, it stops the first program first, waits for it, leaves nothing and ends with 0."""
    process = start("web=slow", "track=steady", "kafka=steady")
    pids(home)
    process.send_signal(number)
    process.communicate()

    assert (0, ["web", "track", "kafka"], [], {}) == (
        process.returncode,
        stopped(home),
        living(home),
        facts(home),
    )


def test_a_request_that_comes_in_a_finaliser_is_heard(start: Start, home: Path) -> None:
    """What a signal's handler raises there is swallowed; it stops all the same."""
    process = start("farewell=yes", "web=steady", "kafka=steady")
    process.communicate()

    assert (0, ["web", "kafka"], {}) == (process.returncode, stopped(home), facts(home))


def test_second_request_to_stop_changes_nothing(start: Start, home: Path) -> None:
    """An impatient second Ctrl-C does not cut the order short."""
    process = start("web=slow", "kafka=steady")
    pids(home)
    process.send_signal(signal.SIGINT)
    until(lambda: process.stderr is not None and "stopping" in process.stderr.readline())
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate()

    assert (0, ["web", "kafka"]) == (process.returncode, stopped(home))


def test_stopping_while_starting(start: Start, home: Path) -> None:
    """Ctrl-C before everything is up ends what is there, with 0."""
    process = start("web=failing", "kafka=steady")
    until((home / "started").exists, what="a first program")
    process.send_signal(signal.SIGINT)
    process.communicate()

    assert (0, True) == (process.returncode, gone(home))


@pytest.mark.parametrize("name", ["web", "kafka"])
def test_killed_program_comes_back(start: Start, home: Path, name: str) -> None:
    """A program that is killed is started again, and run.json names the new process."""
    start("web=steady", "kafka=steady")
    before = pids(home)
    os.kill(before[name], signal.SIGKILL)

    assert until(lambda: pids(home).get(name, before[name]) != before[name], what="another process")


def test_killed_up_leaves_nothing(start: Start, home: Path) -> None:
    """After SIGKILL of `up` itself every program is stopped, in order, and then nothing is left."""
    process = start("web=slow", "kafka=steady")
    pids(home)
    process.kill()
    gone(home)

    assert ["web", "kafka"] == stopped(home)


def test_killed_supervisor_leaves_nothing(start: Start, home: Path) -> None:
    """After SIGKILL of the supervisor the programs are gone, and `up` says so in one line and ends with 1."""
    process = start("web=deaf", "kafka=steady")
    os.kill(pids(home)["supervisor"], signal.SIGKILL)
    words = process.communicate()[1].splitlines()

    assert (1, 1, True) == (process.returncode, len(words), "the supervisor has ended" in words[0])


def test_nothing_left_when_it_says_so(start: Start, home: Path) -> None:
    """By the time `up` has ended over a killed supervisor, its programs have ended too."""
    process = start("web=deaf", "kafka=deaf")
    os.kill(pids(home)["supervisor"], signal.SIGKILL)
    process.communicate()

    assert [] == living(home)


def test_second_start_is_refused(start: Start, home: Path) -> None:
    """A second start on the same home is refused in one sentence naming the process that has it."""
    first = start("web=steady")
    pids(home)
    second = start("web=steady")
    words = second.communicate()[1]

    assert (1, True) == (second.returncode, f"already runs on {home} (process {first.pid})" in words)


def test_refused_second_start_spoils_nothing(start: Start, home: Path) -> None:
    """The first run does not notice that a second was refused."""
    start("web=steady")
    before = facts(home) if pids(home) else {}
    start("web=steady").communicate()

    assert before == facts(home)


def test_start_after_kill_waits_for_the_rest(start: Start, home: Path) -> None:
    """A start right after SIGKILL of `up` waits for the old programs, so that two never share the data."""
    first = start("kafka=slow")
    old = pids(home)["kafka"]
    first.kill()
    second = start("kafka=steady")
    until(lambda: pids(home)["up"] == second.pid, what="the second run")

    assert not psutil.pid_exists(old)


def test_port_in_use_is_named(start: Start) -> None:
    """A port that somebody else has gives one sentence naming it and the way out, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start("web=steady", port=port)
        words = process.communicate()[1]

    way_out = "choose another with --port N, or let --port 0 take a free one"
    assert (1, f"botpulse: port {port} of 127.0.0.1 is in use; {way_out}\n") == (process.returncode, words)


def test_program_that_cannot_start_is_named(start: Start, home: Path) -> None:
    """When a program the rest needs keeps ending, `up` names it, ends with 1 and stops the others."""
    process = start("web=steady", "kafka=failing")
    words = process.communicate(timeout=60)[1].splitlines()

    assert (1, True) == (process.returncode, words[-1].startswith("botpulse: kafka does not start"))
