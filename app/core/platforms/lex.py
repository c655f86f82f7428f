"""
Amazon Lex: what a bot's code hook gets and answers, and what the runtime and the conversation logs hold.

    V1  {currentIntent, userId, inputTranscript}      a request       {dialogAction}               a response
    V2  {sessionId, interpretations, inputTranscript} a request       {sessionState, messages}     a response
    a runtime answer or a log line of either holds both sides

V2 has no user, only a session, whose id the caller of the runtime chooses: by custom it is the user's.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, named, scalars, text
from app.core.platforms.lex_parts import Bubble, action_of, bubbles_of, intent_of
from app.core.platforms.platform import Hook, Platform
from app.core.platforms.voice import add_understood, plain, time_of

__all__ = ["LEX", "read", "read_reported_turn"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read a request, a response, or a log line with both."""
    outcome = Outcome()
    asks = any(name in body for name in _ASKS)
    bubbles = bubbles_of(body)
    if not asks and not bubbles and not any(name in body for name in _ANSWERS):
        why = "this is neither a request nor a response of Lex (V1 `currentIntent`, V2 `sessionState`)"
        return Outcome([], [Rejection(Reason.UNKNOWN_SHAPE, why)])
    if asks:
        add(outcome, _asked(body, context), "userId")
    for place, bubble in enumerate(bubbles):
        add(outcome, _answered(body, place, bubble, context, is_alone=not asks), "userId")
    if not asks and not bubbles:
        silent = _event(body, "system", "none", context)
        silent.attributes = flat("action", action_of(body).get("type"))
        add_understood(silent, intent_of(body), context)
        add(outcome, silent, "userId")

    return outcome


def read_reported_turn(body: dict[str, Any], context: Context) -> Outcome:
    """Read a turn as Botanalytics' SDK reports it: what the user said and what the bot said, in one flat object."""
    request = named(body.get("request"))
    user_id, message_id = text(body.get("user_id")), text(request.get("id"))
    outcome = Outcome()
    if not user_id:
        why = "`user_id` is missing; send the id of the person who talks with the bot"
        return Outcome([], [Rejection(Reason.MISSING_USER, why, "user_id")])
    asked = make_event(context, "text", "in", user_id, time_of(body.get("timestamp")), message_id)
    asked.text = text(body.get("user_content"))
    asked.attributes = scalars({"input_type": body.get("user_request_type"), "bot": request.get("bot_name")})
    intent = first([request.get("intent_applied_name"), request.get("intent_resolved_name")])
    add_understood(asked, intent, context, is_fallback=intent in _FALLBACKS)
    add(outcome, asked, "user_id")
    if text(body.get("bot_content")):
        kind = "template" if body.get("bot_response_type") == "card" else "text"
        answered = make_event(context, kind, "out", user_id, time_of(body.get("timestamp")), message_id)
        answered.text = plain(text(body.get("bot_content")))
        answered.attributes = scalars(
            {"state": request.get("state"), "output_type": body.get("bot_response_type")}
        )
        add(outcome, answered, "user_id")

    return outcome


LEX: Final = Platform(read, hook=Hook(None))

_ASKS: Final = ("inputTranscript", "interpretations", "currentIntent", "invocationSource")
_ANSWERS: Final = ("dialogAction", "sessionState", "dialogState")
_FALLBACKS: Final = ("FallbackIntent", "AMAZON.FallbackIntent")


def _asked(body: dict[str, Any], context: Context) -> BotEvent:
    said = text(body.get("inputTranscript"))
    event = _event(body, "text" if said else "intent", "in", context, text(body.get("requestId")))
    event.text = said
    bot = named(body.get("bot"))
    event.attributes = scalars(
        {
            "input_type": body.get("inputMode", body.get("inputDialogMode")),
            "bot": bot.get("name", body.get("botName")),
            "source": body.get("invocationSource"),
        }
    )
    event.locale = text(bot.get("localeId"))
    intent = intent_of(body)
    is_fallback = intent["name"] in _FALLBACKS or body.get("missedUtterance") is True
    add_understood(event, intent, context, is_fallback=is_fallback)

    return event


def _answered(
    body: dict[str, Any], place: int, bubble: Bubble, context: Context, *, is_alone: bool
) -> BotEvent:
    message_id = text(body.get("requestId"))
    if place and message_id:
        # one id stands for all bubbles of an answer
        message_id = f"{message_id}#{place}"
    event = _event(body, bubble.kind, "out", context, message_id)
    event.text = bubble.text
    event.attributes = bubble.attributes
    if is_alone:
        event.intent = text(intent_of(body)["name"])

    return event


def _event(
    body: dict[str, Any], kind: str, direction: Direction, context: Context, message_id: str = ""
) -> BotEvent:
    session_id = text(body.get("sessionId"))
    user_id = text(body.get("userId")) or session_id
    event = make_event(context, kind, direction, user_id, time_of(body.get("timestamp")), message_id)
    event.conversation_id = session_id

    return event
