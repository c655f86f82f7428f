"""RBM: pushes, what is packed in them, what agents send, and the webhook's scheme."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.platform import Answer, Request
from app.core.platforms.rbm import RBM, read
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE

AT = 1_700_000_000_000
ISO = "2023-11-14T22:13:20.000000Z"
CONTEXT = Context("bot", AT + 1000, "webhook", "rbm")
MESSAGE: dict[str, Any] = {
    "senderPhoneNumber": "+1",
    "messageId": "M",
    "sendTime": ISO,
    "agentId": "A",
    "text": "hi",
}


def _push(inner: dict[str, Any]) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(inner).encode()).decode()
    return {"message": {"data": data, "messageId": "P", "publishTime": ISO}, "subscription": "s"}


def _only(outcome: Outcome) -> BotEvent:
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_push(MESSAGE), id="base64"),
        pytest.param({"message": {"data_decoded": MESSAGE, "data": "?", "messageId": "P"}}, id="decoded"),
        pytest.param({"message": {"data_decoded": json.dumps(MESSAGE)}}, id="decoded, as text"),
        pytest.param(MESSAGE, id="unpacked"),
    ],
)
def test_a_message_however_it_is_packed(body: dict[str, Any]) -> None:
    """The user is the phone number, the id the message's own and not the push's."""
    event = _only(read(body, CONTEXT))

    assert ("text", "in", "+1", "hi", "M", AT) == (
        event.kind,
        event.direction,
        event.user_id,
        event.text,
        event.message_id,
        event.at,
    )
    assert {"agent": "A"} == event.attributes


@pytest.mark.parametrize(
    ("part", "kind", "text", "attributes"),
    [
        pytest.param({"suggestionResponse": {"type": "REPLY", "text": "Yes", "postbackData": "y"}}, "quick_reply", "Yes", {"payload": "y"}, id="reply"),
        pytest.param({"suggestionResponse": {"type": "ACTION", "text": "Call", "postbackData": "c"}}, "postback", "Call", {"payload": "c"}, id="action"),
        pytest.param({"location": {"latitude": 1.5, "longitude": 2}}, "location", "", {"latitude": "1.5", "longitude": "2"}, id="location"),
        pytest.param({"userFile": {"payload": {"mimeType": "image/png", "fileUri": "http://f", "fileName": "a.png"}}}, "image", "", {"attachments": '[{"type":"image","url":"http://f","name":"a.png"}]'}, id="image"),
        pytest.param({"userFile": {"payload": {"mimeType": "application/pdf", "fileUri": "http://f", "fileName": "a"}}}, "file", "", {"attachments": '[{"type":"file","url":"http://f","name":"a"}]'}, id="file"),
        pytest.param({"hologram": {}}, "unknown", "", {}, id="new"),
    ],
)  # fmt: skip
def test_kinds_of_messages(part: dict[str, Any], kind: str, text: str, attributes: dict[str, str]) -> None:
    """Replies, actions, places and files are messages of their kind."""
    event = _only(read(_push({"senderPhoneNumber": "+1", "messageId": "M", "sendTime": ISO} | part), CONTEXT))

    assert (kind, text, attributes) == (event.kind, event.text, event.attributes)
    assert ("none" if kind == "unknown" else "in") == event.direction


@pytest.mark.parametrize(
    ("type_", "kind"),
    [("DELIVERED", "delivery"), ("READ", "read"), ("IS_TYPING", "typing"), ("UNSUBSCRIBE", "unsubscribe"), ("NEW", "unknown")],
)  # fmt: skip
def test_signals(type_: str, kind: str) -> None:
    """Receipts and the like come from users and, under a name, from agents; they are no messages."""
    body = {"senderPhoneNumber": "+1", "messageId": "M", "eventType": type_, "sendTime": ISO}
    of_agent = {"name": "phones/+1/agentEvents/E", "eventType": type_, "messageId": "M"}

    for event in (_only(read(_push(body), CONTEXT)), _only(read(of_agent, CONTEXT))):
        assert (kind, "none", "+1", "M") == (event.kind, event.direction, event.user_id, event.message_id)


@pytest.mark.parametrize(
    ("content", "kind", "text", "attachments"),
    [
        pytest.param({"text": "Hello"}, "text", "Hello", "", id="text"),
        pytest.param({"text": "Look", "type": "image", "fileUrl": "http://a"}, "image", "Look", '[{"type":"image","url":"http://a"}]', id="image"),
        pytest.param({"text": "Hear", "type": "auido", "fileUrl": "http://a"}, "audio", "Hear", '[{"type":"audio","url":"http://a"}]', id="misspelt audio"),
        pytest.param({"contentInfo": {"fileUrl": "http://f"}}, "file", "", '[{"type":"file","url":"http://f"}]', id="address"),
        pytest.param({"richCard": {"standaloneCard": {"cardContent": {"title": "T"}}}}, "template", "T", "", id="card"),
        pytest.param({"richCard": {"carouselCard": {"cardContents": [{"title": "T"}, {"description": "D"}]}}}, "template", "T\nD", "", id="carousel"),
        pytest.param({}, "unknown", "", "", id="nothing"),
    ],
)  # fmt: skip
def test_what_agents_send(content: dict[str, Any], kind: str, text: str, attachments: str) -> None:
    """The name of an agent's message holds the user's number and the id."""
    body = {
        "name": "phones/+1/agentMessages/M",
        "sendTime": "2023-11-14T22:13:20.123456789Z",
        "contentMessage": content,
    }
    event = _only(read(body, CONTEXT))

    assert ("none" if kind == "unknown" else "out") == event.direction
    assert (kind, "+1", text, "M", AT + 123) == (
        event.kind,
        event.user_id,
        event.text,
        event.message_id,
        event.at,
    )
    assert attachments == event.attributes.get("attachments", "")


def test_suggestions_are_buttons() -> None:
    """Replies and actions below a message, and on its cards, are its buttons."""
    content = {
        "suggestions": [{"reply": {"text": "Yes"}}],
        "richCard": {"standaloneCard": {"cardContent": {"suggestions": [{"action": {"text": "Call"}}]}}},
    }
    event = _only(read({"name": "phones/+1/agentMessages/M", "contentMessage": content}, CONTEXT))

    assert event.attributes["buttons"] == '["Yes","Call"]'


def test_nothing_and_little() -> None:
    """An empty object is nothing; capabilities are kept without a user."""
    assert ([], []) == (read({}, CONTEXT).events, read({}, CONTEXT).rejections)
    assert ("system", "") == ((event := _only(read({"features": ["RICHCARD"]}, CONTEXT))).kind, event.user_id)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param({"message": {"data": "e"}}, Reason.WRONG_TYPE, id="no base64"),
        pytest.param({"message": {"data": "eA=="}}, Reason.NOT_JSON, id="no JSON"),
        pytest.param({"message": {"data": "W10="}}, Reason.NOT_AN_OBJECT, id="no object"),
        pytest.param({"message": {"data": "e30="}}, Reason.UNKNOWN_SHAPE, id="empty"),
        pytest.param({"name": "agents/x"}, Reason.UNKNOWN_SHAPE, id="another name"),
    ],
)
def test_refusals(body: dict[str, Any], reason: Reason) -> None:
    """What cannot be unpacked or known is refused with its reason."""
    assert [reason] == [one.reason for one in read(body, CONTEXT).rejections]


def test_packed_nul_and_halves_of_emoji() -> None:
    """What is packed goes through the same mending as what comes openly."""
    data = base64.b64encode(b'{"senderPhoneNumber":"+1","text":"a\\u0000b\\ud83d"}').decode()

    assert _only(read({"message": {"data": data}}, CONTEXT)).text == "a\ufffdb\ufffd"


def _request(body: bytes, signature: str = "") -> Request:
    return Request("POST", "https://h/hooks/rbm/b", {}, {"x-goog-signature": signature}, body, AT)


def _signed(token: str, signed: bytes) -> str:
    return base64.b64encode(hmac.new(token.encode(), signed, hashlib.sha512).digest()).decode()


BODY = json.dumps(_push(MESSAGE)).encode()
PACKED = json.dumps(MESSAGE).encode()


@pytest.mark.parametrize(
    ("body", "signature", "secrets", "why"),
    [
        pytest.param(BODY, _signed("t1", PACKED), ["t1"], "", id="genuine"),
        pytest.param(BODY, _signed("t1", PACKED), ["t2", "t1"], "", id="two secrets"),
        pytest.param(b'{"a":1}', _signed("t1", b'{"a":1}'), ["t1"], "", id="nothing packed"),
        pytest.param(BODY, _signed("t2", PACKED), ["t1"], WRONG_SIGNATURE, id="another token"),
        pytest.param(BODY, _signed("t1", b"other"), ["t1"], WRONG_SIGNATURE, id="tampered"),
        pytest.param(BODY, "", ["t1"], NO_SIGNATURE, id="no signature"),
        pytest.param(BODY, _signed("t1", PACKED), [], NOT_SET, id="no secret"),
        pytest.param(b"no JSON", "x", ["t1"], WRONG_SIGNATURE, id="no JSON"),
        pytest.param(b'{"message":{"data":"e"}}', "x", ["t1"], WRONG_SIGNATURE, id="no base64"),
    ],
)
def test_signatures(body: bytes, signature: str, secrets: list[str], why: str) -> None:
    """The bytes that are packed are signed with a client token, HMAC-SHA512 as base64."""
    assert RBM.hook is not None
    assert RBM.hook.verify is not None
    assert why == RBM.hook.verify(_request(body, signature), secrets, b"")


def test_the_handshake() -> None:
    """A known client token is answered with the secret as plain text, an unknown one refused, all else is a delivery."""
    assert RBM.hook is not None
    asked = b'{"clientToken":"t1","secret":"123"}'

    assert Answer(b"123", "text/plain; charset=utf-8") == RBM.hook.handshake(_request(asked), ["t0", "t1"])
    assert 403 == getattr(RBM.hook.handshake(_request(asked), ["t0"]), "status", None)
    assert 403 == getattr(RBM.hook.handshake(_request(asked), []), "status", None)
    assert None is RBM.hook.handshake(_request(BODY), ["t1"])


def test_a_notice_that_comes_twice_is_one() -> None:
    """Typing is about no message, so the id of the event itself tells whether it came again."""
    first, again, next_one = (
        _only(read({"senderPhoneNumber": "+1", "eventType": "IS_TYPING", "eventId": given}, CONTEXT))
        for given in ("E1", "E1", "E2")
    )

    assert first.event_id == again.event_id != next_one.event_id
    assert first.repeats
