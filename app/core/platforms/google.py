"""
Google: the Assistant, Dialogflow and the Actions SDKs, what a user asked and what the bot answered.

    a request alone or a response alone          as their webhooks and APIs have them
    {request, response}                          a turn, as Botanalytics' SDKs report it
    {dashbot_timestamp, request_body, message?}  as Dashbot's SDKs report it
    {dashbot_timestamp, message, user?, conversation?}  the same of their oldest
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, add_user, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, named
from app.core.platforms.google_answer import is_answer, read_answer
from app.core.platforms.google_request import Ask, read_ask
from app.core.platforms.platform import Hook, Platform
from app.core.platforms.voice import add_understood, reported_at, user_or_conversation

__all__ = ["GOOGLE", "read", "read_reported", "read_turn"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read whatever holds a request, a response or both."""
    if "request_body" in body or "dashbot_timestamp" in body:
        return read_reported(body, context)
    if isinstance(body.get("request"), dict) and "response" in body:
        return read_turn(body["request"], body["response"], context)
    ask = read_ask(body)
    if ask is not None:
        return _outcome(_asked(ask, context))
    if isinstance(body.get("request"), dict):
        return read_turn(body["request"], None, context)
    if is_answer(body):
        return _outcome(_answered(Ask(), body, context, for_google=False))

    return _refused("this is neither a request nor a response of Dialogflow or the Actions SDKs")


def read_turn(request: object, response: object, context: Context) -> Outcome:
    """Read a request and, where the bot gave one, the response to it."""
    ask = read_ask(named(request))
    if ask is None:
        return _refused("`request` is no request of Dialogflow or the Actions SDKs", "request")
    events = [_asked(ask, context)]
    if isinstance(response, dict):
        events.append(_answered(ask, response, context))

    return _outcome(*events)


def read_reported(body: dict[str, Any], context: Context) -> Outcome:
    """Read what Dashbot's SDKs send; which half of the turn it is about, the caller says."""
    if not any(name in body for name in ("request_body", "dashbot_timestamp", "message")):
        return read(body, context)
    request, message = body.get("request_body"), body.get("message")
    if context.side == "in" and request is None:
        request = message
    ask = read_ask(named(request)) or _oldest(body)
    ask.at = reported_at(body) or ask.at
    events = []
    has_answer = context.side == "out" or (context.side == "none" and isinstance(message, dict))
    if not has_answer or (context.side == "none" and request is not None):
        events.append(_asked(ask, context))
    if has_answer:
        events.append(_answered(ask, named(message), context))
    for event in events:
        event.attributes |= flat("metadata", body.get("metadata"))
        add_understood(event, body.get("intent"), context, is_fallback=event.not_handled)
        if body.get("intent") and event.kind == "system":
            # what a bot says of an answer counts, also where the answer is silent
            event.kind, event.direction = "text", "out"

    return _outcome(*events)


GOOGLE: Final = Platform(
    read,
    read_reported,
    ("**.accessToken", "**.idToken", "**.data.token"),
    Hook(None),
)


def _oldest(body: dict[str, Any]) -> Ask:
    user, conversation = named(body.get("user")), named(body.get("conversation"))
    conversation_id = first([conversation.get("conversation_id"), conversation.get("conversationId")])
    user_id = first([user.get("user_id"), user.get("userId")])

    return Ask(user_id, conversation_id, conversation_id, trigger=_NOTHING)


_NOTHING: Final = "(nothing)"
"""The trigger of a request that was not sent along."""


def _asked(ask: Ask, context: Context) -> BotEvent:
    kind, direction = _kind(ask.trigger)
    event = _event(ask, kind, direction, context)
    event.text = ask.text
    event.attributes |= ask.attributes
    add_understood(event, ask.understood, context, is_fallback=ask.is_fallback)
    if ask.user_attributes:
        add_user(event, ask.user_attributes)

    return event


def _answered(
    ask: Ask, message: dict[str, Any], context: Context, *, for_google: bool | None = None
) -> BotEvent:
    source = ask.attributes.get("source", "google")
    said = read_answer(message, for_google=source == "google" if for_google is None else for_google)
    ask.user_id = ask.user_id or said.user_id
    kind = "text" if said.text else "template" if said.card else "system"
    event = _event(ask, kind, "none" if kind == "system" else "out", context)
    event.text = said.text or said.card
    if said.more:
        event.attributes["more"] = json_text(said.more)
    if said.suggestions:
        event.attributes["buttons"] = json_text(said.suggestions)

    return event


def _event(ask: Ask, kind: str, direction: Direction, context: Context) -> BotEvent:
    user_id, attributes = user_or_conversation(ask.user_id, ask.conversation_id, context)
    event = make_event(context, kind, direction, user_id, ask.at, ask.message_id, attributes)
    event.conversation_id = ask.conversation_id
    event.session_id = ask.session_id
    event.locale = ask.locale

    return event


def _kind(trigger: str) -> tuple[str, Direction]:
    if trigger.startswith("actions.intent.NO_INPUT"):
        return "no_input", "none"

    return _KINDS.get(trigger, ("text", "in"))


_KINDS: Final[dict[str, tuple[str, Direction]]] = {
    "actions.intent.MAIN": ("session_start", "in"),
    "actions.intent.OPTION": ("postback", "in"),
    "actions.intent.CANCEL": ("session_end", "in"),
    "actions.intent.MEDIA_STATUS": ("system", "none"),
    "actions.intent.HEALTH_CHECK": ("control", "none"),
    _NOTHING: ("unknown", "none"),
}


def _outcome(*events: BotEvent) -> Outcome:
    outcome = Outcome()
    for event in events:
        add(outcome, event)

    return outcome


def _refused(message: str, path: str = "") -> Outcome:
    return Outcome([], [Rejection(Reason.UNKNOWN_SHAPE, message, path)])
