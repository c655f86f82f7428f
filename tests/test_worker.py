"""What we change in Faust holds: each override of app/worker.py, on the real classes and without a broker."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from app import worker
from app.agents.sequence import Sequence
from app.config import Settings
from app.worker import Event, StageApp, build, group_of

HERE = TP("bot-events", 0)


@pytest.fixture
async def app(tmp_path: Path) -> StageApp:
    """An app that never starts."""
    return build(Settings(kafka="127.0.0.1:1", home=tmp_path), "track", "1")


async def test_only_what_was_confirmed_is_committed(app: StageApp) -> None:
    """Faust's own notes of acknowledged offsets, also those of its compiled stream, move nothing."""
    consumer: Any = app.consumer
    consumer._acked[HERE] = [0, 1, 2, 3]
    consumer.confirmed[HERE] = 2

    assert {HERE: 2} == consumer._filter_committable_offsets([HERE])


async def test_what_is_committed_already_is_not_committed_again(app: StageApp) -> None:
    """A confirmed offset goes to the broker once."""
    consumer: Any = app.consumer
    consumer.confirmed[HERE] = 2
    consumer._committed_offset[HERE] = 2

    assert {} == consumer._filter_committable_offsets([HERE])


async def test_a_hole_is_not_taken_for_compaction(app: StageApp) -> None:
    """A jump in what is fetched leaves no gap that could be committed across."""
    consumer: Any = app.consumer
    await consumer._add_gap(HERE, 4, 10)

    assert not consumer._gap[HERE]


async def test_what_was_read_last_drops_nothing(app: StageApp) -> None:
    """While draining, a partition has no offset below which records would be dropped."""
    consumer: Any = app.consumer
    consumer._read_offset[HERE] = 95

    assert consumer._read_offset[HERE] is None
    assert consumer._read_offset.get(HERE) == 95


async def test_a_seek_happens_in_the_thread_of_the_consumer(
    app: StageApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any other it takes away records that a fetch is about to hand over, and the stage crashes."""
    consumer: Any = app.consumer
    sought: list[tuple[object, ...]] = []

    class Fetching:
        def seek(self, *place: object) -> None:
            sought.append((threading.current_thread().name, *place))

    async def call_thread(method: Any, *words: Any) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="consumer") as pool:
            await asyncio.get_running_loop().run_in_executor(pool, method, *words)

    monkeypatch.setattr(consumer._thread, "_ensure_consumer", Fetching)
    monkeypatch.setattr(consumer._thread, "call_thread", call_thread)
    await consumer.seek(TP("raw-events", 0), 7)

    assert [("consumer_0", TP("raw-events", 0), 7)] == sought


async def test_reading_begins_where_the_broker_says_however_far_the_fetcher_is(
    app: StageApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the fetcher takes in while places are sought was not read: the first record is still admitted."""
    consumer: Any = app.consumer
    new, old = TP("raw-events", 0), TP("raw-events", 1)

    async def seek_to_committed() -> dict[TP, int | None]:
        return {new: None, old: 7}

    async def earliest_offsets(*partitions: TP) -> dict[TP, int]:
        return dict.fromkeys(partitions, 0)

    async def seek(tp: TP, offset: int) -> None:
        consumer._read_offset[new] = consumer._read_offset[old] = 40

    monkeypatch.setattr(consumer._thread, "seek_to_committed", seek_to_committed)
    monkeypatch.setattr(consumer, "earliest_offsets", earliest_offsets)
    monkeypatch.setattr(consumer, "assignment", lambda: {new, old})
    monkeypatch.setattr(consumer, "seek", seek)
    sequence = Sequence(app)

    assert [True, False, True, True] == [
        await sequence.admits(SimpleNamespace(tp=tp, offset=offset))
        for tp, offset in ((new, 0), (old, 6), (old, 7), (new, 1))
    ]


async def test_a_partition_that_was_taken_away_is_left_alone(
    app: StageApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record fetched before a rebalance belongs to the worker that has its partition now."""
    consumer: Any = app.consumer

    async def seek_to_committed() -> dict[TP, int | None]:
        return {TP("raw-events", 1): 7}

    monkeypatch.setattr(consumer._thread, "seek_to_committed", seek_to_committed)
    monkeypatch.setattr(consumer, "assignment", lambda: {TP("raw-events", 1)})

    assert not await Sequence(app).admits(SimpleNamespace(tp=TP("raw-events", 0), offset=0))


async def test_confirming_names_the_next_offset(app: StageApp) -> None:
    """`confirm` notes where reading goes on; `ack` notes nothing."""

    class Message:
        tp, offset = HERE, 41

    event = Event(app, None, None, None, Message())  # type: ignore[arg-type]

    assert not event.ack()
    assert {} == app.consumer.confirmed

    event.confirm()
    assert {HERE: 42} == app.consumer.confirmed


def test_stages_have_groups_of_their_own() -> None:
    """The group is part of what operators see: lag is asked for by it."""
    assert ["botpulse-normalise", "botpulse-track"] == [group_of(stage) for stage in ("normalise", "track")]


def test_an_assignment_without_a_topic_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that is just back may not tell of a topic yet: then nobody would read it until the next rebalance."""
    said: list[str] = []

    def fatal(what: str, error: BaseException) -> None:
        said.append(f"{what}: {error}")
        raise error

    class Cluster:
        def partitions_for_topic(self, topic: str) -> set[int] | None:
            return {0, 1} if topic == "raw-events" else None

    monkeypatch.setattr(worker, "fatal", fatal)
    with pytest.raises(LookupError):
        worker._Assignor._get_copartitioned_groups({"raw-events", "bot-events"}, Cluster(), {})

    assert ["assign: the broker does not know bot-events"] == said
