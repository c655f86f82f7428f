"""
Points of conformance that no other test shows: requests as the vendors' clients send them, and what they come to.

docs/conformance.md lists all points and which test shows each.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from app.core.channel_keys import channel_key_text
from app.core.events import is_message
from tests.web.bodies import own_body
from tests.web.counting import events_of, number, transcript
from tests.web.site import NOW_MS, Site, key, running, tell

UNIVERSAL = channel_key_text("universal", 11)
NOT_HANDLED = {"name": "NotHandled"}
ISO = datetime.fromtimestamp(NOW_MS / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
GENERIC = ("generic", "universal", "webchat", "botcopy", "twitter", "recast", "sms", "skype", "viber", "wechat")  # fmt: skip


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server with everything in memory; the bot `plain` is in UTC."""
    async with running() as one:
        own = key("k-v2", "botanalytics-v2", UNIVERSAL, "plain")
        await tell(one.registry, msgspec.structs.replace(own, channel="universal"))
        yield one


async def track(site: Site, platform: str, type: str, body: Any, agent: str = "12.1.0-npm") -> Any:
    """Send a body as Dashbot's clients do; return the answer to what was taken."""
    path = f"/track?apiKey=bpingestPLAIN&type={type}&platform={platform}&v={agent}"
    status, answer = await site.post(path, json.dumps(body), key="")
    assert (200, True) == (status, answer["success"]), answer

    return answer


async def v1(site: Site, path: str, body: Any, **headers: str) -> Any:
    """Send a body as Botanalytics' clients do; return the answer to what was taken."""
    headers = {"Authorization": "Token bpingestPLAIN"} | headers
    status, answer = await site.post(path, json.dumps(body), "", **headers)
    assert (200, True) == (status, answer["success"]), answer

    return answer


def alexa(request_id: str, user: str = "ada") -> dict[str, Any]:
    """Return a request to a skill."""
    body = own_body("alexa", user, "GetWeather", NOW_MS)
    return body | {"request": body["request"] | {"requestId": request_id}}


def spoken(text: str, **more: Any) -> dict[str, Any]:
    """Return what a skill answers."""
    return {"version": "1.0", "response": {"outputSpeech": {"type": "PlainText", "text": text}}} | more


def facebook_sent(text: str, **more: Any) -> dict[str, Any]:
    """Return a call to Messenger's Send API as it is reported."""
    return {"qs": {"access_token": "PT"}, "json": {"recipient": {"id": "ada"}, "message": {"text": text}}, "responseBody": {"message_id": f"m.{text}"}} | more  # fmt: skip


async def test_not_handled_counts_each_once(site: Site) -> None:
    """On either side, on each platform, a turn that was not understood is one."""
    await track(site, "facebook", "outgoing", facebook_sent("a", intent=NOT_HANDLED))
    await track(site, "generic", "outgoing", {"text": "b", "userId": "g", "intent": NOT_HANDLED})
    await track(site, "microsoft", "outgoing", own_body("microsoft", "bot", "c", NOW_MS) | {"recipient": {"id": "m"}, "intent": NOT_HANDLED})  # fmt: skip
    await track(site, "google", "outgoing", {"dashbot_timestamp": NOW_MS, "request_body": own_body("google", "go", "q", NOW_MS), "message": {"fulfillmentText": "d"}, "intent": NOT_HANDLED})  # fmt: skip
    await track(site, "alexa", "outgoing", {"dashbot_timestamp": NOW_MS, "event": alexa("r1", "al"), "response": spoken("e", intent=NOT_HANDLED)})  # fmt: skip
    page = own_body("facebook", "rest", "f", NOW_MS)
    page["entry"][0]["messaging"][0]["intent"] = NOT_HANDLED
    await track(site, "facebook", "incoming", page)

    assert 6 == number(site, "not_handled")


async def test_a_turn_that_both_sides_call_not_handled_is_one(site: Site) -> None:
    """The user's message and the answer to it are one turn."""
    for side, text in (("incoming", "x"), ("outgoing", "sorry")):
        await track(site, "generic", side, {"text": text, "userId": "g", "dashbot_timestamp": NOW_MS, "intent": NOT_HANDLED})  # fmt: skip

    assert 1 == number(site, "not_handled")


