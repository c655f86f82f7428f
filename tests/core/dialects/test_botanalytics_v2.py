"""Botanalytics v2: messages of every channel, in every wrapper, and its twenty-odd events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.dialects.botanalytics_v2 import BOTANALYTICS_V2, route, split_messages
from app.core.dialects.botanalytics_v2_events import KINDS
from app.core.events import MESSAGE_KINDS, BotEvent, is_activity, is_message
from app.core.explaining import explain
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context

AT = 1_700_000_000_000
USER = {"id": "ada", "type": "user", "locale": "de_DE", "name": "Ada"}
AGENT = {"id": "bot", "type": "virtual-agent"}
HI = {"texts": [{"text": "hi"}]}


def _read(body: Any, platform: str = "universal", **links: str) -> Outcome:
    context = Context("bot", AT + 1000, "botanalytics-v2", platform, links=links)

    return BOTANALYTICS_V2.read(json.dumps(body).encode(), context)


def _events(body: Any, platform: str = "universal", **links: str) -> list[BotEvent]:
    outcome = _read(body, platform, **links)
    assert outcome.rejections == []

    return outcome.events


def _event(body: Any, platform: str = "universal", **links: str) -> BotEvent:
    (event,) = _events(body, platform, **links)

    return event


def _message(inner: dict[str, Any], **outer: Any) -> dict[str, Any]:
    whole = {"timestamp": AT, "sender": USER} | inner

    return {"message": {"id": "m1", "conversation": {"id": "C"}, "message": whole} | outer}


def test_a_universal_message() -> None:
    """Everything that a message says is where it belongs."""
    inner = {
        "content": HI,
        "nlu": {"intent": {"name": "greet", "confidence": 0.9}, "entities": [1]},
        "context": {"is_in_sandbox": True},
        "reply_to": {"platform_message_id": "m0"},
    }
    expected = BotEvent(
        event_id="universal:in:ada:m1",
        bot_id="bot",
        user_id="ada",
        at=AT,
        received_at=AT + 1000,
        kind="text",
        repeats=True,
        platform="universal",
        text="hi",
        intent="greet",
        intent_confidence=0.9,
        conversation_id="C",
        session_id="C",
        message_id="m1",
        locale="de_DE",
        attributes={
            "reply_to": "m0",
            "is_in_sandbox": "true",
            "nlu.entities": "[1]",
            "thread.is_group": "true",
        },
        user_attributes={"name": "Ada"},
        dialect="botanalytics-v2",
    )

    assert expected == _event(_message(inner, thread={"id": "T", "is_group": True}))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"messages": [{"message": {"id": "m", "message": {"timestamp": AT, "sender": USER, "content": HI}}}]}, id="whole request"),
        pytest.param({"message": {"id": "m", "message": {"timestamp": AT, "sender": USER, "content": HI}}}, id="wrapped"),
        pytest.param({"id": "m", "message": {"timestamp": AT, "sender": USER, "content": HI}}, id="without wrapper"),
        pytest.param({"id": "m", "timestamp": AT, "sender": USER, "content": HI}, id="flat"),
        pytest.param({"message": {"id": "m", "timestamp": AT, "sender": USER, "content": HI}}, id="flat in a wrapper"),
        pytest.param({"message": [{"id": "m", "message": {"timestamp": AT, "sender": USER, "content": HI}}]}, id="array in a wrapper"),
    ],
)  # fmt: skip
def test_wrappers(body: Any) -> None:
    """However it is wrapped, it is the same event."""
    event = _event(body)

    assert ("universal:in:ada:m", "hi", "ada", AT) == (event.event_id, event.text, event.user_id, event.at)


@pytest.mark.parametrize(
    ("direction", "user", "sender"),
    [
        pytest.param("in", "ada", USER, id="user"),
        pytest.param("out", "ada", AGENT, id="virtual agent"),
        pytest.param("out", "ada", {"id": "eve", "type": "human-agent"}, id="human agent"),
        pytest.param("in", "ada", {"id": "ada"}, id="no type"),
    ],
)
def test_sides(direction: str, user: str, sender: dict[str, Any]) -> None:
    """The sender's type tells the side; the user is the human on both."""
    event = _event(_message({"sender": sender, "recipient": {"id": "ada"}, "content": HI}))

    assert (direction, user) == (event.direction, event.user_id)
    assert (sender.get("type") == "human-agent") == (event.attributes.get("sender") == "human-agent")


