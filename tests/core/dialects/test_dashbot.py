"""Dashbot's `/track`: bodies as its SDKs and documents show them, by platform and type."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.deliveries import Delivery
from app.core.dialects.dashbot import DASHBOT
from app.core.events import BotEvent, is_message
from app.core.outcome import Reason, Rejection
from app.core.platforms import PLATFORMS
from app.core.platforms.context import Context, context_of

AT = 1_700_000_000_000
RECEIVED_AT = AT + 60_000


def _context(platform: str, type: str) -> Context:
    return context_of(
        Delivery("bot", "dashbot", RECEIVED_AT, [], platform=platform, type=type, sdk="12.1.0-npm")
    )


def _events(platform: str, type: str, body: Any) -> list[BotEvent]:
    outcome = DASHBOT.read(json.dumps(body).encode(), _context(platform, type))
    assert outcome.rejections == []

    return outcome.events


def _event(platform: str, type: str, body: Any) -> BotEvent:
    (event,) = _events(platform, type, body)

    return event


def _page(*messagings: dict[str, Any], **root: Any) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": "PAGE", "time": AT, "messaging": list(messagings)}]} | root


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {
        "sender": {"id": "U"},
        "recipient": {"id": "PAGE"},
        "timestamp": AT,
        "message": {"mid": f"m.{text}", "seq": 1, "text": text} | more.pop("message", {}),
    } | more


def _send(**root: Any) -> dict[str, Any]:
    return {
        "url": "https://graph.facebook.com/v2.6/me/messages",
        "qs": {},
        "method": "POST",
        "json": {"recipient": {"id": "U"}, "message": {"text": "Hello"}},
        "responseBody": {"recipient_id": "U", "message_id": "mid.2"},
    } | root


def test_facebook_incoming() -> None:
    """A page's webhook body gives the user's message with Facebook's time and id."""
    expected = BotEvent(
        event_id="facebook:in:U:m.Hi",
        bot_id="bot",
        user_id="U",
        at=AT,
        received_at=RECEIVED_AT,
        kind="text",
        repeats=True,
        platform="facebook",
        text="Hi",
        message_id="m.Hi",
        dialect="dashbot",
        sdk="12.1.0-npm",
    )

    assert expected == _event("facebook", "incoming", _page(_said("Hi")))


def test_facebook_all_with_an_echo() -> None:
    """With type=all each item decides: an echo is outgoing, its user the recipient."""
    echo = _said("yo", sender={"id": "PAGE"}, recipient={"id": "U"}, message={"is_echo": True, "app_id": 7})
    events = _events("facebook", "all", _page(_said("Hi"), echo))

    assert [(event.direction, event.user_id) for event in events] == [("in", "U"), ("out", "U")]


def test_facebook_many_entries() -> None:
    """Every messaging of every entry is an event."""
    body = _page(_said("1"), _said("2"))
    body["entry"] += _page(_said("3"))["entry"]

    assert [event.text for event in _events("facebook", "incoming", body)] == ["1", "2", "3"]


def test_facebook_botkit_incoming() -> None:
    """Botkit's middleware sends entries without id and recipient."""
    body = {"object": "page", "entry": [{"time": AT, "messaging": [_said("hi", recipient=None)]}]}
    event = _event("facebook", "incoming", body)

    assert (event.user_id, event.text, event.at) == ("U", "hi", AT)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_page(_said("x", intent={"name": "W", "inputs": [{"name": "city", "value": "SF"}]})), id="beside the message"),
        pytest.param(_page(_said("x"), intent={"name": "W", "inputs": [{"name": "city", "value": "SF"}]}), id="at the root"),
    ],
)  # fmt: skip
def test_facebook_incoming_intent(body: dict[str, Any]) -> None:
    """The documents say root and show the message: both are read."""
    event = _event("facebook", "incoming", body)

    assert (event.intent, event.attributes) == ("W", {"intent.city": "SF"})


def test_facebook_not_handled() -> None:
    """The intent NotHandled marks the message."""
    assert _event("facebook", "incoming", _page(_said("x", intent={"name": "NotHandled"}))).not_handled


def test_facebook_user_attributes() -> None:
    """What the caller knows of the user becomes attributes of the user, on both sides."""
    user = {"ABTestGroup": "A", "locale": "de_DE", "n": 1}
    expected = ({"ABTestGroup": "A", "locale": "de_DE", "n": "1"}, "de_DE")
    incoming = _event("facebook", "incoming", _page(_said("x", platformUserJson=user)))
    outgoing = _event("facebook", "outgoing", _send(platformUserJson=user))

    assert expected == (incoming.user_attributes, incoming.locale)
    assert expected == (outgoing.user_attributes, outgoing.locale)


