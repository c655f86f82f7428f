"""
Telegram's message: what is said, what is changed, and notices of the chat that come in the same shape.

What is posted in the name of a channel or a group (`sender_chat`, or no `from`) is by nobody in particular.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import MESSAGE_KINDS, BotEvent, Direction
from app.core.links import channel_link, learn, linked
from app.core.outcome import Outcome
from app.core.platforms.building import make_event, scoped_id
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, listed, named, number, text
from app.core.times import parse_at

__all__ = ["add_sender", "instant", "money", "read_message"]


def read_message(message: dict[str, Any], context: Context, outcome: Outcome, *, is_edit: bool) -> BotEvent:
    """Return the event of a message; who speaks in its chat goes to *outcome*."""
    kind = "edit" if is_edit else _kind(message)
    direction, user_id = _side(message, context, outcome)
    is_said = is_edit or kind in MESSAGE_KINDS
    at = instant(message.get("edit_date") if is_edit else message.get("date"))
    message_id = text(message.get("message_id"))
    event = make_event(context, kind, direction if is_said else "none", user_id, at)
    event.message_id = message_id
    event.conversation_id = text(named(message.get("chat")).get("id"))
    if is_said:
        event.text = text(message.get("text")) or text(message.get("caption")) or _label(message)
    event.attributes = _attributes(message)
    if direction == "in":
        add_sender(event, message.get("from"))
    if kind == "payment":
        event.amount, event.currency = money(named(message.get("successful_payment")))
    if message_id:
        # messages are numbered within their chat, of which an owner has another one with the same user
        place = f"{event.conversation_id}:{message_id}" + (f":{at}" if is_edit else "")
        if "business_connection_id" in message:
            place += f":{text(message['business_connection_id'])}"
        event.event_id = scoped_id(f"{event.platform}:{event.direction}:{kind}", user_id, place)
        event.repeats = True

    return event


def instant(seconds: object) -> int | None:
    """Return the milliseconds of one of Telegram's times; 0 stands for none."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, str)) or not seconds:
        return None

    return parse_at(seconds)


def add_sender(event: BotEvent, sender: object) -> None:
    """Put what is told of a user on *event*."""
    known = named(sender)
    event.user_attributes = {name: found for name in _NAMES if name in known and (found := text(known[name]))}
    event.locale = text(known.get("language_code"))


def money(payment: dict[str, Any]) -> tuple[float | None, str]:
    """Return an amount, which comes in the smallest unit, and its currency."""
    currency, total = text(payment.get("currency")), number(payment.get("total_amount"))
    if total is None:
        return None, currency

    return (total if currency in _WHOLE else total / 100), currency


_NAMES: Final = ("first_name", "last_name", "username", "language_code")
_WHOLE: Final = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XTR"})
"""Currencies without a smaller unit; XTR are Telegram's stars."""


def _side(message: dict[str, Any], context: Context, outcome: Outcome) -> tuple[Direction, str]:
    sender, chat = named(message.get("from")), named(message.get("chat"))
    user_id, place = text(sender.get("id")), text(chat.get("id"))
    if not user_id or message.get("sender_chat"):
        return context.side, ""
    if sender.get("is_bot") is True or _is_by_owner(message, user_id, chat):
        return "out", place if chat.get("type") == "private" else _user_in(place, context, outcome)
    if place:
        learn(outcome, channel_link("telegram", place), user_id)

    return "in", user_id


def _is_by_owner(message: dict[str, Any], user_id: str, chat: dict[str, Any]) -> bool:
    """Tell whether the owner of a business account wrote, or a bot in the owner's name: the chat is the other side."""
    return (
        "business_connection_id" in message
        and chat.get("type") == "private"
        and user_id != text(chat.get("id"))
    )


def _user_in(chat: str, context: Context, outcome: Outcome) -> str:
    return linked(outcome, context, channel_link("telegram", chat)) if chat else ""


