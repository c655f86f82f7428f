"""
Who asked: the human in the event that an agent got from the Assistant, Messenger, Slack, Telegram, Twitter, ...

Of these events, only who and when is read here; the platforms' own files read them in full where they come directly.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.platforms.fields import first, named, text
from app.core.times import milliseconds

__all__ = ["Person", "identified", "person_in", "stored_user"]


class Person(msgspec.Struct, frozen=True):
    """Who it was, and when, where that event says so."""

    user_id: str
    at: int | None = None


def person_in(payload: dict[str, Any]) -> Person:
    """Return the human in *payload*."""
    user = named(payload.get("user"))
    found = text(user.get("userId")) or text(user.get("user_id")) or stored_user(user.get("userStorage"))
    if found or "inputs" in payload or not payload:
        return Person(found)
    event: dict[str, object] = payload
    for _ in range(_LEVELS):
        event = named(event.get("data")) or event

    return Person(first(_look(event, path) for path in _PLACES), milliseconds(event.get("timestamp")))


def identified(params: object) -> str:
    """Return the id that a bot keeps of a user whom Google does not name: a parameter that is called so."""
    members = named(params)
    known = first(members.get(name) for name in _NAMES)

    return known or first(value for name, value in members.items() if name.lower().endswith("id"))


def stored_user(storage: object) -> str:
    """Return the id in `userStorage`, JSON text in which bots remember users whom Google does not name."""
    if not isinstance(storage, str) or '"userId"' not in storage:
        return ""
    try:
        members = named(msgspec.json.decode(storage))
    except (ValueError, RecursionError):
        return ""
    places = (members, members.get("dashbotUser"), members.get("data"))

    return first(named(place).get("userId") for place in places)


_LEVELS: Final = 2
"""An agent's request holds a platform's event as `data`, an old one as `data.data`."""

_NAMES: Final = ("userId", "user_id", "uuid", "id")

_PLACES: Final = (
    ("sender", "id"),
    ("direct_message", "sender_id_str"),
    ("message", "from", "id"),
    ("callback_query", "from", "id"),
    ("from", "id"),
    ("event", "user"),
    ("source", "userId"),
    ("user", "id"),
    ("user_id",),
    ("from",),
    ("telephony", "caller_id"),
)


def _look(event: dict[str, object], path: tuple[str, ...]) -> str:
    place: object = event
    for name in path:
        place = named(place).get(name)

    return text(place)
