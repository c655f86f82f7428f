"""LINE's event and message objects, in whatever body they come: their kinds, their ids."""

from __future__ import annotations

from typing import Any, Final

from app.core.platforms.fields import named, text

__all__ = ["EVENTS", "kind_of", "kind_of_message", "message_id_of"]

EVENTS: Final = {
    "message": "",
    "messageEdited": "edit",
    "unsend": "delete",
    "postback": "postback",
    "follow": "subscribe",
    "unfollow": "unsubscribe",
    "join": "join",
    "memberJoined": "join",
    "leave": "leave",
    "memberLeft": "leave",
    "beacon": "beacon",
    "accountLink": "account_link",
    "delivery": "delivery",
    "activated": "handover",
    "deactivated": "handover",
    "videoPlayComplete": "system",
    "membership": "system",
    "module": "system",
    "things": "system",
    "botSuspended": "system",
    "botResumed": "system",
}
"""Types of events and their kinds; of a message its own type tells the kind."""

_MESSAGES: Final = {
    "text": "text",
    "textV2": "text",
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "location": "location",
    "sticker": "sticker",
    "template": "template",
    "flex": "template",
    "imagemap": "template",
    "coupon": "template",
}


def kind_of(event: dict[str, Any]) -> str:
    """Return the kind of an event."""
    return EVENTS.get(text(event.get("type")), "unknown") or kind_of_message(named(event.get("message")))


def kind_of_message(message: dict[str, Any]) -> str:
    """Return the kind of a message."""
    return _MESSAGES.get(text(message.get("type")), "unknown")


def message_id_of(event: dict[str, Any]) -> str:
    """Return the id of the message that an event is or is about."""
    return text(named(event.get("message")).get("id")) or text(named(event.get("unsend")).get("messageId"))