@pytest.mark.parametrize("place", ["conversation", "thread"])
def test_an_answer_finds_its_user(place: str) -> None:
    """Who speaks in a thread or conversation is who an answer without a recipient goes to."""
    outer = {"conversation": {}} | {place: {"id": "X"}}
    told = _read(_message({"content": HI}, **outer))
    answer = _message({"sender": AGENT, "content": HI}, **outer)

    assert {f"channel:universal:{place}:X": "ada"} == told.learned
    assert [f"channel:universal:{place}:X"] == _read(answer).wanted
    assert "" == _event(answer).user_id
    assert "ada" == _event(answer, **told.learned).user_id


@pytest.mark.parametrize(
    ("kind", "text", "content"),
    [
        pytest.param("text", "a\nb", {"texts": [{"text": "a"}, {"text": "b"}]}, id="texts"),
        pytest.param("text", "a b", {"speeches": [{"ssml": "<speak>a <b>b</b></speak>"}]}, id="speech markup"),
        pytest.param("text", "a", {"speeches": [{"text": "a", "ssml": "<speak>x</speak>"}]}, id="speech"),
        pytest.param("sticker", "", {"stickers": [{"sticker_id": "7"}]}, id="sticker"),
        pytest.param("image", "cap", {"images": [{"url": "http://i", "title": "cap"}]}, id="image"),
        pytest.param("image", "say", {"images": [{"url": "http://i"}], "texts": [{"text": "say"}]}, id="image with text"),
        pytest.param("audio", "", {"audios": [{"url": "http://a"}]}, id="audio"),
        pytest.param("video", "", {"videos": [{"url": "http://v"}]}, id="video"),
        pytest.param("file", "", {"documents": [{"url": "http://d"}]}, id="document"),
        pytest.param("file", "", {"files": [{"url": "http://f"}]}, id="file"),
        pytest.param("link", "", {"urls": [{"url": "http://u", "is_displayed": True}]}, id="url"),
        pytest.param("location", "", {"locations": [{"coordinates": {"latitude": 1.5, "longitude": 2}}]}, id="location"),
        pytest.param("postback", "Yes", {"postback": {"title": "Yes", "index": "1"}}, id="postback"),
        pytest.param("template", "", {"suggestions": [{"title": "A"}]}, id="suggestions"),
        pytest.param("template", "T", {"cards": [{"title": "T", "buttons": [{"title": "B"}]}]}, id="cards"),
        pytest.param("template", "A\nB", {"carousel": {"items": [{"title": "A"}, {"title": "B"}]}}, id="carousel"),
        pytest.param("template", "A", {"list": {"items": [{"title": "A"}]}}, id="list"),
        pytest.param("text", "a", {"texts": "a"}, id="no array"),
        pytest.param("text", "a", {"text": "a"}, id="one text"),
        pytest.param("text", "a", "a", id="text alone"),
        pytest.param("unknown", "", {"holograms": [{}, 1]}, id="new"),
    ],
)  # fmt: skip
def test_content(kind: str, text: str, content: object) -> None:
    """What a message holds names its kind and gives its text."""
    event = _event(_message({"content": content}))

    assert (kind, text) == (event.kind, event.text)
    assert (kind in MESSAGE_KINDS) == is_message(event)


def test_attributes_of_content() -> None:
    """Addresses, places and buttons are attributes."""
    content = {
        "images": [{"url": "http://i"}],
        "locations": [{"coordinates": {"latitude": 1.5}}],
        "postback": {"title": "x", "index": "3"},
        "suggestions": [{"title": "A"}],
    }
    expected = {
        "attachments": '[{"type":"image","url":"http://i"}]',
        "coordinates.latitude": "1.5",
        "postback.index": "3",
        "buttons": '["A"]',
    }

    assert expected == _event(_message({"content": content})).attributes


def test_what_was_understood_without_words() -> None:
    """A message that only says what was understood is an intent."""
    event = _event(_message({"nlu": {"intent": "order"}}))

    assert ("intent", "order", "in") == (event.kind, event.intent, event.direction)


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in KINDS])
def test_every_event(name: str) -> None:
    """Each documented event is one event that is no message and keeps its name."""
    event = _event(_message({"sender": AGENT, "recipient": {"id": "ada"}, "event": {name: {}}}))

    assert (KINDS[name], "none", "ada", name) == (
        event.kind,
        event.direction,
        event.user_id,
        event.attributes["event"],
    )
    assert (event.kind == "custom") == is_activity(event) == (event.event_name == name)
    assert (name == "fallback") == event.not_handled
    assert event.repeats