@pytest.mark.parametrize(
    ("title", "expected"),
    [pytest.param("Start", "Start", id="its label"), pytest.param("", "GO", id="without one, what it sends")],
)
def test_facebook_postback_text(title: str, expected: str) -> None:
    """A pressed button reads as its label or else its payload."""
    body = _page({"sender": {"id": "U"}, "timestamp": AT, "postback": {"title": title, "payload": "GO"}})
    event = _event("facebook", "incoming", body)

    assert ("postback", expected, "GO") == (event.kind, event.text, event.attributes["payload"])


def test_facebook_outgoing() -> None:
    """A call to the send API is the bot's message; template and metadata are attributes."""
    body = _send(
        json={"recipient": {"id": "U"}, "message": {"text": "Hello"}, "dashbotTemplateId": "right"},
        metadata={"a": 1, "b": {"c": 2}},
        intent={"name": "NotHandled"},
    )
    expected = BotEvent(
        event_id="facebook:out:U:mid.2",
        bot_id="bot",
        user_id="U",
        at=RECEIVED_AT,
        received_at=RECEIVED_AT,
        kind="text",
        direction="out",
        repeats=True,
        platform="facebook",
        text="Hello",
        intent="NotHandled",
        not_handled=True,
        message_id="mid.2",
        attributes={"template": "right", "metadata.a": "1", "metadata.b": '{"c":2}'},
        dialect="dashbot",
        sdk="12.1.0-npm",
        warnings=["no_time"],
    )

    assert expected == _event("facebook", "outgoing", body)


@pytest.mark.parametrize(
    ("answer", "message_id"),
    [
        pytest.param(None, "", id="null"),
        pytest.param('{"recipient_id":"U","message_id":"mid.3"}', "mid.3", id="JSON text"),
        pytest.param("oops", "", id="other text"),
        pytest.param("[" * 9999, "", id="text without a floor"),
        pytest.param([], "", id="array"),
    ],
)
def test_facebook_answers(answer: object, message_id: str) -> None:
    """Facebook's answer comes in any form or not at all; the message counts."""
    event = _event("facebook", "outgoing", _send(responseBody=answer))

    assert ("out", "text", "U", message_id) == (event.direction, event.kind, event.user_id, event.message_id)


@pytest.mark.parametrize(
    ("error", "attributes"),
    [
        pytest.param(
            {"code": 200, "message": "no"}, {"error.code": "200", "error.message": "no"}, id="object"
        ),
        pytest.param("no", {"error": "no"}, id="text"),
    ],
)
def test_facebook_failed_send(error: object, attributes: dict[str, str]) -> None:
    """What Facebook refused was never said: a failure with its reason, no message."""
    event = _event("facebook", "outgoing", _send(responseBody={"error": error}))

    assert ("failure", "U", "Hello", attributes) == (event.kind, event.user_id, event.text, event.attributes)
    assert not is_message(event)


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        pytest.param("typing_on", "typing", id="typing"),
        pytest.param("mark_seen", "read", id="seen"),
        pytest.param("dance", "unknown", id="new"),
    ],
)
def test_facebook_sender_action(action: str, kind: str) -> None:
    """Typing and marks are no messages."""
    event = _event("facebook", "outgoing", _send(json={"recipient": {"id": "U"}, "sender_action": action}))

    assert (kind, {"sender_action": action}) == (event.kind, event.attributes)
    assert not is_message(event)


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        pytest.param({"text": "a", "quick_replies": [{"title": "b"}]}, "text", "a", id="quick replies are buttons"),
        pytest.param({"attachment": {"type": "template", "payload": {"text": "pick"}}}, "template", "pick", id="button template"),
        pytest.param({"attachment": {"type": "template", "payload": {"elements": [{"title": "a"}, {"title": "b"}, {}]}}}, "template", "a\nb", id="elements"),
        pytest.param({"attachment": {"type": "image", "payload": {"url": "http://i"}}}, "image", "", id="image"),
        pytest.param({"attachment": {"type": "hologram"}}, "file", "", id="new kind of attachment"),
        pytest.param({"attachment": 5}, "unknown", "", id="nonsense"),
        pytest.param({}, "unknown", "", id="nothing"),
    ],
)  # fmt: skip
def test_facebook_outgoing_kinds(message: dict[str, Any], kind: str, text: str) -> None:
    """What the bot sent is read from the message it sent."""
    event = _event("facebook", "outgoing", _send(json={"recipient": {"id": "U"}, "message": message}))

    assert (kind, text) == (event.kind, event.text)


