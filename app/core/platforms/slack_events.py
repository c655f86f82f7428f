"""
Slack's events besides messages: reactions, members, presence, notices; from the Events API and as bare RTM frames.

What has a kind of its own stands in `_KINDS`; the many names of the workspace's own affairs are `system` by their
first word; the rest is `unknown`.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent
from app.core.outcome import Outcome
from app.core.platforms.building import make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import named, scalars, text
from app.core.platforms.slack_frame import id_of, identify, instant, is_own
from app.core.platforms.slack_message import read_message

__all__ = ["is_frame", "read_envelope", "read_frame"]


def read_envelope(body: dict[str, Any], context: Context, outcome: Outcome) -> BotEvent:
    """Return what an `event_callback` holds. Slack's id of the event tells when it is delivered again."""
    frame = named(body.get("event"))
    event = read_frame(frame, text(body.get("team_id")), context, outcome, body.get("event_time"))
    if event.kind == "unknown" and frame:
        event.kind = "system"
    if text(frame.get("type")) not in MESSAGES:
        identify(event, text(body.get("event_id")), "event")

    return event


def read_frame(
    frame: dict[str, Any], team: str, context: Context, outcome: Outcome, event_time: object = None
) -> BotEvent:
    """Return the event of a frame; *event_time* holds where the frame itself has no time."""
    name = text(frame.get("type"))
    if name in MESSAGES:
        return read_message(frame, team or text(frame.get("team")), context, outcome)
    at = instant(frame.get("event_ts"))
    if at is None:
        at = instant(event_time)
    item = named(frame.get("item"))
    kind = _kind(name)
    message_id = text(item.get("ts")) if kind == "reaction" else ""
    event = make_event(context, kind, "none", _user(frame, context, outcome), at, message_id)
    event.conversation_id = _channel(frame, item)
    event.attributes = scalars(frame, *_OWN_COLUMNS)
    # one may add, take back and add again, and with several emoji at once
    identify(
        event, event.user_id, message_id, text(frame.get("event_ts")), f"{name}:{text(frame.get('reaction'))}"
    )

    return event


def is_frame(name: str) -> bool:
    """Tell whether *name* is a type that RTM sends."""
    return name in MESSAGES or _kind(name) != "unknown"


MESSAGES: Final = frozenset(
    {"message", "app_mention", "direct_message", "direct_mention", "mention", "ambient", "bot_message"}
)
"""Types of messages: Slack's own, and those that Botkit makes of them."""

_KINDS: Final = {
    "reaction_added": "reaction",
    "reaction_removed": "reaction",
    "member_joined_channel": "join",
    "member_left_channel": "leave",
    "app_uninstalled": "uninstall",
    "link_shared": "link",
    "user_typing": "typing",
    "typing": "typing",
    "presence_change": "presence",
    "manual_presence_change": "presence",
    "hello": "control",
    "goodbye": "control",
    "ping": "control",
    "pong": "control",
    "reconnect_url": "control",
    "url_verification": "control",
}

_SYSTEM: Final = (
    "accounts_", "app_", "apps_", "assistant_", "bot_", "call_", "channel_", "commands_", "dnd_", "email_", "emoji_",
    "file_", "function_", "grid_", "group_", "im_", "invite_", "message_metadata_", "mpim_", "pin_", "pref_",
    "resources_", "scope_", "shared_", "star_", "subteam_", "subteams_", "team_", "tokens_", "user_", "workflow_",
)  # fmt: skip

_OWN_COLUMNS: Final = (
    "user", "channel", "event_ts", "ts", "team", "token", "challenge", "bot_access_token", "url",
)  # fmt: skip


def _kind(name: str) -> str:
    return _KINDS.get(name) or ("system" if name.startswith(_SYSTEM) else "unknown")


def _user(frame: dict[str, Any], context: Context, outcome: Outcome) -> str:
    """Return who did it; the bot itself is nobody."""
    account = id_of(frame.get("user")) or text(frame.get("user_id"))

    return "" if frame.get("is_bot") is True or is_own(outcome, context, account) else account


def _channel(frame: dict[str, Any], item: dict[str, Any]) -> str:
    return id_of(frame.get("channel")) or text(frame.get("channel_id")) or text(item.get("channel"))
