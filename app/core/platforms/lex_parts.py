"""The parts that Lex's requests, responses and logs share in both versions: the intent with its slots, the bubbles."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.platforms.fields import flat, json_text, listed, named, text
from app.core.platforms.voice import plain

__all__ = ["Bubble", "action_of", "bubbles_of", "intent_of"]

Members = dict[str, object]


class Bubble(msgspec.Struct):
    """One message of an answer."""

    kind: str
    text: str
    attributes: dict[str, str] = {}


def action_of(body: dict[str, Any]) -> Members:
    """Return what the dialogue does next."""
    return named(body.get("dialogAction")) or named(named(body.get("sessionState")).get("dialogAction"))


def intent_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return the intent as `{name, confidence, inputs}`."""
    current, action = named(body.get("currentIntent")), named(body.get("dialogAction"))
    if current:
        score = current.get("nluIntentConfidenceScore")
        return {"name": text(current.get("name")), "confidence": score, "inputs": current.get("slots")}
    if "intentName" in action:
        return {"name": text(action["intentName"]), "inputs": action.get("slots")}
    name = text(body.get("intentName")) or text(body.get("intent"))
    if name:
        score = body.get("nluIntentConfidence")
        return {"name": name, "confidence": named(score).get("score", score), "inputs": body.get("slots")}

    return _second(body)


def bubbles_of(body: dict[str, Any]) -> list[Bubble]:
    """Return the messages of an answer, in their order."""
    if isinstance(body.get("messages"), list):
        return [bubble for bubble in map(_bubble, map(named, body["messages"])) if bubble is not None]
    action = named(body.get("dialogAction"))
    message = named(action.get("message"))
    content = text(message.get("content")) or text(body.get("message")) or text(body.get("botResponse"))
    card = _card(action.get("responseCard") or body.get("responseCard"))
    if "Composite" in (message.get("contentType"), body.get("messageFormat")):
        return [Bubble("text", said, card) for said in _composite(content)]
    if content:
        return [Bubble("text", plain(content), card)]

    return [Bubble("template", card.get("card.title", ""), card)] if card else []


def _second(body: dict[str, Any]) -> dict[str, Any]:
    """Return the intent of V2: the session's, else the likeliest."""
    guesses = [named(guess) for guess in listed(body.get("interpretations"))]
    intent = named(named(body.get("sessionState")).get("intent"))
    if not intent and guesses:
        intent = named(guesses[0].get("intent"))
    name = text(intent.get("name"))
    score = next(
        (guess.get("nluConfidence") for guess in guesses if named(guess.get("intent")).get("name") == name),
        None,
    )
    slots = {slot: _slot_value(named(value)) for slot, value in named(intent.get("slots")).items()}

    return {"name": name, "confidence": named(score).get("score", score), "inputs": slots}


def _slot_value(slot: Members) -> str | None:
    several = listed(slot.get("values"))
    if several:
        return ", ".join(filter(None, (_slot_value(named(one)) for one in several))) or None
    value = named(slot.get("value"))

    return text(value.get("interpretedValue")) or text(value.get("originalValue")) or None


def _bubble(message: Members) -> Bubble | None:
    card = named(message.get("imageResponseCard"))
    content = plain(text(message.get("content")))
    attributes = _card({"genericAttachments": [card]}) if card else {}
    if content:
        return Bubble("text", content, attributes)

    return Bubble("template", text(card.get("title")), attributes) if card else None


def _card(card: object) -> dict[str, str]:
    attachments = [named(part) for part in listed(named(card).get("genericAttachments"))]
    if not attachments:
        return {}
    buttons = [
        text(named(button).get("text")) for part in attachments for button in listed(part.get("buttons"))
    ]
    images = [
        {"type": "image", "url": part["imageUrl"]} for part in attachments if text(part.get("imageUrl"))
    ]

    return (
        flat("card.title", attachments[0].get("title"))
        | ({"buttons": json_text(buttons)} if buttons else {})
        | ({"attachments": json_text(images)} if images else {})
    )


def _composite(content: str) -> list[str]:
    """Return the texts of several messages that V1 puts into one as JSON text."""
    try:
        members = named(_decoder.decode(content))
    except (ValueError, RecursionError):
        return [content]
    texts = [text(named(message).get("value")) for message in listed(members.get("messages"))]

    return [plain(said) for said in texts if said]


_decoder: Final = msgspec.json.Decoder()
