"""
Run a command that cannot outlive its parent: `python -m app.local.leash --parent PID COMMAND...`.

On Linux the kernel ends the command when the parent dies, however it dies; elsewhere a small watching process does.
The command keeps the id of the process that was started, so the parent signals it directly.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import signal
import sys
import time

__all__ = ["PID_VARIABLE", "leashed", "main"]

PID_VARIABLE = "BOTPULSE_LEASH_PID"
PR_SET_PDEATHSIG = 1
POLL_S = 0.25


def leashed(
    command: list[str], ending: str = "KILL", parent: str = "", *, watcher: bool = False
) -> list[str]:
    """
    Return the command line that runs *command* on a leash held by *parent*, this process unless told otherwise.

    *ending* is the signal it gets when the parent is gone.
    """
    flags = ["--parent", parent or str(os.getpid()), "--signal", ending, *(["--watcher"] if watcher else [])]
    return [sys.executable, "-m", "app.local.leash", *flags, *command]


def main() -> None:
    """Take the leash, then become the command, which finds its own process id in the environment."""
    wanted = _arguments()
    ending = signal.Signals[f"SIG{wanted.signal}"]
    if sys.platform == "linux" and not wanted.watcher:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ending)
    else:
        _set_watcher(wanted.parent, ending)
    # A parent that died before the leash was on would never be noticed.
    if os.getppid() != wanted.parent:
        sys.exit(1)
    os.environ[PID_VARIABLE] = str(os.getpid())
    os.execvp(wanted.command[0], wanted.command)  # noqa: S606  # that is the point


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app.local.leash", description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", default="KILL")
    parser.add_argument("--watcher", action="store_true", help="watch from another process even on Linux")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args()


def _set_watcher(parent: int, ending: signal.Signals) -> None:
    """Leave behind a process that is nobody's child, so that the command never has to wait for it."""
    leashed_pid = os.getpid()
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    # Holding on to the command's pipes would keep their readers waiting for an end.
    os.closerange(0, 1024)
    _watch(leashed_pid, parent, ending)
    os._exit(0)


def _watch(leashed_pid: int, parent: int, ending: signal.Signals) -> None:
    """Signal the command once its parent is another than *parent*; stop when the command is gone."""
    import psutil  # noqa: PLC0415  # needed here only, and every program starts through this file

    with contextlib.suppress(psutil.NoSuchProcess):
        command = psutil.Process(leashed_pid)
        while command.status() != psutil.STATUS_ZOMBIE:
            if command.ppid() != parent:
                command.send_signal(ending)
                return
            time.sleep(POLL_S)


if __name__ == "__main__":
    main()
