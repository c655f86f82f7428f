"""
The process around the engine: who may come in, what is running, and how it all ends.

One thread a client.  A watch looks at the sockets of running queries: a client that sent Cancel or went away
gets its query killed, because its own thread is inside the engine and cannot see it.
"""

from __future__ import annotations

import hmac
import logging
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from app.local.engine.engine import Engine
from app.local.engine.failure import Failure
from app.local.engine.http import HttpServer
from app.local.engine.native import NativeClient

__all__ = ["Job", "Server"]

_log = logging.getLogger(__name__)

_USER = "default"
_AUTHENTICATION_FAILED = 516
_CANCEL = b"\x03"
_POLL_S = 0.1
_GRACE_S = 10.0
_KILL_GRACE_S = 5.0


class Job:
    """A query under way, as the watch sees it."""

    def __init__(self, tag: str, sock: socket.socket) -> None:
        self.tag = tag
        self.is_cancelled = False
        self._sock = sock
        self._is_in_engine = False
        self._lock = threading.Lock()

    def in_engine(self) -> AbstractContextManager[None]:
        """The client's thread is in the engine: watch the socket for it."""
        return self._being(in_engine=True)

    def out_of_engine(self) -> AbstractContextManager[None]:
        """The client's thread reads the socket itself, and what it does must not be cut short."""
        return self._being(in_engine=False)

    def kill_if_given_up(self, engine: Engine) -> None:
        """Kill the query if nobody waits for it; the lock keeps the kill from hitting the next one."""
        with self._lock:
            if self._is_in_engine and self._is_given_up():
                self.is_cancelled = True
                engine.kill(self.tag)

    @contextmanager
    def _being(self, *, in_engine: bool) -> Iterator[None]:
        with self._lock:
            before, self._is_in_engine = self._is_in_engine, in_engine
        try:
            yield
        finally:
            with self._lock:
                self._is_in_engine = before

    def _is_given_up(self) -> bool:
        try:
            poll = select.poll()
            poll.register(self._sock, select.POLLIN)
            return bool(poll.poll(0)) and self._sock.recv(1, socket.MSG_PEEK) in {b"", _CANCEL}
        except (OSError, ValueError):
            return True


class Server:
    """Both listeners over one engine."""

    def __init__(
        self, engine: Engine, tcp: socket.socket, http: HttpServer, password: str, scratch: Path
    ) -> None:
        self.engine = engine
        self.scratch = scratch
        self._tcp = tcp
        self._http = http
        self._password = password
        self._jobs: set[Job] = set()
        self._stop = threading.Event()
        http.engine_server = self

    @property
    def is_stopping(self) -> bool:
        """Tell whether no further query may begin."""
        return self._stop.is_set()

    def authenticate(self, user: str, password: str) -> None:
        """Let the one user there is in, with the one password."""
        is_right = hmac.compare_digest(password.encode(), self._password.encode())
        if (user or _USER) != _USER or not is_right:
            text = f"{user}: Authentication failed: password is incorrect, or there is no user with such name"
            raise Failure(_AUTHENTICATION_FAILED, f"{text}. (AUTHENTICATION_FAILED)")

    @contextmanager
    def job(self, tag: str, sock: socket.socket) -> Iterator[Job]:
        """Count a query as under way until its answer is out: a stop waits for it."""
        job = Job(tag, sock)
        self._jobs.add(job)
        try:
            yield job
        finally:
            self._jobs.discard(job)

    def stop(self) -> None:
        """Ask ``serve`` to end; safe in a signal handler."""
        self._stop.set()

    def serve(self) -> None:
        """Serve until ``stop``; then let running queries end, kill those that do not, and return."""
        for work in (self._accept, self._http.serve_forever, self._watch):
            threading.Thread(target=work, daemon=True).start()
        # With a timeout: the signal may land on a thread of the engine, and would not wake a plain wait().
        while not self._stop.wait(_POLL_S):
            pass
        with suppress(OSError):
            self._tcp.shutdown(socket.SHUT_RDWR)  # closing alone would leave accept() asleep
        self._tcp.close()
        threading.Thread(target=self._http.shutdown, daemon=True).start()
        self._wait_for_jobs(_GRACE_S)
        for job in self._jobs.copy():
            self.engine.kill(job.tag)
        self._wait_for_jobs(_KILL_GRACE_S)
        self.engine.close()

    def _wait_for_jobs(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while self._jobs and time.monotonic() < deadline:
            time.sleep(_POLL_S / 4)

    def _accept(self) -> None:
        while not self.is_stopping:
            try:
                sock, _ = self._tcp.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve_native, args=(sock,), daemon=True).start()

    def _serve_native(self, sock: socket.socket) -> None:
        with sock:
            try:
                NativeClient(self, sock).serve()
            except OSError as error:
                _log.debug("connection ended: %s", error)

    def _watch(self) -> None:
        while not self._stop.wait(_POLL_S):
            for job in self._jobs.copy():
                try:
                    job.kill_if_given_up(self.engine)
                except Failure as failure:
                    _log.warning("cannot kill a query nobody waits for: %s", failure.text)
