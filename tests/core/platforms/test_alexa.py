"""Alexa: requests, responses, and the ways in which SDKs report both."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.outcome import Outcome, Reason
from app.core.platforms.alexa import ALEXA, read, read_reported, read_turn
from app.core.platforms.context import Context
from app.core.redact import redact

AT = 1_700_000_000_000
ISO = "2023-11-14T22:13:20Z"


def _context(side: Any = "none", dialect: str = "webhook") -> Context:
    return Context("bot", AT + 1000, dialect, "alexa", side=side)


def _envelope(user: str = "U", **request: Any) -> dict[str, Any]:
    return {
        "version": "1.0",
        "session": {"sessionId": "S", "application": {"applicationId": "A"}, "user": {"userId": user}},
        "context": {"System": {"user": {"userId": "SYS"}, "device": {"deviceId": "D"}, "apiAccessToken": "secret"}},
        "request": {"type": "IntentRequest", "requestId": "R", "timestamp": ISO, "locale": "de-DE"} | request,
    }  # fmt: skip


INTENT = {"name": "Order", "slots": {"Size": {"name": "Size", "value": "big"}, "Top": {"name": "Top"}}}
RESPONSE = {"version": "1.0", "response": {"outputSpeech": {"type": "PlainText", "text": "Done"}}}


def _only(outcome: Outcome) -> BotEvent:
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


def test_an_intent_with_its_slots() -> None:
    """A request tells user, session, intent, slots, language and time, and no text."""
    event = _only(read(_envelope(intent=INTENT), _context()))
    expected = {"request": "IntentRequest", "application": "A", "device": "D", "intent.Size": "big"}

    assert ("intent", "in", "U", "Order", "", "R") == (
        event.kind,
        event.direction,
        event.user_id,
        event.intent,
        event.text,
        event.message_id,
    )
    assert (AT, "S", "de-DE") == (event.at, event.session_id, event.locale)
    assert expected == event.attributes


@pytest.mark.parametrize(
    ("type_", "kind", "direction"),
    [
        pytest.param("LaunchRequest", "session_start", "in", id="launch"),
        pytest.param("SessionEndedRequest", "session_end", "none", id="end"),
        pytest.param("AlexaSkillEvent.SkillEnabled", "subscribe", "none", id="enabled"),
        pytest.param("AlexaSkillEvent.SkillDisabled", "unsubscribe", "none", id="disabled"),
        pytest.param("AlexaSkillEvent.SkillAccountLinked", "account_link", "none", id="linked"),
        pytest.param("AlexaSkillEvent.SkillPermissionChanged", "optin", "none", id="permission"),
        pytest.param("PlaybackController.NextCommandIssued", "command", "in", id="a button of the player"),
        pytest.param("AudioPlayer.PlaybackStarted", "system", "none", id="player"),
        pytest.param("AudioPlayer.PlaybackFailed", "failure", "none", id="player's failure"),
        pytest.param("Alexa.Presentation.APL.UserEvent", "postback", "in", id="touch"),
        pytest.param("Hologram.Waved", "unknown", "none", id="new"),
    ],
)
def test_kinds_of_requests(type_: str, kind: str, direction: str) -> None:
    """The type of a request names its kind; one that is new is kept as unknown."""
    event = _only(read(_envelope(type=type_), _context()))

    assert (kind, direction) == (event.kind, event.direction)


def test_the_user_of_a_request_without_session() -> None:
    """Skill events have no session: the user stands in the context."""
    envelope = _envelope()
    del envelope["session"]

    assert _only(read(envelope, _context())).user_id == "SYS"


def test_the_fallback_intent_is_not_handled() -> None:
    """AMAZON.FallbackIntent says that nothing was understood; another intent does not."""
    assert _only(read(_envelope(intent={"name": "AMAZON.FallbackIntent"}), _context())).not_handled
    assert not _only(read(_envelope(intent=INTENT), _context())).not_handled


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        pytest.param({"outputSpeech": {"type": "Plaintext", "text": "Hi"}}, "text", "Hi", id="plain"),
        pytest.param(
            {"outputSpeech": {"type": "SSML", "ssml": "<speak>Hi <break/>you</speak>"}},
            "text",
            "Hi you",
            id="SSML",
        ),
        pytest.param({"card": {"type": "Simple", "title": "T", "content": "C"}}, "template", "C", id="card"),
        pytest.param({"directives": [{"type": "AudioPlayer.Play"}]}, "audio", "", id="music"),
        pytest.param({"shouldEndSession": True}, "system", "", id="silence"),
    ],
)
def test_kinds_of_responses(answer: dict[str, Any], kind: str, text: str) -> None:
    """A response is what is heard, else what is shown or played; silence is no message."""
    event = _only(read({"version": "1.0", "response": answer}, _context()))

    assert (kind, text) == (event.kind, event.text)
    assert ("none" if kind == "system" else "out") == event.direction


def test_a_turn() -> None:
    """Request and response together are two messages of one user with one id and time, the user's first."""
    asked, answered = read({"request": _envelope(intent=INTENT), "response": RESPONSE}, _context()).events

    assert ("in", "out") == (asked.direction, answered.direction)
    assert ("U", "S", "R", AT) == (
        answered.user_id,
        answered.session_id,
        answered.message_id,
        answered.at,
    )
    assert asked.event_id != answered.event_id


