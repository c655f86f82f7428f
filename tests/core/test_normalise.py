"""A raw record becomes batches and dead letters: numbered, shared out, repeatable, and poison costs itself only."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.dashboards.hits import book_of
from app.core.deliveries import Delivery, encode_delivery
from app.core.dialects import DIALECTS, Dialect
from app.core.events import BotEvent, EventBatch, Reporting, partition_of
from app.core.normalise import Normalised, normalise, read_item
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.context import Context
from app.core.registry import Bot, Dashboard
from app.core.rules.language import Rule
from tests.facts import told

AT = 1_085_659_200_123
PARTITIONS = 4


def _delivery(*items: bytes, bot: str = "bot", way: str = "native", **more: Any) -> bytes:
    raw = [msgspec.Raw(item) for item in items]

    return encode_delivery(
        Delivery(bot=bot, way=way, received_at=more.pop("received_at", AT), items=raw, **more)
    )


def _item(user: str = "u", **fields: Any) -> bytes:
    return json.dumps({"user": user} | fields).encode()


def _run(*lines: bytes) -> Normalised:
    return normalise(b"\n".join(lines), 3, 7, PARTITIONS)


def _events(found: Normalised) -> list[BotEvent]:
    events = [event for batch in found.batches.values() for event in batch.events]

    return sorted(events, key=lambda event: event.raw_index)


def test_events_meet_in_their_users_partition() -> None:
    """Each event is in the batch of its user's partition, with its place in raw-events."""
    users = [f"u{n}" for n in range(20)]
    found = _run(_delivery(*map(_item, users)))

    assert users == [event.user_id for event in _events(found)]
    for partition, batch in found.batches.items():
        assert (batch.raw_partition, batch.raw_offset) == (3, 7)
        assert {partition} == {partition_of("bot", event.user_id, PARTITIONS) for event in batch.events}


def test_events_without_an_id_get_their_place() -> None:
    """An event without an id is named by partition, offset and index, which count over all deliveries."""
    found = _run(_delivery(_item(), _item(id="x")), _delivery(_item(), bot="other"))

    assert [(event.event_id, event.repeats) for event in _events(found)] == [
        ("3-7-0", False),
        ("id:in:u:x", True),
        ("3-7-2", False),
    ]


def test_received_at_of_a_batch_is_the_latest() -> None:
    """All batches of a record carry the latest time of receipt in it."""
    found = _run(_delivery(_item("a")), _delivery(_item("b"), received_at=AT + 9))

    assert {AT + 9} == {batch.received_at for batch in found.batches.values()}


def test_reporting_travels_when_it_is_not_the_default() -> None:
    """Batches hold the settings of bots that have any, and of no others."""
    rome = Reporting(zone="Europe/Rome")
    found = _run(_delivery(_item(), reporting=rome), _delivery(_item(), bot="plain"))
    reporting = {bot: own for batch in found.batches.values() for bot, own in batch.reporting.items()}

    assert {"bot": rome} == reporting


@pytest.mark.parametrize(
    ("expected", "newer"),
    [
        pytest.param(
            Reporting("Asia/Tokyo", generation=3), Reporting("Asia/Tokyo", generation=3), id="higher"
        ),
        pytest.param(None, Reporting("Asia/Tokyo", generation=1), id="lower"),
        pytest.param(None, Reporting("Asia/Tokyo", generation=2), id="the same"),
    ],
)
def test_the_newest_generation_counts(expected: Reporting | None, newer: Reporting) -> None:
    """What was accepted before the bot's numbers were counted anew counts by its new settings, and only that bot's."""
    accepted = Reporting("Europe/Rome", confidence_threshold=0.5, generation=2)
    deliveries = [_delivery(_item(), bot=bot, reporting=accepted) for bot in ("bot", "other")]
    found = normalise(b"\n".join(deliveries), 3, 7, PARTITIONS, reportings={"bot": newer})
    reporting = {bot: own for batch in found.batches.values() for bot, own in batch.reporting.items()}

    assert {"bot": expected or accepted, "other": accepted} == reporting


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(
            [("out", 5), ("in", 5)], [("in", 5), ("out", 5)], id="incoming first at the same instant"
        ),
        pytest.param([("in", 6), ("out", 5)], [("out", 5), ("in", 6)], id="earlier first"),
        pytest.param([("out", 5), ("out", 4), ("in", 5)], [("out", 4), ("in", 5), ("out", 5)], id="both"),
    ],
)
def test_order_within_a_delivery(sent: list[tuple[str, int]], expected: list[tuple[str, int]]) -> None:
    """Events of a delivery come by time, incoming before outgoing at the same instant."""
    found = _run(_delivery(*(_item(direction=side, at=AT - 100 + at) for side, at in sent)))
    (batch,) = found.batches.values()

    assert expected == [(event.direction, event.at - AT + 100) for event in batch.events]


