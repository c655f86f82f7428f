"""Twitter's direct message, in whatever body it comes: who wrote to whom, what, when."""

from __future__ import annotations

from html import unescape
from typing import Any, Final

import msgspec

from app.core.platforms.fields import listed, named, text
from app.core.times import milliseconds

__all__ = ["DirectMessage", "first_message", "read_message"]


class DirectMessage(msgspec.Struct, frozen=True):
    """A direct message as Twitter tells it: two accounts, neither of which is said to be the bot."""

    kind: str
    message_id: str
    at: int | None
    sender_id: str
    recipient_id: str
    text: str
    payload: str


def read_message(event: dict[str, Any]) -> DirectMessage:
    """Read one `message_create`. Its text is escaped for HTML."""
    create = named(event.get("message_create"))
    data = named(create.get("message_data"))
    answer = named(data.get("quick_reply_response"))

    return DirectMessage(
        kind="quick_reply" if answer else _kind(named(data.get("attachment"))),
        message_id=text(event.get("id")),
        at=milliseconds(event.get("created_timestamp")),
        sender_id=text(create.get("sender_id")),
        recipient_id=text(named(create.get("target")).get("recipient_id")),
        text=unescape(text(data.get("text"))),
        payload=text(answer.get("metadata")),
    )


def first_message(body: dict[str, Any]) -> DirectMessage | None:
    """Return the first direct message of a webhook body, if it has one."""
    messages = listed(body.get("direct_message_events"))

    return read_message(named(messages[0])) if messages else None


def _kind(attachment: dict[str, Any]) -> str:
    if attachment.get("type") == "location":
        return "location"

    return _MEDIA.get(text(named(attachment.get("media")).get("type")), "text")


_MEDIA: Final = {"photo": "image", "animated_gif": "image", "video": "video"}
