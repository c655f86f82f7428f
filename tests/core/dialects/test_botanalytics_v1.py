"""Botanalytics' v1: every address, and bodies as its SDKs and documents show them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.deliveries import Delivery
from app.core.dialects.botanalytics_v1 import BOTANALYTICS_V1, route
from app.core.events import SIGNAL_KINDS, BotEvent, is_activity, is_message
from app.core.links import bot_link, channel_link
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.context import Context, context_of
from app.core.redact import redact

AT = 1_700_000_000_000
RECEIVED_AT = AT + 60_000


def _context(platform: str, type: str = "messages", **links: str) -> Context:
    return context_of(
        Delivery("bot", "botanalytics-v1", RECEIVED_AT, [], platform=platform, type=type, links=links)
    )


def _read(platform: str, body: Any, type: str = "messages", **links: str) -> Outcome:
    return BOTANALYTICS_V1.read(json.dumps(body).encode(), _context(platform, type, **links))


def _events(platform: str, body: Any, type: str = "messages", **links: str) -> list[BotEvent]:
    outcome = _read(platform, body, type, **links)
    assert [] == outcome.rejections

    return outcome.events


def _said(platform: str, body: Any, type: str = "messages", **links: str) -> list[tuple[str, str, str]]:
    return [(event.direction, event.user_id, event.text) for event in _events(platform, body, type, **links)]


PATHS = [
    ("messages/generic", "generic", "messages"),
    ("generic/messages", "generic", "messages"),
    ("messages/facebook-messenger", "facebook", "messages"),
    ("facebook-messenger/messages", "facebook", "messages"),
    ("facebook-messenger/users", "facebook", "profile"),
    ("messages/google-assistant", "google", "messages"),
    ("messages/google-assistant/dialogflow", "google", "messages"),
    ("messages/amazon-alexa", "alexa", "messages"),
    ("messages/amazon-lex", "lex", "messages"),
    ("messages/slack", "slack", "messages"),
    ("messages/slack/event", "slack", "event"),
    ("messages/slack/eventapi", "slack", "event"),
    ("messages/slack/interactive", "slack", "interactive"),
    ("bots/slack/initialize", "slack", "initialize"),
    ("messages/kik", "kik", "messages"),
    ("kik/users", "kik", "profile"),
    ("messages/viber", "viber", "messages"),
    ("viber/users", "viber", "profile"),
    ("messages/line", "line", "messages"),
    ("line/users", "line", "profile"),
    ("messages/wechat", "wechat", "messages"),
    ("wechat/users", "wechat", "profile"),
    ("twilio/sms/messages", "twilio", "messages"),
    ("messages/twilio/sms", "twilio", "messages"),
    ("microsoft-bot-framework/messages", "microsoft", "messages"),
    ("messages/microsoft-bot-framework", "microsoft", "messages"),
    ("watson-assistant/messages", "watson", "messages"),
    ("messages/watson-assistant", "watson", "messages"),
    ("messages/watson", "watson", "messages"),
    ("integrations/botkit/watson", "watson", "messages"),
    ("integrations/botkit/facebook-messenger", "facebook", "messages"),
    ("rasa/messages", "rasa", "messages"),
    ("messages/rasa", "rasa", "messages"),
    ("messages/rbm", "rbm", "messages"),
    ("messages/user/slack", "slack", "incoming"),
    ("messages/bot/facebook-messenger", "facebook", "outgoing"),
    ("platform/users", "", "profile"),
    ("bots/me", "", "settings"),
]


@pytest.mark.parametrize(("path", "platform", "type"), PATHS, ids=[path for path, *_ in PATHS])
@pytest.mark.parametrize("prefix", ["/v1/", "/api/v1/", "/v1//"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_routes(prefix: str, path: str, slash: str, platform: str, type: str) -> None:
    """Every address is known under both prefixes, with and without the last slash."""
    assert (platform, type) == route(prefix + path + slash)


@pytest.mark.parametrize(
    "path",
    ["/v1/", "/v1/messages", "/v1/messages/", "/v1/messages/pigeon", "/v1/messages/platform", "/v1/users", "/v1/bots",
     "/v1/messages/user", "/v1/pigeon/users", "/v2/messages", "/v3/messages/generic", "/messages/generic", "/v1/bots/you"],
)  # fmt: skip
def test_no_routes(path: str) -> None:
    """Everything else is not there."""
    assert route(path) is None


def _generic(**root: Any) -> dict[str, Any]:
    return {
        "is_sender_bot": False,
        "user": {"id": "U", "name": "Ann"},
        "message": {"text": "Hi", "timestamp": AT},
    } | root


def test_generic() -> None:
    """A generic message has a side, a user with what is known of them, a text and a time."""
    expected = BotEvent(
        event_id="",
        bot_id="bot",
        user_id="U",
        at=AT,
        received_at=RECEIVED_AT,
        kind="text",
        direction="in",
        platform="generic",
        text="Hi",
        user_attributes={"name": "Ann"},
        dialect="botanalytics-v1",
    )

    assert [expected] == _events("generic", _generic())


@pytest.mark.parametrize(("said", "side"), [(True, "out"), (False, "in"), ("true", "out"), (0, "in")])
def test_generic_sides(said: object, side: str) -> None:
    """`is_sender_bot` is a boolean, however it is written."""
    assert [(side, "U", "Hi")] == _said("generic", _generic(is_sender_bot=said))


def test_a_side_that_is_no_boolean() -> None:
    """What is there and wrong is not called missing."""
    (rejection,) = _read("generic", _generic(is_sender_bot="yes")).rejections

    assert (Reason.WRONG_TYPE, "is_sender_bot") == (rejection.reason, rejection.path)
    assert "must be a boolean" in rejection.message


@pytest.mark.parametrize("given", [AT, AT // 1000, str(AT)])
def test_generic_time(given: object) -> None:
    """Times are milliseconds; people send seconds, too."""
    [event] = _events("generic", _generic(message={"text": "x", "timestamp": given}))

    assert (AT, []) == (event.at, event.warnings)


def _messaging(text: str, **more: Any) -> dict[str, Any]:
    return {
        "sender": {"id": "U"},
        "recipient": {"id": "PAGE"},
        "timestamp": AT,
        "message": {"mid": f"m.{text}", "text": text},
    } | more


PAGE = {"object": "page", "entry": [{"id": "PAGE", "time": AT, "messaging": [_messaging("Hi")]}]}
ECHO = _messaging(
    "yo", sender={"id": "PAGE"}, recipient={"id": "U"}, message={"mid": "m2", "is_echo": True, "text": "yo"}
)
SENT = {"recipient": "U", "timestamp": AT, "fb_token": "T"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"recipient": None, "timestamp": AT + 5, "message": PAGE}, [("in", "U", "Hi")], id="webhook body"),
        pytest.param({"recipient": None, "message": {"entry": [{"messaging": [_messaging("a"), ECHO]}]}}, [("in", "U", "a"), ("out", "U", "yo")], id="echo"),
        pytest.param({"recipient": None, "message": _messaging("one")}, [("in", "U", "one")], id="one item"),
        pytest.param({"recipient": None, "message": PAGE["entry"][0]}, [("in", "U", "Hi")], id="one entry"),
        pytest.param(PAGE, [("in", "U", "Hi")], id="bare"),
        pytest.param({"message": {"user": "U", "text": "bk", "mid": "m", "timestamp": AT}}, [("in", "U", "bk")], id="botkit"),
        pytest.param(SENT | {"message": {"text": "yo"}}, [("out", "U", "yo")], id="sent"),
        pytest.param(SENT | {"message": "yo"}, [("out", "U", "yo")], id="sent as its text"),
        pytest.param({"recipient": None, "is_sender_bot": True, "message": {"recipient": {"id": "U"}, "message": {"text": "yo"}}}, [("out", "U", "yo")], id="call to the send API"),
    ],
)  # fmt: skip
def test_facebook(body: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    """Without a recipient it is the page's webhook body, with one what the bot sent, at the time beside it."""
    events = _events("facebook", body)

    assert expected == [(event.direction, event.user_id, event.text) for event in events]
    assert {AT} == {event.at for event in events if not event.warnings} or "timestamp" not in body