@pytest.mark.parametrize(
    ("recipient", "answer", "user"),
    [
        pytest.param({"phone_number": "+1"}, {"recipient_id": "U"}, "U", id="Facebook tells who"),
        pytest.param({"phone_number": "+1"}, None, "", id="a phone number is nobody's id"),
        pytest.param(None, {"recipient_id": 5}, "5", id="only the answer"),
    ],
)
def test_facebook_recipients(recipient: object, answer: object, user: str) -> None:
    """The user is the recipient, from the call or from the answer."""
    body = _send(json={"recipient": recipient, "message": {"text": "x"}}, responseBody=answer)

    assert user == _event("facebook", "outgoing", body).user_id


GENERIC = [
    "generic",
    "universal",
    "webchat",
    "botcopy",
    "twitter",
    "recast",
    "sms",
    "skype",
    "viber",
    "wechat",
    "line",
]


@pytest.mark.parametrize("platform", [*GENERIC, "homemade"])
@pytest.mark.parametrize(("type", "side"), [("incoming", "in"), ("outgoing", "out")])
def test_generic(platform: str, type: str, side: Any) -> None:
    """The generic body is read alike for its family and for platforms nobody knows, each under its own name."""
    body = {
        "text": "Hi",
        "userId": "U",
        "conversationId": "C",
        "sessionId": "S",
        "dashbot_timestamp": AT,
        "intent": {"name": "greet", "confidence": 0.9, "inputs": [{"name": "n", "value": "v"}]},
        "platformUserJson": {"firstName": "Ada", "locale": "en_GB"},
        "metadata": {"m": True},
        "dashbotTemplateId": "t1",
        "buttons": [{"id": "1", "label": "Yes"}, {"label": "No"}],
    }
    expected = BotEvent(
        event_id="",
        bot_id="bot",
        user_id="U",
        at=AT,
        received_at=RECEIVED_AT,
        kind="text",
        direction=side,
        platform=platform,
        text="Hi",
        intent="greet",
        intent_confidence=0.9,
        conversation_id="C",
        session_id="S",
        locale="en_GB",
        attributes={"intent.n": "v", "metadata.m": "true", "template": "t1", "buttons": '["Yes","No"]'},
        user_attributes={"firstName": "Ada", "locale": "en_GB"},
        dialect="dashbot",
        sdk="12.1.0-npm",
    )

    assert expected == _event(platform, type, body)


@pytest.mark.parametrize(
    ("images", "addresses"),
    [
        pytest.param(["http://i"], ["http://i"], id="strings"),
        pytest.param([{"url": "http://i"}], ["http://i"], id="objects"),
        pytest.param([{"image": {"url": "http://i"}}], ["http://i"], id="nested"),
        pytest.param([{}, 5.5, {"url": "http://j"}], ["http://j"], id="with nonsense"),
    ],
)
def test_generic_images(images: list[object], addresses: list[str]) -> None:
    """Images come in three writings and make the message an image."""
    event = _event("generic", "incoming", {"text": "look", "userId": "U", "images": images})

    assert (event.kind, event.text) == ("image", "look")
    assert [{"type": "image", "url": address} for address in addresses] == json.loads(
        event.attributes["attachments"]
    )


def test_generic_without_images() -> None:
    """Empty lists, as Jovo sends them, mean nothing."""
    event = _event(
        "generic", "incoming", {"text": "", "userId": "U", "images": [], "buttons": [], "intent": ""}
    )

    assert (event.kind, event.text, event.attributes) == ("text", "", {})


def test_generic_button() -> None:
    """A pressed button is a postback and keeps the button's id."""
    body = {"text": "Yes", "userId": "U", "postback": {"buttonClick": {"buttonId": "b1"}}}
    event = _event("generic", "incoming", body)

    assert (event.kind, event.text, event.attributes) == ("postback", "Yes", {"button_id": "b1"})