async def test_five_events_and_the_revenue(site: Site) -> None:
    """Five types, three of them without a name, are five events; the amount is revenue."""
    whole = {"userId": "ada", "conversationId": "C1"}
    bodies: list[dict[str, Any]] = [
        {"type": "customEvent", "name": "evt", "extraInfo": {"a": 1}},
        {"type": "pageLaunchEvent"},
        {"type": "shareEvent", "sharedMessage": {"text": "x"}},
        {"type": "revenueEvent", "amount": 17.45, "referenceNumber": "REF1", "metadata": {"sku": "a"}},
        {"type": "referralEvent", "name": "friend", "ref": "r", "source": "s"},
    ]
    for body in bodies:
        await track(site, "universal", "event", body | whole)

    names = ["evt", "pageLaunchEvent", "shareEvent", "revenueEvent", "friend"]
    assert names == [event.event_name for event in events_of(site)]
    assert (5, 17_450_000) == (number(site, "events"), number(site, "revenue", "currency"))


@pytest.mark.parametrize("platform", GENERIC)
async def test_the_generic_family(site: Site, platform: str) -> None:
    """Each platform's messages are its own, with session and user attributes, on either side."""
    user = {"firstName": "Ada", "locale": "en_GB"}
    for side in ("incoming", "outgoing"):
        await track(site, platform, side, {"text": side, "userId": "ada", "sessionId": "s1", "platformUserJson": user})  # fmt: skip
    told = [(one.platform, one.direction, one.session_id, one.locale, one.user_attributes["firstName"]) for one in events_of(site)]  # fmt: skip

    assert [(platform, side, "s1", "en_GB", "Ada") for side in ("in", "out")] == told


async def test_sessions_of_five_minutes(site: Site) -> None:
    """Of a bot with a gap of five minutes a message six minutes later begins a session, one after four does not."""
    bot = site.registry.state.bots["plain"]
    gap = msgspec.structs.replace(bot.reporting, session_gap_s=300)
    await tell(site.registry, msgspec.structs.replace(bot, reporting=gap))
    for minute in (0, 4, 10):
        at = NOW_MS - 3_600_000 + minute * 60_000
        await track(site, "generic", "incoming", {"text": "x", "userId": "ada", "dashbot_timestamp": at})

    assert 2 == number(site, "sessions")


async def test_a_message_of_yesterday_is_counted_yesterday(site: Site) -> None:
    """`dashbot_timestamp` says when it was, not when it came."""
    day_s = NOW_MS // 1000 // 86_400 * 86_400
    body = {"text": "late", "userId": "ada", "dashbot_timestamp": NOW_MS - 86_400_000}
    await track(site, "generic", "incoming", body)

    assert (1, 0) == tuple(number(site, "messages", start_s=start) for start in (day_s - 86_400, day_s))


async def test_slack_answers_belong_to_the_user_of_the_channel(site: Site) -> None:
    """What goes out names only the channel: it is for who spoke there, in an earlier request."""
    frame = {"team": {"id": "T1"}, "bot": {"id": "B1"}}
    said = {"type": "message", "channel": "D1", "user": "ada", "text": "hi", "ts": "1700000000.000100"}
    await track(site, "slack", "incoming", frame | {"message": said})
    await track(site, "slack", "outgoing", frame | {"message": {"type": "message", "text": "yo", "channel": "D1"}})  # fmt: skip

    assert [("in", "ada"), ("out", "ada")] == [(one.direction, one.user_id) for one in events_of(site)]


SIGNALS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "slack hello": ("slack", "incoming", {"team": {"id": "T"}, "bot": {"id": "B"}, "message": {"type": "hello"}}),
    "slack presence": ("slack", "incoming", {"team": {"id": "T"}, "bot": {"id": "B"}, "message": {"type": "presence_change", "user": "u", "presence": "away"}}),
    "slack address": ("slack", "incoming", {"team": {"id": "T"}, "bot": {"id": "B"}, "message": {"type": "reconnect_url", "url": "wss://x"}}),
    "rasa action": ("rasa", "outgoing", {"event": "action", "name": "utter_greet", "sender_id": "u", "timestamp": NOW_MS / 1000}),
    "facebook typing": ("facebook", "outgoing", {"json": {"recipient": {"id": "u"}, "sender_action": "typing_on"}}),
    "facebook read": ("facebook", "incoming", {"object": "page", "entry": [{"id": "P", "messaging": [{"sender": {"id": "u"}, "recipient": {"id": "P"}, "timestamp": NOW_MS, "read": {"watermark": NOW_MS}}]}]}),
    "facebook delivery": ("facebook", "incoming", {"object": "page", "entry": [{"id": "P", "messaging": [{"sender": {"id": "u"}, "recipient": {"id": "P"}, "timestamp": NOW_MS, "delivery": {"mids": ["m"], "watermark": NOW_MS}}]}]}),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNALS)
