"""Botmetrics' names for events (`message:image-uploaded`, `messaging_postbacks`, ...), from what we call them."""

from __future__ import annotations

from typing import Final

from app.core.events import MESSAGE_KINDS, BotEvent

__all__ = ["kik_type", "type_of"]


def type_of(event: BotEvent) -> str:
    """Return Botmetrics' name of an event of Messenger or Slack; empty if it has none."""
    if event.kind in MESSAGE_KINDS and event.kind != "postback":
        if event.direction == "out" or event.platform == "slack":
            return "message"
        return _uploaded(event)

    return _NAMES.get(event.kind, "")


def kik_type(type: object) -> str:
    """Return Botmetrics' name of a message of Kik by Kik's own type; empty for receipts, which it does not keep."""
    return "" if type in _RECEIPTS else _KIK.get(str(type), "message")


_NAMES: Final = {
    "postback": "messaging_postbacks",
    "optin": "messaging_optins",
    "account_link": "account_linking",
    "referral": "messaging_referrals",
    "reaction": "message_reaction",
    "uninstall": "bot_disabled",
}

_UPLOADS: Final = {
    "image": "message:image-uploaded",
    # Messenger's stickers are images to it
    "sticker": "message:image-uploaded",
    "video": "message:video-uploaded",
    "audio": "message:audio-uploaded",
    "file": "message:file-uploaded",
    "location": "message:location-sent",
}

_KIK: Final = {
    "picture": "message:image-uploaded",
    "video": "message:video-uploaded",
    "link": "message:link-uploaded",
    "sticker": "message:sticker-uploaded",
    "scan-data": "message:scanned-data",
    "friend-picker": "message:friend-picker-chosen",
    "start-chatting": "message:start-chatting",
    "is-typing": "message:is-typing",
}
_RECEIPTS: Final = ("delivery-receipt", "read-receipt")


def _uploaded(event: BotEvent) -> str:
    if event.kind == "file" and '"type":"file"' not in event.attributes.get("attachments", '"type":"file"'):
        # an attachment of a newer type is a plain message to it
        return "message"

    return _UPLOADS.get(event.kind, "message")