@pytest.mark.parametrize(
    ("given", "at", "warnings"),
    [
        pytest.param(AT - 86_400_000, AT - 86_400_000, [], id="yesterday"),
        pytest.param(str(AT), AT, [], id="as a string"),
        pytest.param("soon", RECEIVED_AT, ["no_time"], id="unreadable"),
        pytest.param(-5, RECEIVED_AT, ["no_time"], id="before 1970"),
        pytest.param(AT + 10**9, RECEIVED_AT, ["clock_skew"], id="ahead"),
    ],
)
def test_generic_time(given: object, at: int, warnings: list[str]) -> None:
    """dashbot_timestamp is the time; one that cannot be gives the time of receipt, never a refusal."""
    event = _event("generic", "incoming", {"text": "x", "userId": "U", "dashbot_timestamp": given})

    assert (at, warnings) == (event.at, event.warnings)


LINE_SOURCE = {"type": "user", "userId": "LU"}


@pytest.mark.parametrize(
    ("own", "kind", "message_id", "side"),
    [
        pytest.param({"type": "message", "timestamp": AT, "source": LINE_SOURCE, "message": {"id": "9", "type": "sticker"}}, "sticker", "9", "in", id="sticker"),
        pytest.param({"type": "message", "timestamp": AT, "source": LINE_SOURCE, "message": {"id": "9", "type": "text"}}, "text", "9", "in", id="text"),
        pytest.param({"type": "follow", "timestamp": AT, "source": LINE_SOURCE}, "subscribe", "", "none", id="follow"),
        pytest.param({"type": "postback", "timestamp": AT, "source": LINE_SOURCE}, "postback", "", "in", id="postback"),
        pytest.param({"type": "message", "timestamp": AT, "message": {"id": "9", "type": "new"}}, "text", "9", "in", id="new kind of message"),
    ],
)  # fmt: skip
def test_line_events(own: dict[str, Any], kind: str, message_id: str, side: str) -> None:
    """LINE's own event beside the generic body gives kind, id and time."""
    event = _event("generic", "incoming", {"text": "[x]", "userId": "LU", "platformJson": own})

    assert (kind, message_id, side, AT) == (event.kind, event.message_id, event.direction, event.at)


@pytest.mark.parametrize(
    ("own", "images", "kind"),
    [
        pytest.param({"type": "flex", "altText": "alt"}, [], "template", id="flex"),
        pytest.param({"type": "image"}, [{"image": {"url": "http://o"}}], "image", id="image"),
        pytest.param({"type": "text", "text": "x"}, [], "text", id="text"),
        pytest.param({"type": "hologram"}, [], "text", id="new"),
    ],
)
def test_line_answers(own: dict[str, Any], images: list[object], kind: str) -> None:
    """Of what a LINE bot sends there is only the message, without time and id."""
    event = _event(
        "generic", "outgoing", {"text": "[x]", "userId": "LU", "platformJson": own, "images": images}
    )

    assert (kind, "out", "") == (event.kind, event.direction, event.message_id)


def _direct(**data: Any) -> dict[str, Any]:
    create = {"target": {"recipient_id": "B"}, "sender_id": "U", "message_data": {"text": "Blue"} | data}

    return {"type": "message_create", "id": "99", "created_timestamp": str(AT), "message_create": create}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param({}, "text", id="text"),
        pytest.param({"attachment": {"type": "media", "media": {}}}, "text", id="empty media"),
        pytest.param({"attachment": {"type": "media", "media": {"type": "photo"}}}, "image", id="photo"),
        pytest.param({"attachment": {"type": "location"}}, "location", id="location"),
        pytest.param(
            {"quick_reply_response": {"type": "options", "metadata": "m"}}, "quick_reply", id="quick reply"
        ),
    ],
)
def test_twitter_generic(data: dict[str, Any], kind: str) -> None:
    """The direct message in platformJson gives kind, id and time; text, user and side are the body's."""
    body = {"text": "Blue Bird", "userId": "U1", "platformJson": {"direct_message_events": [_direct(**data)]}}
    event = _event("twitter", "outgoing", body)

    assert (kind, "99", AT, "twitter:out:U1:99") == (event.kind, event.message_id, event.at, event.event_id)
    assert (event.text, event.user_id, event.direction) == ("Blue Bird", "U1", "out")


def test_twitter_webhook_body() -> None:
    """The account's webhook body is read as it came."""
    body = {"for_user_id": "B", "direct_message_events": [_direct(text="a &amp; b")]}
    event = _event("twitter", "incoming", body)

    assert (event.user_id, event.text, event.direction) == ("U", "a & b", "in")