def test_facebook_button_without_a_label() -> None:
    """It goes by what it sends."""
    item = {"sender": {"id": "U"}, "timestamp": AT, "postback": {"payload": "START"}}

    assert [("in", "U", "START")] == _said("facebook", {"recipient": None, "message": item})


def test_facebook_sent_has_the_time_beside_it() -> None:
    """Nothing in the message itself says when it was sent."""
    [event] = _events("facebook", SENT | {"message": {"text": "yo"}})

    assert (AT, []) == (event.at, event.warnings)


def test_facebook_typing_is_no_message() -> None:
    """A call that only shows dots says nothing."""
    [event] = _events("facebook", SENT | {"message": {"sender_action": "typing_on"}})

    assert ("typing", "none", "U") == (event.kind, event.direction, event.user_id)


GOOGLE_REQUEST = {
    "user": {"userId": "G"},
    "conversation": {"conversationId": "C"},
    "inputs": [{"intent": "actions.intent.TEXT", "rawInputs": [{"query": "tea"}]}],
}
GOOGLE_RESPONSE = {
    "finalResponse": {"richResponse": {"items": [{"simpleResponse": {"textToSpeech": "Here"}}]}},
    "expectUserResponse": False,
}
DIALOGFLOW_REQUEST = {
    "responseId": "r1",
    "session": "projects/p/agent/sessions/C",
    "queryResult": {"queryText": "tea", "intent": {"displayName": "order"}},
    "originalDetectIntentRequest": {
        "payload": {"user": {"userId": "G"}, "conversation": {"conversationId": "C"}}
    },
}
DIALOGFLOW_RESPONSE = {
    "payload": {
        "google": {"richResponse": {"items": [{"simpleResponse": {"textToSpeech": "Here"}}]}},
    }
}
ALEXA_REQUEST = {
    "version": "1.0",
    "session": {"new": True, "sessionId": "S", "user": {"userId": "A"}},
    "context": {"System": {"user": {"userId": "A"}, "apiAccessToken": "T"}},
    "request": {"type": "IntentRequest", "requestId": "q1", "timestamp": "2023-11-14T22:13:20Z", "intent": {"name": "Order"}},
}  # fmt: skip
ALEXA_RESPONSE = {
    "version": "1.0",
    "response": {"outputSpeech": {"type": "PlainText", "text": "Here"}, "shouldEndSession": True},
}


