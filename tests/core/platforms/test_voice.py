"""What voice and NLU platforms share: speech without marks, and readers that survive anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.outcome import Outcome
from app.core.platforms import PLATFORMS, alexa, canonical, google, lex
from app.core.platforms.context import Context
from app.core.platforms.platform import Reader
from app.core.platforms.voice import plain, time_of, user_or_conversation

NAMES = (
    "request", "response", "event", "session", "context", "user", "userId", "intent", "name", "slots", "value", "type",
    "timestamp", "requestId", "outputSpeech", "text", "ssml", "card", "directives", "queryResult", "result", "payload",
    "data", "inputs", "rawInputs", "arguments", "conversation", "handler", "params", "message", "request_body",
    "prompt", "richResponse", "items", "google", "fulfillmentMessages", "fulfillmentText", "input", "output", "generic",
    "intents", "logs", "dialogAction", "sessionState", "messages", "interpretations", "currentIntent", "sessionId",
    "data_decoded", "senderPhoneNumber", "contentMessage", "richCard", "suggestions", "eventType", "features",
    "events", "sender_id", "parse_data", "entities", "recipient_id", "sender", "dashbot_timestamp", "metadata", "userStorage",
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [
            "",
            "x",
            "<speak><p>a</p>",
            '{"userId"',
            "phones/+1/agentMessages/2",
            "e30=",
            "user",
            "bot",
            "actions_intent_MAIN",
        ]
    )
)
OBJECTS = st.recursive(
    st.dictionaries(st.sampled_from(NAMES), LEAVES, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from(NAMES), LEAVES | inner | st.lists(LEAVES | inner, max_size=3), max_size=5),
    max_leaves=15,
)  # fmt: skip

READERS: dict[str, Reader] = {
    f"{name} {kind}": reader
    for name in ("alexa", "google", "lex", "rasa", "rbm", "watson")
    for kind, reader in (("read", PLATFORMS[name].read), ("reported", PLATFORMS[name].reported))
    if reader
}


def _turn_reader(read_turn: Any) -> Reader:
    def read(body: dict[str, Any], context: Context) -> Outcome:
        found: Outcome = read_turn(body.get("request"), body.get("response"), context)

        return found

    return read


READERS["alexa turn"] = _turn_reader(alexa.read_turn)
READERS["google turn"] = _turn_reader(google.read_turn)
READERS["lex turn"] = lex.read_reported_turn


LISTS = ("logs", "events", "messages")


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None)
@given(body=OBJECTS, side=st.sampled_from(["in", "out", "none"]))
def test_readers_take_any_object(name: str, body: dict[str, Any], side: Any) -> None:
    """Whatever stands where, a reader returns; what gives no event gives a reason, but for what is plainly empty."""
    context = Context("bot", 1, "dashbot", name.partition(" ")[0], side=side)
    outcome = READERS[name](body, context)

    assert outcome.events or outcome.rejections or not body or [] in map(body.get, LISTS)


@pytest.mark.parametrize(
    ("speech", "heard"),
    [
        pytest.param("a < b & c", "a < b & c", id="no markup stays as it is"),
        pytest.param("<speak>Hi <emphasis>you</emphasis>!</speak>", "Hi you!", id="marks go"),
        pytest.param("<speak><p>One</p><p>Two</p></speak>", "One Two", id="paragraphs are apart"),
        pytest.param('<speak>a<break time="1s"/>b &amp; c</speak>', "a b & c", id="breaks, entities"),
    ],
)
def test_speech_is_read_as_it_is_heard(speech: str, heard: str) -> None:
    """Speech markup loses its marks, keeps its words apart, and other text is left alone."""
    assert heard == plain(speech)


@pytest.mark.parametrize(
    ("value", "at"),
    [
        pytest.param("2015-05-13T12:34:56Z", 1_431_520_496_000, id="ISO"),
        pytest.param("2015-05-13T12:34:56.123456789Z", 1_431_520_496_123, id="nanoseconds are cut"),
        pytest.param(1_431_520_496_000, 1_431_520_496_000, id="milliseconds"),
        pytest.param(1_431_520_496.5, 1_431_520_496_500, id="seconds with fraction"),
        pytest.param(True, None, id="no time"),
        pytest.param({}, None, id="an object"),
    ],
)
def test_times(value: object, at: int | None) -> None:
    """Times come as ISO 8601, as seconds and as milliseconds."""
    assert at == time_of(value)


def test_a_conversation_stands_for_nobody_where_an_sdk_reports() -> None:
    """Only SDKs' reports get a conversation in place of a user, and it is marked as one."""
    assert ("c", {"user_is": "conversation"}) == user_or_conversation("", "c", Context("b", 0, "dashbot"))
    assert ("", {}) == user_or_conversation("", "c", Context("b", 0, "webhook"))
    assert ("u", {}) == user_or_conversation("u", "c", Context("b", 0, "dashbot"))


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Google-Assistant", "google"), ("dialogflow", "google"), ("actions-on-google", "google"),
        ("amazon-alexa", "alexa"), ("amazon-lex", "lex"), ("watson-assistant", "watson"), ("google-rbm", "rbm"),
    ],
)  # fmt: skip
def test_other_names(alias: str, name: str) -> None:
    """The names that clients use lead to the platform."""
    assert name == canonical(alias)