def test_equal_events_keep_their_order() -> None:
    """At the same instant and in the same direction, what stood first stays first."""
    found = _run(_delivery(*(_item(at=AT, text=str(n)) for n in range(9))))
    (batch,) = found.batches.values()

    assert [str(n) for n in range(9)] == [event.text for event in batch.events]


POISON = [
    pytest.param(b"{broken", Reason.UNKNOWN_SHAPE, id="a line that is no JSON"),
    pytest.param(b'{"foo":1}', Reason.UNKNOWN_SHAPE, id="a line that is no delivery"),
    pytest.param(b'{"bot":"\xff"}', Reason.UNKNOWN_SHAPE, id="a line that is no UTF-8"),
    pytest.param(b"[" * 9999, Reason.UNKNOWN_SHAPE, id="a line without a floor"),
    pytest.param(_delivery(b"[]"), Reason.NOT_AN_OBJECT, id="an item that is no object"),
    pytest.param(_delivery(_item(at="soon")), Reason.BAD_TIME, id="an item with a bad time"),
    pytest.param(_delivery(_item(), way="pigeon"), Reason.UNKNOWN_DIALECT, id="a way that nobody knows"),
]


@pytest.mark.parametrize(
    "place", [pytest.param(0, id="first"), pytest.param(1, id="middle"), pytest.param(2, id="last")]
)
@pytest.mark.parametrize(("poison", "reason"), POISON)
def test_poison_costs_itself_only(poison: bytes, reason: Reason, place: int) -> None:
    """Whatever is wrong becomes one dead letter with its place; its neighbours are read."""
    lines = [_delivery(_item("a")), _delivery(_item("b"))]
    lines.insert(place, poison)
    found = _run(*lines)

    assert [event.user_id for event in _events(found)] == ["a", "b"]
    assert [(reason, 3, 7, place)] == [
        (letter.reason, letter.raw_partition, letter.raw_offset, letter.raw_index)
        for letter in found.dead_letters
    ]


def test_poison_within_a_delivery() -> None:
    """A bad item of a delivery leaves the others alone, and numbers are not given twice."""
    found = _run(_delivery(_item("a"), b"{}", b"1", _item("b")))

    assert [event.raw_index for event in _events(found)] == [0, 3]
    assert [letter.raw_index for letter in found.dead_letters] == [1, 2]


def test_dead_letters_can_be_replayed() -> None:
    """A dead letter holds the refused bytes and all that the delivery said of them."""
    line = _delivery(b'{"entry":5}', way="dashbot", platform="facebook", type="all", sdk="12.1.0-npm")
    (letter,) = _run(line).dead_letters

    assert (letter.bot_id, letter.stage, letter.received_at, letter.body) == (
        "bot",
        "normalise",
        AT,
        '{"entry":5}',
    )
    assert (letter.way, letter.platform, letter.type, letter.sdk) == (
        "dashbot",
        "facebook",
        "all",
        "12.1.0-npm",
    )
    assert (letter.reason, letter.path) == (Reason.WRONG_TYPE, "entry")