def test_a_turn_whose_skill_failed() -> None:
    """Without a response there is the user's message alone; without a request there is a refusal."""
    assert ["in"] == [event.direction for event in read_turn(_envelope(), None, _context()).events]
    assert [Reason.UNKNOWN_SHAPE] == [one.reason for one in read_turn(None, RESPONSE, _context()).rejections]


def test_an_inner_response_with_its_request() -> None:
    """The answer alone may carry the request it belongs to and its own time in milliseconds."""
    body = RESPONSE["response"] | {"request": _envelope(), "timestamp": AT + 5}  # type: ignore[operator]
    event = _only(read(body, _context()))

    assert ("out", "U", "Done", AT + 5) == (event.direction, event.user_id, event.text, event.at)


def test_a_reported_request() -> None:
    """Of {event, response} a report of what came in is the request, at the time of logging."""
    body = {"dashbot_timestamp": AT + 7, "event": _envelope(intent=INTENT), "context": None}
    event = _only(read_reported(body, _context("in", "dashbot")))

    assert ("in", "Order", AT + 7) == (event.direction, event.intent, event.at)


@pytest.mark.parametrize(
    ("intent", "name", "not_handled"),
    [
        pytest.param({"name": "NotHandled"}, "NotHandled", True, id="not handled"),
        pytest.param("", "", False, id="an empty intent is none"),
        pytest.param(
            {"name": "Order", "input": {"Size": "big"}}, "Order", False, id="inputs in the singular"
        ),
    ],
)
def test_a_reported_response(intent: object, name: str, not_handled: bool) -> None:
    """A report of what went out is the response, whose intent stands inside it."""
    body = {"event": _envelope(), "response": RESPONSE | {"intent": intent, "metadata": {"a": 1}}}
    event = _only(read_reported(body, _context("out", "dashbot")))

    assert ("out", "Done", "U", name, not_handled) == (
        event.direction,
        event.text,
        event.user_id,
        event.intent,
        event.not_handled,
    )
    assert event.attributes["metadata.a"] == "1"


def test_a_silent_response_that_is_not_handled_counts() -> None:
    """What a bot says of its answer is kept on a message, also where the answer is silent."""
    response = {"response": {}, "intent": {"name": "NotHandled"}}
    event = _only(read_reported({"event": _envelope(), "response": response}, _context("out", "dashbot")))

    assert ("text", "out", True) == (event.kind, event.direction, event.not_handled)


def test_something_else_is_refused() -> None:
    """A body without request and response says what is missing."""
    (rejection,) = read({"version": "1.0"}, _context()).rejections

    assert rejection.reason is Reason.UNKNOWN_SHAPE


def test_tokens_are_secrets() -> None:
    """Tokens of Amazon and of linked accounts are cut out wherever they stand."""
    envelope = _envelope(body={"accessToken": "t1"})
    envelope["session"]["user"] |= {"accessToken": "t2", "permissions": {"consentToken": "t3"}}
    for way in ("webhook", "dashbot"):
        _, removed = redact(way, "alexa", {"event": _copy(envelope)})
        assert len(removed) == 4
    assert ALEXA.hook is not None


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(member) for name, member in value.items()}

    return value


@pytest.mark.parametrize(
    ("request_", "payload"),
    [
        pytest.param({"type": "Alexa.Presentation.APL.UserEvent", "arguments": ["buy", 1]}, '["buy",1]', id="APL"),
        pytest.param({"type": "Alexa.Presentation.HTML.Message", "message": {"a": 1}}, '{"a":1}', id="HTML"),
    ],
)  # fmt: skip
def test_a_touch_on_the_screen(request_: dict[str, Any], payload: str) -> None:
    """What the document sends along is the payload, as with any other button."""
    event = _only(read(_envelope(**request_), _context()))

    assert ("postback", "in", payload) == (event.kind, event.direction, event.attributes["payload"])
