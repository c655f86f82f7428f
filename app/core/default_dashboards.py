"""
The dashboards a bot begins with, by the platforms it lives on: Botmetrics' own for its three, fitting ones for the others.

Each has a type, which names it and says what it counts.  A bot of several platforms gets those of its first, then what
the others add.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from app.core.dialects.botmetrics import TYPE
from app.core.events import CUSTOM, MESSAGE_KINDS
from app.core.platforms import canonical
from app.core.registry import Bot, Dashboard, State
from app.core.rules.language import Rule

__all__ = ["default_dashboards", "missing_dashboards"]

_ID_DIGITS: Final = 12


def default_dashboards(bot: Bot) -> list[Dashboard]:
    """Return the dashboards of a new bot; their times lie a millisecond apart, which keeps them in this order."""
    platforms = (bot.platform, *bot.more_platforms)
    types = dict.fromkeys(one for platform in platforms for one in _types_of(platform))

    return [_dashboard(bot, one, bot.created_at + n) for n, one in enumerate(types)]


def missing_dashboards(state: State, bot: Bot) -> list[Dashboard]:
    """Return what *bot* never had of its default dashboards, less those whose name another dashboard has."""
    names = {one.name.casefold() for one in state.dashboards_of(bot.id)}

    return [
        one
        for one in default_dashboards(bot)
        if one.id not in state.dashboards and one.name.casefold() not in names
    ]


def _types_of(platform: str) -> tuple[str, ...]:
    return _PLATFORMS.get(canonical(platform), _GENERIC)


def _dashboard(bot: Bot, type: str, created_at: int) -> Dashboard:
    id_ = hashlib.sha256(f"{bot.id}|{type}".encode()).hexdigest()[:_ID_DIGITS]
    name = _NAMES.get(type) or type.replace("-", " ").title()
    if type == "new-users":
        return Dashboard(id_, bot.id, name, created_at, measure="new_users", default=type)

    return Dashboard(id_, bot.id, name, created_at, _RULES[type], default=type)


def _is(field: str, value: str | bool) -> Rule:
    return Rule(field=field, value=value)


def _one_of(field: str, *values: str) -> Rule:
    return Rule(field=field, op="in", value=values)


def _all(*rules: Rule) -> Rule:
    return Rule(all=rules)


def _any(*rules: Rule) -> Rule:
    return Rule(any=rules)


_INCOMING: Final = _is("direction", "in")
_OUTGOING: Final = _is("direction", "out")
_MESSAGE: Final = _one_of("kind", *sorted(MESSAGE_KINDS))


def _sent(kind: str) -> Rule:
    """Match what users send of *kind*; what the bot sends is no upload."""
    return _all(_INCOMING, _is("kind", kind))


_RULES: Final[Mapping[str, Rule]] = {
    # Teams and Skype tell of an install by the platform, Slack's SDKs tell us
    "bots-installed": _any(
        _is(f"attributes.{TYPE}", "bot-installed"),
        _all(_is("platform", "microsoft"), _is("kind", "subscribe")),
    ),
    "bots-uninstalled": _any(
        _is("kind", "uninstall"), _all(_is("platform", "microsoft"), _is("kind", "unsubscribe"))
    ),
    "messages": _all(_one_of("direction", "in", "out"), _MESSAGE),
    "messages-to-bot": _all(_INCOMING, _MESSAGE),
    "messages-from-bot": _all(_OUTGOING, _MESSAGE),
    "followed-link": _all(_is("kind", CUSTOM), _is("event", "followed-link")),
    "user-actions": _sent("postback"),
    "quick-replies": _sent("quick_reply"),
    "commands-sent": _sent("command"),
    "forms-submitted": _sent("form"),
    # Messenger's stickers are images to Botmetrics
    "image-uploaded": _all(
        _INCOMING, _any(_is("kind", "image"), _all(_is("platform", "facebook"), _is("kind", "sticker")))
    ),
    "audio-uploaded": _sent("audio"),
    "video-uploaded": _sent("video"),
    "file-uploaded": _sent("file"),
    "location-sent": _sent("location"),
    "contact-shared": _sent("contact"),
    "link-uploaded": _sent("link"),
    "sticker-uploaded": _sent("sticker"),
    "scanned-data": _all(_one_of("platform", "kik", "wechat"), _is("kind", "referral")),
    "friend-picker-chosen": _is("kind", "friend_picker"),
    "payments": _all(_is("kind", "payment"), Rule(field="amount", op="above", value=0.0)),
    "subscribed": _is("kind", "subscribe"),
    "unsubscribed": _is("kind", "unsubscribe"),
    "sessions-started": _is("kind", "session_start"),
    "handovers": _is("kind", "handover"),
    "not-handled": _is("not_handled", True),
}

_NAMES: Final[Mapping[str, str]] = {
    "image-uploaded": "Image Uploads",
    "audio-uploaded": "Audio Uploads",
    "video-uploaded": "Video Uploads",
    "file-uploaded": "File Uploads",
    "location-sent": "Locations Shared",
    "contact-shared": "Contacts Shared",
}
"""Where it is not the type's own words."""

