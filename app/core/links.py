"""
Links: what one message tells about another, such as who it is that the bot talks with in a channel.

Some bodies do not name the user: a Slack bot answers into a channel, an agent into a thread.  Somebody else's message
said who is there, so the web process remembers it under a name, and what an item needs travels with its delivery:
reading it stays a function of the record alone, now and in a replay.  A name is only known within its bot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from app.core.outcome import Outcome

if TYPE_CHECKING:
    # platforms import this module, so it must not wait for them
    from app.core.platforms.context import Context

__all__ = ["MOST_LINKS", "LinkBook", "bot_link", "channel_link", "learn", "linked"]

MOST_LINKS: Final = 1_000_000
"""Links remembered by one process; beyond it those that nobody told again for longest are forgotten."""


class LinkBook:
    """Links in memory, of all bots. Implements `ports.Links`."""

    def __init__(self, most: int = MOST_LINKS) -> None:
        self._most = most
        self._values: dict[tuple[str, str], str] = {}

    def learn(self, bot: str, links: Mapping[str, str]) -> None:
        """Remember *links*; the last value of a name holds."""
        for name, value in links.items():
            self._values.pop((bot, name), None)
            self._values[bot, name] = value
        while len(self._values) > self._most:
            del self._values[next(iter(self._values))]

    def find(self, bot: str, names: Iterable[str]) -> dict[str, str]:
        """Return those of *names* that are known."""
        return {name: self._values[bot, name] for name in names if (bot, name) in self._values}


def channel_link(platform: str, *place: str) -> str:
    """Return the name under which the last user of a channel, thread or conversation is kept."""
    return ":".join(("channel", platform, *place))


def bot_link(platform: str, account: str) -> str:
    """Return the name under which it is kept (value `bot`) that an account is the bot's own."""
    return f"bot:{platform}:{account}"


def learn(outcome: Outcome, name: str, value: str) -> None:
    """Note that an item tells the link *name*."""
    if value:
        outcome.learned[name] = value


def linked(outcome: Outcome, context: Context, name: str) -> str:
    """Return the value of the link *name* as far as it was known, and note that it is needed."""
    if name in outcome.learned:
        return outcome.learned[name]
    outcome.wanted.append(name)

    return context.links.get(name, "")
