"""
Kik: lists of messages, as its webhook brings them, as bots send them, and one by one as SDKs report them.

A message with `to` is the bot's, any other the user's.  A broadcast reuses one id for all its recipients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.links import channel_link, learn, linked
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, add_intent, add_user, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, listed, named, text
from app.core.platforms.platform import Hook, Platform, Request
from app.core.platforms.schemes import signed_by_any
from app.core.times import parse_at

__all__ = ["KIK", "read_kik", "read_reported"]


def read_kik(body: dict[str, Any], context: Context) -> Outcome:
    """Read `{messages: [...]}`, or a message alone."""
    outcome = Outcome()
    messages = [body] if "type" in body else body.get("messages")
    if not isinstance(messages, list):
        why = "`messages` is missing; send Kik's webhook body or its call that sends"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why, "messages"))
        return outcome
    for place, message in enumerate(messages):
        path = f"messages[{place}]"
        if isinstance(message, dict):
            add(outcome, _event(message, context, outcome), path)
        else:
            outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, "this must be an object", path))

    return outcome


def read_reported(body: dict[str, Any], context: Context) -> Outcome:
    """Read what Dashbot's SDKs report: `{apiKey, username, message}`, or Kik's own body."""
    message = body.get("message")
    outcome = read_kik({"messages": [message]} if isinstance(message, dict) else body, context)
    for event in outcome.events:
        add_intent(event, body.get("intent"), context)
        add_user(event, body.get("platformUserJson"))
        event.attributes |= flat("metadata", body.get("metadata"))

    return outcome


def _verify(request: Request, secrets: Sequence[str], _document: bytes) -> str:
    given = request.headers.get("x-kik-signature", "").lower()

    return signed_by_any(secrets, request.body, given, "sha1")


KIK: Final = Platform(read_kik, read_reported, ("apiKey", "**.kikJsToken"), Hook(_verify))


def _event(message: dict[str, Any], context: Context, outcome: Outcome) -> BotEvent:
    kind, is_said = _KINDS.get(text(message.get("type")), ("unknown", True))
    direction: Direction = "in"
    chat = text(message.get("chatId"))
    if _is_bots(message, context):
        direction = "out"
        user_id = text(message.get("to")) or _user_in(chat, context, outcome)
    else:
        user_id = text(message.get("from"))
        if chat:
            learn(outcome, channel_link("kik", chat), user_id)
    event = make_event(
        context,
        kind,
        direction if is_said else "none",
        user_id,
        _time(message.get("timestamp")),
        text(message.get("id")),
        _attributes(message),
    )
    if kind == "unknown":
        event.attributes |= flat("type", message.get("type"))
    event.text = first(message.get(name) for name in ("body", "text", "title"))
    event.conversation_id = chat

    return event


_KINDS: Final = {
    "text": ("text", True),
    "picture": ("image", True),
    "video": ("video", True),
    "link": ("link", True),
    "sticker": ("sticker", True),
    "start-chatting": ("session_start", True),
    "scan-data": ("referral", True),
    "friend-picker": ("friend_picker", True),
    "is-typing": ("typing", False),
    "read-receipt": ("read", False),
    "delivery-receipt": ("delivery", False),
}
"""Of each type its kind, and whether it is one side's doing rather than a signal."""


def _is_bots(message: dict[str, Any], context: Context) -> bool:
    return "to" in message or (context.side == "out" and "from" not in message)


def _user_in(chat: str, context: Context, outcome: Outcome) -> str:
    return linked(outcome, context, channel_link("kik", chat)) if chat else ""


def _time(value: object) -> int | None:
    """Kik sends milliseconds, some of its samples are in seconds."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None

    return parse_at(value)


def _attributes(message: dict[str, Any]) -> dict[str, str]:
    attributes = {
        name: ",".join(map(text, value)) if isinstance(value, list) else json_text(value)
        for name, field in _KEPT
        if (value := message.get(field))
    }
    address = first(message.get(name) for name in _ADDRESSES)
    if address:
        attributes["attachments"] = json_text([{"type": text(message.get("type")), "url": address}])
    if message.get("keyboards"):
        attributes |= _offered(message["keyboards"])

    return attributes | flat("payload", message.get("metadata"))


def _offered(keyboards: object) -> dict[str, str]:
    """Return the answers that a bot offers."""
    responses = [
        text(named(response).get("body"))
        for keyboard in listed(keyboards)
        for response in listed(named(keyboard).get("responses"))
    ]

    return {"buttons": json_text(responses)} if any(responses) else {}


_KEPT: Final = (
    ("mention", "mention"),
    ("chat_type", "chatType"),
    ("scan_data", "data"),
    ("message_ids", "messageIds"),
    ("picked", "picked"),
    ("sticker_pack", "stickerPackId"),
)
_ADDRESSES: Final = ("picUrl", "videoUrl", "stickerUrl", "url")
