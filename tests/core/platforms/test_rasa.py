"""Rasa: events, trackers, and what its REST channels exchange."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.events import BotEvent, is_message
from app.core.normalise import read_item
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.rasa import RASA, read

SECONDS = 1_700_000_000.123456
AT = 1_700_000_000_123
CONTEXT = Context("bot", AT + 1000, "webhook", "rasa")


def _only(outcome: Outcome) -> BotEvent:
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


def _event(event: str, **more: Any) -> dict[str, Any]:
    return {"event": event, "sender_id": "U", "timestamp": SECONDS} | more


USER = _event(
    "user",
    text="book a table",
    message_id="M",
    input_channel="rest",
    parse_data={"intent": {"name": "book", "confidence": 0.75}, "entities": [{"entity": "n", "value": 2}]},
    metadata={"a": 1},
)


def test_what_a_user_says() -> None:
    """A user event is a message with intent, entities and a time in seconds."""
    event = _only(read(USER, CONTEXT))

    assert ("text", "in", "U", "book a table", "M", AT) == (
        event.kind,
        event.direction,
        event.user_id,
        event.text,
        event.message_id,
        event.at,
    )
    assert ("book", 0.75, "U") == (event.intent, event.intent_confidence, event.conversation_id)
    assert {"channel": "rest", "metadata.a": "1", "intent.n": "2"} == event.attributes


@pytest.mark.parametrize(
    ("more", "kind", "attributes"),
    [
        pytest.param({"text": "hi", "data": {"buttons": [{"title": "Yes"}]}}, "text", {"buttons": '["Yes"]'}, id="text"),
        pytest.param({"text": None, "data": {"image": "http://i"}}, "image", {"attachments": '[{"type":"image","url":"http://i"}]'}, id="image"),
        pytest.param({"data": {"attachment": "http://f"}}, "file", {"attachments": '[{"type":"file","url":"http://f"}]'}, id="file"),
        pytest.param({"data": {"custom": {"a": 1}}}, "template", {}, id="custom"),
        pytest.param({"text": "hi", "action": {"name": "utter_hi"}}, "text", {"action": "utter_hi"}, id="with its action"),
    ],
)  # fmt: skip
def test_what_a_bot_says(more: dict[str, Any], kind: str, attributes: dict[str, str]) -> None:
    """A bot event is a message of the kind that it shows."""
    event = _only(read(_event("bot", **more), CONTEXT))

    assert (kind, "out", "U", attributes) == (event.kind, event.direction, event.user_id, event.attributes)


def test_a_human_agent_speaks() -> None:
    """What an agent writes is an answer, marked as a human's."""
    event = _only(read(_event("agent", text="I am here"), CONTEXT))

    assert ("out", "I am here", {"agent": "human"}) == (event.direction, event.text, event.attributes)


@pytest.mark.parametrize(
    ("event", "kind"),
    [("action", "system"), ("slot", "system"), ("session_started", "session_start"), ("pause", "handover"), ("new_one", "system")],
)  # fmt: skip
def test_everything_else_is_no_message(event: str, kind: str) -> None:
    """Actions, slots and what is new tell what the bot does; nobody said anything."""
    found = _only(read(_event(event, name="n", value={"a": 1}), CONTEXT))

    assert (kind, "none") == (found.kind, found.direction)
    assert not is_message(found)
    assert {"event": event, "name": "n", "value.a": "1"} == found.attributes


@pytest.mark.parametrize(
    ("body", "is_lost"),
    [
        pytest.param(_event("user", text="x", parse_data={"intent": {"name": "nlu_fallback"}}), True, id="nothing understood"),
        pytest.param(_event("bot", text="x", metadata={"utter_action": "utter_default"}), True, id="the default answer"),
        pytest.param(_event("bot", text="x", action={"name": "action_default_fallback"}), True, id="by its action"),
        pytest.param(_event("action", name="action_default_fallback"), True, id="the action"),
        pytest.param(_event("action", name="action_listen"), False, id="another action"),
        pytest.param(USER, False, id="understood"),
    ],
)  # fmt: skip
def test_fallbacks_are_not_handled(body: dict[str, Any], is_lost: bool) -> None:
    """Rasa's own fallbacks say so on either side."""
    assert is_lost == _only(read(body, CONTEXT)).not_handled


def test_a_tracker() -> None:
    """Every event of a tracker is one, of the tracker's sender; a bad one costs only itself."""
    events = [_event("bot", text="b", sender_id=None), 7, _event("user", text="a", sender_id=None)]
    outcome = read({"sender_id": "T", "events": events}, CONTEXT)

    assert [("T", "b"), ("T", "a")] == [(event.user_id, event.text) for event in outcome.events]
    assert [(Reason.UNKNOWN_SHAPE, "events[1]")] == [(one.reason, one.path) for one in outcome.rejections]


def test_a_tracker_that_comes_again_counts_once() -> None:
    """Events without an id of their own are known by sender, time and what they say."""
    first, again, later = (
        _only(read(_event("bot", text="b", timestamp=SECONDS + more), CONTEXT)) for more in (0, 0, 0.0001)
    )

    assert first.event_id == again.event_id != later.event_id
    assert first.repeats


def test_an_event_of_nobody() -> None:
    """Without a sender there is no user."""
    assert _only(read({"event": "user", "text": "a"}, CONTEXT)).user_id == ""


def test_the_rest_channel() -> None:
    """Messages to the REST channel and its answers have their own words for the user."""
    asked = _only(read({"sender": "U", "message": "hi"}, CONTEXT))
    answered = _only(read({"recipient_id": "U", "image": "http://i"}, CONTEXT))

    assert ("in", "U", "hi") == (asked.direction, asked.user_id, asked.text)
    assert ("image", "out", "U") == (answered.kind, answered.direction, answered.user_id)


def test_something_else_is_refused() -> None:
    """A body that is neither says what is missing."""
    (rejection,) = read({"version": 1}, CONTEXT).rejections

    assert rejection.reason is Reason.UNKNOWN_SHAPE


def test_an_array_of_the_rest_channel() -> None:
    """The REST channel answers with an array; each of its members is read, one that is nothing costs itself only."""
    assert RASA.hook is not None
    item = RASA.hook.unpack(b' [{"recipient_id":"U","text":"a"}, 5, {"recipient_id":"U","text":"b"}]')
    assert isinstance(item, bytes)
    outcome = read_item(item, CONTEXT)

    assert [("out", "U", "a"), ("out", "U", "b")] == [
        (event.direction, event.user_id, event.text) for event in outcome.events
    ]
    assert ["messages[1]"] == [rejection.path for rejection in outcome.rejections]
