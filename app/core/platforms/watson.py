"""
Watson Assistant, V1 and V2: what was asked and what was answered, which its answers and log entries hold together.

    {input, intents, output, context}                     an answer of V1, with the question
    {output: {generic, intents}, context, user_id}        an answer of V2, with or without `input`
    {request, response, request_timestamp, log_id}        a log entry of either, also many as {logs: [...]}
    {event, payload: {input | output | <a log entry>}}    what its own webhooks send
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, head, json_text, listed, named, scalars, text
from app.core.platforms.platform import Hook, Platform
from app.core.platforms.voice import add_understood, time_of, user_or_conversation
from app.core.platforms.watson_output import said_in

__all__ = ["WATSON", "read"]

Members = dict[str, object]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read a turn, half a turn, or many."""
    if isinstance(body.get("logs"), list):
        return _read_logs(body["logs"], context)
    payload = body.get("payload")
    if isinstance(payload, dict):
        return _read_turn(payload, context)

    return _read_turn(body, context)


WATSON: Final = Platform(read, secrets=("**.credentials",), hook=Hook(None))


class _Turn(msgspec.Struct):
    """A question and its answer, whatever their envelope."""

    asked: Members
    answered: Members
    user_id: str
    conversation_id: str
    message_id: str
    asked_at: int | None
    answered_at: int | None
    locale: str


def _read_logs(logs: list[Any], context: Context) -> Outcome:
    outcome = Outcome()
    for place, entry in enumerate(logs):
        found = _read_turn(named(entry), context)
        outcome.events += found.events
        outcome.rejections += [
            Rejection(one.reason, one.message, f"logs[{place}]") for one in found.rejections
        ]

    return outcome


def _read_turn(body: dict[str, Any], context: Context) -> Outcome:
    turn = _turn(body)
    outcome = Outcome()
    if _has_input(turn):
        add(outcome, _question(turn, context), "user_id")
    if "output" in turn.answered:
        for event in _answers(turn, context, is_alone=not outcome.events):
            add(outcome, event, "user_id")
    if not outcome.events and not outcome.rejections:
        why = (
            "this holds neither what was asked (`input`) nor what was answered (`output`) of Watson Assistant"
        )
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why))

    return outcome


def _turn(body: dict[str, Any]) -> _Turn:
    asked, answered = named(body.get("request")) or body, named(body.get("response")) or body
    asked_at, answered_at = time_of(body.get("request_timestamp")), time_of(body.get("response_timestamp"))
    stamp = time_of(body.get("timestamp"))
    parts = [answered] if answered is asked else [answered, asked]
    contexts = [named(part.get("context")) for part in parts]

    return _Turn(
        asked,
        answered,
        _user_id(body, parts, contexts),
        _conversation_id(body, contexts),
        text(body.get("log_id")),
        stamp if asked_at is None else asked_at,
        stamp if answered_at is None else answered_at,
        text(body.get("language")),
    )


def _user_id(body: Members, parts: list[Members], contexts: list[Members]) -> str:
    found = text(body.get("user_id")) or first([part.get("user_id") for part in parts])
    found = found or first([named(place.get("metadata")).get("user_id") for place in contexts])

    return found or first(
        [named(named(place.get("global")).get("system")).get("user_id") for place in contexts]
    )


def _conversation_id(body: Members, contexts: list[Members]) -> str:
    found = first([place.get("conversation_id") for place in contexts]) or text(body.get("session_id"))
    found = found or first([named(place.get("global")).get("session_id") for place in contexts])

    return found or first([place.get("session_id") for place in contexts])


def _has_input(turn: _Turn) -> bool:
    """Tell whether something was asked; that an answer of V1 repeats an empty input opens a conversation."""
    given = turn.asked.get("input")

    return isinstance(given, dict) and ("output" not in turn.answered or bool(text(given.get("text"))))


def _question(turn: _Turn, context: Context) -> BotEvent:
    given = named(turn.asked.get("input"))
    event = _event(turn, "text", "in", context, turn.asked_at)
    event.text = text(given.get("text"))
    if not event.text:
        event.attributes |= scalars({"input_type": given.get("message_type")})
    add_understood(event, _intent(turn), context)
    entities = _entities(turn)
    if entities:
        event.attributes["entities"] = json_text(entities)

    return event


def _answers(turn: _Turn, context: Context, *, is_alone: bool) -> list[BotEvent]:
    output = named(turn.answered.get("output"))
    said = said_in(output)
    event = _event(turn, said.kind, "none" if said.kind == "system" else "out", context, turn.answered_at)
    event.text = said.text
    event.attributes |= said.attributes
    if is_alone:
        # it is of the question, which is not here
        add_understood(event, _intent(turn), context)
    if not said.hands_over:
        return [event]
    handover = _event(turn, "handover", "none", context, turn.answered_at)
    handover.attributes |= flat("message", said.hands_over)

    return [handover] if said.kind == "system" else [event, handover]


def _event(turn: _Turn, kind: str, direction: Direction, context: Context, at: int | None) -> BotEvent:
    user_id, attributes = user_or_conversation(turn.user_id, turn.conversation_id, context)
    event = make_event(context, kind, direction, user_id, at, turn.message_id, attributes)
    event.conversation_id = turn.conversation_id
    event.locale = turn.locale

    return event


def _intent(turn: _Turn) -> dict[str, object]:
    """Return the likeliest intent; they are in order."""
    for place in (turn.answered, named(turn.answered.get("output")), named(turn.asked.get("input"))):
        if place.get("intents") and listed(place["intents"]):
            intent = head(place["intents"])
            return {"name": intent.get("intent"), "confidence": intent.get("confidence")}

    return {}


def _entities(turn: _Turn) -> list[list[str]]:
    for place in (turn.answered, named(turn.answered.get("output"))):
        found = listed(place.get("entities"))
        if found:
            return [[text(entity.get("entity")), text(entity.get("value"))] for entity in map(named, found)]

    return []
