"""Google: every shape of request and response, alone, as turns, and as Dashbot's SDKs report them."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.google import read, read_reported, read_turn
from app.core.redact import redact

AT = 1_700_000_000_000


def _context(side: Any = "none", dialect: str = "webhook") -> Context:
    return Context("bot", AT + 1000, dialect, "google", side=side)


def _only(outcome: Outcome) -> BotEvent:
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


def _actions(query: str | None = "hi", intent: str = "actions.intent.TEXT", **more: Any) -> dict[str, Any]:
    raw = {"inputType": "VOICE"} | ({} if query is None else {"query": query})
    return {
        "user": {"userId": "U", "locale": "de-DE"},
        "conversation": {"conversationId": "C", "type": "ACTIVE"},
        "inputs": [{"intent": intent, "rawInputs": [raw]} | more],
    }


def _v2(query: str = "hi", payload: Any = None, **result: Any) -> dict[str, Any]:
    return {
        "responseId": "R",
        "session": "projects/p/agent/sessions/S",
        "queryResult": {"queryText": query, "intent": {"displayName": "Greet"}, "intentDetectionConfidence": 0.5, "parameters": {"n": 1}, "languageCode": "en"} | result,
        "originalDetectIntentRequest": {"source": "google", "payload": payload or {}},
    }  # fmt: skip


def _v1(query: str = "hi", data: Any = None) -> dict[str, Any]:
    return {
        "id": "R",
        "timestamp": "2023-11-14T22:13:20.12Z",
        "sessionId": "S",
        "result": {"resolvedQuery": query, "score": 0.5, "parameters": {"n": 1}, "metadata": {"intentName": "Greet"}},
        "originalRequest": {"source": "google", "data": data or {}},
    }  # fmt: skip


CONVERSATION = {
    "handler": {"name": "h"},
    "intent": {"name": "order", "query": "a pizza", "params": {"size": {"original": "big", "resolved": "L"}}},
    "session": {"id": "C", "languageCode": "de"},
    "user": {"params": {"guestId": "U"}},
    "scene": {"name": "Main"},
}
CX = {
    "detectIntentResponseId": "R",
    "intentInfo": {"displayName": "Greet", "confidence": 0.5, "parameters": {"n": {"resolvedValue": 1}}},
    "sessionInfo": {"session": "projects/p/sessions/C"},
    "text": "hi",
    "languageCode": "en",
}


@pytest.mark.parametrize(
    ("body", "user", "conversation", "session", "text", "intent", "message_id"),
    [
        pytest.param(_v1(), "", "S", "", "hi", "Greet", "R", id="api.ai, nobody"),
        pytest.param(_v1(data=_actions()), "U", "C", "C", "hi", "Greet", "R", id="api.ai, Assistant"),
        pytest.param(_v2(), "", "S", "", "hi", "Greet", "R", id="Dialogflow, nobody"),
        pytest.param(_v2(payload=_actions()), "U", "C", "C", "hi", "Greet", "R", id="Dialogflow, Assistant"),
        pytest.param(_actions(), "U", "C", "C", "hi", "actions.intent.TEXT", "", id="Actions SDK"),
        pytest.param(CONVERSATION, "U", "C", "C", "a pizza", "order", "", id="@assistant/conversation"),
        pytest.param({"request": CONVERSATION, "fulfillmentLib": "x"}, "U", "C", "C", "a pizza", "order", "", id="with its library"),
        pytest.param(CX, "", "C", "", "hi", "Greet", "R", id="Dialogflow CX"),
    ],
)  # fmt: skip
def test_requests(
    body: dict[str, Any], user: str, conversation: str, session: str, text: str, intent: str, message_id: str
) -> None:
    """Every shape tells who, where, what was said, what was understood; a session is only the Assistant's."""
    event = _only(read(body, _context()))

    assert ("text", "in") == (event.kind, event.direction)
    assert (user, conversation, session) == (event.user_id, event.conversation_id, event.session_id)
    assert (text, intent, message_id) == (event.text, event.intent, event.message_id)


