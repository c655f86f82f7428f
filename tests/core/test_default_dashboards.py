"""The dashboards that a bot begins with: which there are, and what they count of what platforms really send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.core.commands.bots import change_bot
from app.core.default_dashboards import default_dashboards, missing_dashboards
from app.core.events import Direction
from app.core.normalise import read_item
from app.core.platforms import PLATFORMS
from app.core.platforms.context import Context
from app.core.registry import Bot, Change, Dashboard, State, fold_all, record_of
from app.core.rules.evaluation import matches
from app.core.rules.reading import check_rule

AT = 1_700_000_000_000
SLACK = "bots-installed followed-link bots-uninstalled new-users messages messages-to-bot messages-from-bot"
FACEBOOK = (
    "new-users followed-link messages-to-bot messages-from-bot user-actions image-uploaded audio-uploaded video-uploaded "
    "file-uploaded location-sent"
)
KIK = (
    "new-users followed-link messages-to-bot messages-from-bot image-uploaded video-uploaded link-uploaded scanned-data "
    "sticker-uploaded friend-picker-chosen"
)


def _types(platform: str, *more: str) -> list[str]:
    return [one.default for one in default_dashboards(Bot("b", "B", platform, AT, more_platforms=more))]


def _hits(
    platform: str, body: Any, way: str = "webhook", type: str = "", side: Direction = "none"
) -> list[str]:
    """Return the types of the dashboards that count something in *body*, in their order."""
    outcome = read_item(json.dumps(body).encode(), Context("b", AT, way, platform, type, side))
    assert outcome.events
    own = default_dashboards(Bot("b", "B", platform, AT))

    return [
        one.default for one in own if one.rule and any(matches(one.rule, event) for event in outcome.events)
    ]


@pytest.mark.parametrize(
    ("expected", "platform"),
    [
        pytest.param(SLACK, "slack", id="Slack"),
        pytest.param(FACEBOOK, "facebook", id="Facebook"),
        pytest.param(FACEBOOK, "messenger", id="another name"),
        pytest.param(KIK, "kik", id="Kik"),
    ],
)
def test_botmetrics_own(expected: str, platform: str) -> None:
    """Its three providers have its dashboards in its order."""
    assert expected.split() == _types(platform)


@pytest.mark.parametrize("platform", [*PLATFORMS, "pigeon"])
def test_every_platform(platform: str) -> None:
    """Wherever a bot lives, new users and messages both ways are counted, each under one name."""
    types = _types(platform)

    assert {"new-users", "messages-to-bot", "messages-from-bot"} <= set(types)
    assert len(types) == len(set(types))


def test_several_platforms() -> None:
    """A bot of several platforms has all their dashboards, those of the first in front, none twice."""
    found = default_dashboards(Bot("b", "B", "slack", AT, more_platforms=("kik",)))

    assert SLACK.split() + [one for one in KIK.split() if one not in SLACK] == [one.default for one in found]
    assert len(found) == len({one.id for one in found}) == len({one.name.casefold() for one in found})
    assert found == sorted(found, key=lambda one: one.created_at)


def test_names() -> None:
    """They are called as Botmetrics calls them, and have ids like its own."""
    found = default_dashboards(Bot("b", "B", "slack", AT, more_platforms=("kik", "facebook")))

    assert [
        "Bots Installed", "Followed Link", "Bots Uninstalled", "New Users", "Messages", "Messages To Bot",
        "Messages From Bot", "Image Uploads", "Video Uploads", "Link Uploaded", "Scanned Data", "Sticker Uploaded",
        "Friend Picker Chosen", "User Actions", "Audio Uploads", "File Uploads", "Locations Shared",
    ] == [one.name for one in found]  # fmt: skip
    assert all(len(one.id) == 12 and set(one.id) <= set("0123456789abcdef") for one in found)
    assert {one.id for one in found}.isdisjoint(
        one.id for one in default_dashboards(Bot("c", "B", "slack", AT))
    )


def test_new_users_are_a_measure() -> None:
    """Who is new no single event tells: it is the bot's own number of new users."""
    [found] = [one for one in default_dashboards(Bot("b", "B", "line", AT)) if one.default == "new-users"]

    assert (None, "new_users") == (found.rule, found.measure)


