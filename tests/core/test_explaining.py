"""What is explained is what would be read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.deliveries import Delivery, encode_delivery
from app.core.dialects import DIALECTS
from app.core.explaining import COLUMNS, explain
from app.core.normalise import normalise
from app.core.platforms import PLATFORMS

NOW = 1_700_000_000_000
encode = msgspec.json.Encoder().encode


def told(way: str, body: object, platform: str = "generic", type: str = "", path: str = "") -> dict[str, Any]:
    """Explain *body*."""
    content = body if isinstance(body, bytes) else encode(body)
    report = explain(way, platform, type, path, content, "pizza", NOW)
    encode(report)
    return report


NATIVE = {"user": "ada", "text": "hi", "id": "m1", "at": NOW - 1000, "attributes": {"a": "1"}}
PAGE = {
    "object": "page",
    "entry": [
        {
            "id": "p",
            "time": NOW,
            "messaging": [
                {"sender": {"id": "u1"}, "recipient": {"id": "p"}, "timestamp": NOW, "message": {"mid": "m1", "text": "hi"}},
                {"sender": {"id": "u2"}, "recipient": {"id": "p"}, "timestamp": NOW - 9, "message": {"mid": "m2", "text": "ho"}},
            ],
        }
    ],
}  # fmt: skip


def test_an_event_is_what_normalise_makes() -> None:
    """Every column of bot_events is there, with what would be stored."""
    delivery = Delivery("pizza", "native", NOW, [msgspec.Raw(encode(NATIVE))], "generic")
    [batch] = normalise(encode_delivery(delivery), 0, 0, 1).batches.values()
    [event] = told("native", NATIVE)["events"]

    assert set(COLUMNS) == set(event)
    for name, value in msgspec.structs.asdict(batch.events[0]).items():
        if name != "repeats":
            assert value == event[name], name
    assert (True, True, None) == (event["is_message"], event["is_activity"], event["raw_offset"])


def test_events_come_in_the_order_of_their_times() -> None:
    """As they would be stored."""
    events = told("webhook", PAGE, "messenger")["events"]

    assert [("u2", "ho", "facebook"), ("u1", "hi", "facebook")] == [
        (one["user_id"], one["text"], one["platform"]) for one in events
    ]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(encode([NATIVE, NATIVE | {"id": "m2"}]), id="array"),
        pytest.param(encode(NATIVE) + b"\n\n" + encode(NATIVE) + b"\n", id="NDJSON"),
    ],
)
def test_several_items(body: bytes) -> None:
    """An array and lines are several items, numbered through."""
    report = told("native", body)

    assert ([0, 1], []) == ([one["raw_index"] for one in report["events"]], report["rejections"])


def test_a_bad_neighbour_costs_itself() -> None:
    """Its rejection says which item it was and where in it."""
    report = told("native", [NATIVE, {"text": "nobody"}, NATIVE | {"at": "soon"}])

    assert [("missing_user", "[1].user"), ("bad_time", "[2].at")] == [
        (one["reason"], one["path"]) for one in report["rejections"]
    ]
    assert 1 == len(report["events"])


def test_secrets_are_named_and_not_shown() -> None:
    """Their paths are told; the report does not hold them."""
    report = told("dashbot", {"token": "s3cr3t", "userId": "u", "text": "hi"}, "generic", "incoming")

    assert (["token"], 1, False) == (report["removed"], len(report["events"]), "s3cr3t" in str(report))


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        pytest.param("no_time", {"user": "ada", "text": "hi"}, id="no time"),
        pytest.param("clock_skew", {"user": "ada", "text": "hi", "at": NOW + 10**9}, id="the future"),
    ],
)
def test_warnings(expected: str, body: object) -> None:
    """What is taken with a grain of salt is said in words."""
    [warning] = told("native", body)["warnings"]

    assert warning.startswith(f"events[0]: {expected}: ")


def test_an_id_that_only_storing_gives_is_empty() -> None:
    """The place in raw-events is not made up."""
    with_id, without = (told("native", one)["events"][0] for one in (NATIVE, {"user": "ada", "text": "hi"}))

    assert (True, "") == ("m1" in with_id["event_id"], without["event_id"])


def test_a_body_of_nothing() -> None:
    """A body that is taken and gives nothing says so."""
    report = told("dashbot", {"userId": "u"}, "facebook", "connect")

    assert ([], [], 1) == (report["events"], report["rejections"], len(report["warnings"]))


@pytest.mark.parametrize(
    ("reason", "path", "arguments"),
    [
        pytest.param("unknown_dialect", "way", ("morse", {}), id="way"),
        pytest.param("unknown_platform", "platform", ("webhook", {}, "nowhere"), id="platform"),
        pytest.param("bad_value", "type", ("dashbot", {}, "generic", "sideways"), id="type"),
        pytest.param("bad_value", "path", ("botanalytics-v1", {}, "", "", "/v1/nowhere"), id="path"),
        pytest.param("not_json", "", ("native", b"{"), id="not JSON"),
        pytest.param("not_json", "", ("native", b""), id="empty"),
        pytest.param("not_json", "", ("webhook", b"\xff", "facebook"), id="not UTF-8"),
        pytest.param("not_an_object", "", ("native", b"7"), id="no object"),
        pytest.param("too_deep", "", ("native", b'{"a":' * 200 + b"1" + b"}" * 200), id="too deep"),
        pytest.param("unknown_shape", "", ("webhook", {"new": 1}, "slack"), id="not understood"),
        pytest.param("unknown_shape", "", ("webhook", b"<xml", "wechat"), id="no XML"),
    ],
)
def test_what_is_wrong_is_said(reason: str, path: str, arguments: tuple[Any, ...]) -> None:
    """A rejection, never an exception."""
    report = told(*arguments)

    assert ([], [(reason, path)]) == (
        report["events"],
        [(one["reason"], one["path"] if path else "") for one in report["rejections"]],
    )


def test_forms_and_xml_are_unpacked() -> None:
    """A webhook's body is given as it came."""
    sms = told(
        "webhook", b"MessageSid=SM1&From=%2B49151&To=%2B4930&Body=hi+there&AccountSid=AC1", "twilio-sms"
    )
    xml = told(
        "webhook",
        b"<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1700000000</CreateTime>"
        b"<MsgType>text</MsgType><Content>hi there</Content><MsgId>1</MsgId></xml>",
        "wechat",
    )

    assert [("in", "hi there"), ("in", "hi there")] == [
        (one["events"][0]["direction"], one["events"][0]["text"]) for one in (sms, xml)
    ]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("https://api.botanalytics.co/v1/messages/generic/", id="whole address"),
        pytest.param("v1/messages/generic", id="no slash"),
        pytest.param("/v1/messages/generic/?a=b", id="query"),
    ],
)
def test_a_path_as_people_paste_it(path: str) -> None:
    """What stands before and after the path of an address does not matter."""
    body = {"is_sender_bot": False, "user": {"id": "u"}, "message": {"text": "hi", "timestamp": NOW}}

    assert ["hi"] == [event["text"] for event in told("botanalytics-v1", body, "slack", path=path)["events"]]


