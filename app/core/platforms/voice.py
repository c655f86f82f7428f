"""
What the readers of voice and NLU platforms share: speech without its marks, times of any form, nobody's conversation.

Their bodies often name no user.  Where an SDK reports them, a conversation then stands for its user, and says so.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any, Final

from app.core.events import BotEvent
from app.core.platforms.building import add_intent
from app.core.platforms.context import Context
from app.core.times import parse_at

__all__ = ["add_understood", "plain", "reported_at", "time_of", "user_or_conversation"]


def plain(speech: str) -> str:
    """Return speech markup (SSML) as the text that is heard; other text comes back as it is."""
    if "<speak" not in speech:
        return speech
    words = _INLINE.sub("", _PAUSES.sub(" ", speech))

    return " ".join(unescape(words).split())


def time_of(value: object) -> int | None:
    """Return the instant that a JSON value names, in any form that `parse_at` knows."""
    return parse_at(value) if type(value) is str or type(value) is int or type(value) is float else None


def reported_at(body: dict[str, Any]) -> int | None:
    """Return when an SDK of Dashbot logged *body*."""
    return time_of(body.get("dashbot_timestamp"))


def user_or_conversation(user_id: str, conversation_id: str, context: Context) -> tuple[str, dict[str, str]]:
    """
    Return the user and what to say of it: where an SDK reports nobody, the conversation stands for its user.

    Those SDKs' own servers do so.  A platform's webhook gets no such help: its nobody is nobody.
    """
    if user_id or not conversation_id or context.dialect == "webhook":
        return user_id, {}

    return conversation_id, {"user_is": "conversation"}


def add_understood(event: BotEvent, intent: object, context: Context, *, is_fallback: bool = False) -> None:
    """Put an intent on *event*, which a fallback of the platform's own marks as not handled whatever it is called."""
    if intent:
        add_intent(event, intent, context)
    if is_fallback:
        event.not_handled = True


_PAUSES: Final = re.compile(r"</?(?:p|s|break|audio|par|seq|media)\b[^<>]*>")
_INLINE: Final = re.compile(r"<[^<>]*>")