@pytest.mark.parametrize(
    ("platform", "request_", "response", "user"),
    [
        pytest.param("google", GOOGLE_REQUEST, GOOGLE_RESPONSE, "G", id="Actions SDK"),
        pytest.param("google", DIALOGFLOW_REQUEST, DIALOGFLOW_RESPONSE, "G", id="Dialogflow"),
        pytest.param("alexa", ALEXA_REQUEST, ALEXA_RESPONSE, "A", id="Alexa"),
    ],
)
def test_turns(platform: str, request_: Any, response: Any, user: str) -> None:
    """One body is what the user said and what the bot answered; the answer may be missing."""
    both = _events(platform, {"request": request_, "response": response})

    assert [("in", user), ("out", user)] == [(event.direction, event.user_id) for event in both]
    assert "Here" == both[1].text
    assert [("in", user)] == [
        (event.direction, event.user_id) for event in _events(platform, {"request": request_})
    ]


def test_lex() -> None:
    """The flat body of Lex is a turn."""
    body = {
        "user_id": "L1",
        "user_content": "book hotel",
        "bot_content": "done",
        "user_request_type": "text",
        "bot_response_type": "text",
        "request": {"id": "RID1", "intent_applied_name": "BookHotel"},
    }

    assert [("in", "L1", "book hotel"), ("out", "L1", "done")] == _said("lex", body)
    assert "BookHotel" == _events("lex", body)[0].intent


def _slack(**more: Any) -> dict[str, Any]:
    return {
        "is_bot": False,
        "channel": "C1",
        "team": "T1",
        "user": "U1",
        "type": "message",
        "text": "hi",
        "ts": "1700000000.000005",
    } | more