def test_a_path_says_platform_and_type() -> None:
    """Of Botanalytics' addresses."""
    body = {
        "is_sender_bot": True,
        "user": {"id": "u", "name": "U"},
        "message": {"text": "hi", "timestamp": NOW},
    }
    [event] = told("botanalytics-v1", body, "slack", path="/api/v1/messages/generic")["events"]

    assert ("generic", "out", "hi") == (event["platform"], event["direction"], event["text"])


@pytest.mark.parametrize("channel", ["universal", "generic", ""], ids=["channel", "default", "none"])
def test_a_request_of_botanalytics_v2(channel: str) -> None:
    """A whole request is explained."""
    said = {"message": {"timestamp": NOW, "sender": {"id": "u", "type": "user"}, "content": {"text": "hi"}}}
    body = {"messages": [{"message": said}, {"message": said}]}
    report = told("botanalytics-v2", body, channel, path="" if channel else "/v2/messages")

    assert 2 == len(report["events"]), report


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(encode(PAGE), id="bare"),
        pytest.param(encode({"event": encode(PAGE).decode(), "format": "json"}), id="JSON"),
        pytest.param(b"format=json&event=" + encode(PAGE).replace(b" ", b"+"), id="form"),
    ],
)
def test_encodings_of_botmetrics(body: bytes) -> None:
    """As its clients write them."""
    assert ["ho", "hi"] == [one["text"] for one in told("botmetrics", body, "facebook")["events"]]


def test_what_other_messages_tell_is_known_within_a_body() -> None:
    """A link of one item is there for the next; one from outside is named as missing."""
    user = {
        "type": "message",
        "channel": "C1",
        "user": "U1",
        "text": "hi",
        "ts": "1700000000.000100",
        "team": "T1",
    }
    bot = {"type": "message", "channel": "C1", "bot_id": "B1", "subtype": "bot_message", "text": "ho", "ts": "1700000001.000100", "team": "T1"}  # fmt: skip
    both = told("dashbot", [user, bot], "slack", "incoming")
    alone = told("dashbot", bot, "slack", "incoming")

    assert ["U1", "U1"] == [one["user_id"] for one in both["events"]], both
    assert any("would be looked up" in one for one in alone["warnings"]), alone


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "message", "user", "entry", "text", "messages", "type"]), inner
        )
    ),
    max_leaves=12,
)


@given(
    way=st.sampled_from(sorted(DIALECTS)),
    platform=st.sampled_from(sorted(PLATFORMS)) | st.text(max_size=5),
    type=st.sampled_from(["", "incoming", "outgoing", "event", "user", "profile"]),
    path=st.sampled_from(["", "/v1/messages/slack/", "/bots/b/events", "/v2/messages", "/x"]),
    body=st.binary(max_size=40) | VALUES.map(encode),
)
def test_never_a_traceback(way: str, platform: str, type: str, path: str, body: bytes) -> None:
    """Whatever the body, there is a report, and it is JSON."""
    report = explain(way, platform, type, path, body, "pizza", NOW)

    assert {"events", "rejections", "removed", "warnings"} == set(msgspec.json.decode(encode(report)))
    assert [] == [one for one in report["rejections"] if one["reason"] == "reader_failed"]