def _kind(message: dict[str, Any]) -> str:
    if not _NAMED.isdisjoint(message):
        return next(kind for name, kind in _CONTENT if name in message)
    entities = listed(message.get("entities"))
    leading = named(entities[0]) if entities else {}
    if leading.get("type") == "bot_command" and leading.get("offset") == 0:
        return "command"
    if "text" in message:
        return "text"

    return "unknown" if _OWN.issuperset(message) else "system"


_CONTENT: Final = (
    # notices first: their text, if any, is nobody's
    ("new_chat_members", "join"), ("new_chat_member", "join"), ("left_chat_member", "leave"),
    ("group_chat_created", "system"), ("supergroup_chat_created", "system"), ("channel_chat_created", "system"),
    ("new_chat_title", "system"), ("new_chat_photo", "system"), ("delete_chat_photo", "system"),
    ("pinned_message", "system"), ("migrate_to_chat_id", "system"), ("migrate_from_chat_id", "system"),
    ("successful_payment", "payment"), ("refunded_payment", "system"),
    ("connected_website", "account_link"), ("write_access_allowed", "optin"),
    ("web_app_data", "form"), ("users_shared", "form"), ("user_shared", "form"), ("chat_shared", "form"),
    # an animation comes as a document too, a venue as a location
    ("animation", "video"), ("photo", "image"), ("video", "video"), ("video_note", "video"), ("audio", "audio"),
    ("voice", "audio"), ("document", "file"), ("sticker", "sticker"), ("dice", "sticker"), ("venue", "location"),
    ("location", "location"), ("contact", "contact"), ("paid_media", "image"), ("story", "link"),
    ("poll", "template"), ("game", "template"), ("invoice", "template"), ("checklist", "template"),
)  # fmt: skip

_NAMED: Final = frozenset(name for name, _ in _CONTENT)

_OWN: Final = frozenset({"message_id", "from", "chat", "date", "message_thread_id"})


def _label(message: dict[str, Any]) -> str:
    """Return what stands for a text where there is none: a button's label, a question, a title."""
    return first(named(message.get(part)).get(name) for part, name in _LABELS)


_LABELS: Final = (
    ("web_app_data", "button_text"), ("poll", "question"), ("invoice", "title"), ("game", "title"),
    ("venue", "title"), ("dice", "emoji"),
)  # fmt: skip


def _attributes(message: dict[str, Any]) -> dict[str, str]:
    attributes = flat("chat_type", named(message.get("chat")).get("type"))
    for part, name, attribute in _NESTED:
        if part in message:
            attributes |= flat(attribute, named(message[part]).get(name))
    if "message_thread_id" in message:
        attributes |= flat("thread", message["message_thread_id"])
    attributes |= _members(message)
    if message.get("forward_origin") or message.get("forward_date"):
        attributes["forwarded"] = "true"
    files = _files(message)
    if files:
        attributes["attachments"] = json_text(files)

    return attributes


_NESTED: Final = (
    ("reply_to_message", "message_id", "reply_to"),
    ("via_bot", "username", "via_bot"),
    ("web_app_data", "data", "payload"),
    ("successful_payment", "invoice_payload", "payload"),
    ("contact", "user_id", "contact"),
)


def _members(message: dict[str, Any]) -> dict[str, str]:
    if "new_chat_members" not in message and "left_chat_member" not in message:
        return {}
    members = [*listed(message.get("new_chat_members")), message.get("left_chat_member")]

    return flat("members", ",".join(filter(None, (text(named(member).get("id")) for member in members))))


def _files(message: dict[str, Any]) -> list[dict[str, str]]:
    """Return the files by their ids: an address would hold the bot's token. Of a photo, the largest size."""
    if _FILES.isdisjoint(message):
        return []
    found = [(name, part) for name, part in message.items() if name in _FILES]
    files = [(name, named(part[-1] if isinstance(part, list) and part else part)) for name, part in found]

    return [
        {"type": text(file.get("mime_type")) or name, "file_id": text(file.get("file_id"))}
        for name, file in files
    ]


_FILES: Final = frozenset(
    {"animation", "photo", "video", "video_note", "audio", "voice", "document", "sticker"}
)
