"""
Say when a program ended and was started again, and start again, ever more slowly, what supervisord has given up on.

Nothing is given up for good: the cause may be a full disk or a broker that comes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from app.local.supervision import State

__all__ = ["Watch", "Watched"]

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0
CALM_S = 60.0


class Watched(Protocol):
    """What is needed of a supervisor."""

    def states(self) -> list[State]:
        """Say how every process is."""

    def start(self, name: str) -> None:
        """Start the process of that name."""


class Watch:
    """Remembers how things were at the last `look`."""

    def __init__(
        self, supervisor: Watched, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._supervisor = supervisor
        self._say = say
        self._clock = clock
        self._pids: dict[str, int] = {}
        self._pause_s: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._running_since: dict[str, float] = {}

    def look(self) -> list[State]:
        """Look once, act, and return what was seen."""
        states = self._supervisor.states()
        for state in states:
            self._notice_restart(state)
            if state.state == "FATAL":
                self._try_again(state.name)
            elif state.state == "RUNNING":
                self._calm_down(state.name)
            else:
                self._running_since.pop(state.name, None)
        return states

    def _notice_restart(self, state: State) -> None:
        before = self._pids.get(state.name)
        if state.pid and before and before != state.pid:
            self._running_since.pop(state.name, None)
            self._say(f"{state.name} ended and was started again")
        if state.pid:
            self._pids[state.name] = state.pid

    def _try_again(self, name: str) -> None:
        self._running_since.pop(name, None)
        if name not in self._due:
            pause_s = self._pause_s.get(name, FIRST_PAUSE_S)
            self._pause_s[name] = min(2 * pause_s, LONGEST_PAUSE_S)
            self._due[name] = self._clock() + pause_s
            self._say(f"{name} keeps ending, see logs/{name}.log; next try in {pause_s:.0f} s")
        elif self._clock() >= self._due[name]:
            del self._due[name]
            self._supervisor.start(name)

    def _calm_down(self, name: str) -> None:
        self._due.pop(name, None)
        since = self._running_since.setdefault(name, self._clock())
        if self._clock() - since > CALM_S:
            self._pause_s.pop(name, None)
