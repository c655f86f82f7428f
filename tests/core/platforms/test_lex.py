"""Lex: both versions, requests, responses, logs, and turns as an SDK reports them."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.lex import read, read_reported_turn

AT = 1_700_000_000_000
CONTEXT = Context("bot", AT + 1000, "webhook", "lex")

V1: dict[str, Any] = {
    "currentIntent": {"name": "Order", "slots": {"Size": "big", "Top": None}, "nluIntentConfidenceScore": 0.8},
    "bot": {"name": "B"}, "userId": "U", "inputTranscript": "a pizza", "invocationSource": "DialogCodeHook",
}  # fmt: skip
V2: dict[str, Any] = {
    "sessionId": "S",
    "inputTranscript": "a pizza",
    "inputMode": "Speech",
    "bot": {"name": "B", "localeId": "de_DE"},
    "interpretations": [
        {"intent": {"name": "Other"}, "nluConfidence": {"score": 0.9}},
        {"intent": {"name": "Order"}, "nluConfidence": {"score": 0.8}},
    ],
    "sessionState": {
        "intent": {
            "name": "Order",
            "slots": {
                "Size": {"value": {"originalValue": "grande", "interpretedValue": "big"}},
                "Tops": {"shape": "List", "values": [{"value": {"interpretedValue": "a"}}, {"value": {"originalValue": "b"}}]},
                "When": None,
            },
        }
    },
}  # fmt: skip


def _only(outcome: Outcome) -> BotEvent:
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


@pytest.mark.parametrize(
    ("body", "user", "attributes"),
    [
        pytest.param(V1, "U", {"bot": "B", "source": "DialogCodeHook", "intent.Size": "big"}, id="V1"),
        pytest.param(V2, "S", {"input_type": "Speech", "bot": "B", "intent.Size": "big", "intent.Tops": "a, b"}, id="V2"),
    ],
)  # fmt: skip
def test_requests(body: dict[str, Any], user: str, attributes: dict[str, str]) -> None:
    """A request tells who, what was said, the intent that holds with its confidence, and its slots."""
    event = _only(read(body, CONTEXT))

    assert ("text", "in", user, "a pizza") == (event.kind, event.direction, event.user_id, event.text)
    assert ("Order", 0.8) == (event.intent, event.intent_confidence)
    assert attributes == event.attributes


def test_a_request_without_words_is_an_intent() -> None:
    """A code hook may be called with an intent alone."""
    body = {name: value for name, value in V1.items() if name != "inputTranscript"}
    event = _only(read(body, CONTEXT))

    assert ("intent", "in", "") == (event.kind, event.direction, event.text)


@pytest.mark.parametrize("name", ["FallbackIntent", "AMAZON.FallbackIntent"])
def test_fallbacks_are_not_handled(name: str) -> None:
    """The built-in fallback says that nothing was understood."""
    assert _only(read({"currentIntent": {"name": name}, "userId": "U"}, CONTEXT)).not_handled
    assert _only(
        read({"sessionId": "S", "interpretations": [{"intent": {"name": name}}]}, CONTEXT)
    ).not_handled
    assert not _only(read(V1, CONTEXT)).not_handled


def _dialog(**action: Any) -> dict[str, Any]:
    return {"dialogAction": {"type": "Close", "intentName": "Order"} | action}


CARD = {
    "genericAttachments": [{"title": "T", "imageUrl": "http://i", "buttons": [{"text": "Yes", "value": "y"}]}]
}
COMPOSITE = (
    '{"messages":[{"type":"PlainText","group":1,"value":"a"},{"type":"PlainText","group":2,"value":"b"}]}'
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(_dialog(message={"contentType": "PlainText", "content": "Done"}), [("text", "Done")], id="V1"),
        pytest.param(_dialog(message={"contentType": "SSML", "content": "<speak>Done</speak>"}), [("text", "Done")], id="V1 SSML"),
        pytest.param(_dialog(message={"contentType": "Composite", "content": COMPOSITE}), [("text", "a"), ("text", "b")], id="V1 several"),
        pytest.param(_dialog(message={"contentType": "Composite", "content": "x"}), [("text", "x")], id="V1 several, broken"),
        pytest.param(_dialog(responseCard=CARD), [("template", "T")], id="V1 card"),
        pytest.param({"dialogState": "Fulfilled", "intentName": "Order", "message": "Done"}, [("text", "Done")], id="V1 runtime"),
        pytest.param({"sessionState": V2["sessionState"], "messages": [{"content": "a"}, {"imageResponseCard": {"title": "T"}}, {}]}, [("text", "a"), ("template", "T")], id="V2"),
    ],
)  # fmt: skip
def test_responses(body: dict[str, Any], said: list[tuple[str, str]]) -> None:
    """Every bubble of a response alone is a message with the intent; nobody is named."""
    events = read(body, CONTEXT).events

    assert said == [(event.kind, event.text) for event in events]
    assert {("out", "", "Order")} == {(event.direction, event.user_id, event.intent) for event in events}


def test_what_a_card_shows() -> None:
    """Title, buttons and pictures of a card are attributes."""
    event = _only(read(_dialog(message={"content": "x"}, responseCard=CARD), CONTEXT))
    expected = {"card.title": "T", "buttons": '["Yes"]', "attachments": '[{"type":"image","url":"http://i"}]'}

    assert expected == event.attributes


def test_a_silent_response_is_no_message() -> None:
    """To delegate says nothing; that it happened is kept."""
    event = _only(read({"dialogAction": {"type": "Delegate"}}, CONTEXT))

    assert ("system", "none", {"action": "Delegate"}) == (event.kind, event.direction, event.attributes)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"botName": "B", "inputTranscript": "hm", "botResponse": "Sorry?", "intent": "Order", "missedUtterance": True, "requestId": "R", "userId": "S", "timestamp": "2023-11-14T22:13:20Z"}, id="V1"),
        pytest.param({"bot": {"name": "B"}, "inputTranscript": "hm", "messages": [{"content": "Sorry?"}], "missedUtterance": True, "requestId": "R", "sessionId": "S", "timestamp": "2023-11-14T22:13:20Z"}, id="V2"),
    ],
)  # fmt: skip
def test_log_lines_hold_both_sides(body: dict[str, Any]) -> None:
    """A line of a conversation log is a turn, with id, time, and whether it was understood."""
    asked, answered = read(body, CONTEXT).events

    assert ("in", "hm", True, "R") == (asked.direction, asked.text, asked.not_handled, asked.message_id)
    assert ("out", "Sorry?", "S", AT) == (answered.direction, answered.text, answered.user_id, answered.at)


def test_bubbles_of_one_answer_are_several() -> None:
    """They share the id of the request, and are told apart."""
    body = {
        "inputTranscript": "x",
        "messages": [{"content": "a"}, {"content": "a"}],
        "requestId": "R",
        "sessionId": "S",
    }

    assert len({event.event_id for event in read(body, CONTEXT).events}) == 3


REPORTED: dict[str, Any] = {
    "user_id": "U", "user_content": "a pizza", "bot_content": "Done", "user_request_type": "voice", "bot_response_type": "text",
    "request": {"id": "R", "bot_name": "B", "state": "Fulfilled", "intent_resolved_name": "Guess", "intent_applied_name": "Order"},
}  # fmt: skip


def test_a_reported_turn() -> None:
    """Both sides stand in one flat object, with the id of the request and the intent that was applied."""
    asked, answered = read_reported_turn(REPORTED, CONTEXT).events

    assert ("in", "U", "a pizza", "Order", "R") == (
        asked.direction,
        asked.user_id,
        asked.text,
        asked.intent,
        asked.message_id,
    )
    assert ("out", "U", "Done", "R") == (
        answered.direction,
        answered.user_id,
        answered.text,
        answered.message_id,
    )
    assert {"input_type": "voice", "bot": "B"} == asked.attributes


def test_a_reported_turn_without_answer_or_user() -> None:
    """A bot that said nothing has no message; a turn of nobody is refused."""
    assert len(read_reported_turn(REPORTED | {"bot_content": None}, CONTEXT).events) == 1
    assert [Reason.MISSING_USER] == [
        one.reason for one in read_reported_turn(REPORTED | {"user_id": ""}, CONTEXT).rejections
    ]


def test_something_else_is_refused() -> None:
    """A body that is neither says what is missing."""
    (rejection,) = read({"messageVersion": "1.0"}, CONTEXT).rejections

    assert rejection.reason is Reason.UNKNOWN_SHAPE