_TALK: Final = ("new-users", "followed-link", "messages-to-bot", "messages-from-bot")
_SPEECH: Final = ("new-users", "messages-to-bot", "messages-from-bot")
_MEDIA: Final = ("image-uploaded", "audio-uploaded", "video-uploaded", "file-uploaded", "location-sent")
_SUBSCRIPTION: Final = ("subscribed", "unsubscribed")
_GENERIC: Final = (*_TALK, "user-actions", "image-uploaded", "not-handled")

_PLATFORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "slack": (
        "bots-installed", "followed-link", "bots-uninstalled", "new-users", "messages", "messages-to-bot",
        "messages-from-bot",
    ),
    "facebook": (*_TALK, "user-actions", *_MEDIA),
    "kik": (
        *_TALK, "image-uploaded", "video-uploaded", "link-uploaded", "scanned-data", "sticker-uploaded",
        "friend-picker-chosen",
    ),
    "telegram": (
        *_TALK, "user-actions", "commands-sent", *_MEDIA, "contact-shared", "sticker-uploaded", "payments",
        *_SUBSCRIPTION,
    ),
    "whatsapp": (
        *_TALK, "quick-replies", "forms-submitted", *_MEDIA, "contact-shared", "sticker-uploaded", *_SUBSCRIPTION,
    ),
    "line": (*_TALK, "user-actions", *_MEDIA, "sticker-uploaded", *_SUBSCRIPTION),
    "viber": (
        *_TALK, "image-uploaded", "video-uploaded", "file-uploaded", "location-sent", "contact-shared", "link-uploaded",
        "sticker-uploaded", *_SUBSCRIPTION,
    ),
    "wechat": (
        *_TALK, "user-actions", "image-uploaded", "audio-uploaded", "video-uploaded", "location-sent", "link-uploaded",
        "scanned-data", *_SUBSCRIPTION,
    ),
    "twitter": (*_TALK, "quick-replies", "image-uploaded", "video-uploaded", "location-sent", *_SUBSCRIPTION),
    "twilio": (*_TALK, "quick-replies", "forms-submitted", *_MEDIA, "contact-shared", "sticker-uploaded"),
    "microsoft": (
        "bots-installed", "bots-uninstalled", *_TALK, "user-actions", "forms-submitted", *_MEDIA,
    ),
    "rbm": (*_TALK, "user-actions", "quick-replies", *_MEDIA, *_SUBSCRIPTION),
    "alexa": (*_SPEECH, "sessions-started", "user-actions", "not-handled", *_SUBSCRIPTION),
    "google": (*_SPEECH, "sessions-started", "user-actions", "not-handled"),
    "lex": (*_SPEECH, "not-handled"),
    "rasa": (*_TALK, "sessions-started", "not-handled", "handovers"),
    "watson": (*_TALK, "not-handled", "handovers"),
}  # fmt: skip
