"""
What a user asked through Google: five shapes of request, each read into one `Ask`.

    api.ai v1               {result, originalRequest, id, sessionId, timestamp}
    Dialogflow v2           {queryResult, originalDetectIntentRequest, responseId, session}
    Dialogflow CX           {detectIntentResponseId, intentInfo, sessionInfo, text | transcript}
    Actions SDK             {inputs, user, conversation}
    @assistant/conversation {handler, intent, session, user}, also within {request, fulfillmentLib}

An Actions SDK request is also what Dialogflow gets from the Assistant, and then knows better what was said: Dialogflow
itself only sees the event by which the Assistant told of it (actions_intent_...).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.platforms.fields import first, flat, flats, head, json_text, listed, named, text
from app.core.platforms.google_people import identified, person_in
from app.core.platforms.voice import time_of

__all__ = ["Ask", "read_ask"]


class Ask(msgspec.Struct):
    """
    One request, whatever its shape.

    `trigger` is the Assistant's own intent (actions.intent.MAIN), where it is the one that talks; `understood` is an
    intent as `add_intent` takes it.
    """

    user_id: str = ""
    conversation_id: str = ""
    session_id: str = ""
    text: str = ""
    trigger: str = ""
    understood: dict[str, Any] = {}
    is_fallback: bool = False
    message_id: str = ""
    at: int | None = None
    locale: str = ""
    attributes: dict[str, str] = {}
    user_attributes: dict[str, Any] = {}


def read_ask(body: dict[str, Any]) -> Ask | None:
    """Return what *body* asks; None if it is no request."""
    inner = body.get("request")
    if isinstance(inner, dict) and ("fulfillmentLib" in body or "handler" in inner):
        body = inner
    for name, read in _SHAPES:
        if isinstance(body.get(name), (dict, list)):
            return read(body)

    return _cx(body) if "detectIntentResponseId" in body else None


def _api_ai(body: dict[str, Any]) -> Ask:
    result, original = named(body.get("result")), named(body.get("originalRequest"))
    metadata = named(result.get("metadata"))
    ask = _agent(original.get("data"), text(result.get("resolvedQuery")))
    ask.conversation_id = ask.conversation_id or text(body.get("sessionId"))
    ask.understood = {
        "name": metadata.get("intentName"),
        "confidence": result.get("score"),
        "inputs": result.get("parameters"),
    }
    ask.is_fallback = text(metadata.get("isFallbackIntent")) == "true" or _is_unknown(result)
    ask.message_id = text(body.get("id"))
    ask.at = time_of(body.get("timestamp")) or ask.at
    ask.locale = ask.locale or text(body.get("lang"))
    ask.attributes |= flats(
        {
            "source": original.get("source"),
            "action": result.get("action"),
        }
    )

    return ask


def _dialogflow(body: dict[str, Any]) -> Ask:
    result, original = named(body.get("queryResult")), named(body.get("originalDetectIntentRequest"))
    intent = named(result.get("intent"))
    ask = _agent(original.get("payload"), text(result.get("queryText")))
    ask.conversation_id = ask.conversation_id or text(body.get("session")).rpartition("/")[2]
    ask.understood = {
        "name": intent.get("displayName"),
        "confidence": result.get("intentDetectionConfidence"),
        "inputs": result.get("parameters"),
    }
    ask.is_fallback = intent.get("isFallback") is True or _is_unknown(result)
    ask.message_id = text(body.get("responseId"))
    ask.locale = ask.locale or text(result.get("languageCode"))
    ask.attributes |= flats(
        {
            "source": original.get("source"),
            "action": result.get("action"),
        }
    )

    return ask


def _cx(body: dict[str, Any]) -> Ask:
    understood, session = named(body.get("intentInfo")), named(body.get("sessionInfo"))
    said = first([body.get("text"), body.get("transcript"), body.get("dtmfDigits")])
    ask = _agent(body.get("payload"), said)
    ask.conversation_id = text(session.get("session")).rpartition("/")[2]
    parameters = {
        name: named(value).get("resolvedValue", named(value).get("originalValue"))
        for name, value in named(understood.get("parameters")).items()
    }
    ask.understood = {
        "name": understood.get("displayName"),
        "confidence": understood.get("confidence"),
        "inputs": parameters,
    }
    trigger = text(body.get("triggerEvent"))
    ask.is_fallback = trigger.startswith("sys.no-match")
    if trigger.startswith("sys.no-input"):
        ask.trigger = "actions.intent.NO_INPUT"
    ask.message_id = text(body.get("detectIntentResponseId"))
    ask.locale = text(body.get("languageCode"))
    ask.attributes |= flat("tag", named(body.get("fulfillmentInfo")).get("tag"))

    return ask


def _agent(payload: object, query: str) -> Ask:
    """Return what an agent's request tells beyond its query: *payload* is the platform's own event."""
    ask = _from_platform(named(payload))
    if query.startswith(_EVENT):
        ask.trigger = ask.trigger or f"actions.intent.{query.removeprefix(_EVENT)}"
    elif query == "GOOGLE_ASSISTANT_WELCOME":
        ask.trigger = ask.trigger or "actions.intent.MAIN"
    else:
        ask.text = query or ask.text

    return ask


_EVENT: Final = "actions_intent_"


def _is_unknown(result: dict[str, object]) -> bool:
    """Tell by the action that Dialogflow gives to the fallback intent of every new agent."""
    return result.get("action") == "input.unknown"


def _from_platform(payload: dict[str, Any]) -> Ask:
    if "inputs" in payload or "conversationId" in named(payload.get("conversation")):
        return _actions(payload)
    person = person_in(payload)

    return Ask(user_id=person.user_id, at=person.at, attributes=flat("source", payload.get("source")))


def _actions(body: dict[str, Any]) -> Ask:
    heard = head(body.get("inputs"))
    raw = head(heard.get("rawInputs") or heard.get("raw_inputs"))
    conversation, user = named(body.get("conversation")), named(body.get("user"))
    conversation_id = text(conversation.get("conversationId")) or text(conversation.get("conversation_id"))
    arguments = _arguments(heard.get("arguments"))
    person = person_in(body)
    attributes = flat("input_type", raw.get("inputType"))
    if "OPTION" in arguments:
        attributes["payload"] = json_text(arguments["OPTION"])

    return Ask(
        user_id=person.user_id,
        # the Assistant's conversation ends with the session
        conversation_id=conversation_id,
        session_id=conversation_id,
        text=text(raw.get("query")),
        trigger=text(heard.get("intent")),
        understood={"name": heard.get("intent"), "inputs": arguments},
        at=person.at,
        locale=text(user.get("locale")),
        attributes=attributes,
        user_attributes=named(user.get("profile")),
    )


def _arguments(arguments: object) -> dict[str, object]:
    """Return what an input was filled with; addresses and the like are not kept."""
    found: dict[str, object] = {}
    if not arguments:
        return found
    for argument in map(named, listed(arguments)):
        name = text(argument.get("name"))
        if not name or name == "text":
            continue
        kind = next(filter(argument.__contains__, _VALUES), "")
        if argument.get(kind) is not None:
            found[name] = argument[kind]

    return found


_VALUES: Final = ("textValue", "rawText", "intValue", "floatValue", "boolValue", "datetimeValue")


def _conversation(body: dict[str, Any]) -> Ask:
    intent, session, user = (named(body.get(name)) for name in ("intent", "session", "user"))
    session_id = text(session.get("id"))
    parameters = {
        name: named(value).get("resolved", named(value).get("original"))
        for name, value in named(intent.get("params")).items()
    }
    name = text(intent.get("name"))

    return Ask(
        user_id=identified(user.get("params")),
        conversation_id=session_id,
        session_id=session_id,
        text=text(intent.get("query")),
        trigger=name,
        understood={"name": name, "inputs": parameters},
        is_fallback=name.startswith("actions.intent.NO_MATCH"),
        locale=first([user.get("locale"), session.get("languageCode")]),
        attributes=flats(
            {
                "handler": named(body.get("handler")).get("name"),
                "scene": named(body.get("scene")).get("name"),
            }
        ),
    )


_SHAPES: Final = (
    ("queryResult", _dialogflow),
    ("originalDetectIntentRequest", _dialogflow),
    ("result", _api_ai),
    ("originalRequest", _api_ai),
    ("inputs", _actions),
    ("handler", _conversation),
    ("intent", _conversation),
)