async def test_signals_are_taken_and_are_no_messages(site: Site, name: str) -> None:
    """Answered with 200, kept, and counted as nobody's message."""
    await track(site, *SIGNALS[name])

    assert (1, 0) == (len(events_of(site)), number(site, "messages"))


async def test_a_kik_broadcast_is_a_message_to_each(site: Site) -> None:
    """One id, one text, two people: two messages; the same again is none."""
    for user in ("ada", "bob", "ada"):
        message = {"type": "text", "body": "to all", "id": "b1", "to": user, "chatId": f"c{user}"}
        await track(site, "kik", "outgoing", {"apiKey": "KK", "username": "b", "message": message})

    assert 2 == number(site, "messages")


async def test_a_skills_turn_that_arrives_the_wrong_way_round(site: Site) -> None:
    """The answer was here first: in the transcript the request stands before it, and both are one session."""
    turn = {"dashbot_timestamp": NOW_MS, "event": alexa("r1")}
    await track(site, "alexa", "outgoing", turn | {"response": spoken("Sunny")})
    await track(site, "alexa", "incoming", turn)

    assert ["in", "out"] == [event.direction for event in transcript(site)]
    assert 1 == number(site, "sessions")


async def test_luis_enriches_a_message_and_counts_it_once(site: Site) -> None:
    """The plain activity and the one with what LUIS found are one message with an intent."""
    activity = own_body("microsoft", "ada", "hello", NOW_MS)
    await track(site, "microsoft", "incoming", activity)
    await track(
        site, "microsoft", "incoming", activity | {"luisResults": {"intents": {"Greet": {"score": 0.9}}}}
    )

    assert (1, 1) == (number(site, "messages"), number(site, "intents", "intent", "Greet"))


async def test_an_alexa_event_without_any_time(site: Site) -> None:
    """As the gem sends it: what has no time has the time of its receipt."""
    event = alexa("r1")
    del event["request"]["timestamp"]
    for side, more in (("incoming", {}), ("outgoing", {"response": spoken("Sunny")})):
        await track(site, "alexa", side, {"event": event, "context": None} | more, "0.0.6-gem")

    assert [("in", NOW_MS), ("out", NOW_MS)] == [(one.direction, one.at) for one in events_of(site)]


@pytest.mark.parametrize("ts", [f"{NOW_MS // 1000}.000100", f"{NOW_MS}.625"], ids=["npm and pip", "gem"])
async def test_slack_times_in_seconds_and_milliseconds(site: Site, ts: str) -> None:
    """Both units are within a second of now."""
    body = {
        "is_bot": False,
        "channel": "C",
        "team": "T",
        "user": "ada",
        "type": "message",
        "text": "hi",
        "ts": ts,
    }
    await v1(site, "/v1/messages/slack/", body)
    [event] = events_of(site)

    assert abs(event.at - NOW_MS) < 1000


TURNS: dict[str, tuple[str, dict[str, Any]]] = {
    "alexa": ("/v1/messages/amazon-alexa/", {"request": alexa("r1"), "response": spoken("yo")}),
    "google": ("/v1/messages/google-assistant/", {"request": own_body("google", "ada", "hi", NOW_MS), "response": {"fulfillmentText": "yo"}}),
    "lex": ("/v1/messages/amazon-lex/", {"user_id": "ada", "user_content": "hi", "bot_content": "yo", "user_request_type": "text", "bot_response_type": "text", "request": {"id": "1"}}),
    "watson": ("/v1/watson-assistant/messages/", own_body("watson", "ada", "hi", NOW_MS) | {"output": {"text": ["yo"]}}),
}  # fmt: skip


@pytest.mark.parametrize("name", TURNS)
async def test_one_request_is_a_turn(site: Site, name: str) -> None:
    """Where request and response come together they are one message of each side, of one user."""
    await v1(site, *TURNS[name])

    assert [("in", "ada"), ("out", "ada")] == [
        (one.direction, one.user_id) for one in events_of(site) if is_message(one)
    ]
    assert (1, 1) == (number(site, "messages_in"), number(site, "messages_out"))


