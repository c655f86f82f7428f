"""
What v1's calls tell besides messages: profiles of users, and the settings of the live chat.

A profile becomes an event of kind `profile`, of which only the user's attributes count: they are merged where users
are read.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, listed, text

__all__ = ["read_profile", "read_settings"]


def read_profile(body: dict[str, Any], context: Context) -> Outcome:
    """Read what is told of one user; of fields that may have several values each further one is an event of its own."""
    outcome = Outcome()
    names = _IDS.get(context.platform, _ID)
    name = next((name for name in names if text(body.get(name))), "")
    if not name:
        why = f"`{names[0]}` is missing; send the id of the user whom the profile describes"
        outcome.rejections.append(Rejection(Reason.MISSING_USER, why, names[0]))
        return outcome
    known, more = _known(body, name)
    for attributes in (known, *more):
        add(outcome, _profile(text(body[name]), attributes, context), name)

    return outcome


def read_settings(body: dict[str, Any], context: Context) -> Outcome:
    """Read the settings of the live chat: where the bot wants to be told to pause. Its platform's token is not kept."""
    event = make_event(context, "system", "none", "", None)
    event.attributes = {"type": "bots/me", **flat("webhook_url", text(body.get("webhook_url")))}
    outcome = Outcome()
    add(outcome, event)

    return outcome


_ID: Final = ("user_id", "id", "userId")
_IDS: Final[dict[str, tuple[str, ...]]] = {
    "kik": ("username", *_ID),
    "line": ("userId", *_ID),
    "wechat": ("openid", *_ID),
    "viber": ("id", *_ID),
}
_SEVERAL: Final = ("email", "phone", "language")


def _known(body: dict[str, Any], id_name: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the user's attributes, and further values of those that may have several."""
    known: dict[str, str] = {}
    more: list[dict[str, str]] = []
    for name, value in body.items():
        if name == id_name:
            continue
        if name == "custom":
            for entry in listed(value) or [value]:
                known |= flat(name, entry)
        elif name in _SEVERAL and isinstance(value, list):
            *others, last = map(json_text, value or [""])
            more += [{name: other} for other in others if other]
            known |= flat(name, last)
        elif value is not None and value not in ("", [], {}):
            known[name] = json_text(value)

    return known, more


def _profile(user_id: str, attributes: dict[str, str], context: Context) -> BotEvent:
    event = make_event(context, "profile", "none", user_id, None)
    event.user_attributes = attributes
    event.locale = first(attributes.get(name) for name in ("locale", "language"))

    return event
