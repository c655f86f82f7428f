"""What many events hit, written small: nothing is lost, and a body that hits everything fits a record."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.dashboards.hits import HitBook, book_of
from app.core.dashboards.packing import PackedHits, pack_hits, unpack_hits
from app.core.deliveries import Delivery, encode_delivery
from app.core.events import EventBatch, decode_batches, encode_batches, pack
from app.core.normalise import normalise
from app.core.registry import Bot, Dashboard, State
from app.core.rules.language import Rule
from app.core.shard import Shard
from tests.events import NOON_MS, event

HITS = st.lists(st.integers(0, 40).map(lambda n: f"d{n}@1"), unique=True, max_size=12)
MANY = 500


@given(st.lists(HITS, max_size=30))
def test_what_is_packed_comes_back(events: list[list[str]]) -> None:
    """The same dashboards for each event."""
    assert [sorted(hits) for hits in events] == [sorted(hits) for hits in unpack_hits(pack_hits(events))]


@given(st.lists(st.tuples(st.sampled_from(["pizza", "pasta"]), HITS), max_size=20))
def test_a_packed_batch_is_read_like_any_other(sent: list[tuple[str, list[str]]]) -> None:
    """Whichever bots' events stand in it, in whatever order."""
    events = [event(str(n), bot_id=bot, dashboards=hits) for n, (bot, hits) in enumerate(sent)]
    batch = EventBatch(0, 7, NOON_MS, events)
    pack(batch)
    [found] = decode_batches(encode_batches([batch]))

    assert [sorted(hits) for _, hits in sent] == [sorted(one.dashboards) for one in found.events]
    assert [str(n) for n in range(len(sent))] == [one.event_id for one in found.events]


@pytest.mark.parametrize(
    "hits",
    [
        pytest.param({"pizza": PackedHits(["d@1"], [b"\1"], [0, 0])}, id="of more events than there are"),
        pytest.param({"pizza": PackedHits(["d@1"], [b"\1"], [1])}, id="a set that is not there"),
        pytest.param({"pasta": PackedHits(["d@1"], [b"\1"], [0])}, id="a bot without an event"),
    ],
)
def test_hits_of_other_events_are_no_record(hits: dict[str, PackedHits]) -> None:
    """We did not write them."""
    batch = EventBatch(0, 7, NOON_MS, [event("a", bot_id="pizza")], hits=hits)
    with pytest.raises(msgspec.DecodeError):
        decode_batches(encode_batches([batch]))


def _book() -> HitBook:
    """Return rules of which every message hits five hundred, and by its digits some more."""
    rules = [Rule(field="direction", value="in")] * MANY
    rules += [Rule(field="text", op="contains", value=str(digit)) for digit in range(10)]
    own = [Dashboard(f"d-{n:010d}", "pizza", f"D{n}", 1, rule) for n, rule in enumerate(rules)]

    return book_of(
        State(bots={"pizza": Bot("pizza", "P", "facebook", 1)}, dashboards={one.id: one for one in own})
    )


def test_a_body_of_many_messages_that_hit_everything() -> None:
    """Fits a record, and every hit is counted."""
    texts = [f"{n:04d}" for n in range(2000)]
    messages = [
        {
            "sender": {"id": "1"},
            "recipient": {"id": "9"},
            "timestamp": NOON_MS + n,
            "message": {"mid": f"m{n}", "text": text},
        }
        for n, text in enumerate(texts)
    ]
    body = {"object": "page", "entry": [{"id": "9", "time": NOON_MS, "messaging": messages}]}
    raw = [msgspec.Raw(json.dumps(body).encode())]
    record = encode_delivery(Delivery("pizza", "webhook", NOON_MS, raw, platform="facebook"))
    [(_, batch)] = normalise(record, 0, 0, 4, _book()).batches.items()
    written = encode_batches([batch])
    shard = Shard(0, {})
    shard.fold(0, decode_batches(written))
    writes = shard.take()
    wanted = Counter({f"d-{n:010d}@1": 2000 for n in range(MANY)})
    for digit in range(10):
        wanted[f"d-{MANY + digit:010d}@1"] = sum(str(digit) in text for text in texts)

    assert len(written) < 1_000_000
    assert writes
    assert wanted == {
        key: n
        for cells in writes.counters
        for _, measure, _, window, _, key, n in cells.cells
        if (measure, window) == ("hits", "day")
    }
