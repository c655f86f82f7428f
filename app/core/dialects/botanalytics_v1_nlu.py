"""
`nlu_payload`: what LUIS, Rasa or Watson Assistant made of a message, sent beside it on any platform.

    luis               {query, topScoringIntent: {intent, score}, intents: [...], entities: [{type, entity}]}
    rasa               {text, intent: {name, confidence}, intent_ranking: [...], entities: [{entity, value}]}
    watson_assistant   {intents: [{intent, confidence}], entities: [{entity, value}]}

Scores may be strings.  The best intent is the one with the highest score, the first of several.
"""

from __future__ import annotations

from typing import Final

from app.core.events import BotEvent, is_message
from app.core.outcome import Outcome
from app.core.platforms.context import Context
from app.core.platforms.fields import first, listed, named, number, text
from app.core.platforms.voice import add_understood

__all__ = ["add_nlu"]


def add_nlu(outcome: Outcome, payload: object, context: Context) -> None:
    """Put the intent of *payload* on the user's message; on the bot's only where there is no other."""
    nlu = named(payload)
    name, confidence = _best(nlu)
    event = _about(outcome, first([nlu.get("query"), nlu.get("text"), named(nlu.get("input")).get("text")]))
    if event is None or not name:
        return
    inputs = [_input(named(entity)) for entity in listed(nlu.get("entities"))]
    intent = {"name": name, "confidence": confidence, "inputs": inputs}
    add_understood(event, intent, context, is_fallback=event.not_handled or name == _FALLBACK)
    if text(nlu.get("type")):
        event.attributes["nlu"] = text(nlu["type"])


_FALLBACK: Final = "nlu_fallback"
"""Rasa's name for what it did not understand."""


def _best(nlu: dict[str, object]) -> tuple[str, float | None]:
    given = [nlu.get("topScoringIntent"), nlu.get("intent")]
    found = [_named(one) for one in given] + [
        max(map(_named, listed(nlu.get(name))), key=_score, default=("", None))
        for name in ("intents", "intent_ranking")
    ]

    return next((one for one in found if one[0]), ("", None))


def _named(intent: object) -> tuple[str, float | None]:
    one = named(intent)
    name = first([one.get("intent"), one.get("name"), intent if isinstance(intent, str) else ""])

    return name, number(one.get("score", one.get("confidence")))


def _score(intent: tuple[str, float | None]) -> float:
    return -1 if intent[1] is None else intent[1]


def _input(entity: dict[str, object]) -> dict[str, object]:
    """LUIS calls the kind of an entity `type` and its words `entity`; the others say `entity` and `value`."""
    if "value" in entity:
        return {"name": entity.get("entity"), "value": entity["value"]}

    return {"name": entity.get("type"), "value": entity.get("entity", "")}


def _about(outcome: Outcome, said: str) -> BotEvent | None:
    """Return the message that *said* is from: the user's with these words, else the user's first, else the first."""
    messages = [event for event in outcome.events if is_message(event)]
    incoming = [event for event in messages if event.direction == "in"]
    same = [event for event in incoming if said and event.text == said]

    return next(iter((*same, *incoming, *messages)), None)
