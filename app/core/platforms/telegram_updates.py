"""Telegram's updates that are no message: pressed buttons, queries, payments, members, reactions, polls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.platforms.building import make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import flat, flats, json_text, listed, named, text
from app.core.platforms.telegram_message import add_sender, instant

__all__ = ["UPDATES"]


def _callback(query: dict[str, Any], context: Context) -> BotEvent:
    """A press of a button below a message; the time of that message is not its own."""
    event = _of_user(query, context, "postback", "in", text(query.get("id")))
    message = named(query.get("message"))
    event.conversation_id = text(named(message.get("chat")).get("id"))
    event.attributes = flats(
        {
            "payload": query.get("data"),
            "game": query.get("game_short_name"),
            "reply_to": message.get("message_id"),
            "inline_message_id": query.get("inline_message_id"),
        }
    )

    return event


def _inline(query: dict[str, Any], context: Context) -> BotEvent:
    message_id = text(query.get("id")) or text(query.get("inline_message_id"))
    event = _of_user(query, context, "inline_query", "none", message_id)
    event.text = text(query.get("query"))
    event.attributes = flat("result_id", query.get("result_id"))

    return event


def _payment(query: dict[str, Any], context: Context) -> BotEvent:
    """A question before money is paid: its total is no revenue yet."""
    event = _of_user(query, context, "payment", "none", text(query.get("id")))
    event.attributes = flats(
        {
            "payload": query.get("invoice_payload") or query.get("paid_media_payload"),
            "total_amount": query.get("total_amount"),
            "currency": query.get("currency"),
        }
    )

    return event


def _member(change: dict[str, Any], context: Context) -> BotEvent:
    """The one who came or went, who may be another than the one who did it."""
    now, before = named(change.get("new_chat_member")), named(change.get("old_chat_member"))
    kind = _movement(now, before)
    user_id = text(named(now.get("user")).get("id"))

    return _changed(change, kind, user_id, context)


def _own_member(change: dict[str, Any], context: Context) -> BotEvent:
    """The bot itself: in a private chat, its user began or stopped to allow it."""
    now, before = named(change.get("new_chat_member")), named(change.get("old_chat_member"))
    kind = _movement(now, before)
    if named(change.get("chat")).get("type") == "private":
        kind = {"join": "subscribe", "leave": "unsubscribe"}.get(kind, kind)

    return _changed(change, kind, text(named(change.get("from")).get("id")), context)


def _join_request(request: dict[str, Any], context: Context) -> BotEvent:
    return _of_user(request, context, "system", "none")


def _reaction(change: dict[str, Any], context: Context) -> BotEvent:
    event = make_event(
        context,
        "reaction",
        "none",
        text(named(change.get("user")).get("id")),
        instant(change.get("date")),
        text(change.get("message_id")),
    )
    event.conversation_id = text(named(change.get("chat")).get("id"))
    event.attributes = {
        name: json_text([_emoji(found) for found in listed(change.get(name))])
        for name in ("old_reaction", "new_reaction")
        if change.get(name)
    }

    return event


def _poll(poll: dict[str, Any], context: Context) -> BotEvent:
    """The state of a poll: nobody's act."""
    event = make_event(context, "system", "none", "", None, text(poll.get("id")))
    event.attributes = flats(
        {
            "question": poll.get("question"),
            "is_closed": poll.get("is_closed"),
        }
    )

    return event


def _poll_answer(answer: dict[str, Any], context: Context) -> BotEvent:
    user = named(answer.get("user"))
    event = make_event(context, "form", "in", text(user.get("id")), None)
    event.attributes = flats(
        {
            "poll": answer.get("poll_id"),
            "options": answer.get("option_ids"),
        }
    )
    add_sender(event, user)

    return event


def _notice(update: dict[str, Any], context: Context) -> BotEvent:
    user_id = text(named(update.get("user")).get("id"))
    event = make_event(context, "system", "none", user_id, instant(update.get("date")))
    event.conversation_id = text(named(update.get("chat")).get("id"))

    return event


def _deleted(update: dict[str, Any], context: Context) -> BotEvent:
    event = make_event(context, "delete", "none", "", None)
    event.conversation_id = text(named(update.get("chat")).get("id"))
    event.attributes = flat("message_ids", update.get("message_ids"))

    return event


UPDATES: Final[dict[str, Callable[[dict[str, Any], Context], BotEvent]]] = {
    "callback_query": _callback,
    "inline_query": _inline,
    "chosen_inline_result": _inline,
    "shipping_query": _payment,
    "pre_checkout_query": _payment,
    "purchased_paid_media": _payment,
    "chat_member": _member,
    "my_chat_member": _own_member,
    "chat_join_request": _join_request,
    "message_reaction": _reaction,
    "message_reaction_count": _reaction,
    "poll": _poll,
    "poll_answer": _poll_answer,
    "business_connection": _notice,
    "chat_boost": _notice,
    "removed_chat_boost": _notice,
    "deleted_business_messages": _deleted,
}


def _of_user(
    update: dict[str, Any], context: Context, kind: str, direction: Direction, message_id: str = ""
) -> BotEvent:
    sender = named(update.get("from"))
    at = instant(update.get("date"))
    event = make_event(context, kind, direction, text(sender.get("id")), at, message_id)
    add_sender(event, sender)

    return event


def _changed(change: dict[str, Any], kind: str, user_id: str, context: Context) -> BotEvent:
    event = make_event(context, kind, "none", user_id, instant(change.get("date")))
    event.conversation_id = text(named(change.get("chat")).get("id"))
    event.attributes = flats(
        {
            "status": named(change.get("new_chat_member")).get("status"),
            "old_status": named(change.get("old_chat_member")).get("status"),
            "by": named(change.get("from")).get("id"),
        }
    )

    return event


_AWAY: Final = ("left", "kicked")


def _movement(now: dict[str, Any], before: dict[str, Any]) -> str:
    if _is_away(now):
        return "leave"

    return "join" if _is_away(before) else "system"


def _is_away(member: dict[str, Any]) -> bool:
    return member.get("status") in _AWAY or member.get("is_member") is False


def _emoji(reaction: object) -> str:
    found = named(reaction)

    return text(found.get("emoji")) or text(found.get("custom_emoji_id")) or text(found.get("type"))
