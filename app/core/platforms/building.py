"""
How readers of platforms' bodies make bot events: time settled, id scoped, intent understood.

An id that a platform gives to a message is only unique in its place: a broadcast reuses one for all recipients, an
edit names the message it changes.  So an event's id names platform, direction and user too, and for what is no
message its kind and time.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from app.core.events import MESSAGE_KINDS, BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.context import Context
from app.core.platforms.fields import flat, json_text, listed, named, number, text, texts
from app.core.times import settle

__all__ = [
    "MAX_ID",
    "NOT_HANDLED",
    "add",
    "add_intent",
    "add_user",
    "identify",
    "intent_inputs",
    "is_not_handled",
    "make_event",
    "scoped_id",
]

MAX_ID: Final = 200
"""Most characters of a user's id and of everything that names rather than says."""

NOT_HANDLED: Final = "NotHandled"
"""The intent by which a bot says that it did not understand."""


def make_event(
    context: Context,
    kind: str,
    direction: Direction,
    user_id: str,
    at: int | None,
    message_id: str = "",
    attributes: dict[str, str] | None = None,
) -> BotEvent:
    """Return an event; `at` is None where the body has no time. Without a message's id it gets its own by place."""
    platform, received_at = context.platform, context.received_at
    settled, warnings = settle(at, received_at)
    event_id = _event_id(platform, kind, direction, user_id, at, message_id) if message_id else ""

    # by position: keywords for so many fields take longer than the event
    return BotEvent(
        event_id,
        context.bot_id,
        user_id,
        settled,
        received_at,
        kind,
        direction,
        event_id != "",
        platform or "generic",
        "",
        "",
        None,
        False,
        "",
        "",
        message_id,
        "",
        None,
        "",
        "",
        attributes or {},
        {},
        context.dialect,
        context.sdk,
        warnings,
    )


def add_intent(event: BotEvent, intent: object, context: Context) -> None:
    """Put an intent on *event*: a name, or `{name, confidence, inputs: [{name, value}]}`."""
    if intent is None:
        return
    found = named(intent)
    name = text(intent) or text(found.get("name"))
    if not name:
        return
    event.intent = name
    event.intent_confidence = number(found.get("confidence"))
    event.not_handled = is_not_handled(name, event.intent_confidence, context.confidence_threshold)
    inputs = found.get("inputs")
    if inputs:
        event.attributes |= intent_inputs(inputs)


def intent_inputs(inputs: object) -> dict[str, str]:
    """Return what an intent was filled with, `{name: value}` or `[{name, value}]`, as attributes `intent.name`."""
    if isinstance(inputs, dict):
        return flat("intent", inputs)
    entries = [(text(entry.get("name")), entry.get("value", "")) for entry in map(named, listed(inputs))]

    return {f"intent.{name}": json_text(value) for name, value in entries if name}


def is_not_handled(intent: str, confidence: float | None, threshold: float | None) -> bool:
    """Tell whether the bot did not understand: it says so, or is less sure than its settings ask for."""
    if threshold is None or confidence is None:
        return intent == NOT_HANDLED

    return intent == NOT_HANDLED or confidence < threshold


def add_user(event: BotEvent, attributes: object) -> None:
    """Put what the caller knows of the user on *event*."""
    if not attributes:
        return
    event.user_attributes = texts(named(attributes))
    event.locale = event.locale or text(named(attributes).get("locale"))


def add(outcome: Outcome, event: BotEvent, path: str = "") -> None:
    """Add *event* to *outcome*, or why its user cannot be kept."""
    if len(event.user_id) <= MAX_ID:
        outcome.events.append(event)
    else:
        why = f"the user's id has {len(event.user_id)} characters; send at most {MAX_ID}"
        outcome.rejections.append(Rejection(Reason.BAD_VALUE, why, path))


def identify(event: BotEvent, *parts: object) -> None:
    """Give *event* an id where it has none, of what tells it from all others of its user and kind."""
    if not event.event_id:
        given = ":".join(map(str, parts))
        event.event_id = scoped_id(f"{_escaped(event.platform)}:{event.kind}", event.user_id, given)
        event.repeats = True


def scoped_id(scope: str, user_id: str, given_id: str) -> str:
    """Return an event id that two events share only if all three parts are the same; long ones as their hash."""
    if ":" in user_id or "%" in user_id:
        user_id = _escaped(user_id)
    scoped = f"{scope}:{user_id}:{given_id}"

    if len(scoped) <= _LONGEST_ID:
        return scoped
    # a copy, which is faster than to begin anew
    digest = _DIGEST.copy()
    digest.update(scoped.encode())

    return digest.hexdigest()


_DIGEST: Final = blake2b(digest_size=16)
_LONGEST_ID: Final = 64


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace(":", "%3A")


def _event_id(
    platform: str, kind: str, direction: Direction, user_id: str, at: int | None, message_id: str
) -> str:
    scope = platform if platform.isalpha() else _escaped(platform)
    if kind in MESSAGE_KINDS:
        return scoped_id(f"{scope}:{direction}", user_id, message_id)
    # an edit, a receipt, a reaction: only with its own time is it known from the next one about the same message
    return scoped_id(f"{scope}:{kind}", user_id, f"{message_id}:{at}") if at is not None else ""
