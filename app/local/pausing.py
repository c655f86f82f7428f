"""
Pause programs of the `botpulse up` that runs on a home, from another process: `with paused(settings, names)`.

Nothing is done where `up` does not run here: its stages may run elsewhere, which heartbeats tell.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from typing import Any
from xmlrpc.client import Fault

from app.config import Settings
from app.errors import BotpulseError
from app.local.home import Home
from app.local.running import running
from app.local.supervision import server_at

__all__ = ["paused"]


@contextlib.contextmanager
def paused(settings: Settings, programs: Sequence[str], say: Callable[[str], None]) -> Iterator[bool]:
    """Keep *programs* stopped; gives whether there were any to stop. They start again whatever happens."""
    if not running(settings):
        yield False
        return
    server = server_at(Home(settings.home.expanduser().resolve()))
    stopped: list[str] = []
    try:
        for program in programs:
            say(f"stopping {program}")
            _ask(lambda name=program: server.supervisor.stopProcessGroup(name))  # type: ignore[misc]
            stopped.append(program)
        yield True
    finally:
        for program in stopped:
            say(f"starting {program}")
            _ask(lambda name=program: server.supervisor.startProcessGroup(name, False))  # type: ignore[misc]


def _ask(request: Callable[[], Any]) -> None:
    try:
        request()
    except (OSError, HTTPException, Fault) as error:
        msg = f"`botpulse up` does not do as asked ({error}); stop it and try again"
        raise BotpulseError(msg, "supervisor") from error