@pytest.mark.parametrize(
    ("expected", "event"),
    [
        pytest.param({"event": "conversation_ended", "reason": "done"}, {"conversation_ended": {"reason": "done"}}, id="reason"),
        pytest.param({"event": "game_completed", "score": "7"}, {"game_completed": {"score": 7}}, id="score"),
        pytest.param({"event": "referral", "source.url": "http://r", "campaign": "c"}, {"referral": {"source": {"url": "http://r"}, "campaign": "c"}}, id="referral"),
        pytest.param({"event": "message_read", "before_or_at_timestamp": "5"}, {"message_read": {"before_or_at_timestamp": 5}}, id="receipt"),
        pytest.param({"event": "authentication_succeeded", "type": "x"}, {"authentication_succeeded": {"type": "x", "token": "SECRET"}}, id="token"),
        pytest.param({"event": "escalated"}, {"escalated": True}, id="bare"),
        pytest.param({"event": "made_up", "a": "1"}, {"made_up": {"a": 1}}, id="new"),
    ],
)  # fmt: skip
def test_details_of_events(expected: dict[str, str], event: dict[str, Any]) -> None:
    """What an event tells is kept as attributes, less what lets somebody sign in."""
    assert expected == _event(_message({"event": event})).attributes


@pytest.mark.parametrize(
    ("amount", "currency", "detail"),
    [
        pytest.param(12.5, "", {"total": 12.5}, id="number"),
        pytest.param(12.5, "EUR", {"total": "12.5", "currency": "EUR"}, id="text"),
        pytest.param(3.0, "USD", {"total": {"amount": 3, "currency": "USD"}}, id="object"),
        pytest.param(None, "", {"total": 1e300}, id="nobody pays that"),
        pytest.param(None, "", {}, id="nothing"),
    ],
)
def test_revenue(amount: float | None, currency: str, detail: dict[str, Any]) -> None:
    """A purchase counts as revenue."""
    event = _event(_message({"event": {"purchase_completed": detail}}))

    assert ("purchase_completed", amount, currency) == (event.event_name, event.amount, event.currency)


def test_sessions_of_their_own() -> None:
    """A conversation's id is the session of all that happens in it, its start and end included."""
    whole = [
        _event(_message({"event": {"conversation_started": {}}})),
        _event(_message({"content": HI})),
        _event(_message({"event": {"conversation_ended": {}}})),
    ]

    assert [("session_start", "C"), ("text", "C"), ("session_end", "C")] == [
        (one.kind, one.session_id) for one in whole
    ]


def test_an_answer_that_is_a_fallback() -> None:
    """Content and an event in one message are a message and an event."""
    body = _message({"sender": AGENT, "recipient": {"id": "ada"}, "content": HI, "event": {"fallback": {}}})
    said, happened = _events(body)

    assert ("text", "out", False) == (said.kind, said.direction, said.not_handled)
    assert ("system", "none", True) == (happened.kind, happened.direction, happened.not_handled)
    assert said.event_id != happened.event_id


def test_an_edit_is_no_new_message() -> None:
    """Content beside an edit is the new text of the old message."""
    event = _event(_message({"content": HI, "event": {"message_edited": {"platform_message_id": "m0"}}}))

    assert ("edit", "hi", "m0") == (event.kind, event.text, event.message_id)


def test_two_events_of_one_message_are_two() -> None:
    """Events of one kind in one message do not replace each other."""
    one, other = _events(_message({"event": {"slot_reset": {}, "missing_input": {}}}))

    assert one.kind == other.kind
    assert one.event_id != other.event_id


def test_without_an_id_each_counts() -> None:
    """Two messages that look alike are two."""
    event = _event({"timestamp": AT, "sender": USER, "content": HI})

    assert ("", False) == (event.event_id, event.repeats)


