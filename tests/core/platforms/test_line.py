"""LINE: webhook bodies, what bots send, the signature."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.links import channel_link
from app.core.outcome import Outcome, Reason
from app.core.platforms import PLATFORMS
from app.core.platforms.context import Context
from app.core.platforms.line import LINE, read
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE, signature
from app.core.redact import clean
from tests.core.platforms.asking import asked

AT = 1_462_629_479_859
USER = "Uada"
GROUP = {"type": "group", "groupId": "Cg", "userId": USER}


def _read(body: dict[str, Any], **context: Any) -> Outcome:
    return read(body, Context("bot", AT + 1, "webhook", "line", **context))


def _event(**parts: Any) -> BotEvent:
    event = {"timestamp": AT, "source": {"type": "user", "userId": USER}} | parts
    (found,) = _read({"destination": "Ub", "events": [event]}).events

    return found


@pytest.mark.parametrize(
    ("event", "kind", "side", "attributes"),
    [
        pytest.param({"type": "message", "message": {"id": "1", "type": "image", "contentProvider": {"originalContentUrl": "http://i"}}}, "image", "in", {"attachments": '[{"type":"image","url":"http://i"}]'}, id="image"),
        pytest.param({"type": "message", "message": {"id": "1", "type": "hologram"}}, "unknown", "in", {}, id="new message"),
        pytest.param({"type": "messageEdited", "message": {"id": "1", "type": "text", "text": "x"}}, "edit", "in", {}, id="edit"),
        pytest.param({"type": "postback", "postback": {"data": "D", "params": {"date": "2004-05-27"}}}, "postback", "in", {"payload": "D", "params.date": "2004-05-27"}, id="postback"),
        pytest.param({"type": "unsend", "unsend": {"messageId": "1"}}, "delete", "none", {}, id="unsend"),
        pytest.param({"type": "follow", "mode": "standby"}, "subscribe", "none", {"standby": "true"}, id="follow"),
        pytest.param({"type": "accountLink", "link": {"result": "ok", "nonce": "s3cr3t"}}, "account_link", "none", {"result": "ok"}, id="account link"),
        pytest.param({"type": "memberLeft", "left": {"members": [{"userId": "Ux"}]}}, "leave", "none", {"members": '["Ux"]'}, id="member left"),
        pytest.param({"type": "brandNew"}, "unknown", "none", {"type": "brandNew"}, id="new event"),
    ],
)  # fmt: skip
def test_kinds(event: dict[str, Any], kind: str, side: str, attributes: dict[str, str]) -> None:
    """What an event is follows from its type, and what belongs to it is kept."""
    found = _event(**event)

    assert (kind, side, USER, AT) == (found.kind, found.direction, found.user_id, found.at)
    assert attributes == found.attributes


def test_a_group_without_a_sender_is_nobody() -> None:
    """The id of a group is the conversation's, never a user's."""
    event = _event(
        type="message", source={"type": "room", "roomId": "Rr"}, message={"id": "1", "type": "text"}
    )

    assert ("", "Rr") == (event.user_id, event.conversation_id)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param({"deliveryContext": {"isRedelivery": True}}, True, id="delivered again"),
        pytest.param({"webhookEventId": "W2"}, False, id="another event"),
        pytest.param({"postback": {"data": "E"}}, False, id="another button"),
    ],
)
def test_repeats(other: dict[str, Any], same: bool) -> None:
    """A postback has no message id: its event's id tells whether it came again."""
    press = {"type": "postback", "webhookEventId": "W1", "postback": {"data": "D"}}
    first, second = _event(**press), _event(**(press | other))

    assert (same, True) == (first.event_id == second.event_id, first.repeats)


def test_what_is_sent() -> None:
    """A push is one outgoing message to its recipient for each of its messages."""
    messages = [{"type": "text", "text": "Hi"}, {"type": "flex", "altText": "Menu"}]
    events = _read({"to": USER, "timestamp": AT, "messages": messages}).events

    assert [("text", "out", USER, "Hi", AT), ("template", "out", USER, "Menu", AT)] == [
        (event.kind, event.direction, event.user_id, event.text, event.at) for event in events
    ]


def test_multicast_reaches_each_recipient() -> None:
    """A list of recipients is a message to each."""
    events = _read({"to": ["Ua", "Ub"], "messages": [{"type": "text", "text": "x"}]}).events

    assert ["Ua", "Ub"] == [event.user_id for event in events]


def test_the_answer_gives_the_ids() -> None:
    """A call reported with its answer has the ids of the messages that were sent."""
    call = {"to": USER, "messages": [{"type": "text", "text": "x"}]}
    (event,) = _read({"request": call, "response": {"sentMessages": [{"id": "77"}]}}).events

    assert event.message_id == "77"


def test_who_wrote_in_a_group_is_learnt() -> None:
    """A message in a group tells who is there."""
    message = {"type": "message", "source": GROUP, "message": {"id": "1", "type": "text"}}

    assert {channel_link("line", "Cg"): USER} == _read({"events": [message]}).learned


def test_what_is_sent_into_a_group_goes_to_who_wrote_last() -> None:
    """The user of a push into a group is the linked one; the wish is noted."""
    link = channel_link("line", "Cg")
    outcome = _read({"to": "Cg", "messages": [{"type": "text", "text": "x"}]}, links={link: USER})

    assert ([USER], [link]) == ([event.user_id for event in outcome.events], outcome.wanted)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        pytest.param({"x": 1}, "", id="neither"),
        pytest.param({"events": [5]}, "events[0]", id="no object"),
        pytest.param({"to": USER, "messages": ["x"]}, "messages[0]", id="no message"),
    ],
)
def test_refusals(body: dict[str, Any], path: str) -> None:
    """What is no event or message is refused by place."""
    assert [(Reason.UNKNOWN_SHAPE, path)] == [(one.reason, one.path) for one in _read(body).rejections]


def test_tokens_are_cut_out() -> None:
    """Reply tokens and nonces are gone before anything is kept."""
    item = b'{"events":[{"type":"accountLink","replyToken":"R","link":{"result":"ok","nonce":"N"}}]}'
    expected = b'{"events":[{"type":"accountLink","link":{"result":"ok"}}]}'

    assert expected == clean("webhook", "line", item)[0]


def test_reported_by_sdks() -> None:
    """SDKs report LINE as a generic body."""
    assert PLATFORMS["line"].reported is PLATFORMS["generic"].read


@pytest.mark.parametrize(
    ("secrets", "given", "expected"),
    [
        pytest.param(["new", "old"], signature("old", b"{}", encoding="base64"), "", id="one of two"),
        pytest.param(["s"], signature("s", b"{ }", encoding="base64"), WRONG_SIGNATURE, id="tampered body"),
        pytest.param(["s"], signature("t", b"{}", encoding="base64"), WRONG_SIGNATURE, id="wrong secret"),
        pytest.param(["s"], signature("s", b"{}"), WRONG_SIGNATURE, id="wrong encoding"),
        pytest.param(["s"], "", NO_SIGNATURE, id="missing"),
        pytest.param([], signature("s", b"{}", encoding="base64"), NOT_SET, id="no secret"),
    ],
)
def test_signature(secrets: list[str], given: str, expected: str) -> None:
    """The raw body is signed with any of the channel's active secrets, in base64."""
    assert LINE.hook is not None
    assert LINE.hook.verify is not None

    assert expected == LINE.hook.verify(asked(b"{}", x_line_signature=given), secrets, b"")