async def test_profiles_of_one_user_are_all_kept(site: Site) -> None:
    """Each call is a profile of the same user, with its own e-mail; the view `users` keeps every one."""
    for email in ("a@x.org", "b@x.org"):
        await v1(site, "/v1/platform/users/", {"id": "ada", "email": email})
    told = [(one.kind, one.user_id, one.user_attributes["email"]) for one in events_of(site)]

    assert [("profile", "ada", "a@x.org"), ("profile", "ada", "b@x.org")] == told


PROFILES: dict[str, tuple[str, dict[str, Any]]] = {
    "facebook": ("/v1/facebook-messenger/users/", {"user_id": "ada", "first_name": "Ada"}),
    "kik": ("/v1/kik/users/", {"username": "ada", "firstName": "Ada"}),
    "viber": ("/v1/viber/users/", {"id": "ada", "name": "Ada"}),
    "line": ("/v1/line/users/", {"userId": "ada", "displayName": "Ada"}),
    "wechat": ("/v1/wechat/users/", {"openid": "ada", "nickname": "Ada"}),
}


@pytest.mark.parametrize("platform", PROFILES)
async def test_profiles_of_platforms(site: Site, platform: str) -> None:
    """Each platform's profile is of the user whom it names in its own way."""
    await v1(site, *PROFILES[platform])
    [event] = events_of(site)

    assert ("profile", "ada", platform) == (event.kind, event.user_id, event.platform)
    assert "Ada" in event.user_attributes.values()


def rbm_sent(**content: Any) -> dict[str, Any]:
    """Return what an agent sends."""
    return {"name": "phones/+1555/agentMessages/M1", "sendTime": ISO, "contentMessage": content}