def test_a_reader_that_fails_costs_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in a reader is a dead letter that names it; the next item is read."""

    def read(item: bytes, context: Context) -> Outcome:
        if b"bomb" in item:
            raise LookupError(item)
        return DIALECTS["native"].read(item, context)

    monkeypatch.setitem(DIALECTS, "shaky", Dialect(DIALECTS["native"].check, read))
    found = _run(_delivery(_item("bomb"), _item("b"), way="shaky"))

    assert [event.user_id for event in _events(found)] == ["b"]
    assert [letter.reason for letter in found.dead_letters] == [Reason.READER_FAILED]
    assert "LookupError" in found.dead_letters[0].message


def test_nul_is_replaced() -> None:
    """NUL in any text becomes U+FFFD: in ids, texts, names and values."""
    fields = {"text": "a\0b", "attributes": {"k\0": "v\0"}, "user_attributes": {"k": "\0"}, "id": "\0"}
    (event,) = _events(_run(_delivery(_item("u\0", **fields))))

    assert (event.user_id, event.text, event.message_id) == ("u\ufffd", "a\ufffdb", "\ufffd")
    assert (event.attributes, event.user_attributes) == ({"k\ufffd": "v\ufffd"}, {"k": "\ufffd"})
    assert "\0" not in event.event_id


def test_read_item_replaces_nul_too() -> None:
    """Reading a single item gives what normalise would."""
    outcome = read_item(_item(text="\0"), Context("bot", AT))

    assert [event.text for event in outcome.events] == ["\ufffd"]
    assert read_item(_item(text=""), Context("bot", AT)).rejections == []


def test_read_item_refuses_unknown_ways() -> None:
    """A way in that does not exist is a refusal that lists those that do."""
    (refused,) = read_item(_item(), Context("bot", AT, "pigeon")).rejections

    assert Rejection(Reason.UNKNOWN_DIALECT, refused.message) == refused
    assert "native" in refused.message


def test_an_empty_record_is_nothing() -> None:
    """Empty lines hold nothing and nothing is refused."""
    assert Normalised({}, []) == _run(b"", b"")


WAYS = st.sampled_from([("native", ""), ("dashbot", "incoming"), ("dashbot", "event"), ("pigeon", "")])
ITEMS = st.builds(
    lambda user, at, text, side: _item(user, at=at, text=text, direction=side, userId=user, type="t"),
    st.text(max_size=3),
    st.integers(-1, 2**43),
    st.text(max_size=5),
    st.sampled_from(["in", "out"]),
) | st.sampled_from([b"[]", b"{}", b'{"user":"u"}'])
LINES = st.builds(
    lambda items, way, at: _delivery(*items, way=way[0], type=way[1], platform="generic", received_at=at),
    st.lists(ITEMS, max_size=4),
    WAYS,
    st.integers(0, 2**41),
) | st.binary(max_size=20)


@given(lines=st.lists(LINES, max_size=5), offset=st.integers(0, 2**40), partitions=st.integers(1, 20))
def test_every_item_is_accounted_for_and_again_the_same(
    lines: list[bytes], offset: int, partitions: int
) -> None:
    """The same bytes give the same output; indices are 0..n without a gap; every batch can be written."""
    record = b"\n".join(lines)
    found = normalise(record, 0, offset, partitions)
    indices = [event.raw_index for event in _events(found)] + [
        letter.raw_index for letter in found.dead_letters
    ]

    assert found == normalise(record, 0, offset, partitions)
    assert list(range(len(indices))) == sorted(indices)
    for batch in found.batches.values():
        assert batch == msgspec.json.decode(msgspec.json.encode(batch), type=EventBatch)


def test_events_carry_the_dashboards_they_hit() -> None:
    """Those of their own bot, as text is when it is stored."""
    rule = Rule(field="text", op="matches", value="^a\\x{FFFD}b$")
    state = told(Bot("bot", "Bot", "generic", 0), Dashboard("d", "bot", "D", 0, rule, version=7))
    record = b"\n".join(
        (_delivery(_item(text="a\0b"), _item(text="ab")), _delivery(_item(text="a\0b"), bot="other"))
    )

    assert [["d@7"], [], []] == [
        event.dashboards for event in _events(normalise(record, 3, 7, PARTITIONS, book_of(state)))
    ]