@pytest.mark.parametrize(
    ("payload", "user"),
    [
        pytest.param({"data": {"sender": {"id": "F"}, "timestamp": AT}}, "F", id="Messenger"),
        pytest.param({"data": {"event": {"user": "SL"}}}, "SL", id="Slack"),
        pytest.param({"data": {"message": {"from": {"id": 7}}}}, "7", id="Telegram"),
        pytest.param({"data": {"from": {"id": 8}}}, "8", id="Telegram, the message alone"),
        pytest.param({"data": {"source": {"userId": "L"}}}, "L", id="LINE"),
        pytest.param({"data": {"data": {"direct_message": {"sender_id_str": "T"}}}}, "T", id="Twitter"),
        pytest.param({"telephony": {"caller_id": "+1"}}, "+1", id="telephone"),
        pytest.param({"user": {"userStorage": '{"dashbotUser":{"userId":"V"}}'}}, "V", id="storage"),
        pytest.param({"user": {"userStorage": '{"userId":'}}, "", id="broken storage"),
    ],
)
def test_people_of_other_platforms(payload: dict[str, Any], user: str) -> None:
    """An agent's request holds the event of the platform it came from, which names the user."""
    assert user == _only(read(_v2(payload=payload), _context())).user_id


def test_the_time_of_another_platform() -> None:
    """Dialogflow has no time; the event of the platform may have one."""
    payload = {"data": {"sender": {"id": "F"}, "timestamp": AT}, "source": "facebook"}
    event = _only(read(_v2(payload=payload), _context()))

    assert (AT, []) == (event.at, event.warnings)


def test_the_time_of_api_ai() -> None:
    """Fractions of a second may have two digits."""
    assert _only(read(_v1(), _context())).at == AT + 120


@pytest.mark.parametrize(
    ("body", "kind", "direction", "text"),
    [
        pytest.param(_v2("GOOGLE_ASSISTANT_WELCOME", _actions("Talk to it", "actions.intent.MAIN")), "session_start", "in", "Talk to it", id="welcome"),
        pytest.param(_v2("actions_intent_OPTION", _actions("Red", "actions.intent.OPTION")), "postback", "in", "Red", id="choice"),
        pytest.param(_v2("actions_intent_CANCEL", _actions("stop", "actions.intent.CANCEL")), "session_end", "in", "stop", id="end"),
        pytest.param(_v2("actions_intent_NO_INPUT", _actions(None, "actions.intent.NO_INPUT")), "no_input", "none", "", id="silence"),
        pytest.param(_v2("actions_intent_NO_INPUT"), "no_input", "none", "", id="silence told by the query alone"),
        pytest.param(_v2("actions_intent_PERMISSION", _actions(None, "actions.intent.PERMISSION")), "text", "in", "", id="permission"),
        pytest.param(CX | {"text": "", "triggerEvent": "sys.no-input-1"}, "no_input", "none", "", id="silence, CX"),
        pytest.param(_actions("x", "actions.intent.MEDIA_STATUS"), "system", "none", "x", id="player"),
        pytest.param({"handler": {}, "intent": {"name": "actions.intent.NO_INPUT_FINAL"}, "session": {"id": "C"}}, "no_input", "none", "", id="last silence"),
    ],
)  # fmt: skip
def test_what_the_assistant_tells_by_its_own_intents(
    body: dict[str, Any], kind: str, direction: str, text: str
) -> None:
    """Events of the Assistant are kinds; what was said is the raw input, never the name of the event."""
    event = _only(read(body, _context()))

    assert (kind, direction, text) == (event.kind, event.direction, event.text)


@pytest.mark.parametrize(
    ("body", "is_lost"),
    [
        pytest.param(_v2(intent={"displayName": "F", "isFallback": True}), True, id="isFallback"),
        pytest.param(_v2(action="input.unknown"), True, id="the action of the fallback"),
        pytest.param(_v2(), False, id="understood"),
        pytest.param({"handler": {}, "intent": {"name": "actions.intent.NO_MATCH_1"}, "session": {}}, True, id="NO_MATCH"),
        pytest.param(CX | {"triggerEvent": "sys.no-match-default"}, True, id="CX"),
    ],
)  # fmt: skip
def test_fallbacks_are_not_handled(body: dict[str, Any], is_lost: bool) -> None:
    """Each shape has its own way to say that nothing was understood."""
    assert is_lost == _only(read(body, _context())).not_handled


def test_attributes() -> None:
    """What filled the intent, the choice, the way of input are attributes; addresses are not kept."""
    arguments = [
        {"name": "OPTION", "textValue": "key"},
        {"name": "DELIVERY", "extension": {"address": "Elm Street"}},
    ]
    event = _only(read(_actions("Red", "actions.intent.OPTION", arguments=arguments), _context()))

    assert {"input_type": "VOICE", "payload": "key", "intent.OPTION": "key"} == event.attributes
    assert _only(read(_v2(action="a"), _context())).attributes == {
        "source": "google",
        "action": "a",
        "intent.n": "1",
    }


