"""Botmetrics: what its SDKs track, with the names that its dashboards count."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.dialects.botmetrics import BOTMETRICS, route, split_event
from app.core.dialects.botmetrics_zones import zone_of
from app.core.events import BotEvent, is_activity
from app.core.outcome import Outcome, Reason
from app.core.platforms.context import Context

AT = 1_700_000_000_000


def _read(body: Any, platform: str = "facebook", type: str = "event") -> Outcome:
    context = Context("bot", AT + 1000, "botmetrics", platform, type)

    return BOTMETRICS.read(json.dumps(body).encode(), context)


def _event(body: Any, platform: str = "facebook", type: str = "event") -> BotEvent:
    outcome = _read(body, platform, type)
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


def _page(**parts: Any) -> dict[str, Any]:
    item = {"sender": {"id": "U"}, "recipient": {"id": "P"}, "timestamp": AT} | parts

    return {"object": "page", "entry": [{"id": "P", "time": AT, "messaging": [item]}]}


def _attached(type: str) -> dict[str, Any]:
    return {"message": {"mid": "m", "attachments": [{"type": type, "payload": {"url": "http://x"}}]}}


@pytest.mark.parametrize(
    ("expected", "direction", "parts"),
    [
        pytest.param("message", "in", {"message": {"mid": "m", "text": "hi"}}, id="text"),
        pytest.param("message", "in", {"message": {"mid": "m", "text": "hi", "quick_reply": {"payload": "Q"}}}, id="quick reply"),
        pytest.param("message", "out", {"message": {"mid": "m", "text": "hi", "is_echo": True}}, id="echo"),
        pytest.param("message", "out", {"message": _attached("image")["message"] | {"is_echo": True}}, id="echo of an image"),
        pytest.param("message:image-uploaded", "in", _attached("image"), id="image"),
        pytest.param("message:video-uploaded", "in", _attached("video"), id="video"),
        pytest.param("message:audio-uploaded", "in", _attached("audio"), id="audio"),
        pytest.param("message:file-uploaded", "in", _attached("file"), id="file"),
        pytest.param("message:location-sent", "in", _attached("location"), id="location"),
        pytest.param("message", "in", _attached("hologram"), id="new attachment"),
        pytest.param("message", "in", _attached("fallback"), id="fallback"),
        pytest.param("messaging_postbacks", "in", {"postback": {"title": "T", "payload": "P"}}, id="postback"),
        pytest.param("messaging_optins", "none", {"optin": {"ref": "R"}}, id="optin"),
        pytest.param("account_linking", "none", {"account_linking": {"status": "linked"}}, id="account linking"),
        pytest.param("messaging_referrals", "none", {"referral": {"ref": "R"}}, id="referral"),
        pytest.param(None, "none", {"read": {"watermark": 1}}, id="read"),
        pytest.param(None, "none", {"delivery": {"watermark": 1}}, id="delivery"),
    ],
)  # fmt: skip
def test_names_of_messenger(expected: str | None, direction: str, parts: dict[str, Any]) -> None:
    """Each event of Messenger has the name under which Botmetrics counted it."""
    event = _event(_page(**parts))

    assert (expected, direction) == (event.attributes.get("botmetrics_type"), event.direction)
    assert ("U" if not parts.get("message", {}).get("is_echo") else "P") == event.user_id


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"postback": {"payload": "P", "referral": {"ref": "R"}}}, id="postback"),
        pytest.param({"referral": {"ref": "R"}}, id="referral"),
    ],
)
def test_where_users_came_from(parts: dict[str, Any]) -> None:
    """The reference of a referral is kept on the user."""
    assert {"ref": "R"} == _event(_page(**parts)).user_attributes


def test_messages_without_seq() -> None:
    """Messenger stopped sending `seq`; its messages count all the same, and once."""
    one, again = (
        _event(_page(message={"mid": "m", "text": "x"})),
        _event(_page(message={"mid": "m", "text": "x", "seq": 3})),
    )

    assert one.repeats
    assert one.event_id == again.event_id


KIK = {
    "id": "k",
    "type": "text",
    "from": "ada",
    "participants": ["ada"],
    "chatId": "c",
    "body": "hi",
    "timestamp": AT,
}


@pytest.mark.parametrize(
    ("expected", "type"),
    [
        ("message", "text"),
        ("message:image-uploaded", "picture"),
        ("message:video-uploaded", "video"),
        ("message:link-uploaded", "link"),
        ("message:sticker-uploaded", "sticker"),
        ("message:scanned-data", "scan-data"),
        ("message:friend-picker-chosen", "friend-picker"),
        ("message:start-chatting", "start-chatting"),
        ("message:is-typing", "is-typing"),
        ("message", "hologram"),
        (None, "read-receipt"),
        (None, "delivery-receipt"),
    ],
)
def test_names_of_kik(expected: str | None, type: str) -> None:
    """Each type of Kik has the name under which Botmetrics counted it."""
    event = _event(KIK | {"type": type}, "kik")

    assert (expected, "ada") == (event.attributes.get("botmetrics_type"), event.user_id)


def test_what_a_kik_bot_sends() -> None:
    """The middleware reports it as from the bot; the user is who takes part, so the bot is never one."""
    event = _event(KIK | {"from": "pizzabot"}, "kik")

    assert ("out", "ada", "message", "k") == (
        event.direction,
        event.user_id,
        event.attributes["botmetrics_type"],
        event.message_id,
    )


def test_slack_knows_only_messages() -> None:
    """Of Slack everything said is a `message`."""
    envelope = {"type": "event_callback", "team_id": "T", "event": {"type": "message", "channel": "D1", "user": "U", "text": "hi", "ts": "1700000000.000100"}}  # fmt: skip

    assert "message" == _event(envelope, "slack").attributes["botmetrics_type"]


def test_a_click() -> None:
    """Following a link is the user's own doing: it makes the user active."""
    event = _event({"user": "U", "slug": "s", "url": "https://x", "at": AT}, type="click")

    assert ("followed-link", "U", AT) == (event.event_name, event.user_id, event.at)
    assert {"botmetrics_type": "followed-link", "url": "https://x", "slug": "s"} == event.attributes
    assert is_activity(event)
    assert not event.repeats