CHANNEL = {channel_link("slack", "T1", "C1"): "U1"}


def test_slack_user() -> None:
    """What a user says is theirs, and tells who is in the channel."""
    outcome = _read("slack", _slack())
    [event] = outcome.events

    assert ("in", "U1", "hi", AT) == (event.direction, event.user_id, event.text, event.at)
    assert "U1" == outcome.learned[channel_link("slack", "T1", "C1")]


@pytest.mark.parametrize(
    ("more", "links"),
    [
        pytest.param({"is_bot": True, "user": "B0"}, {}, id="it says so"),
        pytest.param({"is_bot": None, "user": "B0"}, {bot_link("slack", "B0"): "bot"}, id="the bot is known"),
    ],
)
def test_slack_bot(more: dict[str, Any], links: dict[str, str]) -> None:
    """What the bot says goes to the user of the channel: its own id stands where the user's would."""
    assert [("out", "U1", "hi")] == _said("slack", _slack(**more), **CHANNEL, **links)


@pytest.mark.parametrize("ts", ["1700000000.000005", "1700000000000.625", 1700000000.5])
def test_slack_times(ts: object) -> None:
    """Some clients write milliseconds where Slack has seconds."""
    [event] = _events("slack", _slack(ts=ts))

    assert AT == event.at // 1000 * 1000


@pytest.mark.parametrize("name", ["typing", "user_typing"])
def test_slack_typing(name: str) -> None:
    """Typing is no message."""
    assert [False] == [is_message(event) for event in _events("slack", _slack(type=name, text=""))]


SLACK_EVENT = {
    "token": "T",
    "team_id": "T1",
    "type": "event_callback",
    "event": {"type": "message", "channel": "C1", "user": "U1", "text": "hi", "ts": "1700000000.000005"},
    "event_id": "Ev1",
    "event_time": 1700000000,
}
SLACK_CLICK = {
    "type": "interactive_message",
    "actions": [{"name": "ok", "value": "yes", "type": "button"}],
    "callback_id": "c",
    "team": {"id": "T1"},
    "channel": {"id": "C1"},
    "user": {"id": "U1"},
    "action_ts": "1700000000.1",
    "message_ts": "1699999999.1",
}


@pytest.mark.parametrize(
    ("body", "type", "kind"),
    [
        pytest.param({"message": _slack()}, "messages", "text", id="wrapped"),
        pytest.param(SLACK_EVENT, "event", "text", id="event"),
        pytest.param({"message": SLACK_EVENT}, "event", "text", id="wrapped event"),
        pytest.param(SLACK_CLICK, "interactive", "postback", id="click"),
    ],
)
def test_slack_shapes(body: dict[str, Any], type: str, kind: str) -> None:
    """Events and clicks are read as Slack has them, older clients' wrappers are taken off."""
    [event] = _events("slack", body, type)

    assert (kind, "in", "U1") == (event.kind, event.direction, event.user_id)


def test_slack_initialize() -> None:
    """It counts nothing and tells who is who: the bot's accounts, and with whom its direct channels are."""
    body = {
        "ok": True,
        "self": {"id": "U0"},
        "team": {"id": "T1"},
        "users": [{"id": "U0", "profile": {"bot_id": "B0"}}, {"id": "U9", "profile": {"bot_id": "B9"}}],
        "channels": [],
        "ims": [{"id": "D1", "user": "U1"}, 5],
    }
    outcome = _read("slack", body, "initialize")

    assert ([], []) == (outcome.events, outcome.rejections)
    assert ("bot", "bot", "U1") == (
        outcome.learned[bot_link("slack", "U0")],
        outcome.learned[bot_link("slack", "B0")],
        outcome.learned[channel_link("slack", "T1", "D1")],
    )
    assert bot_link("slack", "B9") not in outcome.learned


def _kik(**more: Any) -> dict[str, Any]:
    return {"chatId": "c", "id": "k1", "type": "text", "body": "hey", "from": "kiki", "timestamp": AT} | more


