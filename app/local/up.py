"""
Run a stack of programs until told to stop: `run(settings, voice, stack)` is `botpulse up`.

What the programs are and in which order they come up is the stack's business (`stack.py`); here is what holds for any:
one run per home, nothing outlives it, whatever ends is started again, and it goes down in order.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from app.config import Settings
from app.errors import BotpulseError
from app.local.home import Home
from app.local.ports import free_port, is_free
from app.local.running import forget, remember
from app.local.supervision import Program, State, Supervisor
from app.local.voice import Voice
from app.local.watch import Watch

__all__ = ["Stack", "Stage", "run"]

LOOK_EVERY_S = 0.25
NEWS_EVERY_S = 15.0
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping(BaseException):
    """Somebody wants us to stop; not an error, so nothing may catch it as one."""


class Wish:
    """
    Whether somebody wants us to stop.

    A signal's handler raises, but where it runs inside a finaliser, which may be at any moment, Python swallows what it
    raises; so whoever waits asks here, too.
    """

    def __init__(self) -> None:
        self.is_to_stop = False

    def check(self) -> None:
        """Raise Stopping if so."""
        if self.is_to_stop:
            raise Stopping


class Stage:
    """The means a stack has to come up: start programs, and wait with the watch kept."""

    def __init__(self, supervisor: Supervisor, watch: Watch, voice: Voice, wish: Wish) -> None:
        self.start = supervisor.start
        self.say = voice.say
        self._watch = watch
        self._supervisor = supervisor
        self._wish = wish

    def wait(self, obstacle: Callable[[], str], needs: Sequence[str] = ()) -> None:
        """Wait until there is no *obstacle*, telling it now and then; fail when a program of *needs* cannot start."""
        began = told = time.monotonic()
        while words := obstacle():
            self._wish.check()
            self._demand(needs, self._watch.look())
            if time.monotonic() - told > NEWS_EVERY_S:
                told = time.monotonic()
                self.say(f"still waiting ({told - began:.0f} s): {words}")
            time.sleep(0.05)

    def _demand(self, needs: Sequence[str], states: list[State]) -> None:
        for one in states:
            if one.name in needs and one.state == "FATAL":
                log = self._supervisor.log_of(one.name)
                msg = f"{one.name} does not start: {_last_line(log.read_text(encoding='utf-8', errors='replace'))} (see {log})"
                raise BotpulseError(msg, "start")


class Stack(Protocol):
    """What is to run."""

    def programs(self) -> Sequence[Program]:
        """List the programs, nothing running yet."""

    def environment(self) -> Mapping[str, str]:
        """Give the environment of all programs."""

    def bring_up(self, stage: Stage) -> None:
        """Start the programs in order and return when all is ready."""

    def facts(self) -> dict[str, object]:
        """Say what others may know of what runs here: addresses, versions; no secrets."""

    def welcome(self) -> tuple[list[str], dict[str, object]]:
        """Give the line for people and the facts for machines that say it is ready."""


def run(settings: Settings, voice: Voice, make_stack: Callable[[Settings, Home, Voice], Stack]) -> None:
    """Bring the stack up, keep it up, and take it down when told to."""
    with _stoppable(voice) as wish:
        home = Home.open(settings.home)
        with home.locked(voice.say) as lock:
            stack = make_stack(_with_port(settings.model_copy(update={"home": home.root})), home, voice)
            _run(stack, home, voice, lock, wish)


def _run(stack: Stack, home: Home, voice: Voice, lock: int, wish: Wish) -> None:
    supervisor = Supervisor(home, stack.programs())
    watch = Watch(supervisor, voice.say)
    try:
        supervisor.open(stack.environment(), inherited=[lock])
        stack.bring_up(Stage(supervisor, watch, voice, wish))
        remember(home, stack.facts(), supervisor.pid, watch.look())
        voice.result(*stack.welcome())
        _keep(stack, home, supervisor, watch, wish)
    finally:
        _deafen()
        supervisor.close()
        forget(home)


def _keep(stack: Stack, home: Home, supervisor: Supervisor, watch: Watch, wish: Wish) -> None:
    pids: dict[str, int] = {}
    while True:
        wish.check()
        states = watch.look()
        now = {one.name: one.pid for one in states}
        if now != pids:
            pids = now
            remember(home, stack.facts(), supervisor.pid, states)
        time.sleep(LOOK_EVERY_S)


@contextmanager
def _stoppable(voice: Voice) -> Iterator[Wish]:
    """Turn the first request to stop into an orderly end, and take no further one."""
    wish = Wish()

    def stop(_number: int, _frame: FrameType | None) -> None:
        _deafen()
        wish.is_to_stop = True
        voice.say("stopping")
        raise Stopping

    for number in ENDINGS:
        signal.signal(number, stop)
    try:
        yield wish
    except Stopping:
        voice.say("stopped")


def _deafen() -> None:
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _with_port(settings: Settings) -> Settings:
    """Choose the port now, so that every program knows it."""
    if settings.port == 0:
        return settings.model_copy(update={"port": free_port(settings.host)})
    if not is_free(settings.host, settings.port):
        msg = (
            f"port {settings.port} of {settings.host} is in use; choose another with --port N, "
            "or let --port 0 take a free one"
        )
        raise BotpulseError(msg, "port")
    return settings


def _last_line(words: str) -> str:
    lines = [line for line in words.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"