def test_an_installation() -> None:
    """An installation has nobody, its own time, and happens once however often it is told."""
    one = _event({"id": 7, "uid": "B", "created_at": 1_600_000_000}, type="instance")
    again = _event({"id": 7}, type="instance")

    assert ("", 1_600_000_000_000, True) == (one.user_id, one.at, one.repeats)
    assert {"botmetrics_type": "bot-installed", "instance": "7", "uid": "B"} == one.attributes
    assert one.event_id == again.event_id != _event({"id": 8}, type="instance").event_id


def test_a_user() -> None:
    """A profile is no activity."""
    event = _event({"user": "U", "timezone": "Europe/Rome"}, type="user")

    assert ("profile", "U", {"timezone": "Europe/Rome"}) == (event.kind, event.user_id, event.user_attributes)
    assert not is_activity(event)


@pytest.mark.parametrize(
    ("expected", "event", "platform"),
    [
        pytest.param(("facebook", [b'{"entry":[1]}']), b'{"entry":[1]}', "facebook", id="Messenger"),
        pytest.param(
            ("facebook", [b'{"entry":[1]}']), b'{"entry":[1]}', "generic", id="Messenger by its shape"
        ),
        pytest.param(("kik", [b'{"a":1}', b"2"]), b'[{"a":1},2]', "kik", id="Kik"),
        pytest.param(("kik", [b'{"a":1}']), b'[{"a":1}]', "generic", id="Kik by its shape"),
        pytest.param(("slack", [b'{"type":"x"}']), b'{"type":"x"}', "slack", id="another platform"),
        pytest.param(("telegram", [b"{}"]), b"[{}]", "telegram", id="several of another platform"),
        pytest.param("Invalid Facebook Event Data", b"[]", "facebook", id="an array for Messenger"),
        pytest.param("Invalid Facebook Event Data", b'{"entry":""}', "facebook", id="blank"),
        pytest.param("Invalid Kik Event Data", b"{}", "kik", id="an object for Kik"),
        pytest.param("Event parameter is not valid JSON", b"{", "facebook", id="cut"),
        pytest.param("Event parameter is not valid JSON", b"[1", "kik", id="cut array"),
        pytest.param("Event parameter is not valid JSON", b"", "slack", id="empty"),
        pytest.param("Event parameter is not valid JSON", b"\xff", "slack", id="no UTF-8"),
        pytest.param("Event parameter is not valid JSON", b"[" * 9999, "kik", id="deep"),
    ],
)
def test_split(expected: object, event: bytes, platform: str) -> None:
    """What is tracked is cut into items, or refused in Botmetrics' words."""
    assert expected == split_event(event, platform)


@pytest.mark.parametrize(
    ("reason", "body", "platform", "type"),
    [
        pytest.param(Reason.UNKNOWN_PLATFORM, {"a": 1}, "smoke", "event", id="platform"),
        pytest.param(Reason.BAD_VALUE, {"a": 1}, "facebook", "nonsense", id="type"),
        pytest.param(Reason.NOT_AN_OBJECT, 3, "facebook", "event", id="no object"),
        pytest.param(Reason.WRONG_TYPE, {"entry": 3}, "facebook", "event", id="no entries"),
    ],
)
def test_refusals(reason: Reason, body: Any, platform: str, type: str) -> None:
    """What cannot be read says why."""
    assert [reason] == [one.reason for one in _read(body, platform, type).rejections]


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        pytest.param(("", "event"), "/bots/pizza/events", id="events"),
        pytest.param(("", "event"), "/bots/pizza/events/", id="slash"),
        pytest.param(("", "instance"), "/bots/pizza/instances", id="instances"),
        pytest.param(("", "user"), "/bots/pizza/users/U", id="users"),
        pytest.param(None, "/bots/pizza/messages", id="nothing is read of messages"),
        pytest.param(None, "/bots/pizza", id="a page"),
        pytest.param(None, "/v1/events", id="another way"),
    ],
)
def test_route(expected: tuple[str, str] | None, path: str) -> None:
    """The path says what a body is."""
    assert expected == route(path)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("Europe/Rome", "Europe/Rome"),
        ("Europe/Rome", "Rome"),
        ("America/Los_Angeles", "Pacific Time (US & Canada)"),
        ("", "Nowhere"),
        ("", ""),
    ],
)
def test_zones(expected: str, name: str) -> None:
    """Zones go by their IANA names; Rails' are turned into these."""
    assert expected == zone_of(name)


@given(st.dictionaries(st.sampled_from(["entry", "messaging", "event", "from", "type", "user", "id", "participants"]), st.none() | st.integers() | st.text() | st.lists(st.integers() | st.text())), st.sampled_from(["facebook", "kik", "slack", "generic"]), st.sampled_from(["event", "instance", "user", "click"]))  # fmt: skip
def test_nothing_fails(body: dict[str, Any], platform: str, type: str) -> None:
    """Whatever JSON comes, it gives events or says why not."""
    outcome = _read(body, platform, type)

    assert outcome.events or outcome.rejections or "entry" in body
