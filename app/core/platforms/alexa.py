"""
Alexa: what a skill gets and what it answers, alone or together.

    {version, session, context, request}                 a request envelope
    {version, response, sessionAttributes}               a response envelope
    {request: <request envelope>, response: <response>}  a turn, as Botanalytics' SDKs report it
    {event: <request envelope>, response?, context?}     as Dashbot's SDKs report it
    {outputSpeech, card, ..., request: <request envelope>}   an answer, as Botanalytics' newer SDKs report it
"""

from __future__ import annotations

from typing import Any, Final

from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.alexa_hook import ALEXA_HOOK
from app.core.platforms.alexa_speech import answer_event, request_event
from app.core.platforms.building import add, add_intent
from app.core.platforms.context import Context
from app.core.platforms.fields import flat, named
from app.core.platforms.platform import Platform
from app.core.platforms.voice import reported_at

__all__ = ["ALEXA", "read", "read_reported", "read_turn"]


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read whatever holds a request, a response or both."""
    if isinstance(body.get("event"), dict):
        return read_reported(body, context)
    request, response = body.get("request"), body.get("response")
    if isinstance(named(request).get("request"), dict):
        return (
            _answer(named(request), body, context)
            if response is None and _speaks(body)
            else read_turn(named(request), response, context)
        )
    if isinstance(request, dict):
        return read_turn(body, response, context)
    if isinstance(response, dict) or _speaks(body):
        return _answer({}, body, context)

    return _refused("this is neither a request (`request`) nor a response (`response`) of a skill")


def read_turn(request: object, response: object, context: Context) -> Outcome:
    """Read a request envelope and, where the skill gave one, the response to it."""
    envelope = named(request)
    if not isinstance(envelope.get("request"), dict):
        return _refused("`request.request` is missing; send the request as the skill got it", "request")
    outcome = Outcome()
    add(outcome, request_event(envelope, context), "request.session.user.userId")
    if isinstance(response, dict):
        add(outcome, answer_event(envelope, response, context), "request.session.user.userId")

    return outcome


def read_reported(body: dict[str, Any], context: Context) -> Outcome:
    """Read what Dashbot's SDKs send; which half of the turn it is about, the caller says."""
    if "event" not in body:
        return read(body, context)
    envelope, response, at = named(body["event"]), named(body.get("response")), reported_at(body)
    events = []
    if context.side != "out":
        events.append(request_event(envelope, context, at))
    if context.side == "out" or (context.side == "none" and response):
        events.append(answer_event(envelope, response, context, at))
    outcome = Outcome()
    for event in events:
        event.attributes |= flat("metadata", body.get("metadata"))
        add_intent(event, body.get("intent"), context)
        add(outcome, event, "event.session.user.userId")

    return outcome


ALEXA: Final = Platform(
    read,
    read_reported,
    ("**.apiAccessToken", "**.accessToken", "**.consentToken"),
    ALEXA_HOOK,
)


def _speaks(body: dict[str, Any]) -> bool:
    return any(name in body for name in ("outputSpeech", "card", "directives", "shouldEndSession"))


def _answer(envelope: dict[str, Any], response: dict[str, Any], context: Context) -> Outcome:
    outcome = Outcome()
    at = reported_at({"dashbot_timestamp": response.get("timestamp")})
    add(outcome, answer_event(envelope, response, context, at))

    return outcome


def _refused(message: str, path: str = "") -> Outcome:
    return Outcome([], [Rejection(Reason.UNKNOWN_SHAPE, message, path)])