SIMPLE = {"richResponse": {"items": [{"simpleResponse": {"textToSpeech": "one"}}, {"simpleResponse": {"displayText": "two"}}]}}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param({"payload": {"google": SIMPLE}}, "one", id="payload"),
        pytest.param({"data": {"google": SIMPLE}}, "one", id="data of api.ai"),
        pytest.param({"fulfillmentText": "f"}, "f", id="fulfillmentText"),
        pytest.param({"fulfillmentMessages": [{"text": {"text": ["m"]}}]}, "m", id="messages"),
        pytest.param({"fulfillmentMessages": [{"simpleResponses": {"simpleResponses": [{"ssml": "<speak>s</speak>"}]}}]}, "s", id="simple responses"),
        pytest.param({"fulfillmentResponse": {"messages": [{"text": {"text": ["x"]}}]}}, "x", id="CX"),
        pytest.param({"speech": "s", "displayText": "d"}, "s", id="speech"),
        pytest.param({"displayText": "d"}, "d", id="displayText"),
        pytest.param({"expectedInputs": [{"inputPrompt": {"richInitialPrompt": SIMPLE["richResponse"]}}]}, "one", id="Actions SDK"),
        pytest.param({"expectedInputs": [{"inputPrompt": {"initialPrompts": [{"ssml": "<speak>i</speak>"}]}}]}, "i", id="old prompts"),
        pytest.param({"finalResponse": SIMPLE}, "one", id="final"),
        pytest.param({"finalResponse": {"speechResponse": {"textToSpeech": "bye"}}}, "bye", id="old final"),
        pytest.param({"prompt": {"firstSimple": {"speech": "a", "text": "b"}, "lastSimple": {"speech": "c"}}}, "a c", id="prompt"),
        pytest.param({"response": {"status": 200, "body": {"prompt": {"firstSimple": {"text": "b"}}}}, "prompt": 0}, "b", id="with HTTP around"),
        pytest.param({"payload": {"google": SIMPLE}, "fulfillmentText": "f"}, "f", id="for all platforms alike"),
    ],
)  # fmt: skip
def test_responses(body: dict[str, Any], text: str) -> None:
    """A response alone says its text for all platforms, else what it has for the Assistant; nobody is named."""
    event = _only(read(body, _context()))

    assert ("text", "out", text, "") == (event.kind, event.direction, event.text, event.user_id)


def test_what_else_a_response_shows() -> None:
    """Further bubbles and chips are attributes; a card alone is a template; silence is no message."""
    google = SIMPLE["richResponse"] | {"suggestions": [{"title": "Yes"}]}
    event = _only(read({"payload": {"google": {"richResponse": google}}}, _context()))
    card = _only(
        read(
            {"payload": {"google": {"richResponse": {"items": [{"basicCard": {"title": "T"}}]}}}}, _context()
        )
    )
    silent = _only(read({"followupEventInput": {"name": "next"}}, _context()))

    assert {"more": '["two"]', "buttons": '["Yes"]'} == event.attributes
    assert ("template", "out", "T") == (card.kind, card.direction, card.text)
    assert ("system", "none") == (silent.kind, silent.direction)


def test_a_turn() -> None:
    """Request and response are two messages of one user; to the Assistant its own payload is said."""
    response = {"payload": {"google": SIMPLE}, "fulfillmentText": "f"}
    asked, answered = read({"request": _v2(payload=_actions()), "response": response}, _context()).events

    assert ("in", "out", "hi", "one") == (asked.direction, answered.direction, asked.text, answered.text)
    assert ("U", "C", "R") == (answered.user_id, answered.session_id, answered.message_id)
    assert asked.event_id != answered.event_id


def test_a_turn_of_a_conversation() -> None:
    """The library's own shapes make a turn as well."""
    body = {"request": CONVERSATION, "response": {"prompt": {"firstSimple": {"speech": "Hi"}}}}

    assert [("in", "a pizza"), ("out", "Hi")] == [
        (event.direction, event.text) for event in read(body, _context()).events
    ]


def test_a_turn_without_response_or_request() -> None:
    """Without a response there is the user's message alone; without a request there is a refusal."""
    assert ["in"] == [event.direction for event in read_turn(_actions(), None, _context()).events]
    assert [Reason.UNKNOWN_SHAPE] == [
        one.reason for one in read_turn({}, {"speech": "x"}, _context()).rejections
    ]


