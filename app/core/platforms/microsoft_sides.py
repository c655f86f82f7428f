"""
Which side of an activity is the bot: by role, by the prefix of its id, by what the caller says, by what is known.

Roles are given by few channels.  A reply names what it replies to, but so does the press of a card's button.  What
surely came from a user tells the bot's account by its recipient, which settles the rest (see links.py).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.events import Direction
from app.core.links import bot_link, channel_link, learn, linked
from app.core.outcome import Outcome
from app.core.platforms.context import Context
from app.core.platforms.fields import named, text

__all__ = ["Sides", "sides_of"]


class Sides(msgspec.Struct):
    """Which way an activity goes, the human in it, and the bot's account, if it is known."""

    direction: Direction
    user_id: str
    bot_id: str

    def is_bot(self, account: dict[str, Any]) -> bool:
        """Tell whether *account* is the bot."""
        return _role(account) == "bot" or text(account.get("id")) == self.bot_id


def sides_of(body: dict[str, Any], context: Context, outcome: Outcome) -> Sides:
    """Return the sides of an activity; what it tells for others goes to *outcome*."""
    sender, recipient = named(body.get("from")), named(body.get("recipient"))
    sent_by, sent_to = text(sender.get("id")), text(recipient.get("id"))
    direction = _by_role(sender, recipient)
    is_sure = bool(direction)
    if not direction and context.side != "none":
        direction, is_sure = context.side, True
    if not direction and sent_by and sent_by == sent_to:
        return Sides("none", sent_by, "")
    if not direction:
        direction = _by_what_is_known(sent_by, sent_to, context, outcome)
    if not direction:
        direction = "out" if body.get("replyToId") else "in"
        # what a connector delivers has an id and a time; what a bot is about to send has neither
        is_sure = direction == "in" and bool(body.get("id")) and bool(body.get("timestamp"))
    place = channel_link("microsoft", text(named(body.get("conversation")).get("id")))
    if direction == "out":
        return Sides("out", sent_to or linked(outcome, context, place), sent_by)
    if sent_by and is_sure:
        if body.get("type") in _SPOKEN:
            learn(outcome, place, sent_by)
        if sent_to:
            learn(outcome, bot_link("microsoft", sent_to), "bot")

    return Sides("in", sent_by, sent_to)


_Found = Direction | None
_SPOKEN: Final = ("message", "messageUpdate", "invoke", "typing")


def _by_role(sender: dict[str, Any], recipient: dict[str, Any]) -> _Found:
    sent_by, sent_to = _role(sender), _role(recipient)
    if sent_by == sent_to:
        return None
    if sent_by == "bot" or sent_to == "user":
        return "out"

    return "in" if sent_by == "user" or sent_to == "bot" else None


def _role(account: dict[str, Any]) -> str:
    role = text(account.get("role")).lower()

    # Skype and Teams tell in the id
    return role or _PREFIXES.get(text(account.get("id"))[:3], "")


_PREFIXES: Final = {"28:": "bot", "29:": "user"}


def _by_what_is_known(sent_by: str, sent_to: str, context: Context, outcome: Outcome) -> _Found:
    by_bot = bool(sent_by) and linked(outcome, context, bot_link("microsoft", sent_by)) == "bot"
    to_bot = bool(sent_to) and linked(outcome, context, bot_link("microsoft", sent_to)) == "bot"
    if by_bot == to_bot:
        return None

    return "out" if by_bot else "in"
