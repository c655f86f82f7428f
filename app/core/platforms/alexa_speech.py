"""
Alexa's two halves of a turn: the request envelope that a skill gets, and the response that it gives.

A skill is not told what was said, only what was understood: an intent and its slots, no text.
"""

from __future__ import annotations

from typing import Any, Final

from app.core.events import BotEvent, Direction
from app.core.platforms.building import make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, json_text, listed, named, scalars, text
from app.core.platforms.voice import add_understood, plain, time_of

__all__ = ["answer_event", "request_event"]


def request_event(envelope: dict[str, Any], context: Context, at: int | None = None) -> BotEvent:
    """Return what the user did; *at* is a time that is better than the request's own."""
    request = named(envelope.get("request"))
    type_ = text(request.get("type"))
    kind, direction = _kind(type_)
    event = _event(envelope, kind, direction, context, at)
    event.attributes = _attributes(envelope, request)
    intent = request.get("intent")
    if isinstance(intent, dict):
        name = text(intent.get("name"))
        is_fallback = name == "AMAZON.FallbackIntent"
        add_understood(event, {"name": name, "inputs": _slots(intent)}, context, is_fallback=is_fallback)

    return event


def answer_event(
    envelope: dict[str, Any], response: dict[str, Any], context: Context, at: int | None = None
) -> BotEvent:
    """Return what the skill answered to the request in *envelope*, which may be empty."""
    answer = named(response.get("response")) or response
    speech, card = named(answer.get("outputSpeech")), named(answer.get("card"))
    said = plain(first([speech.get("text"), speech.get("ssml")]))
    shown = first([card.get("content"), card.get("text"), card.get("title")])
    intent = response.get("intent")
    kind = "text" if said or intent else _silent_kind(answer, shown)
    event = _event(envelope, kind, "none" if kind == "system" else "out", context, at)
    event.text = said or shown
    event.attributes = (
        flat("metadata", response.get("metadata"))
        | scalars(
            {
                "card": card.get("type"),
                "card.title": card.get("title"),
                "should_end_session": answer.get("shouldEndSession"),
            }
        )
        | _directives(answer)
    )
    # Voxa writes what others call inputs in the singular, as an object
    add_understood(event, named(intent) | {"inputs": _inputs(intent)} if named(intent) else intent, context)

    return event


def _event(
    envelope: dict[str, Any], kind: str, direction: Direction, context: Context, at: int | None
) -> BotEvent:
    session, request = named(envelope.get("session")), named(envelope.get("request"))
    user_id = text(named(session.get("user")).get("userId"))
    if not user_id:
        system = named(named(envelope.get("context")).get("System"))
        user_id = text(named(system.get("user")).get("userId"))
    settled = time_of(request.get("timestamp")) if at is None else at
    event = make_event(context, kind, direction, user_id, settled, text(request.get("requestId")))
    event.session_id = text(session.get("sessionId"))
    event.locale = text(request.get("locale"))

    return event


def _kind(type_: str) -> tuple[str, Direction]:
    if type_ in _KINDS:
        return _KINDS[type_]
    if type_.startswith("PlaybackController."):
        return "command", "in"

    return ("system" if type_.startswith(_NOTICES) else "unknown"), "none"


_KINDS: Final[dict[str, tuple[str, Direction]]] = {
    "LaunchRequest": ("session_start", "in"),
    "IntentRequest": ("intent", "in"),
    "SessionEndedRequest": ("session_end", "none"),
    "SessionResumedRequest": ("session_start", "none"),
    "Alexa.Presentation.APL.UserEvent": ("postback", "in"),
    "Alexa.Presentation.HTML.Message": ("postback", "in"),
    "Display.ElementSelected": ("postback", "in"),
    "AlexaSkillEvent.SkillEnabled": ("subscribe", "none"),
    "AlexaSkillEvent.SkillDisabled": ("unsubscribe", "none"),
    "AlexaSkillEvent.SkillPermissionAccepted": ("optin", "none"),
    "AlexaSkillEvent.SkillPermissionChanged": ("optin", "none"),
    "AlexaSkillEvent.ProactiveSubscriptionChanged": ("optin", "none"),
    "AlexaSkillEvent.SkillAccountLinked": ("account_link", "none"),
    "AlexaSkillEvent.SkillAccountUnlinked": ("account_link", "none"),
    "AudioPlayer.PlaybackFailed": ("failure", "none"),
    "System.ExceptionEncountered": ("failure", "none"),
    "CanFulfillIntentRequest": ("system", "none"),
}

_NOTICES: Final = (
    "Alexa.", "AlexaSkillEvent.", "AlexaHouseholdListEvent.", "AudioPlayer.", "Connections.", "CustomInterfaceController.",
    "GameEngine.", "Messaging.", "Reminders.", "System.",
)  # fmt: skip


def _attributes(envelope: dict[str, Any], request: dict[str, object]) -> dict[str, str]:
    system = named(named(envelope.get("context")).get("System"))
    application = named(named(envelope.get("session")).get("application")) or named(system.get("application"))
    attributes = scalars(
        {
            "request": request.get("type"),
            "application": application.get("applicationId"),
            "device": named(system.get("device")).get("deviceId"),
            "person": named(system.get("person")).get("personId"),
        }
    ) | scalars(request, "type", "requestId", "timestamp", "locale", "eventPublishingTime")
    for name in _TOUCHED:
        if name in request:
            attributes["payload"] = json_text(request[name])
    if "error" in request:
        attributes |= flat("error", request["error"])
    if "body" in request:
        accepted = listed(named(request["body"]).get("acceptedPermissions"))
        attributes |= flat("permissions", [text(named(entry).get("scope")) for entry in accepted])

    return attributes


_TOUCHED: Final = ("arguments", "message")
"""What a touch on the screen sends along; `token` is a scalar like others."""


def _slots(intent: dict[str, object]) -> dict[str, object]:
    return {name: _slot_value(named(slot)) for name, slot in named(intent.get("slots")).items()}


def _slot_value(slot: dict[str, object]) -> object:
    if slot.get("value") is not None:
        return slot["value"]
    several = [named(entry).get("value") for entry in listed(named(slot.get("slotValue")).get("values"))]

    return ", ".join(filter(None, map(text, several))) or None


def _silent_kind(answer: dict[str, object], shown: str) -> str:
    """Return the kind of an answer without speech."""
    types = [text(named(directive).get("type")) for directive in listed(answer.get("directives"))]
    played = next((_PLAYS[type_] for type_ in types if type_ in _PLAYS), "")

    return played or ("template" if shown else "system")


_PLAYS: Final = {
    "AudioPlayer.Play": "audio",
    "VideoApp.Launch": "video",
    "Display.RenderTemplate": "template",
    "Alexa.Presentation.APL.RenderDocument": "template",
}


def _directives(answer: dict[str, object]) -> dict[str, str]:
    types = [text(named(directive).get("type")) for directive in listed(answer.get("directives"))]

    return {"directives": json_text(types)} if types else {}


def _inputs(intent: object) -> object:
    return named(intent).get("inputs") or named(intent).get("input")