@pytest.mark.parametrize("name", ["request_body", "message"])
def test_a_reported_request(name: str) -> None:
    """The request is `request_body` or, of the oldest SDK, `message`; an intent at the root wins."""
    body = {
        "dashbot_timestamp": AT,
        name: _v2(payload=_actions()),
        "metadata": {"a": 1},
        "intent": {"name": "Own"},
    }
    event = _only(read_reported(body, _context("in", "dashbot")))

    assert ("in", "U", "hi", "Own", AT) == (
        event.direction,
        event.user_id,
        event.text,
        event.intent,
        event.at,
    )
    assert event.attributes["metadata.a"] == "1"


@pytest.mark.parametrize(
    ("body", "user"),
    [
        pytest.param({"request_body": _actions()}, "U", id="by its request"),
        pytest.param({"user": {"user_id": "U"}, "conversation": {"conversation_id": "C"}}, "U", id="oldest"),
        pytest.param(
            {"user": {}, "conversation": {"conversation_id": "C"}}, "C", id="oldest, a conversation"
        ),
        pytest.param({"user": {}, "conversation": {}}, "", id="oldest, nobody"),
        pytest.param({"request_body": _v2()}, "S", id="a session stands for nobody"),
    ],
)
def test_a_reported_response(body: dict[str, Any], user: str) -> None:
    """A report of what went out is the response, of the user of its request, else of the conversation."""
    body = {
        "dashbot_timestamp": AT,
        "message": {"payload": {"google": SIMPLE}, "fulfillmentText": "f"},
    } | body
    event = _only(read_reported(body, _context("out", "dashbot")))

    assert ("out", "one", user, AT) == (event.direction, event.text, event.user_id, event.at)
    assert (event.attributes.get("user_is") == "conversation") == (user in ("C", "S"))


def test_a_reported_conversation() -> None:
    """With @assistant/conversation both halves are wrapped in what the library adds."""
    message = {
        "response": {"status": 200, "body": {"prompt": {"firstSimple": {"speech": "Hi there", "text": ""}}}}
    }
    body = {
        "request_body": {"request": CONVERSATION, "fulfillmentLib": "l"},
        "message": message | {"fulfillmentLib": "l"},
    }
    event = _only(read_reported(body, _context("out", "dashbot")))

    assert ("Hi there", "U", "C") == (event.text, event.user_id, event.session_id)


def test_not_handled_counts_on_a_silent_response() -> None:
    """What a bot says of its answer is kept on a message, also where the answer is silent."""
    body = {"request_body": _actions(), "message": {}, "intent": {"name": "NotHandled"}}
    event = _only(read_reported(body, _context("out", "dashbot")))

    assert ("text", "out", True) == (event.kind, event.direction, event.not_handled)


def test_a_report_of_nothing() -> None:
    """Some reports hold a time only: they are kept, and are no message."""
    event = _only(read_reported({"dashbot_timestamp": AT}, _context("in", "dashbot")))

    assert ("unknown", "none", AT) == (event.kind, event.direction, event.at)


def test_the_user_whom_a_response_remembers() -> None:
    """Where the request names nobody, the storage that the response writes may."""
    message = {"payload": {"google": SIMPLE | {"userStorage": '{"dashbotUser":{"userId":"V"}}'}}}
    event = _only(read_reported({"request_body": {}, "message": message}, _context("out", "dashbot")))

    assert event.user_id == "V"


def test_something_else_is_refused() -> None:
    """A body that is neither says what is missing."""
    (rejection,) = read({"payload": {"x": 1}}, _context()).rejections

    assert rejection.reason is Reason.UNKNOWN_SHAPE


def test_tokens_are_secrets() -> None:
    """Tokens of Google, of linked accounts and of platforms are cut out."""
    body = _v2(payload={"user": {"accessToken": "a", "idToken": "b"}, "data": {"token": "c"}})

    assert len(redact("webhook", "google", body)[1]) == 3


def test_a_conversation_without_inputs() -> None:
    """The Assistant's conversation holds before the agent's session, also where what was said is left out."""
    payload = {"user": {"userId": "U"}, "conversation": {"conversationId": "C"}}
    event = _only(read(_v2(payload=payload), _context()))

    assert ("U", "C", "hi") == (event.user_id, event.conversation_id, event.text)
