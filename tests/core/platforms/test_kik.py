"""Kik: messages of both sides, broadcasts, what SDKs report, and its signature."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.core.events import BotEvent
from app.core.outcome import Reason
from app.core.platforms.context import Context
from app.core.platforms.kik import KIK, read_kik, read_reported
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE, signature
from app.core.redact import clean
from tests.core.platforms.asking import asked

AT = 1_085_659_200_123
CONTEXT = Context("bot", AT + 1000, "webhook", "kik")
BODY = b'{"messages":[]}'


def _message(**parts: Any) -> dict[str, Any]:
    return {"type": "text", "id": "m", "chatId": "C", "from": "ada", "timestamp": AT, "body": "hi"} | parts


def _sent(**parts: Any) -> dict[str, Any]:
    return {"type": "text", "id": "m", "to": "ada", "body": "yo"} | parts


def _events(*messages: dict[str, Any]) -> list[BotEvent]:
    outcome = read_kik({"messages": list(messages)}, CONTEXT)
    assert outcome.rejections == []

    return outcome.events


def _reported(side: Any, body: dict[str, Any], **links: str) -> BotEvent:
    context = msgspec.structs.replace(CONTEXT, dialect="dashbot", side=side, links=links)
    (event,) = read_reported(body, context).events

    return event


@pytest.mark.parametrize("timestamp", [AT, AT / 1000, str(AT)])
def test_times(timestamp: object) -> None:
    """Milliseconds as Kik sends them, or seconds as some samples show."""
    assert AT == _events(_message(timestamp=timestamp))[0].at


def test_both_sides() -> None:
    """A message with `to` is the bot's, and its user the recipient."""
    found = [(event.direction, event.user_id, event.text) for event in _events(_message(), _sent())]

    assert [("in", "ada", "hi"), ("out", "ada", "yo")] == found


def test_broadcast() -> None:
    """A broadcast reuses one id for all its recipients: it is a message to each."""
    one, other = _events(_sent(), _sent(to="bob"))

    assert one.event_id != other.event_id
    assert ("m", "m") == (one.message_id, other.message_id)


@pytest.mark.parametrize(
    ("parts", "kind", "text"),
    [
        pytest.param({"type": "link", "body": None, "title": "T", "url": "http://l"}, "link", "T", id="link"),
        pytest.param({"type": "picture", "body": None, "picUrl": "http://p"}, "image", "", id="picture"),
        pytest.param({"type": "scan-data", "body": None, "data": "d"}, "referral", "", id="code"),
        pytest.param({"type": "hologram", "body": None}, "unknown", "", id="new"),
    ],
)
def test_kinds(parts: dict[str, Any], kind: str, text: str) -> None:
    """The type names the kind."""
    (event,) = _events(_message(**parts))

    assert (kind, text) == (event.kind, event.text)


def test_attributes() -> None:
    """Addresses, offered answers and what rides along are kept."""
    (event,) = _events(
        _sent(
            type="picture",
            picUrl="http://p",
            metadata={"m": 1},
            keyboards=[{"responses": [{"type": "text", "body": "Yes"}, {"body": "No"}]}, 5],
        )
    )
    expected = {
        "attachments": '[{"type":"picture","url":"http://p"}]',
        "buttons": '["Yes","No"]',
        "payload.m": "1",
    }

    assert expected == event.attributes


def test_reported() -> None:
    """An SDK wraps each message and puts what it adds beside it."""
    body = {"apiKey": "k", "username": "b", "message": _message(), "intent": {"name": "greet"}, "metadata": 5}
    event = _reported("in", body)

    assert ("ada", "in", "hi", "m", "greet") == (
        event.user_id,
        event.direction,
        event.text,
        event.message_id,
        event.intent,
    )
    assert {"metadata": "5"} == event.attributes


def test_reported_answer_into_a_chat() -> None:
    """An answer that names only the chat goes to who spoke there last."""
    told = read_kik({"messages": [_message()]}, CONTEXT).learned
    body = {"message": {"type": "text", "body": "yo", "chatId": "C"}}

    assert ("out", "ada") == (
        _reported("out", body, **told).direction,
        _reported("out", body, **told).user_id,
    )
    assert "" == _reported("out", body).user_id


def test_a_bad_message_costs_itself() -> None:
    """What is no message is refused by its place."""
    outcome = read_kik({"messages": [5, _message()]}, CONTEXT)

    assert (1, ["messages[0]"]) == (len(outcome.events), [one.path for one in outcome.rejections])


@pytest.mark.parametrize("body", [{}, {"messages": {}}, {"message": 5}])
def test_refusals(body: dict[str, Any]) -> None:
    """Without messages there is nothing to read."""
    (refused,) = read_reported(body, CONTEXT).rejections

    assert (Reason.UNKNOWN_SHAPE, "messages") == (refused.reason, refused.path)


def test_secrets() -> None:
    """The key of Kik's interface is cut out."""
    item, removed = clean("webhook", "kik", b'{"apiKey":"s3cr3t","message":{}}')

    assert (b'{"message":{}}', ["apiKey"]) == (item, removed)


@pytest.mark.parametrize(
    ("secrets", "given", "refused"),
    [
        pytest.param(["key"], signature("key", BODY, "sha1").upper(), "", id="genuine"),
        pytest.param(["new", "key"], signature("key", BODY, "sha1").upper(), "", id="one of two"),
        pytest.param(["key"], signature("key", BODY, "sha1"), "", id="in lower case"),
        pytest.param(["other"], signature("key", BODY, "sha1"), WRONG_SIGNATURE, id="wrong key"),
        pytest.param(["key"], signature("key", BODY + b" ", "sha1"), WRONG_SIGNATURE, id="tampered"),
        pytest.param(["key"], "", NO_SIGNATURE, id="missing"),
        pytest.param([], signature("", BODY, "sha1"), NOT_SET, id="no key"),
    ],
)
def test_signatures(secrets: list[str], given: str, refused: str) -> None:
    """Kik signs the body with the bot's key."""
    assert KIK.hook is not None
    assert KIK.hook.verify is not None

    assert refused == KIK.hook.verify(asked(BODY, x_kik_signature=given), secrets, b"")
