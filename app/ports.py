"""
What the web process needs from outside: a place for deliveries, the registry, and what webhooks need. Adapters provide it, shells use it.

Each port has an implementation in memory (`app/adapters/memory.py`) that passes the same contract as the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from app.core.deliveries import Delivery
from app.core.refusal import Refusal
from app.core.registry import Fact, Note, Past, State
from app.errors import BotpulseError

__all__ = [
    "Clock",
    "Decide",
    "Documents",
    "Edge",
    "Links",
    "Mail",
    "Refused",
    "Registry",
    "Seal",
    "Unavailable",
]

Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""

Decide = Callable[[State], Sequence[Fact] | Refusal]
"""A command, asked with the present state, and again with a newer one when somebody else was faster."""


class Unavailable(BotpulseError):  # noqa: N818 a state, not a mishap
    """Nothing was stored for now; the same request may succeed after *retry_after_s*."""

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message, "unavailable")
        self.retry_after_s = retry_after_s


class Refused(BotpulseError):  # noqa: N818 an answer, not a mishap
    """A command was refused, by itself or because another change came first in the log."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, refusal.code)
        self.refusal = refusal


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


class Mail(Protocol):
    """Sends e-mails."""

    @property
    def is_set(self) -> bool:
        """Tell whether there is a mail server; without one nothing is sent."""

    async def send(self, to: str, subject: str, text: str) -> str:
        """Return what the mail server said when it took an e-mail; raise BotpulseError when it did not."""


class Seal(Protocol):
    """Keeps secrets that must be readable again."""

    def seal(self, secret: str) -> str:
        """Return *secret* as only `unseal` can read it."""

    def unseal(self, sealed: str) -> str:
        """Return what was sealed; raise BotpulseError where the key is not there."""


class Registry(Protocol):
    """Bots, keys, people, dashboards, alerts and what else is configured, as they are now."""

    @property
    def state(self) -> State:
        """Everything known; a new object after each change."""

    async def change(self, decide: Decide, who: str, why: str = "") -> State:
        """
        Carry out a command in the name of *who* and return a state that has it.

        Raises Refused, when nothing was changed; Unavailable, when it is not known to be written.
        """

    async def note(self, note: Note) -> None:
        """Return when *note* is durable and part of `state`."""

    async def past(self, kind: str, id: str) -> list[Past]:
        """Return what happened to the subject of *kind* with *id*, the oldest first; raise Unavailable when that cannot be read."""

    async def forget(self) -> int:
        """
        Let what was said of deleted bots and people leave the log, and return how many records that are.

        `state` is the same before and after; raise Unavailable, when all of it, or some, is still there.
        """

    def on_change(self, callback: Callable[[State], None]) -> None:
        """Call *callback* with the new state after each change."""
