"""
Microsoft Bot Framework: the activity, which every channel behind it (Teams, Skype, Direct Line, ...) is turned into.

An activity goes from `from` to `recipient` and seldom says which of the two is the bot: see `microsoft_sides.py`.
`read_deprecated` reads the session of botbuilder 3, which old clients wrap and send under other platforms' names.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import MESSAGE_KINDS, BotEvent
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, add_intent, add_user, make_event, scoped_id
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, flats, json_text, listed, named, number, text
from app.core.platforms.microsoft_content import attachments_of, kind_of, said_in
from app.core.platforms.microsoft_hook import HOOK
from app.core.platforms.microsoft_sides import Sides, sides_of
from app.core.platforms.platform import Platform
from app.core.times import parse_at

__all__ = ["MICROSOFT", "read_activity", "read_deprecated"]


def read_activity(body: dict[str, Any], context: Context) -> Outcome:
    """Read an activity, also with what SDKs put beside it: `intent`, `metadata`, `luisResults`."""
    outcome = Outcome()
    name = text(body.get("type"))
    if not name:
        why = "this is no activity of the Bot Framework: `type` is missing"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why, "type"))
        return outcome
    sides = sides_of(body, context, outcome)
    if name == "conversationUpdate":
        events = _members(body, sides, context)
    elif name == "message":
        events = [_message(body, sides, context)]
    else:
        events = [_signal(name, body, sides, context)]
    for event in events:
        _finish(event, body, context)
        add(outcome, event, "recipient.id" if event.direction == "out" else "from.id")

    return outcome


def read_deprecated(body: dict[str, Any], context: Context) -> Outcome:
    """Read a session of botbuilder 3 (`json`) with the time beside it; who reports it says which side it is."""
    session = named(body.get("json"))
    message = named(session.get("message")) or session
    address = named(message.get("address")) or named(session.get("address"))
    user_id = first(named(one.get("user")).get("id") for one in (message, session, address))
    if not session or not (user_id or address):
        why = "`json` must be a session or message of botbuilder with `user` or `address`"
        return Outcome([], [Rejection(Reason.UNKNOWN_SHAPE, why, "json")])
    given = number(body.get("dashbot_timestamp"))
    is_message = text(message.get("type") or "message") == "message"
    kind = kind_of(message) if is_message else _KINDS.get(text(message.get("type")), "unknown")
    event = make_event(
        context,
        kind,
        context.side if is_message else "none",
        user_id,
        None if given is None else parse_at(given),
        text(address.get("id")),
        flat("channel", address.get("channelId")) | attachments_of(message),
    )
    event.text = said_in(message)
    event.conversation_id = text(named(address.get("conversation")).get("id"))
    add_intent(event, body.get("intent"), context)
    outcome = Outcome()
    add(outcome, event, "json.user.id")

    return outcome


MICROSOFT: Final = Platform(
    read_activity,
    None,
    # files of Teams can be fetched from, or written to, their addresses by anybody for some minutes
    ("**.token", "**.downloadUrl", "**.uploadUrl"),
    HOOK,
)

_KINDS: Final = {
    "messageUpdate": "edit",
    "messageDelete": "delete",
    "messageReaction": "reaction",
    "typing": "typing",
    "endOfConversation": "session_end",
    "handoff": "handover",
    "ping": "control",
    "event": "system",
    "trace": "system",
    "invoke": "system",
    "command": "system",
    "commandResult": "system",
    "suggestion": "system",
    "deleteUserData": "system",
    "delay": "system",
}

_TWO_WAYS: Final = {
    ("contactRelationUpdate", "add"): "subscribe",
    ("contactRelationUpdate", "remove"): "unsubscribe",
    ("installationUpdate", "add"): "subscribe",
    ("installationUpdate", "add-upgrade"): "system",
    ("installationUpdate", "remove"): "uninstall",
    ("installationUpdate", "remove-upgrade"): "system",
}

_PRESSED: Final = {
    "adaptiveCard/action": "postback",
    "message/submitAction": "postback",
    "task/fetch": "postback",
    "task/submit": "form",
}
"""Calls of a client that are a user's doing; the others are its own."""