def test_twitter_documents_show_a_messenger_call() -> None:
    """The vendor's page on Twitter shows Messenger's send call with an intent: it is read as one."""
    event = _event("twitter", "outgoing", _send(intent={"name": "WEATHER_RESPONSE"}))

    assert (
        event.platform,
        event.direction,
        event.user_id,
        event.intent,
    ) == ("twitter", "out", "U", "WEATHER_RESPONSE")


@pytest.mark.parametrize(
    ("body", "name", "attributes"),
    [
        pytest.param({"type": "customEvent", "name": "evt", "extraInfo": {"a": 1}}, "evt", {"extraInfo.a": "1"}, id="custom"),
        pytest.param({"type": "pageLaunchEvent"}, "pageLaunchEvent", {}, id="page launch without a name"),
        pytest.param({"type": "shareEvent", "sharedMessage": {"text": "x"}}, "shareEvent", {"sharedMessage.text": "x"}, id="share"),
        pytest.param({"type": "revenueEvent", "referenceNumber": "R", "metadata": {"sku": "a"}}, "revenueEvent", {"referenceNumber": "R", "metadata.sku": "a"}, id="revenue"),
        pytest.param({"type": "referralEvent", "name": "r", "ref": "x", "source": "ADS", "ad_id": 5}, "r", {"ref": "x", "source": "ADS", "ad_id": "5"}, id="referral"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("platform", ["facebook", "twitter", "generic", "slack"])
def test_events(platform: str, body: dict[str, Any], name: str, attributes: dict[str, str]) -> None:
    """Five types of events, on any platform: custom events under their name or else their type."""
    event = _event(platform, "event", body | {"userId": "U", "conversationId": "C"})

    assert ("custom", name, "none", "U", "C") == (
        event.kind,
        event.event_name,
        event.direction,
        event.user_id,
        event.conversation_id,
    )
    assert attributes | {"type": body["type"]} == event.attributes


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        pytest.param(17.45, 17.45, id="number"),
        pytest.param("17.45", 17.45, id="as a string"),
        pytest.param("much", None, id="words"),
        pytest.param("nan", None, id="no number"),
        pytest.param(1e13, None, id="too much"),
        pytest.param(10**400, None, id="beyond all floats"),
        pytest.param(True, None, id="a truth"),
        pytest.param(None, None, id="missing"),
    ],
)
def test_revenue(amount: object, expected: float | None) -> None:
    """The amount of a revenue event is a number or nothing."""
    assert (
        expected
        == _event("generic", "event", {"type": "revenueEvent", "userId": "U", "amount": amount}).amount
    )


def test_event_time() -> None:
    """An event may say when it happened."""
    assert _event("generic", "event", {"name": "n", "userId": "U", "dashbot_timestamp": AT}).at == AT


@pytest.mark.parametrize("type", ["connect", "outgoingResponse"])
def test_dropped_types(type: str) -> None:
    """A connect of any but Slack and an answer of old hold nothing to count; they are taken."""
    body = b'{"ok":true,"users":[]}'

    assert [] == _events("facebook", type, {"ok": True})
    assert not isinstance(DASHBOT.check(body, "facebook", type), Rejection)


def test_connect_teaches_who_is_who() -> None:
    """A connect of Slack counts nothing, but tells whose the direct channels are, which an answer then needs."""
    connect = {"team": {"id": "T"}, "self": {"id": "UB"}, "ims": [{"id": "D", "user": "U"}]}
    told = DASHBOT.read(json.dumps(connect).encode(), _context("slack", "connect"))
    context = msgspec.structs.replace(_context("slack", "outgoing"), links=told.learned)
    answer = {"team": {"id": "T"}, "message": {"type": "message", "text": "yo", "channel": "D"}}
    (event,) = DASHBOT.read(json.dumps(answer).encode(), context).events

    assert [] == told.events
    assert ("U", "out", "yo") == (event.user_id, event.direction, event.text)


@pytest.mark.parametrize("platform", ["facebook", "kik", "slack", "generic", "homemade"])
@pytest.mark.parametrize(("type", "side"), [("incoming", "in"), ("outgoing", "out")])
def test_deprecated_microsoft(platform: str, type: str, side: str) -> None:
    """A session of botbuilder 3 comes under the name of the channel behind it, and is known by its mark."""
    address = {"id": "m1", "channelId": "skype", "user": {"id": "U"}, "conversation": {"id": "C"}}
    session = {"type": "message", "text": "hi", "user": {"id": "U"}, "address": address}
    event = _event(platform, type, {"is_microsoft": True, "dashbot_timestamp": AT, "json": session})

    assert (platform, side, "U", "hi", AT) == (
        event.platform,
        event.direction,
        event.user_id,
        event.text,
        event.at,
    )
    assert ("C", "m1", "skype") == (event.conversation_id, event.message_id, event.attributes["channel"])


@pytest.mark.parametrize(
    ("platform", "type", "body", "reason", "path"),
    [
        pytest.param("generic", "incoming", {"text": "x"}, Reason.MISSING_USER, "userId", id="nobody"),
        pytest.param(
            "twitter", "incoming", {"text": "x"}, Reason.MISSING_USER, "userId", id="nobody on twitter"
        ),
        pytest.param(
            "generic", "incoming", {"userId": "u" * 201}, Reason.BAD_VALUE, "userId", id="long user"
        ),
        pytest.param("generic", "event", {"name": "x"}, Reason.MISSING_USER, "userId", id="event of nobody"),
        pytest.param(
            "generic", "event", {"userId": "U"}, Reason.MISSING_FIELD, "name", id="event without a name"
        ),
        pytest.param("generic", "sideways", {"userId": "U"}, Reason.BAD_VALUE, "type", id="unknown type"),
        pytest.param("generic", "all", {"userId": "U"}, Reason.BAD_VALUE, "type", id="all is facebook's"),
        pytest.param(
            "pigeon", "incoming", {"text": "x"}, Reason.UNKNOWN_PLATFORM, "platform", id="unknown platform"
        ),
        pytest.param(
            "facebook", "incoming", {"text": "x"}, Reason.UNKNOWN_SHAPE, "", id="no shape of Messenger"
        ),
        pytest.param(
            "facebook", "outgoing", {"json": {}}, Reason.MISSING_USER, "json.recipient", id="sent to nobody"
        ),
        pytest.param("facebook", "all", {"entry": {}}, Reason.WRONG_TYPE, "entry", id="entry is no array"),
        pytest.param("facebook", "all", [], Reason.NOT_AN_OBJECT, "", id="array"),
    ],
)
def test_refusals(platform: str, type: str, body: Any, reason: Reason, path: str) -> None:
    """What cannot be read at all is refused, with the place and what to send."""
    item = json.dumps(body).encode()
    refused = DASHBOT.check(item, platform, type)

    assert isinstance(refused, Rejection)
    assert (reason, path) == (refused.reason, refused.path)
    assert [refused] == DASHBOT.read(item, _context(platform, type)).rejections


def test_a_bad_part_costs_itself_only() -> None:
    """A body of which some part can be read is taken; the rest is refused by place."""
    body = _page(_said("a"), _said("b", sender={"id": "u" * 201}))
    body["entry"] += [5, {"id": "x"}, {"messaging": [7]}]
    item = json.dumps(body).encode()
    outcome = DASHBOT.read(item, _context("facebook", "all"))

    assert not isinstance(DASHBOT.check(item, "facebook", "all"), Rejection)
    assert [event.text for event in outcome.events] == ["a"]
    assert [rejection.path for rejection in outcome.rejections] == [
        "entry[0].messaging[1]",
        "entry[1]",
        "entry[2]",
        "entry[3].messaging[0]",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            [
                "entry", "messaging", "standby", "changes", "sender", "recipient", "id", "message", "text", "mid",
                "attachments", "attachment", "type", "payload", "postback", "json", "responseBody", "error", "userId",
                "platformJson", "direct_message_events", "message_create", "intent", "name", "inputs", "images",
                "buttons", "platformUserJson", "metadata", "timestamp", "time", "amount", "read", "for_user_id",
                "follow_events", "nlp", "intents", "message_edit", "is_microsoft", "address", "user", "channel", "team",
                "ts", "event", "subtype", "files", "actions", "callback_id", "from", "to", "conversation", "luisResults",
                "membersAdded", "messages", "chatId", "chat", "message_id", "update_id", "callback_query", "ims", "self",
            ]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=25,
)  # fmt: skip


@given(
    body=JSON,
    platform=st.sampled_from([*PLATFORMS, "homemade"]),
    type=st.sampled_from(["incoming", "outgoing", "all", "event", "connect", "x"]),
)
def test_no_body_breaks_the_reader(body: object, platform: str, type: str) -> None:
    """Whatever stands where something else is expected, reading ends in events and refusals, as checked."""
    item = json.dumps(body).encode()
    outcome = DASHBOT.read(item, _context(platform, type))
    refused = DASHBOT.check(item, platform, type)

    assert isinstance(refused, Rejection) == (not outcome.events and bool(outcome.rejections))