RBM: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "base64": ({"message": {"data": base64.b64encode(json.dumps(own_body("rbm", "+1555", "hi", NOW_MS)).encode()).decode()}}, [("in", "text", "+1555")]),
    "decoded": ({"message": {"data_decoded": own_body("rbm", "+1555", "hi", NOW_MS)}}, [("in", "text", "+1555")]),
    "text": (rbm_sent(text="Hello", suggestions=[]), [("out", "text", "+1555")]),
    "image": (rbm_sent(type="image", fileUrl="http://i"), [("out", "image", "+1555")]),
    "video": (rbm_sent(type="video", fileUrl="http://v"), [("out", "video", "+1555")]),
    "auido": (rbm_sent(type="auido", fileUrl="http://a"), [("out", "audio", "+1555")]),
    "file": (rbm_sent(type="file", fileUrl="http://f"), [("out", "file", "+1555")]),
    "nothing": ({}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", RBM)
async def test_rbm_as_its_client_sends_it(site: Site, name: str) -> None:
    """As the Java client posts it: JSON with its charset; its own spelling of audio is understood, `{}` is ignored."""
    body, expected = RBM[name]
    await v1(site, "/v1/messages/rbm/", body, Content_Type="application/json; charset=UTF-8")

    assert expected == [(one.direction, one.kind, one.user_id) for one in events_of(site)]


@pytest.mark.parametrize(
    ("path", "body", "direction"),
    [
        pytest.param("/api/v1/messages/facebook-messenger", {"recipient": None, "message": own_body("facebook", "ada", "hi", NOW_MS), "timestamp": NOW_MS}, "in", id="incoming"),
        pytest.param("/api/v1/messages/facebook-messenger", {"recipient": "ada", "message": {"text": "yo"}, "timestamp": NOW_MS}, "out", id="outgoing"),
        pytest.param("/api/v1/facebook-messenger/users/", {"user_id": "ada", "first_name": "Ada"}, "none", id="profile"),
    ],
)  # fmt: skip
async def test_php(site: Site, path: str, body: dict[str, Any], direction: str) -> None:
    """As the PHP client writes it: the other prefix, no slash, a blank before the scheme."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization:  Token bpingestPLAIN\r\nContent-Length: {len(data)}\r\n\r\n"
    answer = await site.raw(head.encode() + data)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert [(direction, "ada")] == [(one.direction, one.user_id) for one in events_of(site)]


async def test_a_retry_is_stored_once(site: Site) -> None:
    """While nothing can be kept the client is told so, tries again, and its message counts once, also if it comes eleven times."""
    message = {"timestamp": NOW_MS, "sender": {"id": "ada", "type": "user"}, "content": {"texts": [{"text": "hi"}]}}  # fmt: skip
    body = json.dumps({"messages": [{"message": {"id": "m1", "message": message}}]})
    site.log.is_open = False
    away = [(await site.post("/v2/messages", body, UNIVERSAL))[0] for _ in range(2)]
    site.log.is_open = True
    taken = [(await site.post("/v2/messages", body, UNIVERSAL))[0] for _ in range(11)]

    assert ([503, 503], [200] * 11) == (away, taken)
    assert 1 == number(site, "messages")


@pytest.mark.parametrize(
    ("event", "measure", "dim", "expected"),
    [
        pytest.param({"fallback": {}}, "not_handled", "", 1, id="fallback"),
        pytest.param(
            {"purchase_completed": {"total": 12.5}}, "revenue", "currency", 12_500_000, id="purchase"
        ),
        pytest.param({"message_read": {"before_or_at_timestamp": NOW_MS}}, "messages", "", 0, id="read"),
    ],
)
async def test_events_of_v2_are_counted_for_what_they_are(
    site: Site, event: dict[str, Any], measure: str, dim: str, expected: int
) -> None:
    """A fallback was not understood, a purchase is revenue, a receipt is no message."""
    said = {"timestamp": NOW_MS, "sender": {"id": "ada", "type": "user"}, "event": event}
    status, _ = await site.post("/v2/messages", json.dumps({"messages": [{"message": {"id": "e1", "message": said}}]}), UNIVERSAL)  # fmt: skip

    assert (200, expected) == (status, number(site, measure, dim))


@pytest.mark.parametrize(
    "path", ["/track", "/track/", "/v1/messages/generic/", "/api/v1/bots/me", "/v2/messages", "/messages"]
)
async def test_a_page_may_send(site: Site, path: str) -> None:
    """A browser asks beforehand, and is told that any page may send with these headers; the answers say it too."""
    wanted = ["Content-Type", "Authorization", "X-Botanalytics-Client-Id", "X-Botanalytics-Client-Version"]
    asking = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(wanted).lower(),
    }
    async with site.client.options(site.url + path, headers=asking) as answer:
        allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
        assert (204, "*") == (answer.status, answer.headers["Access-Control-Allow-Origin"])
        assert {one.lower() for one in wanted} <= set(allowed)
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    async with site.client.post(site.url + path, data=b"x") as answer:
        assert "*" == answer.headers["Access-Control-Allow-Origin"]


async def test_a_hundred_at_once(site: Site) -> None:
    """With the headers of the busiest client, on connections that are kept, all are taken and each counts once."""
    headers = {"Accept-Encoding": "gzip, deflate, br", "Authorization": f"Bearer {UNIVERSAL}"}

    async def post(n: int) -> tuple[int, bool]:
        said = {"timestamp": NOW_MS, "sender": {"id": f"u{n}", "type": "user"}, "content": {"texts": [{"text": "hi"}]}}  # fmt: skip
        body = {"messages": [{"message": {"id": f"m{n}", "message": said}}]}
        async with site.client.post(site.url + "/v2/messages", json=body, headers=headers) as answer:
            return answer.status, bool((await answer.json())["request_id"])

    assert [(200, True)] * 100 == await asyncio.gather(*map(post, range(100)))
    assert (100, 100) == (number(site, "messages"), number(site, "active_users"))


async def test_two_messages_that_look_alike_are_two(site: Site) -> None:
    """Without an id of the platform nothing is taken for a repeat."""
    for _ in range(2):
        await track(
            site, "generic", "incoming", {"text": "yes", "userId": "ada", "dashbot_timestamp": NOW_MS}
        )

    assert 2 == number(site, "messages")


async def test_a_key_as_clients_spoil_it(site: Site) -> None:
    """A key that was put together wrongly is refused in words, in Dashbot's shape."""
    for spoilt in ("[object%20Object]", "", "%00", "%FF"):
        status, answer = await site.post(f"/track?apiKey={spoilt}&type=incoming&platform=generic", b"{}", "")
        assert (400, False) == (status, answer["success"])
        assert answer["errors"][0]["message"]
