"""
Botmetrics' `/bots/<uid>/...`: the platform's bodies as its SDKs hand them on, and what else they tell.

    event      a Messenger webhook body, one message of Kik, or another platform's body
    instance   {id, uid?, created_at?}        the bot was installed somewhere
    user       {user, timezone}               what the bot knows of a user
    click      {user, slug, url, at}          a user followed a short link

Every event that Botmetrics has a name for carries it as attribute `botmetrics_type`; with the direction, its default
dashboards are counts of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from app.core.bodies import object_of
from app.core.dialects.botmetrics_types import kik_type, type_of
from app.core.dialects.dialect import Dialect, check_by_reading
from app.core.events import CUSTOM
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import PLATFORMS
from app.core.platforms.building import add, make_event, scoped_id
from app.core.platforms.context import Context
from app.core.platforms.fields import flat, listed, text
from app.core.platforms.voice import time_of

__all__ = ["BOTMETRICS", "TYPE", "route", "split_event"]

TYPE: Final = "botmetrics_type"
"""The attribute that holds Botmetrics' own name of an event."""


def read(item: bytes, context: Context) -> Outcome:
    """Read one item."""
    body = object_of(item)
    if isinstance(body, Rejection):
        return Outcome([], [body])
    reader = _READERS.get(context.type)
    if reader is None:
        why = f"the type {context.type!r} is none of {', '.join(_READERS)}"
        return Outcome([], [Rejection(Reason.BAD_VALUE, why, "type")])

    return reader(body, context)


def route(path: str) -> tuple[str, str] | None:
    """Return platform and type of a body that is sent to *path*; its platform is the bot's, or told by its shape."""
    parts = path.strip("/").split("/")
    if len(parts) < _LEAST_PARTS or parts[0] != "bots":
        return None

    return ("", _TYPES[parts[2]]) if parts[2] in _TYPES else None


def split_event(event: bytes, platform: str) -> tuple[str, list[bytes]] | str:
    """
    Return the platform of a tracked event and its items, or Botmetrics' words for what is wrong with it.

    Messenger's bodies are objects with `entry`, Kik's are arrays; any other is of the bot's own *platform*.
    """
    try:
        if event[:1] == b"[":
            elements = [bytes(element) for element in _array.decode(event)]
            return _NOT_FACEBOOK if platform == "facebook" else (_several_of(platform), elements)
        top = _top.decode(event)
    except msgspec.ValidationError:
        top = _Top()
    except (ValueError, RecursionError):
        return "Event parameter is not valid JSON"
    if platform == "kik":
        return _NOT_KIK
    if bytes(top.entry) not in _BLANK:
        return "facebook", [event]

    return _NOT_FACEBOOK if platform == "facebook" else (platform, [event])


def _read_event(body: dict[str, Any], context: Context) -> Outcome:
    platform = "facebook" if "entry" in body else context.platform
    context = msgspec.structs.replace(context, platform=platform)
    if platform == "kik":
        return _read_kik(body, context)
    known = PLATFORMS.get(platform)
    if known is None:
        why = f"there is no platform {platform!r}; there are {', '.join(PLATFORMS)}"
        return Outcome([], [Rejection(Reason.UNKNOWN_PLATFORM, why, "platform")])
    outcome = known.read(body, context)
    for event in outcome.events:
        event.attributes |= flat(TYPE, type_of(event))
        ref = event.attributes.get("referral.ref") or (
            event.attributes.get("ref") if event.kind == "referral" else ""
        )
        if ref:
            event.user_attributes["ref"] = ref

    return outcome


def _read_kik(body: dict[str, Any], context: Context) -> Outcome:
    """Read a message of Kik; the bot's own go from it, so their recipient is among those who take part."""
    people = [text(person) for person in listed(body.get("participants")) if text(person)]
    if "to" not in body and people and text(body.get("from")) not in people:
        body = body | {"to": people[0]}
    outcome = PLATFORMS["kik"].read({"messages": [body]}, context)
    for event in outcome.events:
        event.attributes |= flat(TYPE, kik_type(body.get("type")))

    return outcome


def _read_instance(body: dict[str, Any], context: Context) -> Outcome:
    """Read an installation, which happens once for each instance."""
    event = make_event(context, "system", "none", "", time_of(body.get("created_at")))
    event.event_id = scoped_id(f"{context.platform}:bot-installed", "", text(body.get("id")))
    event.repeats = True
    event.attributes = {
        TYPE: "bot-installed",
        **flat("instance", text(body.get("id"))),
        **flat("uid", body.get("uid")),
    }
    outcome = Outcome()
    add(outcome, event)

    return outcome


def _read_user(body: dict[str, Any], context: Context) -> Outcome:
    event = make_event(context, "profile", "none", text(body.get("user")), None)
    event.user_attributes = flat("timezone", text(body.get("timezone")))
    outcome = Outcome()
    add(outcome, event, "user")

    return outcome


def _read_click(body: dict[str, Any], context: Context) -> Outcome:
    event = make_event(context, CUSTOM, "none", text(body.get("user")), time_of(body.get("at")))
    event.event_name = "followed-link"
    event.attributes = {
        TYPE: "followed-link",
        **flat("url", body.get("url")),
        **flat("slug", body.get("slug")),
    }
    outcome = Outcome()
    add(outcome, event, "user")

    return outcome


_READERS: Final[dict[str, Callable[[dict[str, Any], Context], Outcome]]] = {
    "event": _read_event,
    "instance": _read_instance,
    "user": _read_user,
    "click": _read_click,
}

BOTMETRICS: Final = Dialect(
    check_by_reading(read, "botmetrics"),
    read,
    ("api_key", "token", "**.apiKey", "**.auth_token", "**.authorization_code"),
)

_TYPES: Final = {"events": "event", "instances": "instance", "users": "user"}
_LEAST_PARTS: Final = 3

_NOT_FACEBOOK: Final = "Invalid Facebook Event Data"
_NOT_KIK: Final = "Invalid Kik Event Data"
_BLANK: Final = (b"", b"null", b'""', b"[]", b"{}", b"false")


class _Top(msgspec.Struct):
    entry: msgspec.Raw = msgspec.Raw(b"")


_top: Final = msgspec.json.Decoder(_Top)
_array: Final = msgspec.json.Decoder(list[msgspec.Raw])


def _several_of(platform: str) -> str:
    """Of a bot whose platform has no shape of its own, an array can only be Kik's."""
    return "kik" if platform not in PLATFORMS or PLATFORMS[platform] is PLATFORMS["generic"] else platform
