"""
What the web process needs from outside: a place for deliveries, and the registry. Adapters provide it, shells use it.

Each port has an implementation in memory (`app/adapters/memory.py`) that passes the same contract as the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from app.core.deliveries import Delivery
from app.core.registry import Fact, State
from app.errors import BotpulseError

__all__ = ["Clock", "Edge", "Registry", "Unavailable"]

Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""


class Unavailable(BotpulseError):  # noqa: N818 a state, not a mishap
    """Nothing was stored for now; the same request may succeed after *retry_after_s*."""

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message, "unavailable")
        self.retry_after_s = retry_after_s


class Edge(Protocol):
    """Takes deliveries in."""

    async def accept(self, delivery: Delivery) -> None:
        """Return when *delivery* is durable; raise Unavailable when it is not, or not known to be."""


class Registry(Protocol):
    """Bots, keys, people and imports as they are now."""

    @property
    def state(self) -> State:
        """Everything known; a new object after each change."""

    async def append(self, fact: Fact) -> None:
        """Return when *fact* is durable and part of `state`."""

    def on_change(self, callback: Callable[[State], None]) -> None:
        """Call *callback* with the new state after each change."""