ACTIVITY = {
    "type": "message",
    "id": "a1",
    "timestamp": "2023-11-14T22:13:20Z",
    "channelId": "msteams",
    "from": {"id": "M", "role": "user"},
    "recipient": {"id": "bot", "role": "bot"},
    "conversation": {"id": "conv"},
    "text": "hey",
}
SESSION = {
    "user": {"id": "M"},
    "text": "hey",
    "address": {"id": "x1", "channelId": "skype", "user": {"id": "M"}, "conversation": {"id": "conv"}},
}
WATSON = {
    "input": {"text": "hey"},
    "intents": [{"intent": "greet", "confidence": 0.9}],
    "output": {"text": ["yo"], "generic": [{"response_type": "text", "text": "yo"}]},
    "context": {"conversation_id": "w-conv"},
    "user_id": "W",
    "timestamp": AT,
}
RASA = {"event": "user", "sender_id": "R", "timestamp": AT / 1000, "text": "hey", "message_id": "r1"}
RBM_SENT = {
    "name": "phones/+1555/agentMessages/MID",
    "sendTime": "2023-11-14T22:13:20Z",
    "contentMessage": {"text": "yo"},
}


@pytest.mark.parametrize(
    ("platform", "body", "expected"),
    [
        pytest.param("kik", {"messages": [_kik()]}, [("in", "kiki", "hey")], id="kik in"),
        pytest.param("kik", {"messages": [_kik(to="kiki", **{"from": "bot"})]}, [("out", "kiki", "hey")], id="kik out"),
        pytest.param("viber", {"message": {"sender": {"id": "V"}, "message": {"type": "text", "text": "hey"}, "text": "hey", "timestamp": AT, "message_token": 1}}, [("in", "V", "hey")], id="viber in"),
        pytest.param("viber", {"message": {"receiver": {"id": "V"}, "type": "text", "text": "yo", "timestamp": AT, "message_token": 2}}, [("out", "V", "yo")], id="viber out"),
        pytest.param("line", {"events": [{"type": "message", "timestamp": AT, "source": {"type": "user", "userId": "LU"}, "message": {"id": "1", "type": "text", "text": "hey"}}]}, [("in", "LU", "hey")], id="line in"),
        pytest.param("line", {"to": "LU", "timestamp": AT, "messages": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, [("out", "LU", "a"), ("out", "LU", "b")], id="line out"),
        pytest.param("wechat", {"is_sender_bot": False, "message": {"ToUserName": "gh", "FromUserName": "X", "CreateTime": AT // 1000, "MsgType": "text", "Content": "hey", "MsgId": "1"}}, [("in", "X", "hey")], id="wechat in"),
        pytest.param("wechat", {"is_sender_bot": True, "message": {"ToUserName": "X", "FromUserName": "gh", "CreateTime": AT // 1000, "MsgType": "text", "Content": "yo"}}, [("out", "X", "yo")], id="wechat out"),
        pytest.param("wechat", {"is_sender_bot": True, "timestamp": AT, "message": {"touser": "X", "msgtype": "text", "text": {"content": "yo"}}}, [("out", "X", "yo")], id="wechat custom"),
        pytest.param("twilio", {"is_sender_bot": False, "timestamp": AT, "message": {"MessageSid": "SM1", "From": "+1", "To": "+2", "Body": "hey"}}, [("in", "+1", "hey")], id="twilio in"),
        pytest.param("twilio", {"is_sender_bot": True, "timestamp": AT, "message": {"sid": "SM2", "from": "+2", "to": "+1", "body": "yo"}}, [("out", "+1", "yo")], id="twilio out"),
        pytest.param("microsoft", ACTIVITY, [("in", "M", "hey")], id="activity"),
        pytest.param("microsoft", {"message": SESSION, "timestamp": AT, "is_sender_bot": False}, [("in", "M", "hey")], id="session in"),
        pytest.param("microsoft", {"message": SESSION, "timestamp": AT, "is_sender_bot": True}, [("out", "M", "hey")], id="session out"),
        pytest.param("microsoft", {"message": SESSION, "timestamp": AT}, [("in", "M", "hey")], id="session without a side"),
        pytest.param("watson", WATSON, [("in", "W", "hey"), ("out", "W", "yo")], id="watson"),
        pytest.param("watson", {"message": WATSON}, [("in", "W", "hey"), ("out", "W", "yo")], id="watson of botkit"),
        pytest.param("rasa", RASA, [("in", "R", "hey")], id="rasa"),
        pytest.param("rasa", RASA | {"event": "bot"}, [("out", "R", "hey")], id="rasa out"),
        pytest.param("rbm", RBM_SENT, [("out", "+1555", "yo")], id="rbm out"),
        pytest.param("rbm", {}, [], id="rbm without words"),
    ],
)  # fmt: skip
def test_platforms(platform: str, body: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    """Each platform's own message in v1's wrapper: side, user, text, and the time it names."""
    events = _events(platform, body)

    assert expected == [(event.direction, event.user_id, event.text) for event in events]
    assert {AT} >= {event.at for event in events}


def test_lines_own_example() -> None:
    """The vendor's curl for LINE shows a body that no client sends: it is kept, and nothing is counted."""
    [event] = _events("line", {"request": "..", "response": ".."})

    assert ("unknown", "none") == (event.kind, event.direction)


LUIS = {
    "type": "luis",
    "query": "tea",
    "topScoringIntent": {"intent": "Order", "score": "0.93"},
    "intents": [{"intent": "Order", "score": "0.93"}, {"intent": "None", "score": "0.01"}],
    "entities": [{"type": "drink", "entity": "tea"}],
}
RASA_NLU = {
    "type": "rasa",
    "text": "tea",
    "intent": {"name": "Order", "confidence": 0.93},
    "entities": [{"entity": "drink", "value": "tea"}],
    "intent_ranking": [],
}
WATSON_NLU = {
    "type": "watson_assistant",
    "intents": [{"intent": "Order", "confidence": 0.93}, {"intent": "Greet", "confidence": 0.2}],
    "entities": [{"entity": "drink", "value": "tea"}],
    "input": {"text": "tea"},
}


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(LUIS, id="luis"),
        pytest.param({**LUIS, "topScoringIntent": None, "intents": LUIS["intents"][::-1]}, id="luis, best of the list"),
        pytest.param(RASA_NLU, id="rasa"),
        pytest.param({**RASA_NLU, "intent": None, "intent_ranking": [RASA_NLU["intent"]]}, id="rasa, ranking"),
        pytest.param(WATSON_NLU, id="watson"),
    ],
)  # fmt: skip
def test_nlu_payload(payload: dict[str, Any]) -> None:
    """What understood a message gives its intent, confidence and inputs."""
    [event] = _events("generic", _generic(nlu_payload=payload))

    assert ("Order", 0.93) == (event.intent, event.intent_confidence)
    assert {"intent.drink": "tea", "nlu": payload["type"]} == event.attributes


def test_nlu_payload_is_about_the_user() -> None:
    """In a turn the intent is put on what the user said."""
    asked, answered = _events(
        "google", {"request": GOOGLE_REQUEST, "response": GOOGLE_RESPONSE, "nlu_payload": LUIS}
    )

    assert ("Order", "") == (asked.intent, answered.intent)


def test_nlu_payload_is_about_the_same_words() -> None:
    """Of several messages it is the one with the words that were understood."""
    body = {"message": {"entry": [{"messaging": [_messaging("hm"), _messaging("tea")]}]}, "nlu_payload": LUIS}

    assert [("hm", ""), ("tea", "Order")] == [
        (event.text, event.intent) for event in _events("facebook", body)
    ]


@pytest.mark.parametrize("payload", [None, "x", {}, {"type": "luis"}, {"type": "luis", "topScoringIntent": {"intent": ""}}, {"intents": [5]}])  # fmt: skip
def test_nlu_payload_without_an_intent(payload: object) -> None:
    """A payload that understood nothing changes nothing."""
    [event] = _events("generic", _generic(nlu_payload=payload))

    assert ("", None, {}) == (event.intent, event.intent_confidence, event.attributes)


def test_nlu_payload_that_did_not_understand() -> None:
    """Rasa's fallback intent marks the message as not handled."""
    payload = RASA_NLU | {"intent": {"name": "nlu_fallback", "confidence": 0.7}}
    [event] = _events("generic", _generic(nlu_payload=payload))

    assert ("nlu_fallback", True) == (event.intent, event.not_handled)


def test_nlu_payload_beside_an_activity() -> None:
    """The Microsoft middleware puts it into the activity."""
    [event] = _events("microsoft", ACTIVITY | {"nlu_payload": LUIS})

    assert "Order" == event.intent


@pytest.mark.parametrize(
    ("platform", "body", "user"),
    [
        pytest.param("generic", {"id": "P", "full_name": "Ann"}, "P", id="any platform"),
        pytest.param("generic", {"user_id": "P", "full_name": "Ann"}, "P", id="any platform by its table"),
        pytest.param("facebook", {"user_id": "P", "first_name": "Ann"}, "P", id="facebook"),
        pytest.param("facebook", {"id": 5, "first_name": "Ann"}, "5", id="facebook's own object"),
        pytest.param("kik", {"username": "P", "firstName": "Ann"}, "P", id="kik"),
        pytest.param("viber", {"id": "P", "name": "Ann"}, "P", id="viber"),
        pytest.param("line", {"userId": "P", "displayName": "Ann"}, "P", id="line"),
        pytest.param("wechat", {"openid": "P", "nickname": "Ann"}, "P", id="wechat"),
    ],
)
def test_profiles(platform: str, body: dict[str, Any], user: str) -> None:
    """A profile tells of a user under the name the platform has for their id; it is no message and nobody is active."""
    [event] = _events(platform, body, "profile")

    assert ("profile", "none", user) == (event.kind, event.direction, event.user_id)
    assert ["Ann"] == list(event.user_attributes.values())
    assert (False, False, True) == (is_message(event), is_activity(event), event.kind in SIGNAL_KINDS)


def test_a_whole_profile() -> None:
    """Fields are kept by their names, those that the bot's maker invented below `custom`; empty ones tell nothing."""
    body = {
        "id": "P",
        "email": "a@x",
        "timezone": 2,
        "locale": "en_GB",
        "city": "",
        "phone": None,
        "custom": [{"birth_date": "09/01/1990"}, {"coffee_time": "", "n": 3}],
    }
    [event] = _events("generic", body, "profile")

    assert "en_GB" == event.locale
    assert {
        "email": "a@x",
        "timezone": "2",
        "locale": "en_GB",
        "custom.birth_date": "09/01/1990",
        "custom.coffee_time": "",
        "custom.n": "3",
    } == event.user_attributes


def test_several_addresses_in_one_profile() -> None:
    """Each e-mail is told by an event, so that none hides another."""
    events = _events("generic", {"id": "P", "email": ["a@x", "b@x"], "phone": [], "city": "Rome"}, "profile")

    assert [{"email": "b@x", "city": "Rome"}, {"email": "a@x"}] == [event.user_attributes for event in events]


def test_settings() -> None:
    """Where the bot wants to be told to pause is kept, as nobody's event."""
    [event] = _events("facebook", {"webhook_url": "https://b/pause"}, "settings")

    assert ("system", "none", "") == (event.kind, event.direction, event.user_id)
    assert {"type": "bots/me", "webhook_url": "https://b/pause"} == event.attributes


@pytest.mark.parametrize(
    ("platform", "body", "removed"),
    [
        pytest.param("facebook", {"fb_token": "S", "message": {}}, ["fb_token"], id="page token"),
        pytest.param("facebook", {"platform_token": "S"}, ["platform_token"], id="settings"),
        pytest.param("viber", {"message": {"auth_token": "S"}}, ["message.auth_token"], id="viber"),
        pytest.param("slack", {"token": "S"}, ["token"], id="slack"),
        pytest.param("alexa", {"request": {"context": {"System": {"apiAccessToken": "S"}}}}, ["request.context.System.apiAccessToken"], id="alexa"),
        pytest.param("kik", {"apiKey": "S"}, ["apiKey"], id="kik"),
    ],
)  # fmt: skip
def test_secrets(platform: str, body: dict[str, Any], removed: list[str]) -> None:
    """What clients send along is cut out."""
    assert removed == redact("botanalytics-v1", platform, body)[1]


@pytest.mark.parametrize(
    ("platform", "type", "body", "reason", "path"),
    [
        pytest.param("generic", "messages", [], Reason.NOT_AN_OBJECT, "", id="array"),
        pytest.param("generic", "messages", {}, Reason.MISSING_USER, "user.id", id="nobody"),
        pytest.param("generic", "messages", {"user": {"id": "U"}}, Reason.MISSING_FIELD, "message", id="no message"),
        pytest.param("generic", "messages", {"user": {"id": "U"}, "message": {}}, Reason.MISSING_FIELD, "is_sender_bot", id="no side"),
        pytest.param("generic", "messages", _generic(user={"id": "u" * 201}), Reason.BAD_VALUE, "user.id", id="long user"),
        pytest.param("facebook", "messages", {"message": 5}, Reason.WRONG_TYPE, "entry", id="no webhook body"),
        pytest.param("facebook", "outgoing", {"message": "yo"}, Reason.MISSING_USER, "recipient", id="sent to nobody"),
        pytest.param("slack", "messages", {"x": 1}, Reason.UNKNOWN_SHAPE, "", id="no message of Slack"),
        pytest.param("line", "messages", {"x": 1}, Reason.UNKNOWN_SHAPE, "", id="no body of LINE"),
        pytest.param("wechat", "messages", {"is_sender_bot": True, "message": {}}, Reason.UNKNOWN_SHAPE, "", id="empty message"),
        pytest.param("pigeon", "messages", {}, Reason.UNKNOWN_PLATFORM, "platform", id="unknown platform"),
        pytest.param("generic", "profile", {"email": "a@x"}, Reason.MISSING_USER, "user_id", id="profile of nobody"),
        pytest.param("kik", "profile", {"firstName": "A"}, Reason.MISSING_USER, "username", id="Kik profile of nobody"),
    ],
)  # fmt: skip
def test_refusals(platform: str, type: str, body: Any, reason: Reason, path: str) -> None:
    """What cannot be read at all is refused, with the place and what to send."""
    item = json.dumps(body).encode()
    refused = BOTANALYTICS_V1.check(item, platform, type)

    assert isinstance(refused, Rejection)
    assert (reason, path) == (refused.reason, refused.path)
    assert [refused] == BOTANALYTICS_V1.read(item, _context(platform, type)).rejections


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            [
                "is_sender_bot", "user", "id", "message", "text", "timestamp", "recipient", "entry", "messaging", "sender",
                "sender_action", "request", "response", "user_content", "events", "messages", "to", "nlu_payload", "intent",
                "intents", "topScoringIntent", "entities", "type", "query", "channel", "actions", "self", "team", "ims",
                "users", "email", "custom", "user_id", "username", "output", "input", "name",
            ]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=25,
)  # fmt: skip


@given(
    body=JSON,
    place=st.sampled_from(sorted({(platform or "generic", endpoint) for _, platform, endpoint in PATHS})),
)
def test_no_body_breaks_the_reader(body: object, place: tuple[str, str]) -> None:
    """Whatever the JSON, it is read or refused."""
    outcome = _read(place[0], body, place[1])

    assert isinstance(outcome, Outcome)


@pytest.mark.parametrize(
    ("platform", "body"),
    [
        pytest.param("twilio", {"is_sender_bot": False, "message": {"MessageSid": "S", "From": "U", "Body": "hi"}}, id="Twilio"),
        pytest.param("viber", {"message": {"sender": {"id": "U"}, "message": {"type": "text", "text": "hi"}}}, id="Viber"),
    ],
)  # fmt: skip
def test_a_wrapper_may_have_more_in_it(platform: str, body: dict[str, Any]) -> None:
    """What else a client puts beside the message does not hide it."""
    assert [("in", "U", "hi")] == _said(platform, body | {"client": {"version": 1}})
