"""
Rasa: events as its event broker and its SDKs send them, whole trackers, and what its REST channels exchange.

    {event, sender_id, timestamp, ...}    one event
    {sender_id, events: [...]}            a tracker
    {sender, message}                     a user's message to the REST channel
    {recipient_id, text | image | ...}    the bot's answer there
    [...]                                 several of these, kept as {messages: [...]}

Only user, bot and agent speak; actions, slots and the rest tell what the bot does.  Times are seconds with fractions.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, make_event, scoped_id
from app.core.platforms.context import Context
from app.core.platforms.fields import flat, json_text, listed, named, scalars, text
from app.core.platforms.platform import Hook, Platform
from app.core.platforms.unpacking import json_item
from app.core.platforms.voice import add_understood, time_of

__all__ = ["RASA", "read"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read an event, a tracker, or a message of the REST channel."""
    outcome = Outcome()
    sender = text(body.get("sender_id"))
    if isinstance(body.get("events"), list):
        for place, entry in enumerate(body["events"]):
            _read_event(named(entry), sender, f"events[{place}]", context, outcome)
    elif isinstance(body.get("messages"), list):
        for place, entry in enumerate(body["messages"]):
            _read_one(named(entry), f"messages[{place}]", context, outcome)
    else:
        _read_one(body, "", context, outcome)

    _identify(outcome, text(body.get("botpulse_record")))

    return outcome


def _unpack(body: bytes) -> bytes | Rejection:
    """The REST channel answers with an array; what is kept is an object."""
    item = json_item(body)
    if isinstance(item, Rejection) or not item.startswith(b"["):
        return item

    return b'{"messages":' + item + b"}"


RASA: Final = Platform(read, hook=Hook(None, unpack=_unpack))


def _read_one(body: dict[str, Any], path: str, context: Context, outcome: Outcome) -> None:
    if "event" in body:
        _read_event(body, text(body.get("sender_id")), path, context, outcome)
    elif "message" in body and "sender" in body:
        add(outcome, _asked(body, context), f"{path}.sender".strip("."))
    elif "recipient_id" in body:
        add(outcome, _answered(body, context), f"{path}.recipient_id".strip("."))
    else:
        why = "this is neither an event (`event`) nor a tracker (`events`) of Rasa"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why, path))


def _identify(outcome: Outcome, record: str) -> None:
    """Give events without an identity that of the record of the event broker they came in, where there is one."""
    for place, event in enumerate(outcome.events):
        if record and not event.event_id:
            event.event_id = scoped_id("rasa", event.user_id, f"{record}-{place}")
            event.repeats = True


def _read_event(entry: dict[str, Any], sender: str, path: str, context: Context, outcome: Outcome) -> None:
    type_ = text(entry.get("event"))
    if not type_:
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, "`event` must name what happened", path))
        return
    user_id = text(entry.get("sender_id")) or sender
    reader = _SPEAKERS.get(type_)
    event = reader(entry, user_id, context) if reader else _signal(type_, entry, user_id, context)
    event.conversation_id = user_id
    if not event.event_id and entry.get("timestamp") is not None:
        # microseconds tell events of a conversation apart, and a tracker is sent whole time and again
        what = text(entry.get("name")) or event.text
        event.event_id = scoped_id(f"rasa:{type_}", user_id, f"{json_text(entry['timestamp'])}:{what}")
        event.repeats = True
    add(outcome, event, path)


def _user(entry: dict[str, Any], user_id: str, context: Context) -> BotEvent:
    event = _event(entry, "text", "in", user_id, context, text(entry.get("message_id")))
    parsed = named(entry.get("parse_data"))
    event.text = text(entry.get("text")) or text(parsed.get("text"))
    event.attributes = (
        scalars({"channel": entry.get("input_channel")})
        | flat("metadata", entry.get("metadata"))
        | _beside("slot", entry)
    )
    intent = named(parsed.get("intent"))
    is_fallback = intent.get("name") == "nlu_fallback"
    inputs = [
        {"name": named(entity).get("entity"), "value": named(entity).get("value", "")}
        for entity in listed(parsed.get("entities"))
    ]
    add_understood(event, intent | {"inputs": inputs}, context, is_fallback=is_fallback)

    return event


def _bot(entry: dict[str, Any], user_id: str, context: Context) -> BotEvent:
    data, metadata = named(entry.get("data")), named(entry.get("metadata"))
    event = _event(entry, _bot_kind(entry, data), "out", user_id, context)
    event.text = text(entry.get("text"))
    event.attributes = flat("metadata", metadata) | _shown(data) | _beside("action", entry)
    action = named(entry.get("action")).get("name")
    event.not_handled = metadata.get("utter_action") == "utter_default" or action == _FALLBACK

    return event


def _agent(entry: dict[str, Any], user_id: str, context: Context) -> BotEvent:
    event = _event(entry, "text", "out", user_id, context)
    event.text = text(entry.get("text"))
    event.attributes = {"agent": "human"} | _shown(named(entry.get("data")))

    return event


_SPEAKERS: Final = {"user": _user, "bot": _bot, "agent": _agent}


def _signal(type_: str, entry: dict[str, Any], user_id: str, context: Context) -> BotEvent:
    event = _event(entry, _SIGNALS.get(type_, "system"), "none", user_id, context)
    event.attributes = scalars(entry, "sender_id", "timestamp", "text", "botpulse_record") | flat(
        "value", entry.get("value")
    )
    event.not_handled = type_ == "action" and entry.get("name") == _FALLBACK

    return event


_FALLBACK: Final = "action_default_fallback"

_SIGNALS: Final = {"session_started": "session_start", "pause": "handover", "resume": "handover"}


def _event(
    entry: dict[str, Any],
    kind: str,
    direction: Direction,
    user_id: str,
    context: Context,
    message_id: str = "",
) -> BotEvent:
    return make_event(context, kind, direction, user_id, time_of(entry.get("timestamp")), message_id)


def _bot_kind(entry: dict[str, Any], data: dict[str, object]) -> str:
    if text(entry.get("text")):
        return "text"
    if data.get("image"):
        return "image"
    if data.get("attachment"):
        return "file"

    return "template" if any(data.values()) else "text"


def _shown(data: dict[str, object]) -> dict[str, str]:
    """Return what a bot shows beside its text."""
    buttons = [
        text(named(button).get("title"))
        for name in ("buttons", "quick_replies")
        for button in listed(data.get(name))
    ]
    attachments = [
        {"type": kind, "url": text(data.get(name))}
        for name, kind in (("image", "image"), ("attachment", "file"))
        if text(data.get(name))
    ]

    return ({"buttons": json_text(buttons)} if buttons else {}) | (
        {"attachments": json_text(attachments)} if attachments else {}
    )


def _beside(name: str, entry: dict[str, Any]) -> dict[str, str]:
    """Return the event that an SDK puts into another one: the slot that a text filled, the action that spoke."""
    inner = named(entry.get(name))

    return {name: text(inner.get("name"))} | flat(f"{name}.value", inner.get("value")) if inner else {}


def _asked(body: dict[str, Any], context: Context) -> BotEvent:
    event = make_event(context, "text", "in", text(body.get("sender")), None)
    event.text = text(body.get("message"))
    event.attributes = flat("metadata", body.get("metadata"))

    return event


def _answered(body: dict[str, Any], context: Context) -> BotEvent:
    shown = {name: body.get(name) for name in ("image", "attachment", "buttons", "quick_replies", "custom")}
    event = make_event(context, _bot_kind(body, shown), "out", text(body["recipient_id"]), None)
    event.text = text(body.get("text"))
    event.attributes = _shown(shown)

    return event
