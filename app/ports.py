"""
What the web process needs from outside: a place for deliveries, the registry, and what webhooks need. Adapters provide it, shells use it.

Each port has an implementation in memory (`app/adapters/memory.py`) that passes the same contract as the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from app.core.deliveries import Delivery
from app.core.registry import Fact, State
from app.errors import BotpulseError

__all__ = ["Clock", "Documents", "Edge", "Links", "Registry", "Seal", "Unavailable"]

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


class Links(Protocol):
    """What messages told about others (app/core/links.py), of one bot each."""

    def learn(self, bot: str, links: Mapping[str, str]) -> None:
        """Remember *links*; the last value of a name holds."""

    def find(self, bot: str, names: Iterable[str]) -> dict[str, str]:
        """Return those of *names* that are known."""


class Documents(Protocol):
    """Public documents that signatures are checked with."""

    async def fetch(self, url: str, hosts: Collection[str]) -> bytes:
        """Return the document at *url*, empty unless it is https of one of *hosts*; raise Unavailable without it."""


class Seal(Protocol):
    """Keeps secrets that must be readable again."""

    def seal(self, secret: str) -> str:
        """Return *secret* as only `unseal` can read it."""

    def unseal(self, sealed: str) -> str:
        """Return what was sealed; raise BotpulseError where the key is not there."""


class Registry(Protocol):
    """Bots, keys, people, imports and webhook secrets as they are now."""

    @property
    def state(self) -> State:
        """Everything known; a new object after each change."""

    async def append(self, fact: Fact) -> None:
        """Return when *fact* is durable and part of `state`."""

    def on_change(self, callback: Callable[[State], None]) -> None:
        """Call *callback* with the new state after each change."""
