"""
Viber: the bot's webhook body, the calls by which it sends, and either as SDKs report it.

    {event, timestamp, message_token, sender | user | user_id, message?}
    {receiver, type, text, ...}, {broadcast_list, ...}   what a bot sends, with `message_token` of the answer if known

`message_token` is an id beyond 2^53; times are milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import generic
from app.core.platforms.building import add, identify, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, flats, json_text, listed, named, scalars, text
from app.core.platforms.platform import Answer, Hook, Platform, Request
from app.core.platforms.schemes import signed_by_any
from app.core.times import milliseconds

__all__ = ["VIBER", "read"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read a webhook body or a call that sends."""
    outcome = Outcome()
    name = text(body.get("event"))
    receivers = _receivers(body)
    if name and name != "message":
        add(outcome, _signal(name, body, context), "user_id")
    elif receivers:
        for receiver in receivers:
            add(outcome, _message(body, body, receiver, "out", context), "receiver")
    elif isinstance(body.get("message"), dict):
        sender = named(body.get("sender"))
        event = _message(body["message"], body, text(sender.get("id")), "in", context)
        _add_profile(event, sender)
        add(outcome, event, "sender.id")
    else:
        why = "this is neither a webhook body (`event`) nor a call that sends (`receiver`)"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why))

    return outcome


def _verify(request: Request, secrets: Sequence[str], _document: bytes) -> str:
    return signed_by_any(secrets, request.body, request.headers.get("x-viber-content-signature", ""))


# what is answered to conversation_started would be sent as a message
VIBER: Final = Platform(
    read,
    generic.read,
    ("**.auth_token", "**.X-Viber-Auth-Token"),
    Hook(_verify, answer=Answer(b"", "text/plain")),
)


def _receivers(body: dict[str, Any]) -> list[str]:
    receiver = body.get("receiver")
    one = text(named(receiver).get("id")) or text(receiver)

    return [one] if one else [text(each) for each in listed(body.get("broadcast_list"))]


def _message(
    message: dict[str, Any], body: dict[str, Any], user_id: str, direction: Direction, context: Context
) -> BotEvent:
    kind = _KINDS.get(text(message.get("type")), "unknown")
    at = milliseconds(body.get("timestamp"))
    event = make_event(context, kind, direction, user_id, at, text(body.get("message_token")))
    event.text = text(message.get("text"))
    event.conversation_id = text(body.get("chat_id"))
    contact, place = named(message.get("contact")), named(message.get("location"))
    event.attributes = (
        flat("tracking_data", message.get("tracking_data"))
        | scalars({name: message.get(name) for name in _KEPT})
        | flats(
            {
                "contact.name": contact.get("name"),
                "latitude": place.get("lat"),
                "longitude": place.get("lon"),
            }
        )
    )
    if message.get("media"):
        media = {"type": text(message.get("type")), "url": text(message["media"])}
        event.attributes["attachments"] = json_text([media])
    if kind == "unknown":
        event.attributes |= flat("type", message.get("type"))

    return event


_KEPT: Final = ("file_name", "size", "duration", "sticker_id")

_KINDS: Final = {
    "text": "text",
    "picture": "image",
    "video": "video",
    "file": "file",
    "location": "location",
    "contact": "contact",
    "sticker": "sticker",
    "url": "link",
    "rich_media": "template",
    "carousel_content": "template",
}


def _signal(name: str, body: dict[str, Any], context: Context) -> BotEvent:
    kind = _SIGNALS.get(name, "unknown")
    user = named(body.get("user"))
    user_id = first([body.get("user_id"), user.get("id"), named(body.get("sender")).get("id")])
    token = text(body.get("message_token"))
    about = token if kind in _ABOUT_A_MESSAGE else ""
    event = make_event(context, kind, "none", user_id, milliseconds(body.get("timestamp")), about)
    if token:
        identify(event, token)
    event.attributes = flats(
        {
            "context": body.get("context"),
            "reason": body.get("desc"),
            "subscribed": body.get("subscribed"),
            "type": body.get("type") if kind != "unknown" else name,
        }
    )
    _add_profile(event, user)

    return event


_SIGNALS: Final = {
    "subscribed": "subscribe",
    "unsubscribed": "unsubscribe",
    "conversation_started": "session_start",
    "delivered": "delivery",
    "seen": "read",
    "failed": "failure",
    "webhook": "control",
    "client_status": "system",
    "action": "system",
}

_ABOUT_A_MESSAGE: Final = ("delivery", "read", "failure")


def _add_profile(event: BotEvent, user: dict[str, object]) -> None:
    event.user_attributes = scalars(user, "id")
    event.locale = text(user.get("language"))
