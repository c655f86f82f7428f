"""Viber: webhook bodies, what bots send, the signature."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE, signature
from app.core.platforms.viber import VIBER, read
from app.core.redact import clean
from tests.core.platforms.asking import asked

AT = 1_457_764_197_627
TOKEN = 4_912_661_846_655_238_145


def _read(body: dict[str, Any]) -> Outcome:
    return read(body, Context("bot", AT + 1, "webhook", "viber"))


def _one(**body: Any) -> BotEvent:
    (event,) = _read({"timestamp": AT, "message_token": TOKEN} | body).events

    return event


@pytest.mark.parametrize(
    ("message", "kind", "text", "attributes"),
    [
        pytest.param({"type": "text", "text": "Hi", "tracking_data": "T"}, "text", "Hi", {"tracking_data": "T"}, id="text"),
        pytest.param({"type": "picture", "text": "cat", "media": "http://i"}, "image", "cat", {"attachments": '[{"type":"picture","url":"http://i"}]'}, id="picture"),
        pytest.param({"type": "url", "media": "http://x"}, "link", "", {"attachments": '[{"type":"url","url":"http://x"}]'}, id="url"),
        pytest.param({"type": "location", "location": {"lat": 1.5, "lon": 2}}, "location", "", {"latitude": "1.5", "longitude": "2"}, id="location"),
        pytest.param({"type": "sticker", "sticker_id": 5}, "sticker", "", {"sticker_id": "5"}, id="sticker"),
        pytest.param({"type": "hologram"}, "unknown", "", {"type": "hologram"}, id="new"),
    ],
)  # fmt: skip
def test_messages(message: dict[str, Any], kind: str, text: str, attributes: dict[str, str]) -> None:
    """A message has the kind of its type and an id beyond what floats can hold."""
    event = _one(event="message", sender={"id": "u=="}, message=message)

    assert (kind, text, "in", "u==", str(TOKEN)) == (
        event.kind, event.text, event.direction, event.user_id, event.message_id,
    )  # fmt: skip
    assert attributes == event.attributes


@pytest.mark.parametrize(
    ("name", "kind", "message_id"),
    [
        pytest.param("subscribed", "subscribe", "", id="subscribed"),
        pytest.param("unsubscribed", "unsubscribe", "", id="unsubscribed"),
        pytest.param("conversation_started", "session_start", "", id="started"),
        pytest.param("delivered", "delivery", str(TOKEN), id="delivered"),
        pytest.param("seen", "read", str(TOKEN), id="seen"),
        pytest.param("failed", "failure", str(TOKEN), id="failed"),
        pytest.param("webhook", "control", "", id="handshake"),
        pytest.param("brand_new", "unknown", "", id="new"),
    ],
)
def test_signals(name: str, kind: str, message_id: str) -> None:
    """Receipts name the message that they are about; all are known again when they come twice."""
    event = _one(event=name, user_id="u==")

    assert (kind, "none", "u==", message_id, True) == (
        event.kind, event.direction, event.user_id, event.message_id, event.repeats,
    )  # fmt: skip


def test_profile() -> None:
    """What Viber tells of the user is kept, the language as locale."""
    event = _one(event="subscribed", user={"id": "u", "name": "Ada", "language": "en", "country": "GB"})

    assert ({"name": "Ada", "language": "en", "country": "GB"}, "en") == (event.user_attributes, event.locale)


@pytest.mark.parametrize(
    ("body", "users"),
    [
        pytest.param({"receiver": "a"}, ["a"], id="send call"),
        pytest.param({"receiver": {"id": "a", "name": "Ada"}}, ["a"], id="as SDKs report it"),
        pytest.param({"broadcast_list": ["a", "b"]}, ["a", "b"], id="broadcast"),
    ],
)
def test_what_is_sent(body: dict[str, Any], users: list[str]) -> None:
    """What has a receiver was sent by the bot."""
    sent = {"type": "text", "text": "Hi", "sender": {"name": "Bot"}, "message_token": TOKEN}
    events = _read(sent | body).events

    assert [("out", user, "Hi", str(TOKEN)) for user in users] == [
        (event.direction, event.user_id, event.text, event.message_id) for event in events
    ]


def test_incoming_as_sdks_report_it() -> None:
    """Without an event's name, a message from a sender came in."""
    event = _one(sender={"id": "u"}, message={"type": "text", "text": "Hi"}, text="Hi")

    assert ("in", "u", "Hi") == (event.direction, event.user_id, event.text)


def test_refusal() -> None:
    """What is neither is refused."""
    assert [Reason.UNKNOWN_SHAPE] == [one.reason for one in _read({"timestamp": AT}).rejections]


def test_auth_tokens_are_cut_out() -> None:
    """The bot's token, which SDKs send along, is gone before anything is kept."""
    assert b'{"message":{}}' == clean("webhook", "viber", b'{"message":{"auth_token":"T"}}')[0]


@pytest.mark.parametrize(
    ("secrets", "given", "expected"),
    [
        pytest.param(["new", "old"], signature("old", b"{}"), "", id="one of two"),
        pytest.param(["s"], signature("s", b"{ }"), WRONG_SIGNATURE, id="tampered body"),
        pytest.param(["s"], "", NO_SIGNATURE, id="missing"),
        pytest.param([], signature("s", b"{}"), NOT_SET, id="no secret"),
    ],
)
def test_signature(secrets: list[str], given: str, expected: str) -> None:
    """The raw body is signed with the bot's token, in hexadecimal."""
    assert VIBER.hook is not None
    assert VIBER.hook.verify is not None

    assert expected == VIBER.hook.verify(asked(b"{}", x_viber_content_signature=given), secrets, b"")


def test_nothing_is_answered() -> None:
    """What is answered to a started conversation would be shown to the user."""
    assert VIBER.hook is not None
    assert VIBER.hook.answer.body == b""