@pytest.mark.parametrize(
    ("reason", "body"),
    [
        pytest.param(Reason.UNKNOWN_SHAPE, {"message": {"id": "x"}}, id="no message"),
        pytest.param(Reason.UNKNOWN_SHAPE, {}, id="nothing"),
        pytest.param(Reason.MISSING_FIELD, {"message": {"timestamp": AT, "sender": USER}}, id="nothing said"),
        pytest.param(Reason.NOT_AN_OBJECT, {"messages": [3]}, id="a number"),
        pytest.param(Reason.UNKNOWN_SHAPE, {"message": {"message": {"message": {"message": {"sender": {}}}}}}, id="wrapped too often"),
        pytest.param(Reason.BAD_VALUE, {"timestamp": AT, "sender": {"id": "u" * 201}, "content": HI}, id="a long user"),
    ],
)  # fmt: skip
def test_refusals(reason: Reason, body: Any) -> None:
    """What cannot be read says why."""
    outcome = _read(body)

    assert ([], [reason]) == (outcome.events, [one.reason for one in outcome.rejections])


def test_a_rejection_says_where() -> None:
    """Of a whole request the path leads to the message that is wrong."""
    outcome = _read({"messages": [_message({"content": HI}), {"message": [{}, 2]}]})

    assert 1 == len(outcome.events)
    assert ["messages[1].message[0].message", "messages[1].message[1]"] == [
        one.path for one in outcome.rejections
    ]


def test_facebook_entry() -> None:
    """Of Messenger's webhook there is one entry."""
    item = {
        "sender": {"id": "U"},
        "recipient": {"id": "P"},
        "timestamp": AT,
        "message": {"mid": "m", "text": "hi"},
    }
    echo = item | {
        "sender": {"id": "P"},
        "recipient": {"id": "U"},
        "message": {"mid": "e", "text": "yo", "is_echo": True},
    }
    events = _events({"message": {"id": "P", "time": AT, "messaging": [item, echo]}}, "facebook")

    assert [("in", "U", "m"), ("out", "U", "e")] == [
        (one.direction, one.user_id, one.message_id) for one in events
    ]


def test_facebook_send() -> None:
    """A call to the send API has the time that the SDK put on it, and the same call again is the same event."""
    call = {
        "messaging_type": "RESPONSE",
        "recipient": {"id": "U"},
        "message": {"text": "yo"},
        "timestamp": AT,
    }
    event = _event({"message": call}, "facebook")

    assert ("out", "U", "yo", AT, []) == (
        event.direction,
        event.user_id,
        event.text,
        event.at,
        event.warnings,
    )
    assert event.repeats
    assert event.event_id == _event(call, "facebook").event_id
    assert event.event_id != _event({"message": call | {"timestamp": AT + 1}}, "facebook").event_id
    assert event.event_id != _event({"message": call | {"message": {"text": "ya"}}}, "facebook").event_id


def test_facebook_typing() -> None:
    """An action of the sender is no message."""
    assert (
        "typing"
        == _event({"message": {"recipient": {"id": "U"}, "sender_action": "typing_on"}}, "facebook").kind
    )


REQUEST = {
    "version": "1.0",
    "session": {"sessionId": "S", "user": {"userId": "U"}},
    "context": {},
    "request": {
        "type": "IntentRequest",
        "requestId": "R",
        "timestamp": "2023-11-14T22:13:20Z",
        "locale": "en-US",
        "intent": {"name": "Order"},
    },
}


def test_alexa() -> None:
    """A request is incoming; an answer brings the request along that it answers."""
    answer = {
        "outputSpeech": {"type": "SSML", "ssml": "<speak>Yes</speak>"},
        "timestamp": AT + 5,
        "request": REQUEST,
    }
    asked = _event({"message": REQUEST}, "alexa")
    answered = _event({"message": answer}, "alexa")

    assert ("in", "U", "Order", "S", AT) == (
        asked.direction,
        asked.user_id,
        asked.intent,
        asked.session_id,
        asked.at,
    )
    assert ("out", "U", "Yes", "S") == (
        answered.direction,
        answered.user_id,
        answered.text,
        answered.session_id,
    )
    assert AT + 5 == answered.at


@pytest.mark.parametrize(
    ("direction", "more"),
    [
        pytest.param("in", {"from": {"id": "U", "role": "user"}, "recipient": {"id": "B"}}, id="user"),
        pytest.param("out", {"from": {"id": "B", "role": "bot"}, "recipient": {"id": "U"}}, id="bot"),
    ],
)
def test_microsoft(direction: str, more: dict[str, Any]) -> None:
    """An activity without a time has the one beside it."""
    activity = {
        "type": "message",
        "id": "a1",
        "text": "hi",
        "channelId": "msteams",
        "conversation": {"id": "C"},
    } | more
    event = _event({"message": {"timestamp": AT, "activity": activity}}, "microsoft")

    assert (direction, "U", "hi", AT) == (event.direction, event.user_id, event.text, event.at)


