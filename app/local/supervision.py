"""
Keep programs running: supervisord as a child of ours, spoken to over its socket.

It restarts what dies.  Nothing outlives it, and it does not outlive us: see `leash.py`.
On the way down it stops the programs in falling `rank`, also when we are the ones who died.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from app.errors import BotpulseError
from app.local.home import Home
from app.local.leash import PID_VARIABLE, leashed
from app.local.processes import runs

__all__ = ["Program", "State", "Supervisor", "server_at"]

SOCKET_PATH_LIMIT = 100
UNDER_WAY = ("STARTING", "RUNNING", "BACKOFF", "STOPPING")
SHUTTING_DOWN = 6  # supervisor.xmlrpc.Faults.SHUTDOWN_STATE
START_LIMIT_S = 20
CHILDREN_LIMIT_S = 10


@dataclass(frozen=True)
class Program:
    """
    Something to keep running.

    Those of higher *rank* are stopped first and get *stop_s* before they are killed.
    Where the command says `{instance}`, each of the *count* processes finds its number, from 1.
    """

    name: str
    command: Sequence[str]
    rank: int
    stop_s: int = 15
    count: int = 1


@dataclass(frozen=True)
class State:
    """What supervisord says of one process; *pid* is 0 while there is none."""

    name: str
    program: str
    state: str
    pid: int


class Supervisor:
    """Runs *programs*; each waits for its `start`."""

    def __init__(self, home: Home, programs: Sequence[Program]) -> None:
        self._home = home
        self._programs = {program.name: program for program in programs}
        self._socket = _socket_path(home)
        self._process: subprocess.Popen[bytes] | None = None
        self._pids: set[int] = set()

    def open(self, environment: Mapping[str, str], inherited: Sequence[int] = ()) -> None:
        """Start supervisord with *environment*; it keeps the file descriptors *inherited* open."""
        configuration = self._home.run / "supervisord.conf"
        configuration.write_text(self._configuration(), encoding="utf-8")
        self._socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-s", "-c", str(configuration)]
        with (self._home.logs / "supervisord.err").open("wb") as errors:
            self._process = subprocess.Popen(
                leashed(command, "TERM"),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                pass_fds=inherited,
                start_new_session=True,  # Ctrl-C in the terminal must reach us only; we stop the rest in order
            )
        self._await_socket()

    @property
    def pid(self) -> int:
        """The process id of supervisord."""
        assert self._process is not None
        return self._process.pid

    def start(self, name: str) -> None:
        """Start every process of the program *name*, or the one process of that name, unless it runs."""
        for one in self.states():
            if name in (one.name, one.program) and one.state not in UNDER_WAY:
                self._start(f"{one.program}:{one.name}")

    def states(self) -> list[State]:
        """Say how every process is."""
        rows = self._call(lambda server: server.supervisor.getAllProcessInfo())
        states = [State(row["name"], row["group"], row["statename"], row["pid"]) for row in rows]
        self._pids = {one.pid for one in states if one.pid}
        return states

    def has_ended(self) -> bool:
        """Tell whether supervisord is gone, though nobody asked it to."""
        return self._process is not None and self._process.poll() is not None

    def close(self) -> None:
        """Stop every program in order, then supervisord, and return when nothing is left."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
        while self._process.poll() is None:
            with contextlib.suppress(BotpulseError):
                self.states()  # a call wakes it; on its own it looks for ended children once a second
            time.sleep(0.05)
        self._await_children()
        self._socket.unlink(missing_ok=True)

    def log_of(self, name: str) -> Path:
        """Name the file with the words of the process *name*."""
        return self._home.logs / f"{name}.log"

    def _start(self, full_name: str) -> None:
        with contextlib.suppress(Fault):  # what could not be started says so by its state, and is tried again
            self._call(lambda server: server.supervisor.startProcess(full_name, False))

    def _await_socket(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not self.has_ended() and time.monotonic() < deadline:
            with contextlib.suppress(OSError, HTTPException):
                self._server().supervisor.getState()
                return
            time.sleep(0.02)
        words = (self._home.logs / "supervisord.err").read_text(encoding="utf-8", errors="replace").strip()
        words = words.partition("For help, use")[0].strip()
        msg = f"the supervisor does not start: {words.splitlines()[-1] if words else 'no reason given'}"
        raise BotpulseError(msg, "supervisor")

    def _call(self, ask: Callable[[Any], Any]) -> Any:
        try:
            return ask(self._server())
        except (OSError, HTTPException, Fault) as error:
            if isinstance(error, Fault) and error.faultCode != SHUTTING_DOWN:
                raise
            msg = "the supervisor has ended, and with it everything it ran; nothing is lost: start again with `botpulse up`"
            raise BotpulseError(msg, "supervisor") from error

    def _server(self) -> Any:
        return _proxy(self._socket)

    def _await_children(self) -> None:
        """Wait for what supervisord left behind if it was killed; the leash ends it within moments."""
        deadline = time.monotonic() + CHILDREN_LIMIT_S
        while any(map(runs, self._pids)) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _configuration(self) -> str:
        run, logs = self._home.run, self._home.logs
        general = f"""\
[supervisord]
logfile={_quoted(logs / "supervisord.log")}
logfile_maxbytes=1MB
logfile_backups=1
pidfile={_quoted(run / "supervisord.pid")}
childlogdir={_quoted(logs)}
umask=077
strip_ansi=true

[unix_http_server]
file={_quoted(self._socket)}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
        return general + "".join(_section(program, logs) for program in self._programs.values())


def server_at(home: Home) -> Any:
    """Return the supervisord that runs on *home*, for another process that has something to ask of it."""
    return _proxy(_socket_path(home))


def _section(program: Program, logs: Path) -> str:
    numbered = any("{instance}" in part for part in program.command)
    suffix = "-%(process_num)d" if numbered else ""
    return f"""
[program:{program.name}]
command={_command_line(program)}
process_name={program.name}{suffix}
numprocs={program.count}
numprocs_start=1
priority={program.rank}
autostart=false
autorestart=true
startsecs=3
startretries=3
stopsignal=TERM
stopwaitsecs={program.stop_s}
redirect_stderr=true
stdout_logfile={_quoted(_quoted(logs / program.name))}{suffix}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


def _command_line(program: Program) -> str:
    """Write the command so that supervisord holds its leash and fills in the number of the process."""
    line = shlex.join(leashed(list(program.command), parent="{parent}")).replace("%", "%%")
    return line.replace("{parent}", f"%(ENV_{PID_VARIABLE})s").replace("{instance}", "%(process_num)d")


def _quoted(path: Path | str) -> str:
    """Write *path* as supervisord reads it, once; it reads `stdout_logfile` twice."""
    return str(path).replace("%", "%%")


def _proxy(socket: Path) -> Any:
    from supervisor.xmlrpc import SupervisorTransport  # noqa: PLC0415 - slow, and not every import of ours needs it

    return ServerProxy("http://127.0.0.1", transport=SupervisorTransport(None, None, f"unix://{socket}"))


def _socket_path(home: Home) -> Path:
    """Choose a path short enough for a socket: systems allow about a hundred bytes."""
    path = home.run / "supervisor.sock"
    if len(os.fsencode(path)) < SOCKET_PATH_LIMIT:
        return path
    mark = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"botpulse-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{mark}.sock"
