"""A command on a leash ends with its parent, by the kernel or by the watcher."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.local.leash import PID_VARIABLE, leashed
from app.local.processes import runs
from tests.waiting import until

pytestmark = pytest.mark.stack

# A parent that starts a leashed command, tells its process id, and waits to be killed.
PARENT = """
import subprocess, sys
from app.local.leash import leashed
command = [sys.executable, "-c", sys.argv[2]]
child = subprocess.Popen(leashed(command, sys.argv[3], watcher=sys.argv[1] == "watcher"))
print(child.pid, flush=True)
child.wait()
"""
TELLS = "import signal, sys, pathlib; pathlib.Path({path!r}).write_text('on'); "
IDLE = TELLS + "signal.pause()"
DEAF = TELLS + "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause(); signal.pause()"
ORDERLY = TELLS + "signal.sigwait([signal.SIGTERM]); pathlib.Path({path!r}).write_text('ended in order')"

ways = pytest.mark.parametrize("way", ["kernel", "watcher"])


def started(way: str, script: str, path: Path, ending: str = "KILL") -> tuple[subprocess.Popen[str], int]:
    """Start a parent with a leashed child; return when the child is at work."""
    blocked = (
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); "
        if script is ORDERLY
        else ""
    )
    text = blocked + script.format(path=str(path))
    command = [sys.executable, "-c", PARENT, way, text, ending]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    until(path.exists, what="the child")
    return parent, child


def killed(parent: subprocess.Popen[str]) -> None:
    """Kill the parent the hard way."""
    parent.kill()
    parent.communicate()


@ways
@pytest.mark.parametrize("script", [IDLE, DEAF], ids=["idle", "deaf"])
def test_child_ends_with_its_parent(way: str, script: str, tmp_path: Path) -> None:
    """After SIGKILL of the parent the child is gone, even one that ignores SIGTERM."""
    parent, child = started(way, script, tmp_path / "child")
    killed(parent)

    assert until(lambda: not runs(child), what="the end of the child")


@ways
def test_child_may_end_in_order(way: str, tmp_path: Path) -> None:
    """With SIGTERM as the ending, the child can put its things in order."""
    parent, _ = started(way, ORDERLY, tmp_path / "child", "TERM")
    killed(parent)

    assert until(lambda: (tmp_path / "child").read_text() == "ended in order", what="its last words")


@ways
def test_living_parent_keeps_its_child(way: str, tmp_path: Path) -> None:
    """As long as the parent lives, so does the child, and its exit code reaches the parent."""
    command = [sys.executable, "-c", "import sys, time; time.sleep(1); sys.exit(70)"]
    watcher = way == "watcher"

    assert 70 == subprocess.run(leashed(command, watcher=watcher), check=False).returncode


@ways
def test_command_keeps_the_process_id(way: str) -> None:
    """The command runs as the very process that was started, and finds its id in the environment."""
    command = [sys.executable, "-c", f"import os; print(os.getpid(), os.environ['{PID_VARIABLE}'])"]
    process = subprocess.Popen(leashed(command, watcher=way == "watcher"), stdout=subprocess.PIPE, text=True)

    assert [str(process.pid)] * 2 == process.communicate()[0].split()


def test_parent_dead_before_the_leash_is_noticed() -> None:
    """A command whose parent is already another than it was told does not start."""
    command = leashed([sys.executable, "-c", "print('alive')"], parent="1")
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (1, "") == (done.returncode, done.stdout)


def test_signals_reach_the_command_itself(tmp_path: Path) -> None:
    """The parent's signals go to the command, not to something in between."""
    parent, child = started("watcher", IDLE, tmp_path / "child")
    os.kill(child, signal.SIGTERM)
    parent.communicate()

    assert not runs(child)
