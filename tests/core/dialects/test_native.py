"""The native object: every field, every refusal, and that what is accepted can be read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.dialects.native import NATIVE
from app.core.events import BotEvent
from app.core.outcome import Reason
from app.core.platforms.context import Context

AT = 1_085_659_200_123
CONTEXT = Context("bot", AT, confidence_threshold=0.5, sdk="curl")


def _read(**fields: Any) -> BotEvent:
    return _only(json.dumps(fields).encode())


def _only(item: bytes) -> BotEvent:
    outcome = NATIVE.read(item, CONTEXT)
    assert outcome.rejections == []
    (event,) = outcome.events

    return event


def test_full_item() -> None:
    """Every field of the object arrives in its column."""
    expected = BotEvent(
        event_id="id:out:u:e1",
        bot_id="bot",
        user_id="u",
        at=AT - 1,
        received_at=AT,
        kind="text",
        direction="out",
        repeats=True,
        platform="web",
        text="hi",
        intent="greet",
        intent_confidence=0.75,
        conversation_id="c",
        session_id="s",
        message_id="e1",
        amount=2.5,
        currency="EUR",
        locale="en",
        attributes={"plan": "pro", "intent.city": "Rome"},
        user_attributes={"age": "30"},
        sdk="curl",
    )
    item = {
        "user": "u",
        "direction": "out",
        "type": "message",
        "text": "hi",
        "at": AT - 1,
        "id": "e1",
        "conversation": "c",
        "session": "s",
        "intent": {"name": "greet", "confidence": 0.75, "inputs": [{"name": "city", "value": "Rome"}]},
        "platform": "web",
        "locale": "en",
        "attributes": {"plan": "pro"},
        "user_attributes": {"age": 30},
        "amount": 2.5,
        "currency": "EUR",
    }

    assert expected == _read(**item)


def test_smallest_item() -> None:
    """A user is enough: an incoming text at the time of receipt, of the bot's platform."""
    expected = BotEvent("", "bot", "u", AT, AT, "text", sdk="curl", warnings=["no_time"])

    assert expected == _read(user="u")


def test_null_is_absent() -> None:
    """A field that is null is as if it were not there."""
    fields = dict.fromkeys(
        ("direction", "type", "text", "at", "id", "intent", "attributes", "amount", "attachments")
    )

    assert _read(user="u") == _read(user="u", **fields)


@pytest.mark.parametrize(
    ("fields", "kind", "name"),
    [
        pytest.param({"type": "message"}, "text", "", id="message"),
        pytest.param({"type": ""}, "text", "", id="empty type"),
        pytest.param({"type": "postback"}, "postback", "", id="a kind of message"),
        pytest.param({"type": "read"}, "read", "", id="a kind of signal"),
        pytest.param({"type": "signed_up"}, "custom", "signed_up", id="anything else is the maker's own"),
        pytest.param({"type": "custom"}, "custom", "custom", id="custom by name"),
        pytest.param({"attachments": [{"type": "image"}]}, "image", "", id="attachment says its type"),
        pytest.param({"attachments": [{"type": "hologram"}, {}]}, "file", "", id="unknown attachment"),
        pytest.param({"attachments": [{"type": 1}, {"type": "video"}]}, "video", "", id="second attachment"),
        pytest.param({"attachments": []}, "text", "", id="no attachments"),
        pytest.param({"type": "video", "attachments": [{"type": "image"}]}, "video", "", id="type wins"),
    ],
)
def test_kinds(fields: dict[str, Any], kind: str, name: str) -> None:
    """Known kinds are themselves, others are custom events under their name."""
    event = _read(user="u", **fields)

    assert (kind, name) == (event.kind, event.event_name)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            {"attributes": {"n": 1, "b": True, "z": None}}, {"n": "1", "b": "true", "z": "null"}, id="scalars"
        ),
        pytest.param({"attributes": {"o": {"a": [1, "é"]}}}, {"o": '{"a":[1,"é"]}'}, id="nested"),
        pytest.param({"attributes": {"big": 2**70}}, {"big": str(2**70)}, id="beyond 64 bits"),
        pytest.param({"shop": "x", "n": [1]}, {"shop": "x", "n": "[1]"}, id="unknown fields"),
        pytest.param({"plan": "a", "attributes": {"plan": "b"}}, {"plan": "b"}, id="attributes win"),
        pytest.param(
            {"attachments": [{"type": "image", "url": "u"}]},
            {"attachments": '[{"type":"image","url":"u"}]'},
            id="attachments",
        ),
        pytest.param(
            {"intent": {"name": "i", "inputs": {"k": 1}}}, {"intent.k": "1"}, id="inputs as an object"
        ),
        pytest.param({"intent": {"name": "i", "inputs": [1, {"value": 2}]}}, {}, id="inputs without a name"),
    ],
)
def test_attributes(fields: dict[str, Any], expected: dict[str, str]) -> None:
    """Strings stay, other JSON is its compact text; unknown fields are attributes."""
    assert expected == _read(user="u", **fields).attributes


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        pytest.param("greet", ("greet", None, False), id="a name"),
        pytest.param("NotHandled", ("NotHandled", None, True), id="not handled"),
        pytest.param({"name": "nothandled"}, ("nothandled", None, False), id="only the exact name"),
        pytest.param({"name": "greet", "confidence": 0.49}, ("greet", 0.49, True), id="below the threshold"),
        pytest.param({"name": "greet", "confidence": 0.5}, ("greet", 0.5, False), id="at the threshold"),
        pytest.param({"confidence": 0.1}, ("", 0.1, True), id="unsure without a name"),
        pytest.param({"name": "greet", "rank": 1}, ("greet", None, False), id="more than we know"),
    ],
)
def test_intents(intent: object, expected: tuple[str, float | None, bool]) -> None:
    """NotHandled and a confidence below the bot's threshold mark what was not understood."""
    event = _read(user="u", intent=intent)

    assert expected == (event.intent, event.intent_confidence, event.not_handled)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param(b"12345678901234567890123", "12345678901234567890123", id="beyond 2^53"),
        pytest.param(b"0", "0", id="zero is somebody"),
        pytest.param(b"-5", "-5", id="negative"),
        pytest.param(b'"' + "é".encode() * 200 + b'"', "é" * 200, id="200 characters"),
    ],
)
def test_users(user: bytes, expected: str) -> None:
    """Numbers are kept digit by digit."""
    assert expected == _only(b'{"user":%s}' % user).user_id