def test_every_rule_is_sound() -> None:
    """No rule is refused that a person may write."""
    rules = [
        one.rule for one in default_dashboards(Bot("b", "B", "slack", AT, more_platforms=tuple(PLATFORMS)))
    ]

    assert 26 == sum(rule is not None for rule in rules)
    assert [None] * 26 == [check_rule(rule) for rule in rules if rule]


def _page(**parts: Any) -> dict[str, Any]:
    item = {"sender": {"id": "U"}, "recipient": {"id": "P"}, "timestamp": AT} | parts

    return {"object": "page", "entry": [{"id": "P", "time": AT, "messaging": [item]}]}


def _attached(type: str, **more: Any) -> dict[str, Any]:
    return _page(
        message={"mid": "m", "attachments": [{"type": type, "payload": {"url": "http://x"}}], **more}
    )


def _slack(**event: Any) -> dict[str, Any]:
    known = {"type": "message", "channel": "D1", "user": "U", "ts": "1700000000.000100"}

    return {"type": "event_callback", "team_id": "T", "event_id": "E", "event": known | event}


def _telegram(**message: Any) -> dict[str, Any]:
    known = {"message_id": 1, "from": {"id": 7}, "chat": {"id": 7, "type": "private"}, "date": AT // 1000}

    return {"update_id": 1, "message": known | message}


def _whatsapp(**message: Any) -> dict[str, Any]:
    value = {"messages": [{"from": "7", "id": "w", "timestamp": str(AT // 1000), **message}]}

    return {
        "object": "whatsapp_business_account",
        "entry": [{"changes": [{"field": "messages", "value": value}]}],
    }


def _line(**event: Any) -> dict[str, Any]:
    return {"events": [{"source": {"type": "user", "userId": "U"}, "timestamp": AT, **event}]}


@pytest.mark.parametrize(
    ("expected", "platform", "body"),
    [
        pytest.param("messages-to-bot", "facebook", _page(message={"mid": "m", "text": "hi"}), id="Messenger: text"),
        pytest.param("messages-from-bot", "facebook", _page(message={"mid": "m", "text": "hi", "is_echo": True}), id="Messenger: echo"),
        pytest.param("messages-to-bot user-actions", "facebook", _page(postback={"title": "T", "payload": "P"}), id="Messenger: button"),
        pytest.param("messages-to-bot", "facebook", _page(message={"mid": "m", "text": "hi", "quick_reply": {"payload": "Q"}}), id="Messenger: quick reply"),
        pytest.param("messages-to-bot image-uploaded", "facebook", _attached("image"), id="Messenger: image"),
        pytest.param("messages-to-bot image-uploaded", "facebook", _attached("image", sticker_id=3), id="Messenger: sticker"),
        pytest.param("messages-from-bot", "facebook", _attached("image", is_echo=True), id="Messenger: image of the bot"),
        pytest.param("messages-to-bot audio-uploaded", "facebook", _attached("audio"), id="Messenger: audio"),
        pytest.param("messages-to-bot video-uploaded", "facebook", _attached("video"), id="Messenger: video"),
        pytest.param("messages-to-bot file-uploaded", "facebook", _attached("file"), id="Messenger: file"),
        pytest.param("messages-to-bot location-sent", "facebook", _attached("location"), id="Messenger: location"),
        pytest.param("", "facebook", _page(read={"watermark": 1}), id="Messenger: receipt"),
        pytest.param("", "facebook", _page(referral={"ref": "R"}), id="Messenger: referral"),
        pytest.param("messages messages-to-bot", "slack", _slack(text="hi"), id="Slack: text"),
        pytest.param("messages messages-from-bot", "slack", _slack(text="hi", bot_id="B"), id="Slack: the bot"),
        pytest.param("bots-uninstalled", "slack", _slack(type="app_uninstalled"), id="Slack: removed"),
        pytest.param("", "slack", _slack(type="reaction_added", reaction="x"), id="Slack: reaction"),
        pytest.param("messages-to-bot commands-sent", "telegram", _telegram(text="/start", entities=[{"type": "bot_command", "offset": 0, "length": 6}]), id="Telegram: command"),
        pytest.param("messages-to-bot sticker-uploaded", "telegram", _telegram(sticker={"file_id": "f"}), id="Telegram: sticker"),
        pytest.param("messages-to-bot contact-shared", "telegram", _telegram(contact={"first_name": "A"}), id="Telegram: contact"),
        pytest.param("payments", "telegram", _telegram(successful_payment={"currency": "EUR", "total_amount": 500}), id="Telegram: payment"),
        pytest.param("", "telegram", {"update_id": 1, "pre_checkout_query": {"id": "q", "from": {"id": 7}, "currency": "EUR", "total_amount": 500}}, id="Telegram: before the payment"),
        pytest.param("unsubscribed", "telegram", {"update_id": 1, "my_chat_member": {"from": {"id": 7}, "chat": {"id": 7, "type": "private"}, "date": AT // 1000, "new_chat_member": {"status": "kicked"}}}, id="Telegram: blocked"),
        pytest.param("messages-to-bot quick-replies", "whatsapp", _whatsapp(type="button", button={"payload": "P", "text": "T"}), id="WhatsApp: button"),
        pytest.param("messages-to-bot file-uploaded", "whatsapp", _whatsapp(type="document", document={"id": "d"}), id="WhatsApp: document"),
        pytest.param("messages-to-bot forms-submitted", "whatsapp", _whatsapp(type="order", order={"product_items": []}), id="WhatsApp: order"),
        pytest.param("subscribed", "line", _line(type="follow"), id="LINE: follow"),
        pytest.param("messages-to-bot user-actions", "line", _line(type="postback", postback={"data": "x"}), id="LINE: button"),
        pytest.param("messages-to-bot link-uploaded", "viber", {"event": "message", "timestamp": AT, "message_token": 5, "sender": {"id": "U"}, "message": {"type": "url", "media": "http://x"}}, id="Viber: link"),
        pytest.param("scanned-data", "wechat", {"FromUserName": "U", "CreateTime": AT // 1000, "MsgType": "event", "Event": "SCAN", "EventKey": "7"}, id="WeChat: scan"),
        pytest.param("", "wechat", {"FromUserName": "U", "CreateTime": AT // 1000, "MsgType": "event", "Event": "LOCATION"}, id="WeChat: where they are"),
        pytest.param("messages-to-bot quick-replies", "twilio", {"From": "+1", "To": "+2", "MessageSid": "S", "Body": "Yes", "ButtonPayload": "yes"}, id="Twilio: button"),
        pytest.param("bots-installed", "microsoft", {"type": "installationUpdate", "action": "add", "from": {"id": "U"}, "recipient": {"id": "28:b"}, "timestamp": "2023-11-14T22:13:20Z"}, id="Teams: installed"),
        pytest.param("bots-uninstalled", "microsoft", {"type": "installationUpdate", "action": "remove", "from": {"id": "U"}, "recipient": {"id": "28:b"}, "timestamp": "2023-11-14T22:13:20Z"}, id="Teams: removed"),
        pytest.param("messages-to-bot quick-replies", "rbm", {"senderPhoneNumber": "+1", "messageId": "m", "sendTime": "2023-11-14T22:13:20Z", "suggestionResponse": {"postbackData": "x", "text": "Yes", "type": "REPLY"}}, id="RCS: reply"),
        pytest.param("messages-to-bot not-handled", "alexa", {"session": {"sessionId": "s", "user": {"userId": "U"}}, "request": {"type": "IntentRequest", "requestId": "r", "timestamp": "2023-11-14T22:13:20Z", "intent": {"name": "AMAZON.FallbackIntent"}}}, id="Alexa: not understood"),
        pytest.param("sessions-started", "alexa", {"session": {"sessionId": "s", "user": {"userId": "U"}}, "request": {"type": "LaunchRequest", "requestId": "r", "timestamp": "2023-11-14T22:13:20Z"}}, id="Alexa: opened"),
        pytest.param("handovers", "rasa", {"sender_id": "U", "event": "pause", "timestamp": AT / 1000}, id="Rasa: paused"),
        pytest.param("messages-to-bot user-actions", "generic", {"userId": "U", "text": "", "postback": {"buttonClick": {"buttonId": "b"}}}, id="generic: button"),
    ],
)  # fmt: skip
def test_hits_by_webhook(expected: str, platform: str, body: dict[str, Any]) -> None:
    """What a platform sends counts where a person would look for it, and nowhere else."""
    if platform == "generic":
        assert expected.split() == _hits(platform, body, "dashbot", "incoming", "in")
    else:
        assert expected.split() == _hits(platform, body)


def _kik(type: str, **more: Any) -> dict[str, Any]:
    known = {"id": "k", "from": "ada", "participants": ["ada"], "chatId": "c", "timestamp": AT}

    return known | {"type": type} | more


@pytest.mark.parametrize(
    ("expected", "platform", "type", "body"),
    [
        pytest.param("bots-installed", "slack", "instance", {"id": 7}, id="an install"),
        pytest.param("followed-link", "slack", "click", {"user": "U", "slug": "s", "url": "https://x", "at": AT}, id="a click"),
        pytest.param("", "slack", "user", {"user": "U", "timezone": "Europe/Rome"}, id="a profile"),
        pytest.param("messages-to-bot", "kik", "event", _kik("text", body="hi"), id="Kik: text"),
        pytest.param("messages-from-bot", "kik", "event", _kik("text", body="hi", **{"from": "bot"}), id="Kik: the bot"),
        pytest.param("messages-to-bot image-uploaded", "kik", "event", _kik("picture"), id="Kik: picture"),
        pytest.param("messages-to-bot video-uploaded", "kik", "event", _kik("video"), id="Kik: video"),
        pytest.param("messages-to-bot link-uploaded", "kik", "event", _kik("link"), id="Kik: link"),
        pytest.param("messages-to-bot sticker-uploaded", "kik", "event", _kik("sticker"), id="Kik: sticker"),
        pytest.param("scanned-data", "kik", "event", _kik("scan-data", data="x"), id="Kik: scan"),
        pytest.param("friend-picker-chosen", "kik", "event", _kik("friend-picker"), id="Kik: friends"),
        pytest.param("", "kik", "event", _kik("start-chatting"), id="Kik: start"),
        pytest.param("", "kik", "event", _kik("is-typing"), id="Kik: typing"),
    ],
)  # fmt: skip
def test_hits_by_botmetrics(expected: str, platform: str, type: str, body: dict[str, Any]) -> None:
    """What Botmetrics' SDKs tell counts in the dashboards that Botmetrics counted it in."""
    assert expected.split() == _hits(platform, body, "botmetrics", type)


def _state(*dashboards: Dashboard) -> State:
    facts = tuple(State().fact("told", one) for one in (Bot("b", "B", "kik", AT), *dashboards))

    return fold_all(State(), [record_of(Change("c", AT, "test", facts))]).state


def test_another_platform_later() -> None:
    """A platform that joins brings what the bot never had; what somebody removed, or named alike, stays as it is."""
    own = default_dashboards(Bot("b", "B", "kik", AT))
    state = _state(*own, Dashboard("mine", "b", "user actions", AT, measure="events"))
    bot = Bot("b", "B", "kik", AT, more_platforms=("facebook",))

    assert ["audio-uploaded", "file-uploaded", "location-sent"] == [
        one.default for one in missing_dashboards(state, bot)
    ]


def test_a_change_of_platforms() -> None:
    """Another platform brings its dashboards along with the change; another name alone brings none."""
    state = _state(*default_dashboards(Bot("b", "B", "kik", AT)))
    joined, renamed = (
        change_bot(state, "b", {"more_platforms": ("facebook",)}),
        change_bot(state, "b", {"name": "C"}),
    )

    assert isinstance(joined, list)
    assert isinstance(renamed, list)
    assert ["bot_changed"] + ["dashboard_created"] * 4 == [fact.type for fact in joined]
    assert ["bot_changed"] == [fact.type for fact in renamed]
