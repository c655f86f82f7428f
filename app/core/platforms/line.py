"""
LINE: the channel's webhook body (`events`), and the calls by which bots send (`messages`).

    {destination, events: [{type, source, timestamp, message | postback | ...}]}
    {to, messages: [...]}   push and multicast; `to` is missing in a broadcast, `replyToken` stands for it in a reply

In a group the sender may stay unnamed; a bot that writes into a group talks with whoever wrote there last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from app.core.events import MESSAGE_KINDS, BotEvent, Direction
from app.core.links import channel_link, learn, linked
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import generic
from app.core.platforms.building import add, identify, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, listed, named, number, scalars, text
from app.core.platforms.line_events import EVENTS, kind_of, kind_of_message, message_id_of
from app.core.platforms.platform import Hook, Platform, Request
from app.core.platforms.schemes import signed_by_any
from app.core.times import milliseconds, parse_at

__all__ = ["LINE", "read"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read a webhook body, one event of it, or a call that sends."""
    if isinstance(body.get("events"), list):
        return _read_events(body["events"], context)
    if isinstance(body.get("messages"), list):
        return _read_sent(body, body, context)
    if isinstance(named(body.get("request")).get("messages"), list):
        return _read_sent(body["request"], named(body.get("response")), context)
    if text(body.get("type")) in EVENTS:
        return _read_events([body], context)
    why = "this is neither a webhook body (`events`) nor a call that sends (`to`, `messages`)"

    return Outcome([], [Rejection(Reason.UNKNOWN_SHAPE, why)])


def _verify(request: Request, secrets: Sequence[str], _document: bytes) -> str:
    given = request.headers.get("x-line-signature", "")

    return signed_by_any(secrets, request.body, given, encoding="base64")


LINE: Final = Platform(
    read, generic.read, ("**.replyToken", "**.markAsReadToken", "**.link.nonce"), Hook(_verify)
)


def _read_events(entries: list[object], context: Context) -> Outcome:
    outcome = Outcome()
    for place, entry in enumerate(entries):
        if isinstance(entry, dict):
            event = _event(entry, context)
            if event.conversation_id:
                learn(outcome, channel_link("line", event.conversation_id), event.user_id)
            add(outcome, event, f"events[{place}].source.userId")
        else:
            refused = Rejection(Reason.UNKNOWN_SHAPE, "this must be an object", f"events[{place}]")
            outcome.rejections.append(refused)

    return outcome


def _event(entry: dict[str, Any], context: Context) -> BotEvent:
    kind = kind_of(entry)
    source, message = named(entry.get("source")), named(entry.get("message"))
    says_something = kind in MESSAGE_KINDS or bool(message)
    direction: Direction = "in" if says_something else "none"
    at = milliseconds(entry.get("timestamp"))
    event = make_event(context, kind, direction, text(source.get("userId")), at, message_id_of(entry))
    event.text = text(message.get("text"))
    event.conversation_id = text(source.get("groupId")) or text(source.get("roomId"))
    event.attributes = _attributes(entry, message)
    if at is not None and not event.event_id:
        # what is no message is known by the event's own id, which older webhooks lack
        identify(event, at, entry.get("webhookEventId", ""), entry.get("type"), event.conversation_id, *event.attributes.values())  # fmt: skip

    return event


def _attributes(entry: dict[str, Any], message: dict[str, Any]) -> dict[str, str]:
    attributes = _of_message(message) if message else _of_signal(entry)
    if entry.get("mode") == "standby":
        attributes["standby"] = "true"
    if text(entry.get("type")) not in EVENTS:
        attributes |= flat("type", entry.get("type"))

    return attributes


def _of_signal(entry: dict[str, Any]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for part, name, attribute in _SIGNALS:
        if part in entry:
            attributes |= flat(attribute, named(entry[part]).get(name))
    if "beacon" in entry:
        attributes |= flat("beacon", entry["beacon"])

    return attributes | _members(entry)


_SIGNALS: Final = (
    ("postback", "data", "payload"),
    ("postback", "params", "params"),
    ("link", "result", "result"),
    ("follow", "isUnblocked", "is_unblocked"),
    ("videoPlayComplete", "trackingId", "tracking_id"),
)


def _of_message(message: dict[str, Any]) -> dict[str, str]:
    attributes = scalars(message, *_OWN_COLUMNS)
    if "keywords" in message:
        attributes |= flat("keywords", message["keywords"])
    if "contentProvider" not in message and "originalContentUrl" not in message:
        return attributes
    provider = named(message.get("contentProvider"))
    address = text(provider.get("originalContentUrl")) or text(message.get("originalContentUrl"))
    if address:
        attributes["attachments"] = json_text([{"type": text(message.get("type")), "url": address}])

    return attributes


_OWN_COLUMNS: Final = (
    "id", "type", "text", "altText", "quoteToken", "markAsReadToken", "originalContentUrl", "previewImageUrl",
)  # fmt: skip


def _members(entry: dict[str, Any]) -> dict[str, str]:
    moved = named(entry.get("joined")) or named(entry.get("left"))
    if not moved:
        return {}
    members = [text(named(member).get("userId")) for member in listed(moved.get("members"))]

    return flat("members", [member for member in members if member])


def _read_sent(call: dict[str, Any], answer: dict[str, Any], context: Context) -> Outcome:
    outcome = Outcome()
    sent_ids = [text(named(sent).get("id")) for sent in listed(answer.get("sentMessages"))]
    to = call.get("to")
    for recipient in map(text, to if isinstance(to, list) else [to]):
        into_group = recipient[:1] in ("C", "R")
        user_id = linked(outcome, context, channel_link("line", recipient)) if into_group else recipient
        for place, message in enumerate(call["messages"]):
            if not isinstance(message, dict):
                refused = Rejection(Reason.UNKNOWN_SHAPE, "this must be an object", f"messages[{place}]")
                outcome.rejections.append(refused)
                continue
            sent_id = sent_ids[place] if place < len(sent_ids) else ""
            event = _sent(message, user_id, _sent_at(call), sent_id, context)
            event.conversation_id = recipient if into_group else ""
            add(outcome, event, "to")

    return outcome


def _sent(
    message: dict[str, Any], user_id: str, at: int | None, message_id: str, context: Context
) -> BotEvent:
    event = make_event(context, kind_of_message(message), "out", user_id, at, message_id)
    event.text = first([message.get("text"), message.get("altText")])
    event.attributes = _of_message(message)

    return event


def _sent_at(call: dict[str, Any]) -> int | None:
    given = number(call.get("timestamp"))

    return None if given is None else parse_at(given)
