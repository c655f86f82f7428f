"""
Dashbot's `POST /track?platform=P&type=T`: the platform's own body, or a generic one, as its SDKs send it.

    incoming, outgoing, all   one body of the platform (`all`: Messenger with echoes, each decides its side)
    event                     something that the bot's maker named
    connect                   Slack's answer to a bot that connects: nothing to count, but who is who
    outgoingResponse          nothing to count

Lenient in content, since these clients cannot be changed: what is missing is left out, what is strange is kept.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.bodies import object_of
from app.core.dialects.dialect import Dialect, check_by_reading
from app.core.events import CUSTOM, MAX_AMOUNT
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import PLATFORMS, generic
from app.core.platforms.building import add, add_intent, add_user, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import flat, number, text
from app.core.platforms.microsoft import read_deprecated
from app.core.times import parse_at

__all__ = ["DASHBOT"]


def read(item: bytes, context: Context) -> Outcome:
    """Read a body of `/track`."""
    body = object_of(item)
    if isinstance(body, Rejection):
        return Outcome([], [body])
    if context.type == "event":
        return _read_event(body, context)
    if context.type == "all" and context.platform != "facebook":
        return _refused(Reason.BAD_VALUE, "`type=all` is for facebook; send incoming or outgoing", "type")
    if context.type in _TYPES or (context.type == "connect" and context.platform == "slack"):
        return _read_body(body, context)
    if context.type in _DROPPED:
        return Outcome()
    known = ", ".join((*_TYPES, "event", *_DROPPED))

    return _refused(Reason.BAD_VALUE, f"`type` is {context.type!r}; send one of {known}", "type")


DASHBOT: Final = Dialect(
    check_by_reading(read, "dashbot"),
    read,
    (
        "apiKey",
        "token",
        "**.apiAccessToken",
        "**.auth_token",
        "**.authorization_code",
        "**.fb_token",
        "**.X-Viber-Auth-Token",
    ),
)

_TYPES: Final = ("incoming", "outgoing", "all")
_DROPPED: Final = ("connect", "outgoingResponse")


def _read_body(body: dict[str, Any], context: Context) -> Outcome:
    if body.get("is_microsoft") is True:
        # under the name of the channel behind it, in a shape that no platform has
        return read_deprecated(body, context)
    platform = PLATFORMS.get(context.platform)
    if platform is None:
        if "userId" not in body:
            known = ", ".join(PLATFORMS)
            why = f"platform {context.platform!r} is none of {known}; send one of these, or a body with `userId`"
            return _refused(Reason.UNKNOWN_PLATFORM, why, "platform")
        outcome = generic.read(body, context)
    else:
        outcome = (platform.reported or platform.read)(body, context)
    for event in outcome.events:
        if event.kind == "postback" and not event.text:
            # here a button without a label goes by what it sends
            event.text = event.attributes.get("payload", "")

    return outcome


def _read_event(body: dict[str, Any], context: Context) -> Outcome:
    user_id = text(body.get("userId"))
    if not user_id:
        return generic.missing_user()
    name = text(body.get("name")) or text(body.get("type"))
    if not name:
        return _refused(Reason.MISSING_FIELD, "`name` is missing; send what the event is called", "name")
    given = number(body.get("dashbot_timestamp"))
    event = make_event(context, CUSTOM, "none", user_id, None if given is None else parse_at(given))
    event.event_name = name
    event.conversation_id = text(body.get("conversationId"))
    event.session_id = text(body.get("sessionId"))
    event.amount = _amount(body.get("amount"))
    event.currency = text(body.get("currency"))
    for field, value in body.items():
        if field not in _OWN_COLUMNS:
            event.attributes |= flat(field, value)
    add_intent(event, body.get("intent"), context)
    add_user(event, body.get("platformUserJson"))
    outcome = Outcome()
    add(outcome, event, "userId")

    return outcome


_OWN_COLUMNS: Final = frozenset(
    {
        "name", "userId", "dashbot_timestamp", "conversationId", "sessionId", "amount", "currency", "intent",
        "platformUserJson",
    }
)  # fmt: skip


def _amount(value: object) -> float | None:
    amount = number(value)

    return amount if amount is not None and -MAX_AMOUNT <= amount <= MAX_AMOUNT else None


def _refused(reason: Reason, message: str, path: str) -> Outcome:
    return Outcome([], [Rejection(reason, message, path)])
