"""
`POST /v1/events`: one flat object per event, the shape for bots that are written for botpulse.

The check for the web process and the reader share their first step, so that what was accepted can be read.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.dialects.dialect import Dialect
from app.core.dialects.native_item import Intent, Item, parse_item
from app.core.events import CUSTOM, MESSAGE_KINDS, SIGNAL_KINDS, BotEvent
from app.core.outcome import Outcome, Rejection
from app.core.platforms.building import intent_inputs, is_not_handled, scoped_id
from app.core.platforms.context import Context
from app.core.platforms.fields import json_text, texts
from app.core.times import settle

__all__ = ["NATIVE"]


def check(item: bytes, _platform: str = "", _type: str = "") -> Rejection | None:
    """Return why *item* would be refused, if it would."""
    parsed = parse_item(item)

    return parsed if isinstance(parsed, Rejection) else None


def read(item: bytes, context: Context) -> Outcome:
    """Read the one event that *item* holds."""
    parsed = parse_item(item)
    if isinstance(parsed, Rejection):
        return Outcome([], [parsed])

    return Outcome([_event(parsed, context)], [])


NATIVE: Final = Dialect(check, read)

_SCOPES: Final = {"in": "id:in", "out": "id:out"}
"""Of the ids of events, by direction."""


def _event(item: Item, context: Context) -> BotEvent:
    at, warnings = settle(item.at if isinstance(item.at, int) else None, context.received_at)
    kind, event_name = _kind(item) if item.type or item.attachments else ("text", "")
    user_id, given_id = item.user or "", item.id or ""
    direction = item.direction or "in"
    attributes = _attributes(item) if item.attributes or item.attachments else {}
    intent, confidence = item.intent or "", None
    if isinstance(intent, Intent):
        confidence = intent.confidence
        if intent.inputs:
            attributes |= intent_inputs(intent.inputs)
        intent = intent.name or ""

    # by position: with so many fields, keywords take four times as long
    return BotEvent(
        scoped_id(_SCOPES[direction], user_id, given_id) if given_id else "",
        context.bot_id,
        user_id,
        at,
        context.received_at,
        kind,
        direction,
        given_id != "",
        item.platform or context.platform or "generic",
        item.text or "",
        intent,
        confidence,
        is_not_handled(intent, confidence, context.confidence_threshold),
        item.conversation or "",
        item.session or "",
        given_id,
        event_name,
        item.amount,
        item.currency or "",
        item.locale or "",
        attributes,
        _texts(item.user_attributes) if item.user_attributes else {},
        context.dialect,
        context.sdk,
        warnings,
    )


def _kind(item: Item) -> tuple[str, str]:
    """Return the kind, and the event's name if its maker named it."""
    given = item.type or "message"
    if given == "message":
        return _kind_of_message(item), ""
    if given in MESSAGE_KINDS or given in SIGNAL_KINDS:
        return given, ""

    return CUSTOM, given


def _kind_of_message(item: Item) -> str:
    if not item.attachments:
        return "text"
    types = [attachment.get("type") for attachment in item.attachments]

    return next((found for found in types if isinstance(found, str) and found in MESSAGE_KINDS), "file")


def _attributes(item: Item) -> dict[str, str]:
    attributes = _texts(item.attributes)
    if item.attachments:
        attributes["attachments"] = json_text(item.attachments)

    return attributes


def _texts(members: dict[str, Any] | None) -> dict[str, str]:
    """Return *members* as texts; they nearly always are."""
    if not members:
        return {}
    for member in members.values():
        if type(member) is not str:
            return texts(members)

    return members