def _message(body: dict[str, Any], sides: Sides, context: Context) -> BotEvent:
    event = make_event(context, kind_of(body), sides.direction, sides.user_id, _time(body))
    event.message_id = text(body.get("id"))
    event.text = said_in(body)
    event.attributes = attachments_of(body)
    if body.get("value"):
        event.attributes["payload"] = json_text(body["value"])

    return event


def _signal(name: str, body: dict[str, Any], sides: Sides, context: Context) -> BotEvent:
    kind = _KINDS.get(name) or _TWO_WAYS.get((name, text(body.get("action"))), "unknown")
    pressed = _PRESSED.get(text(body.get("name"))) if name == "invoke" else None
    direction = sides.direction if pressed or kind == "edit" else "none"
    event = make_event(context, pressed or kind, direction, sides.user_id, _time(body))
    event.message_id = text(body.get("replyToId" if kind == "reaction" else "id"))
    event.attributes = flats(
        {
            "type": name,
            "name": body.get("name"),
        }
    )
    if kind == "edit":
        event.text = said_in(body)
    if pressed and body.get("value"):
        event.attributes["payload"] = json_text(body["value"])
    for field in ("reactionsAdded", "reactionsRemoved"):
        if field in body:
            event.attributes |= flat(field, ",".join(_each(body[field], "type")))

    return event


def _members(body: dict[str, Any], sides: Sides, context: Context) -> list[BotEvent]:
    """Return an event for each member that came or went, less the bot; if that is nobody, one for what happened."""
    events: list[BotEvent] = []
    for field, kind in (("membersAdded", "join"), ("membersRemoved", "leave")):
        found = [member for member in map(named, listed(body.get(field))) if text(member.get("id"))]
        people = [text(member["id"]) for member in found if not sides.is_bot(member)]
        events += [
            make_event(context, kind, "none", user_id, _time(body))
            for user_id in people or ([sides.user_id] if found else [])
        ]

    events = events or [make_event(context, "system", "none", sides.user_id, _time(body))]
    for event in events:
        event.message_id = text(body.get("id"))

    return events


def _finish(event: BotEvent, body: dict[str, Any], context: Context) -> None:
    event.conversation_id = text(named(body.get("conversation")).get("id"))
    event.locale = text(body.get("locale"))
    event.attributes |= flats(
        {
            "channel": body.get("channelId"),
            "reply_to": body.get("replyToId"),
            "metadata": body.get("metadata"),
        }
    )
    if event.direction == "in":
        event.user_attributes = flat("name", named(body.get("from")).get("name"))
    if "intent" in body or "luisResults" in body:
        add_intent(event, body.get("intent") or _luis(named(body.get("luisResults"))), context)
    if isinstance(body.get("platformUserJson"), dict):
        add_user(event, body["platformUserJson"])
    _identify(event, context)


def _identify(event: BotEvent, context: Context) -> None:
    """An activity's id is only its own within the conversation, and what is said of it later has the same."""
    if not event.message_id:
        return
    place = f"{event.conversation_id}:{event.message_id}"
    if event.kind in MESSAGE_KINDS:
        event.event_id = scoped_id(f"{context.platform}:{event.direction}", event.user_id, place)
    elif not event.warnings:
        event.event_id = scoped_id(f"{context.platform}:{event.kind}", event.user_id, f"{place}:{event.at}")
    event.repeats = event.event_id != ""


def _luis(results: dict[str, Any]) -> dict[str, Any] | None:
    """Return the best intent of LUIS: named as such, or the one with the highest score."""
    top = named(results.get("topScoringIntent"))
    if top:
        return {"name": text(top.get("intent")), "confidence": top.get("score")}
    scores = {
        name: number(named(found).get("score")) or 0.0
        for name, found in named(results.get("intents")).items()
    }
    if not scores:
        return None
    best = max(scores, key=scores.__getitem__)

    return {"name": best, "confidence": scores[best]}


def _each(values: object, name: str) -> list[str]:
    return [found for found in (text(named(value).get(name)) for value in listed(values)) if found]


def _time(body: dict[str, Any]) -> int | None:
    given = body.get("timestamp") or body.get("localTimestamp")
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        return None

    return parse_at(given)
