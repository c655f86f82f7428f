"""
What everything from Slack has in common: times like "1355517523.000005", channels, and who is who in them.

A bot answers into a channel and names nobody, so the last user seen there is whom it talks with.  A channel is known
within its team; frames that do not name their team are looked up without it.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent
from app.core.links import bot_link, channel_link, learn, linked
from app.core.outcome import Outcome
from app.core.platforms.building import scoped_id
from app.core.platforms.context import Context
from app.core.platforms.fields import listed, named, text
from app.core.times import END_MS, parse_at

__all__ = ["id_of", "identify", "instant", "is_own", "learn_user", "read_connect", "user_in"]


def instant(ts: object) -> int | None:
    """Return the milliseconds of a time in seconds with a fraction, or in milliseconds as some clients make it."""
    if ts is None:
        return None
    if type(ts) is float:
        return parse_at(ts)
    whole, _, fraction = text(ts).partition(".")
    if not (whole.isdecimal() and len(whole) <= _MOST_DIGITS):
        return None
    at = int(whole)
    if at < _SECONDS_BELOW:
        at = at * 1000 + (int(fraction[:3].ljust(3, "0")) if fraction.isdecimal() else 0)

    return at if at < END_MS else None


def id_of(value: object) -> str:
    """Return an id that stands by itself or in an object beside a name."""
    return text(value) or (text(value.get("id")) if type(value) is dict else "")


def identify(event: BotEvent, *given: str) -> None:
    """Give *event* the id that Slack's own parts make unique; a `ts` is so only within its channel."""
    if all(given):
        event.event_id = scoped_id(f"{event.platform}:{event.kind}", given[0], ":".join(given[1:]))
        event.repeats = True


def learn_user(outcome: Outcome, team: str, channel: str, user_id: str) -> None:
    """Note that *user_id* speaks in *channel*."""
    if not channel:
        return
    if team:
        learn(outcome, channel_link("slack", team, channel), user_id)
    learn(outcome, channel_link("slack", "", channel), user_id)


def user_in(outcome: Outcome, context: Context, team: str, channel: str) -> str:
    """Return who was last seen in *channel*, as far as it is known."""
    return linked(outcome, context, channel_link("slack", team, channel)) if channel else ""


def is_own(outcome: Outcome, context: Context, account: str) -> bool:
    """Tell whether *account* is known to be the bot's."""
    return bool(account) and linked(outcome, context, bot_link("slack", account)) == "bot"


def read_connect(body: dict[str, Any], _context: Context) -> Outcome:
    """Learn from the answer to `rtm.start`: who the bot is, and with whom its direct channels are."""
    outcome = Outcome()
    team = id_of(body.get("team"))
    own_id = id_of(body.get("self"))
    if own_id:
        learn(outcome, bot_link("slack", own_id), "bot")
    for user in map(named, listed(body.get("users"))):
        own_bot = text(named(user.get("profile")).get("bot_id"))
        if own_bot and text(user.get("id")) == own_id:
            learn(outcome, bot_link("slack", own_bot), "bot")
    for channel in map(named, listed(body.get("ims"))):
        learn_user(outcome, team, text(channel.get("id")), text(channel.get("user")))

    return outcome


_MOST_DIGITS: Final = 16
_SECONDS_BELOW: Final = 10**11
