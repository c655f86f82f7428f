"""
Botanalytics' universal message: who said or did what, in which thread and conversation.

    {id?, thread?, conversation?, message: {timestamp, sender, recipient?, content?, event?, nlu?, context?, ...}}

Clients leave out the wrapper or write the inner members beside the outer ones.  An answer names its recipient, or
only the conversation: then it went to whoever spoke there last.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.dialects.botanalytics_v2_content import Content, content_of
from app.core.dialects.botanalytics_v2_events import ABOUT_A_MESSAGE, signals_of
from app.core.events import BotEvent, Direction
from app.core.links import channel_link, learn, linked
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, add_intent, add_user, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, named, scalars, text
from app.core.platforms.voice import time_of

__all__ = ["read_universal"]


def read_universal(body: dict[str, Any], context: Context) -> Outcome:
    """Read a universal message: what was said, and what happened."""
    found = _parts(body)
    if found is None:
        return _refused(
            Reason.UNKNOWN_SHAPE, "there is no `message` with `sender`, `content` or `event`", "message"
        )
    outer, inner = found
    outcome = Outcome()
    frame = _frame(outer, inner, context, outcome)
    content = content_of(inner.get("content"))
    happened = {
        name: value for name, value in named(inner.get("event")).items() if value not in (None, False)
    }
    if not happened and content is None and not inner.get("nlu"):
        why = "there is neither `content` nor `event`; send what was said or what happened"
        return _refused(Reason.MISSING_FIELD, why, "message.content")
    for event in _events(frame, content, happened, inner, context):
        add(outcome, event, "message.sender.id")

    return outcome


class _Frame(msgspec.Struct):
    """What all events of a message share."""

    user_id: str
    side: Direction
    at: int | None
    own_id: str
    thread_id: str
    conversation_id: str
    locale: str
    attributes: dict[str, str]
    user_attributes: dict[str, object]


def _parts(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the outer and the inner object, which are one where a client writes them flat."""
    for _ in range(_DEEPEST):
        if not _INNER.isdisjoint(body):
            return body, body
        message = body.get("message")
        if not isinstance(message, dict):
            return None
        if not _INNER.isdisjoint(message):
            return (message if _OUTER.isdisjoint(body) else body), message
        body = message

    return None


_DEEPEST: Final = 3
_INNER: Final = frozenset({"timestamp", "sender", "content", "event", "nlu"})
_OUTER: Final = frozenset({"id", "thread", "conversation"})


def _frame(outer: dict[str, Any], inner: dict[str, Any], context: Context, outcome: Outcome) -> _Frame:
    sender = named(inner.get("sender"))
    side = _SIDES.get(text(sender.get("type")), "in")
    thread = named(outer.get("thread"))
    conversation = named(outer.get("conversation"))
    frame = _Frame(
        text(sender.get("id") if side == "in" else named(inner.get("recipient")).get("id")),
        side,
        time_of(inner.get("timestamp")),
        text(outer.get("id")),
        text(thread.get("id")),
        text(conversation.get("id")),
        first([inner.get("locale"), sender.get("locale")]),
        _attributes(thread, conversation, inner),
        dict(scalars(sender, "id", "type", "locale")) if side == "in" else {},
    )
    _link(frame, context, outcome)

    return frame


_SIDES: Final[dict[str, Direction]] = {"user": "in", "virtual-agent": "out", "human-agent": "out"}


def _attributes(
    thread: dict[str, Any], conversation: dict[str, Any], inner: dict[str, Any]
) -> dict[str, str]:
    # most messages have few of these, and to look into each of them takes longer than all the rest
    attributes: dict[str, str] = {}
    if len(thread) > 1:
        attributes |= flat("thread", {name: value for name, value in thread.items() if name != "id"})
    if len(conversation) > 1:
        attributes |= flat("conversation.is_new", conversation.get("is_new"))
        attributes |= flat("should_end_session", named(conversation.get("context")).get("should_end_session"))
    if "reply_to" in inner:
        attributes |= flat("reply_to", named(inner["reply_to"]).get("platform_message_id"))
    if "context" in inner:
        attributes |= scalars(inner["context"])
    nlu = named(inner.get("nlu"))
    if len(nlu) > 1:
        attributes |= flat("nlu", {name: value for name, value in nlu.items() if name != "intent"})
    if named(inner.get("sender")).get("type") == "human-agent":
        attributes["sender"] = "human-agent"

    return attributes


def _link(frame: _Frame, context: Context, outcome: Outcome) -> None:
    """Remember the user for those who name only the thread or conversation, or find out who it is."""
    places = (("conversation", frame.conversation_id), ("thread", frame.thread_id))
    names = [channel_link(context.platform, kind, place) for kind, place in places if place]
    if frame.user_id:
        for name in names:
            learn(outcome, name, frame.user_id)
    else:
        frame.user_id = first([linked(outcome, context, name) for name in names])


def _events(
    frame: _Frame, content: Content | None, happened: dict[str, Any], inner: dict[str, Any], context: Context
) -> list[BotEvent]:
    events = []
    about = not ABOUT_A_MESSAGE.isdisjoint(happened)
    if not about and (content is not None or not happened):
        events.append(_message(frame, content or Content("intent"), inner, context))
    for signal in signals_of(happened):
        about_id = signal.message_id or frame.own_id
        # kinds are coarser than names: two events of one message are two
        own_id = f"{frame.own_id or about_id}:{signal.attributes['event']}" if about_id else ""
        event = make_event(context, signal.kind, "none", frame.user_id, frame.at, own_id)
        event.message_id = about_id
        event.event_name = signal.event_name
        event.not_handled = signal.not_handled
        event.amount, event.currency = signal.amount, signal.currency
        event.text = content.text if about and content is not None else ""
        event.attributes = frame.attributes | signal.attributes
        events.append(_framed(event, frame))

    return events


def _message(frame: _Frame, content: Content, inner: dict[str, Any], context: Context) -> BotEvent:
    event = make_event(context, content.kind, frame.side, frame.user_id, frame.at, frame.own_id)
    event.text = content.text
    event.attributes = frame.attributes | content.attributes
    add_intent(event, named(inner.get("nlu")).get("intent"), context)

    return _framed(event, frame)


def _framed(event: BotEvent, frame: _Frame) -> BotEvent:
    event.conversation_id = frame.conversation_id or frame.thread_id
    event.session_id = frame.conversation_id
    add_user(event, frame.user_attributes)
    event.locale = frame.locale

    return event


def _refused(reason: Reason, message: str, path: str) -> Outcome:
    return Outcome([], [Rejection(reason, message, path)])
