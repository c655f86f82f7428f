"""
What a bot answered through Google: the texts of a response in the shapes of Dialogflow, api.ai and the Actions SDKs.

A response may say the same thing several ways; the first that exists is what was said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from app.core.platforms.fields import first, head, listed, named, text
from app.core.platforms.google_people import stored_user
from app.core.platforms.voice import plain

__all__ = ["Said", "is_answer", "read_answer"]

Members = dict[str, object]


class Said(msgspec.Struct):
    """What an answer says: its first text, what it shows instead, the chips below, and who it is remembered to be for."""

    text: str = ""
    more: list[str] = []
    card: str = ""
    suggestions: list[str] = []
    user_id: str = ""


def is_answer(body: dict[str, Any]) -> bool:
    """Tell whether *body* has the look of a response."""
    own = (named(body.get("payload")).get("google"), named(body.get("data")).get("google"))

    return any(name in body for name in _ANSWERS) or any(isinstance(part, dict) for part in own)


def read_answer(message: dict[str, Any], *, for_google: bool) -> Said:
    """
    Return what *message* says.

    For the Assistant its own payload goes before the text for all platforms; for anybody else it is the other way round.
    """
    http = named(message.get("response")) or message
    body = named(http.get("body")) or http
    google = named(named(body.get("payload")).get("google"))
    old = named(named(body.get("data")).get("google"))
    ways: list[Callable[[], Iterable[str]]] = [
        lambda: _rich(google),
        lambda: _agent(body),
        lambda: [first([body.get("speech"), body.get("displayText")])],
        lambda: _rich(old),
        lambda: _actions(body),
        lambda: _prompt(named(body.get("prompt"))),
    ]
    if not for_google:
        ways.append(ways.pop(0))
    texts = next((found for found in (list(filter(None, way())) for way in ways) if found), [])

    return Said(
        text=texts[0] if texts else "",
        more=texts[1:],
        card=_card(body, google or old),
        suggestions=_suggestions(body, google or old),
        user_id=stored_user(first([google.get("userStorage"), body.get("userStorage")])),
    )


_ANSWERS: Final = (
    "fulfillmentText", "fulfillmentMessages", "fulfillmentResponse", "speech", "displayText", "expectedInputs",
    "finalResponse", "expectUserResponse", "prompt", "followupEventInput", "followupEvent", "contextOut",
)  # fmt: skip


def _rich(place: Members) -> list[str]:
    items = map(named, listed(named(place.get("richResponse")).get("items")))

    return [_spoken(named(item.get("simpleResponse"))) for item in items]


def _spoken(simple: Members) -> str:
    return plain(first(simple.get(name) for name in ("textToSpeech", "displayText", "ssml")))


def _agent(body: dict[str, Any]) -> list[str]:
    """Return an agent's texts: one for all, else those of its messages."""
    if text(body.get("fulfillmentText")):
        return [text(body["fulfillmentText"])]
    messages = listed(body.get("fulfillmentMessages")) or listed(
        named(body.get("fulfillmentResponse")).get("messages")
    )

    return [said for message in map(named, messages) for said in _message(message)]


def _message(message: Members) -> list[str]:
    simples = listed(named(message.get("simpleResponses")).get("simpleResponses"))
    speech = named(message.get("outputAudioText"))

    return [
        *map(text, listed(named(message.get("text")).get("text"))),
        *(_spoken(named(simple)) for simple in simples),
        plain(first([speech.get("text"), speech.get("ssml")])),
    ]


def _actions(body: dict[str, Any]) -> list[str]:
    final = named(body.get("finalResponse"))
    asked = named(head(body.get("expectedInputs")).get("inputPrompt"))
    texts = _rich({"richResponse": asked.get("richInitialPrompt")}) + _rich(final)
    old = [*listed(asked.get("initialPrompts")), final.get("speechResponse")]

    return texts if any(texts) else [_spoken(named(prompt)) for prompt in old]


def _prompt(prompt: Members) -> list[str]:
    parts = [named(prompt.get("firstSimple")), named(prompt.get("lastSimple"))]
    texts = [plain(first([part.get("speech"), part.get("text")])) for part in parts]

    return [" ".join(filter(None, texts))]


def _card(body: dict[str, Any], google: Members) -> str:
    items = [named(item) for item in listed(named(google.get("richResponse")).get("items"))]
    cards = [
        *(item.get("basicCard") for item in items),
        *(named(message).get("card") for message in listed(body.get("fulfillmentMessages"))),
        named(named(body.get("prompt")).get("content")).get("card"),
        body.get("messages"),
    ]

    return first(named(card).get(name) for card in cards for name in ("title", "formattedText", "text"))


def _suggestions(body: dict[str, Any], google: Members) -> list[str]:
    chips = listed(named(google.get("richResponse")).get("suggestions")) or listed(
        named(body.get("prompt")).get("suggestions")
    )

    return [found for found in (text(named(chip).get("title")) for chip in chips) if found]
