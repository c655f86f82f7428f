"""
Slack's `message` in all its subtypes, from the Events API, RTM, or as SDKs report it.

    none, me_message, thread_broadcast, file_share, bot_message, ...   somebody says something
    message_changed, message_deleted                                   the message is nested, or its `ts` alone is left
    channel_join, channel_topic, ...                                   a notice with a text
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome
from app.core.platforms.building import make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, listed, named, text
from app.core.platforms.slack_frame import id_of, identify, instant, is_own, learn_user, user_in

__all__ = ["read_message"]


def read_message(message: dict[str, Any], team: str, context: Context, outcome: Outcome) -> BotEvent:
    """Return the event of a message; what it tells of its channel goes to *outcome*."""
    subtype = text(message.get("subtype"))
    if subtype == "message_changed":
        return _edit(message, team, context, outcome)
    if subtype == "message_deleted":
        return _delete(message, context)
    if subtype and subtype not in _SAID:
        return _notice(message, subtype, context)

    return _said(message, team, context, outcome)


_SAID: Final = frozenset(
    {
        "me_message", "thread_broadcast", "reply_broadcast", "file_share", "bot_message", "file_mention",
        "file_comment", "slackbot_response",
    }
)  # fmt: skip


def _said(message: dict[str, Any], team: str, context: Context, outcome: Outcome) -> BotEvent:
    channel, ts = id_of(message.get("channel")), text(message.get("ts"))
    direction, user_id = _side(message, team, channel, context, outcome)
    event = make_event(context, _kind(message), direction, user_id, instant(message.get("ts")))
    event.message_id = ts
    event.text = text(message.get("text")) or _attached(message)
    event.conversation_id = channel
    event.attributes = _attributes(message)
    # the user of an answer was looked up, so it may be another one when the answer comes again
    identify(event, channel, ts, direction)

    return event


def _side(
    message: dict[str, Any], team: str, channel: str, context: Context, outcome: Outcome
) -> tuple[Direction, str]:
    account = id_of(message.get("user"))
    if _is_bots(message, account, context, outcome):
        return "out", user_in(outcome, context, team, channel)
    if not account:
        return context.side, ""
    learn_user(outcome, team, channel, account)

    return "in", account


def _is_bots(message: dict[str, Any], account: str, context: Context, outcome: Outcome) -> bool:
    if isinstance(message.get("is_bot"), bool):
        return bool(message["is_bot"])

    return (
        context.side == "out"
        or bool(message.get("bot_id"))
        or message.get("subtype") == "bot_message"
        or is_own(outcome, context, account)
    )


def _kind(message: dict[str, Any]) -> str:
    file = message.get("file")
    if message.get("files"):
        file = next(iter(listed(message["files"])), file)
    if isinstance(file, dict):
        family = text(file.get("mimetype")).partition("/")[0]
        return family if family in _MEDIA else "file"
    if not text(message.get("text")) and (message.get("attachments") or message.get("blocks")):
        return "template"

    return "text"


_MEDIA: Final = ("image", "video", "audio")


def _attached(message: dict[str, Any]) -> str:
    """Return what the attachments of a message without a text say."""
    if "attachments" not in message:
        return ""
    parts = map(named, listed(message["attachments"]))

    return "\n".join(
        filter(None, (first([part.get("text"), part.get("title"), part.get("fallback")]) for part in parts))
    )


def _attributes(message: dict[str, Any]) -> dict[str, str]:
    attributes = {name: text(message[name]) for name in _KEPT if message.get(name)}
    if "dashbotTemplateId" in message:
        attributes |= flat("template", message["dashbotTemplateId"])
    if message.get("files"):
        files = [
            {"type": text(file.get("mimetype")), "name": text(file.get("name")), "url": _address(file)}
            for file in map(named, listed(message["files"]))
        ]
        attributes["attachments"] = json_text(files)

    return attributes


_KEPT: Final = ("subtype", "thread_ts", "bot_id", "app_id", "username", "channel_type")


def _address(file: dict[str, Any]) -> str:
    return first([file.get("url_private"), file.get("url_private_download")])


def _edit(message: dict[str, Any], team: str, context: Context, outcome: Outcome) -> BotEvent:
    edited = named(message.get("message"))
    channel, ts = id_of(message.get("channel")), text(edited.get("ts"))
    by_bot = bool(edited.get("bot_id")) or edited.get("subtype") == "bot_message"
    user_id = user_in(outcome, context, team, channel) if by_bot else id_of(edited.get("user"))
    at = instant(message.get("ts"))
    event = make_event(context, "edit", "out" if by_bot else "in", user_id, at, ts)
    event.text = text(edited.get("text"))
    event.conversation_id = channel
    event.attributes = _attributes(edited)
    identify(event, channel, text(message.get("ts")))

    return event


def _delete(message: dict[str, Any], context: Context) -> BotEvent:
    deleted = named(message.get("previous_message"))
    user_id = "" if deleted.get("bot_id") else id_of(deleted.get("user"))
    event = make_event(
        context, "delete", "none", user_id, instant(message.get("ts")), text(message.get("deleted_ts"))
    )
    event.conversation_id = id_of(message.get("channel"))
    identify(event, event.conversation_id, event.message_id)

    return event


def _notice(message: dict[str, Any], subtype: str, context: Context) -> BotEvent:
    event = make_event(
        context,
        _NOTICES.get(subtype, "system"),
        "none",
        id_of(message.get("user")),
        instant(message.get("ts")),
        text(message.get("ts")),
    )
    event.text = text(message.get("text"))
    event.conversation_id = id_of(message.get("channel"))
    event.attributes = _attributes(message)
    identify(event, event.conversation_id, event.message_id)

    return event


_NOTICES: Final = {
    "channel_join": "join",
    "group_join": "join",
    "channel_leave": "leave",
    "group_leave": "leave",
}