def test_numbers_as_ids() -> None:
    """Ids of messages, conversations and sessions may be numbers too."""
    event = _read(user="u", id=1, conversation=2, session=3)

    assert (event.message_id, event.conversation_id, event.session_id) == ("1", "2", "3")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({"id": "1"}, {"id": "1", "text": "again", "at": AT - 5}, True, id="repeated"),
        pytest.param({"id": "1"}, {"id": 1}, True, id="number and string"),
        pytest.param({"id": "1"}, {"id": "2"}, False, id="another id"),
        pytest.param({"id": "1"}, {"id": "1", "user": "v"}, False, id="another user"),
        pytest.param({"id": "1"}, {"id": "1", "direction": "out"}, False, id="another direction"),
        pytest.param({"user": "a:b", "id": "c"}, {"user": "a", "id": "b:c"}, False, id="colons"),
        pytest.param({"user": "a:", "id": "c"}, {"user": "a%3A", "id": "c"}, False, id="escapes"),
        pytest.param({"id": "x" * 199 + "1"}, {"id": "x" * 199 + "2"}, False, id="long ids"),
    ],
)
def test_event_ids(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    """The same id of the same user in the same direction is the same event."""
    first, second = _read(**{"user": "u"} | one), _read(**{"user": "u"} | other)

    assert (same, True) == (first.event_id == second.event_id, first.repeats)
    assert len(first.event_id) <= 64


@pytest.mark.parametrize(
    ("item", "reason", "path", "word"),
    [
        pytest.param(b"", Reason.NOT_JSON, "", "not JSON", id="empty"),
        pytest.param(b'{"user":"u"', Reason.NOT_JSON, "", "not JSON", id="cut short"),
        pytest.param(b'{"user":"u","text":"\xff"}', Reason.NOT_JSON, "", "UTF-8", id="no UTF-8"),
        pytest.param(
            b'{"user":"u","new":"\xff"}', Reason.NOT_JSON, "", "UTF-8", id="no UTF-8 in an unknown field"
        ),
        pytest.param(b"[1]", Reason.NOT_AN_OBJECT, "", "{...}", id="array"),
        pytest.param(b"null", Reason.NOT_AN_OBJECT, "", "{...}", id="null"),
        pytest.param(b"{}", Reason.MISSING_USER, "user", "`user` is missing", id="no user"),
        pytest.param(b'{"user":""}', Reason.MISSING_USER, "user", "`user` is missing", id="empty user"),
        pytest.param(b'{"user":null}', Reason.MISSING_USER, "user", "`user` is missing", id="null user"),
        pytest.param(b'{"user":1.5}', Reason.WRONG_TYPE, "user", "`user` must be", id="fraction as user"),
        pytest.param(b'{"user":"%s"}' % (b"u" * 201), Reason.BAD_VALUE, "user", "200", id="long user"),
        pytest.param(
            b'{"user":%s}' % (b"1" * 201), Reason.BAD_VALUE, "user", "200", id="long number as user"
        ),
        pytest.param(b'{"user":%s}' % (b"1" * 5000), Reason.BAD_VALUE, "", "number", id="endless number"),
        pytest.param(b'{"user":"u","text":5}', Reason.WRONG_TYPE, "text", "a string", id="text"),
        pytest.param(b'{"user":"u","direction":"up"}', Reason.BAD_VALUE, "direction", '"in"', id="direction"),
        pytest.param(b'{"user":"u","at":"soon"}', Reason.BAD_TIME, "at", "ISO 8601", id="unreadable time"),
        pytest.param(b'{"user":"u","at":"%s"}' % (b"x" * 99), Reason.BAD_TIME, "at", "x...", id="long time"),
        pytest.param(b'{"user":"u","at":-1}', Reason.BAD_TIME, "at", "1970 to 2100", id="before 1970"),
        pytest.param(b'{"user":"u","at":true}', Reason.BAD_TIME, "at", "ISO 8601", id="time of a wrong type"),
        pytest.param(b'{"user":"u","amount":"5"}', Reason.WRONG_TYPE, "amount", "a number", id="amount"),
        pytest.param(b'{"user":"u","amount":1e13}', Reason.BAD_VALUE, "amount", "10000", id="huge amount"),
        pytest.param(
            b'{"user":"u","intent":{"confidence":"x"}}',
            Reason.WRONG_TYPE,
            "intent.confidence",
            "`intent`",
            id="nested",
        ),
        pytest.param(
            b'{"user":"u","attachments":[1]}', Reason.WRONG_TYPE, "attachments[0]", "array", id="attachment"
        ),
        pytest.param(
            b'{"user":"u","attributes":{"a":1e999}}', Reason.BAD_VALUE, "", "number", id="huge number"
        ),
    ],
)
def test_refusals(item: bytes, reason: Reason, path: str, word: str) -> None:
    """A refusal names the reason, the field, and what would be accepted; check and read agree on it."""
    refused = NATIVE.check(item, "", "")

    assert refused is not None
    assert (reason, path) == (refused.reason, refused.path)
    assert word in refused.message
    assert [refused] == NATIVE.read(item, CONTEXT).rejections


@pytest.mark.parametrize(
    "field", ["attributes", "user_attributes", "intent", "intent.new", "attachments", "other"]
)
@pytest.mark.parametrize(
    ("levels", "fits"), [pytest.param(100, True, id="100"), pytest.param(101, False, id="101")]
)
def test_depth(field: str, levels: int, fits: bool) -> None:
    """100 levels of nesting are read wherever they are, 101 are not."""
    around = {
        "attributes": ('{"a":', "}", 2),
        "user_attributes": ('{"a":', "}", 2),
        "intent": ('{"inputs":[', "]}", 3),
        "intent.new": ('{"new":[', "]}", 3),
        "attachments": ('[{"a":', "}]", 3),
        "other": ("", "", 1),
    }
    before, after, own = around[field]
    nested = "[" * (levels - own) + "]" * (levels - own)
    item = f'{{"user":"u","{field.partition(".")[0]}":{before}{nested}{after}}}'
    refused = NATIVE.check(item.encode(), "", "")

    assert fits == (refused is None)
    assert refused is None or refused.reason is Reason.TOO_DEEP


@pytest.mark.parametrize("field", ["attributes", "intent", "other"])
def test_bottomless_nesting(field: str) -> None:
    """Nesting beyond any decoder's limit is a refusal like any other."""
    item = b'{"user":"u","%s":%s}' % (field.encode(), b'{"inputs":' * 5000 + b"1" + b"}" * 5000)
    refused = NATIVE.check(item, "", "")

    assert refused is not None
    assert Reason.TOO_DEEP is refused.reason


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "user", "direction", "type", "text", "at", "id", "conversation", "session", "intent", "platform", "locale",
    "attributes", "user_attributes", "amount", "currency", "attachments", "other",
]  # fmt: skip
LIKELY = st.fixed_dictionaries(
    {"user": st.text(max_size=3) | st.integers()},
    optional={
        "at": st.floats(allow_nan=False, allow_infinity=False)
        | st.datetimes().map(str)
        | st.integers(0, 2**60),
        "intent": st.fixed_dictionaries(
            {}, optional={"name": st.text(max_size=5), "confidence": JSON, "inputs": JSON}
        ),
        "attributes": st.dictionaries(st.text(max_size=5), JSON, max_size=3),
        "direction": st.sampled_from(["in", "out", "up"]),
        "other": JSON,
    },
)
ITEMS = LIKELY | st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON


@given(value=ITEMS, broken=st.none() | st.tuples(st.integers(0, 200), st.binary(max_size=3)))
def test_what_is_accepted_can_be_read(value: object, broken: tuple[int, bytes] | None) -> None:
    """The check lets an item pass exactly when reading it gives one event and no refusal."""
    item = msgspec.json.encode(value)
    if broken is not None:
        place, extra = broken
        item = item[:place] + extra + item[place:]
    refused = NATIVE.check(item, "", "")
    outcome = NATIVE.read(item, CONTEXT)

    assert ([refused] if refused else []) == outcome.rejections
    assert (0 if refused else 1) == len(outcome.events)


@given(value=LIKELY)
def test_events_survive_the_topic(value: object) -> None:
    """Whatever is read can be written to bot-events and comes back the same."""
    for event in NATIVE.read(msgspec.json.encode(value), CONTEXT).events:
        assert event == msgspec.json.decode(msgspec.json.encode(event), type=BotEvent)
