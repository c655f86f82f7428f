"""
Google's RCS business messages (RBM): what users send, what agents send, receipts.

    {message: {data: <base64>, messageId, publishTime}, subscription}   Pub/Sub's push; `data_decoded` is `data` readably
    {senderPhoneNumber, messageId, sendTime, text | ...}                what is in it
    {name: "phones/P/agentMessages/ID", sendTime, contentMessage}       what an agent sent
    {name: "phones/P/agentEvents/ID", eventType}                        what an agent signalled
    {features}, {}                                                      capabilities of a phone, nothing
"""

from __future__ import annotations

import base64
from typing import Any, Final

from app.core.bodies import mend, object_of
from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, identify, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, named, scalars, text
from app.core.platforms.platform import Platform
from app.core.platforms.rbm_content import content_of, file_kind
from app.core.platforms.rbm_hook import RBM_HOOK
from app.core.platforms.voice import time_of

__all__ = ["RBM", "read"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read a push, what is in it, or what an agent sent. An empty object, which one SDK sends, is nothing."""
    if not body:
        return Outcome()
    outcome = Outcome()
    pushed = body.get("message")
    found = _unpacked(pushed) if isinstance(pushed, dict) else body
    if isinstance(found, Rejection):
        outcome.rejections.append(found)
        return outcome
    event = _event(found, context)
    if event is None:
        why = "this is neither a user's message (`senderPhoneNumber`) nor an agent's (`name`)"
        outcome.rejections.append(
            Rejection(Reason.UNKNOWN_SHAPE, why, "message" if found is not body else "")
        )
        return outcome
    add(outcome, event, "senderPhoneNumber")

    return outcome


RBM: Final = Platform(read, secrets=("clientToken", "secret"), hook=RBM_HOOK)


def _unpacked(message: dict[str, Any]) -> dict[str, Any] | Rejection:
    decoded = message.get("data_decoded")
    if isinstance(decoded, dict):
        return decoded
    packed = text(decoded).encode() if decoded else b""
    if not packed:
        if not isinstance(message.get("data"), str):
            return message
        try:
            packed = base64.b64decode(message["data"])
        except ValueError:
            return Rejection(Reason.WRONG_TYPE, "`message.data` is no base64", "message.data")
    # what is packed was not seen by those who look for NUL in what came
    found = object_of(mend(packed).replace(b"\\u0000", b"\\ufffd"))

    return Rejection(found.reason, found.message, "message.data") if isinstance(found, Rejection) else found


def _event(body: dict[str, Any], context: Context) -> BotEvent | None:
    place = text(body.get("name")).split("/")
    if "senderPhoneNumber" in body:
        return _user_event(body, context)
    if len(place) == _NAME_PARTS and place[0] == "phones":
        return _agent_event(body, place[1], place[3], context)
    if "eventType" in body:
        phone = first([body.get("phoneNumber"), body.get("userPhoneNumber")])
        return _signal(body, phone, text(body.get("messageId")), context)
    if "features" in body:
        return make_event(context, "system", "none", "", None, attributes=flat("features", body["features"]))

    return None


_NAME_PARTS: Final = 4


def _user_event(body: dict[str, Any], context: Context) -> BotEvent:
    phone, message_id = text(body.get("senderPhoneNumber")), text(body.get("messageId"))
    if "eventType" in body:
        return _signal(body, phone, message_id, context)
    event = make_event(context, _user_kind(body), "in", phone, time_of(body.get("sendTime")), message_id)
    reply, place = named(body.get("suggestionResponse")), named(body.get("location"))
    file = named(named(body.get("userFile")).get("payload"))
    event.text = first([body.get("text"), reply.get("text")])
    event.attributes = (
        scalars({"agent": body.get("agentId")})
        | scalars({"payload": reply.get("postbackData")})
        | scalars({"latitude": place.get("latitude"), "longitude": place.get("longitude")})
    )
    if file:
        event.attributes["attachments"] = json_text([_attachment(file)])
    if event.kind == "unknown":
        event.direction = "none"

    return event


def _user_kind(body: dict[str, Any]) -> str:
    if "text" in body:
        return "text"
    if isinstance(body.get("suggestionResponse"), dict):
        return "quick_reply" if body["suggestionResponse"].get("type") == "REPLY" else "postback"
    if isinstance(body.get("userFile"), dict):
        return file_kind(text(named(body["userFile"].get("payload")).get("mimeType")))

    return "location" if "location" in body else "unknown"


def _attachment(file: dict[str, object]) -> dict[str, str]:
    mime = text(file.get("mimeType"))

    return {"type": file_kind(mime), "url": text(file.get("fileUri")), "name": text(file.get("fileName"))}


def _agent_event(body: dict[str, Any], phone: str, message_id: str, context: Context) -> BotEvent:
    if "eventType" in body and "contentMessage" not in body:
        return _signal(body, phone, text(body.get("messageId")) or message_id, context)
    content = content_of(named(body.get("contentMessage")))
    direction: Direction = "none" if content.kind == "unknown" else "out"
    event = make_event(context, content.kind, direction, phone, time_of(body.get("sendTime")), message_id)
    event.text = content.text
    event.attributes = content.attributes

    return event


def _signal(body: dict[str, Any], phone: str, message_id: str, context: Context) -> BotEvent:
    type_ = text(body.get("eventType"))
    kind = _SIGNALS.get(type_, "unknown")
    event = make_event(context, kind, "none", phone, time_of(body.get("sendTime")), message_id)
    event.attributes = scalars({"event": type_, "agent": body.get("agentId")})
    event_id = text(body.get("eventId"))
    if event_id:
        identify(event, event_id)

    return event


_SIGNALS: Final = {
    "DELIVERED": "delivery",
    "READ": "read",
    "IS_TYPING": "typing",
    "SUBSCRIBE": "subscribe",
    "UNSUBSCRIBE": "unsubscribe",
    "TTL_EXPIRATION_REVOKED": "failure",
    "TTL_EXPIRATION_REVOKE_FAILED": "failure",
    "AGENT_LAUNCH": "system",
}
