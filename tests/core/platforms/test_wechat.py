"""WeChat: messages and events as XML, and what accounts send."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.normalise import read_item
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.context import Context
from app.core.platforms.wechat import WECHAT, read

AT_S = 1_348_831_860
USER, BOT = "oUser", "gh_bot"


def _read(body: dict[str, Any], **context: Any) -> Outcome:
    return read(body, Context("bot", AT_S * 1000 + 1, "webhook", "wechat", **context))


def _one(side: Any = "none", **body: Any) -> BotEvent:
    envelope = {"ToUserName": BOT, "FromUserName": USER, "CreateTime": str(AT_S)}
    (event,) = _read(envelope | body, side=side).events

    return event


def test_from_xml() -> None:
    """The elements of the XML are read as members; seconds become milliseconds."""
    assert WECHAT.hook is not None
    xml = b"<xml><FromUserName><![CDATA[oUser]]></FromUserName><CreateTime>1348831860</CreateTime><MsgType>text</MsgType><Content>a &lt; b</Content><MsgId>7</MsgId></xml>"
    item = WECHAT.hook.unpack(xml)
    assert isinstance(item, bytes)
    (event,) = read_item(item, Context("bot", AT_S * 1000 + 1, "webhook", "wechat")).events

    assert ("text", "in", USER, "a < b", AT_S * 1000, "7") == (
        event.kind, event.direction, event.user_id, event.text, event.at, event.message_id,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("message", "kind", "text", "attributes"),
    [
        pytest.param({"MsgType": "image", "PicUrl": "http://i", "MediaId": "M"}, "image", "", {"media_id": "M", "attachments": '[{"type":"image","url":"http://i"}]'}, id="image"),
        pytest.param({"MsgType": "voice", "MediaId": "M", "Recognition": "hello"}, "audio", "hello", {"media_id": "M"}, id="speech understood"),
        pytest.param({"MsgType": "shortvideo"}, "video", "", {}, id="short video"),
        pytest.param({"MsgType": "location", "Location_X": "1.5", "Location_Y": "2", "Label": "L"}, "location", "", {"label": "L", "latitude": "1.5", "longitude": "2"}, id="location"),
        pytest.param({"MsgType": "text", "Content": "yes", "bizmsgmenuid": "101"}, "text", "yes", {"payload": "101"}, id="chosen from a menu"),
        pytest.param({"MsgType": "hologram"}, "unknown", "", {"type": "hologram"}, id="new"),
    ],
)  # fmt: skip
def test_messages(message: dict[str, Any], kind: str, text: str, attributes: dict[str, str]) -> None:
    """A message has the kind of its type; a type nobody knows came in nevertheless."""
    event = _one(MsgId="7", **message)

    assert (kind, "in", USER, text, attributes) == (
        event.kind, event.direction, event.user_id, event.text, event.attributes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind", "side"),
    [
        pytest.param("subscribe", "subscribe", "none", id="subscribe"),
        pytest.param("unsubscribe", "unsubscribe", "none", id="unsubscribe"),
        pytest.param("SCAN", "referral", "none", id="scan"),
        pytest.param("LOCATION", "location", "none", id="location"),
        pytest.param("CLICK", "postback", "in", id="click"),
        pytest.param("VIEW", "link", "none", id="view"),
        pytest.param("brand_new", "system", "none", id="new"),
    ],
)
def test_events(name: str, kind: str, side: str) -> None:
    """Of the events only a pressed menu button is said to the bot."""
    event = _one(MsgType="event", Event=name, EventKey="K")

    assert (kind, side, USER, "K") == (
        event.kind,
        event.direction,
        event.user_id,
        event.attributes["event_key"],
    )


def test_events_are_known_again() -> None:
    """An event has no id; user, time, name and key tell whether it came twice."""
    press = {"MsgType": "event", "Event": "CLICK", "EventKey": "K"}
    first, again, other = _one(**press), _one(**press), _one(**(press | {"EventKey": "L"}))

    assert (True, True, False) == (
        first.repeats,
        first.event_id == again.event_id,
        first.event_id == other.event_id,
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"Event": "TEMPLATESENDJOBFINISH", "MsgID": "9", "Status": "success"}, id="template"),
        pytest.param({"Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": {"MsgID": "9"}}}, id="subscription"),
        pytest.param({"Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": [{"MsgID": "9"}, {"MsgID": "8"}]}}, id="several"),
    ],
)  # fmt: skip
def test_receipts_name_their_message(body: dict[str, Any]) -> None:
    """What became of a message that was sent names that message."""
    assert _one(MsgType="event", **body).message_id == "9"


def test_replies_are_outgoing_if_the_caller_says_so() -> None:
    """A passive reply looks like a message: who reports it says that the bot wrote it to `ToUserName`."""
    event = _one("out", FromUserName=BOT, ToUserName=USER, MsgType="text", Content="Hi")

    assert ("out", USER, "Hi") == (event.direction, event.user_id, event.text)


@pytest.mark.parametrize(
    ("body", "kind", "text", "users"),
    [
        pytest.param({"touser": USER, "msgtype": "text", "text": {"content": "Hi"}}, "text", "Hi", [USER], id="text"),
        pytest.param({"touser": USER, "msgtype": "news", "news": {"articles": [{"title": "A"}, {"title": "B"}]}}, "template", "A\nB", [USER], id="news"),
        pytest.param({"touser": ["a", "b"], "msgtype": "image", "image": {"media_id": "M"}}, "image", "", ["a", "b"], id="to several"),
    ],
)  # fmt: skip
def test_custom_messages(body: dict[str, Any], kind: str, text: str, users: list[str]) -> None:
    """What an account sends by the customer-service interface is outgoing to each recipient."""
    events = _read(body).events

    assert [(kind, "out", user, text) for user in users] == [
        (event.kind, event.direction, event.user_id, event.text) for event in events
    ]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        pytest.param({"ToUserName": BOT, "Encrypt": "x"}, "Encrypt", id="encrypted"),
        pytest.param({"x": 1}, "", id="neither"),
    ],
)
def test_refusals(body: dict[str, Any], path: str) -> None:
    """What cannot be read says why."""
    assert [(Reason.UNKNOWN_SHAPE, path)] == [(one.reason, one.path) for one in _read(body).rejections]


def test_no_xml() -> None:
    """What is no XML, or XML that attacks its reader, is refused."""
    assert WECHAT.hook is not None
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a><d>&b;</d></a>'

    assert isinstance(WECHAT.hook.unpack(bomb), Rejection)
    assert isinstance(WECHAT.hook.unpack(b"<xml>"), Rejection)
    assert isinstance(WECHAT.hook.unpack(b'<?xml version="1.0" encoding="nonsense"?><a/>'), Rejection)


def test_xml_that_is_nested_too_deep() -> None:
    """Elements within elements without end are refused with the reason, not with a stack trace."""
    assert WECHAT.hook is not None
    refused = WECHAT.hook.unpack(b"<a>" * 5000 + b"</a>" * 5000)
    taken = WECHAT.hook.unpack(b"<a>" * 100 + b"x" + b"</a>" * 100)

    assert isinstance(refused, Rejection)
    assert Reason.TOO_DEEP == refused.reason
    assert isinstance(taken, bytes)
