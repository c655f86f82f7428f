"""
v1's own wrappers around platforms' bodies: who sent it and when stands beside the message; the platform reads the rest.

    generic    {is_sender_bot, user: {id, name}, message: {text, timestamp}}
    facebook   {recipient: null, timestamp, message: <webhook body>}, {recipient: "<id>", timestamp, message: {text}}
    slack      {is_bot, channel, user, ...}, {message: {...}}
    microsoft  {message: <session of botbuilder 3>, timestamp, is_sender_bot}
    others     {is_sender_bot, message: {...}}

A body without its wrapper is read as the platform's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from app.core.events import Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import PLATFORMS, facebook
from app.core.platforms.building import add, add_user, make_event
from app.core.platforms.context import Context
from app.core.platforms.facebook_send import read_facebook_send
from app.core.platforms.fields import named, number, scalars, text
from app.core.platforms.lex import read_reported_turn
from app.core.platforms.microsoft import read_deprecated
from app.core.platforms.slack import read_flat
from app.core.times import parse_at, settle

__all__ = ["read_message"]


def read_message(body: dict[str, Any], context: Context) -> Outcome:
    """Read a body of the platform that the path names."""
    if context.platform not in PLATFORMS:
        known = ", ".join(PLATFORMS)
        why = f"there is no platform {context.platform!r}; there are {known}"
        return _refused(Reason.UNKNOWN_PLATFORM, why, "platform")
    side = _SIDES.get(str(body.get("is_sender_bot")).lower())
    if side is not None:
        context = msgspec.structs.replace(context, side=side)
    own = _OWN.get(context.platform)
    outcome = _wrapped(body, context) if own is None else own(body, context)
    at = _time(body)
    if at is not None:
        for event in outcome.events:
            if "no_time" in event.warnings:
                event.at, event.warnings = settle(at, context.received_at)

    return outcome


_SIDES: Final[dict[str, Direction]] = {"true": "out", "1": "out", "false": "in", "0": "in"}


def _time(body: dict[str, Any]) -> int | None:
    given = number(body.get("timestamp"))

    return None if given is None else parse_at(given)


def _generic(body: dict[str, Any], context: Context) -> Outcome:
    user, message = named(body.get("user")), body.get("message")
    user_id = text(user.get("id"))
    if not user_id:
        return _refused(Reason.MISSING_USER, "`user.id` is missing; send the id of the person", "user.id")
    if not isinstance(message, dict):
        why = "`message` is missing; send {text, timestamp}"
        return _refused(Reason.MISSING_FIELD, why, "message")
    if context.side == "none":
        state, reason = ("must be a boolean", Reason.WRONG_TYPE) if "is_sender_bot" in body else _MISSING
        why = f"`is_sender_bot` {state}; send true for what the bot says and false for what the user says"
        return _refused(reason, why, "is_sender_bot")
    event = make_event(context, "text", context.side, user_id, _time(message))
    event.text = text(message.get("text"))
    event.attributes = scalars(message, "text", "timestamp")
    add_user(event, scalars(user, "id"))
    outcome = Outcome()
    add(outcome, event, "user.id")

    return outcome


_MISSING: Final = ("is missing", Reason.MISSING_FIELD)


def _facebook(body: dict[str, Any], context: Context) -> Outcome:
    recipient = text(body.get("recipient"))
    if recipient or context.side == "out":
        return _facebook_sent(body, recipient, context)
    message = body.get("message")
    is_wrapped = isinstance(message, dict) and "entry" not in body
    outcome = facebook.read_facebook(_page(named(message)) if is_wrapped else body, context)
    for event in outcome.events:
        if event.kind == "postback" and not event.text:
            # as with Dashbot, a button without a label goes by what it sends
            event.text = event.attributes.get("payload", "")

    return outcome


def _facebook_sent(body: dict[str, Any], recipient: str, context: Context) -> Outcome:
    """Read a message to *recipient*, also one that is a whole call to the send API, or only its text."""
    message = body.get("message")
    call = named(message)
    if not call.keys() & _CALL:
        call = {"message": {"text": text(message)} if isinstance(message, str) else message}
    if recipient:
        call = call | {"recipient": {"id": recipient}}
    elif not named(call.get("recipient")):
        return _refused(Reason.MISSING_USER, "`recipient` is missing; send the id of the person", "recipient")

    return read_facebook_send({"json": call}, context)


_CALL: Final = {"recipient", "sender_action"}


def _page(message: dict[str, Any]) -> dict[str, Any]:
    """Return the page's webhook body, of which some clients send one item only."""
    if "entry" in message:
        return message
    if "messaging" in message:
        return {"entry": [message]}
    if "sender" in message:
        return {"entry": [{"messaging": [message]}]}
    item = {"sender": {"id": message.get("user")}, "timestamp": message.get("timestamp"), "message": message}

    return {"entry": [{"messaging": [item]}]}


def _slack(body: dict[str, Any], context: Context) -> Outcome:
    inner = body.get("message")
    if isinstance(inner, dict) and not text(body.get("type")):
        body = inner
    outcome = Outcome()
    if any(name in body for name in _SLACK):
        read_flat(body, context, outcome)
    else:
        why = f"this is no message of Slack: it has none of {', '.join(_SLACK)}"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why))

    return outcome


_SLACK: Final = ("type", "channel", "user", "text", "actions", "command")


def _wrapped(body: dict[str, Any], context: Context) -> Outcome:
    """Read the platform's own body, in `message` or bare."""
    inner = body.get("message")
    if isinstance(inner, dict) and (
        "is_sender_bot" in body or set(body) <= _WRAPPER or inner.keys() & _PARTIES
    ):
        body = inner

    return PLATFORMS[context.platform].read(body, context)


_WRAPPER: Final = frozenset({"message", "timestamp"})
_PARTIES: Final = frozenset({"sender", "receiver"})
"""Of a message of Viber these stand beside it: one that holds them is a whole body."""


def _refused(reason: Reason, message: str, path: str) -> Outcome:
    return Outcome([], [Rejection(reason, message, path)])


def _bare(body: dict[str, Any], context: Context) -> Outcome:
    return PLATFORMS[context.platform].read(body, context)


def _lex(body: dict[str, Any], context: Context) -> Outcome:
    return read_reported_turn(body, context) if "user_content" in body else _bare(body, context)


def _line(body: dict[str, Any], context: Context) -> Outcome:
    outcome = _bare(body, context)
    if outcome.rejections and "request" in body:
        # the vendor's own example, of which nobody knows what it held
        outcome = Outcome()
        add(outcome, make_event(context, "unknown", "none", "", None))

    return outcome


def _microsoft(body: dict[str, Any], context: Context) -> Outcome:
    session = body.get("message")
    if not isinstance(session, dict) or "type" in body:
        return _bare(body, context)
    if context.side == "none":
        context = msgspec.structs.replace(context, side="in")

    return read_deprecated({"json": session, "dashbot_timestamp": body.get("timestamp")}, context)


_OWN: Final[dict[str, Callable[[dict[str, Any], Context], Outcome]]] = {
    "alexa": _bare,
    "facebook": _facebook,
    "generic": _generic,
    "google": _bare,
    "lex": _lex,
    "line": _line,
    "microsoft": _microsoft,
    "rbm": _bare,
    "slack": _slack,
}