def test_rasa() -> None:
    """Of a tracker's events those of user and bot are messages."""
    user = {"event": "user", "sender_id": "U", "timestamp": AT / 1000, "text": "hi", "parse_data": {"intent": {"name": "greet", "confidence": 0.9}}}  # fmt: skip
    slot = {"event": "slot", "sender_id": "U", "timestamp": AT / 1000, "name": "a", "value": 1}

    assert [True, False] == [
        is_message(one) for body in (user, slot) for one in _events({"message": body}, "rasa")
    ]


VIV = {"bixbyUserId": "U", "userId": "V", "sessionId": "S", "locale": "en-US"}


def test_bixby_request() -> None:
    """A capsule is told what was understood: action and inputs."""
    body = {
        "timestamp": AT,
        "action": "Find",
        "inputs": {"city": "Rome", "$vivContext": {}},
        "$vivContext": VIV,
    }
    event = _event({"messages": [{"message": body}]}, "bixby")

    assert ("intent", "in", "U", "S", "Find", AT) == (
        event.kind,
        event.direction,
        event.user_id,
        event.session_id,
        event.intent,
        event.at,
    )
    assert {"action": "Find", "intent.city": "Rome"} == event.attributes


@pytest.mark.parametrize(
    ("kind", "text", "output"),
    [
        pytest.param("text", "Rome", "Rome", id="text"),
        pytest.param("text", "Rome", {"speech": "<speak>Rome</speak>"}, id="speech"),
        pytest.param("template", "", {"capital": "Rome"}, id="a structure"),
    ],
)
def test_bixby_answer(kind: str, text: str, output: object) -> None:
    """What an action gives back is the answer, in words or not."""
    event = _event({"timestamp": AT, "action": "Find", "output": output, "$vivContext": VIV}, "bixby")

    assert (kind, "out", text, "U") == (event.kind, event.direction, event.text, event.user_id)


def test_bixby_nonsense() -> None:
    """What is no report of a capsule is refused."""
    assert [Reason.UNKNOWN_SHAPE] == [one.reason for one in _read({"x": 1}, "bixby").rejections]


def test_unknown_channel() -> None:
    """A channel that nobody reads is refused by name."""
    assert [Reason.UNKNOWN_PLATFORM] == [one.reason for one in _read({}, "smoke").rejections]


@pytest.mark.parametrize("path", ["/v2/messages", "/v2/messages/", "/messages", "/messages/"])
def test_route(path: str) -> None:
    """Each of its addresses is known, and no other."""
    assert ("universal", "") == route(path)
    assert route(f"{path}x") is None


def test_explained_by_path_and_channel() -> None:
    """Whoever explains a request names its channel, since there is no key that does."""
    body = json.dumps(
        {"messages": [{"message": {"recipient": {"id": "U"}, "message": {"text": "yo"}}}]}
    ).encode()
    report = explain("botanalytics-v2", "facebook-messenger", "", "/v2/messages", body, "bot", AT)

    assert ["yo"] == [event["text"] for event in report["events"]]


def test_split_keeps_the_bytes() -> None:
    """Items are the very bytes of the request, so that large numbers stay exact."""
    body = (
        b'{"messages": [{"message": {"id": 12345678901234567890}}, {"message": [{"a": 1.10}, 2]}, {"b": 1}]}'
    )

    assert [
        b'{"message": {"id": 12345678901234567890}}',
        b'{"a": 1.10}',
        b"2",
        b'{"b": 1}',
    ] == split_messages(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["message", "messages", "sender", "content", "event", "texts", "postback", "carousel", "items", "nlu", "intent",
             "purchase_completed", "total", "id", "conversation", "timestamp", "activity", "request", "output", "inputs",
             "$vivContext", "recipient", "messaging", "entry", "coordinates", "locations", "cards", "buttons"]
        ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["message", "messages", "sender", "content", "event", "id"]), JSON), st.sampled_from(["universal", "facebook", "alexa", "bixby", "microsoft"]))  # fmt: skip
def test_nothing_fails(body: dict[str, Any], platform: str) -> None:
    """Whatever JSON comes, it gives events or says why not."""
    outcome = _read(body, platform)

    assert outcome.events or outcome.rejections or body.get("messages") == [] or body.get("message") == []
