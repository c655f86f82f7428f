"""Confirms messages in the order of their offsets, each when all that follows from it is durable."""

from __future__ import annotations

from collections import deque
from typing import Protocol

__all__ = ["Acker", "Confirmable", "Unit"]


class Confirmable(Protocol):
    """A message whose acknowledgement is ours to give."""

    def confirm(self) -> None:
        """Acknowledge it."""


class Unit:
    """Messages that become durable together."""

    __slots__ = ("done", "events")

    def __init__(self, events: list[Confirmable]) -> None:
        self.events = events
        self.done = False


class Acker:
    """A later unit waits for the earlier ones, so that a commit never passes a message that is not durable."""

    def __init__(self) -> None:
        self._units: deque[Unit] = deque()

    def add(self, events: list[Confirmable]) -> Unit:
        """Queue *events* behind all before them."""
        unit = Unit(events)
        self._units.append(unit)

        return unit

    def finish(self, unit: Unit) -> None:
        """Note that *unit* is durable and confirm what may be confirmed."""
        unit.done = True
        while self._units and self._units[0].done:
            for event in self._units.popleft().events:
                event.confirm()

    def __len__(self) -> int:
        return len(self._units)
