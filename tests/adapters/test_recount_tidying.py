"""Old generations, and those of processes that died, leave state and tables; what is shown or being counted stays."""

from __future__ import annotations

import pytest

from app.adapters import recounting
from app.adapters.topics import COUNTERS
from app.core.events import Reporting
from app.core.registry import Bot, RecountProgress
from app.ports import Unavailable
from tests.adapters.recounts import AT, Case, claim_as_other, wanting_rome
from tests.waiting import eventually

SECOND = Bot("pizza", "Pizza", "kik", 1, Reporting("Europe/Rome", generation=2), generations=2)
"""Generation 2 is shown; 1 was claimed by a process that died."""


async def test_generations_nobody_sees_are_dropped() -> None:
    """
    The old one and the one of a process that died leave state first, then the tables; what is shown stays.

    Before that it is told once more what back-fills found: one may have told the old one when it was replaced.
    """
    case = Case()
    case.tables.left = [("pizza", 0), ("pizza", 1), ("pizza", 2)]
    await case.tell(SECOND)
    async with case.process():
        await eventually(lambda: case.named("drop"))

    assert [
        ("is_told", "pizza", 2),
        ("start",),
        ("tell", ("pizza~2", "hits", "dashboard", "day", 0, "bought@1", 1)),
        ("order", "pizza", 2, None),
        ("wait_until_counted", {0: 7}),
        ("wait_until_stored", COUNTERS, {0: 9}),
        ("stop",),
        ("drop", "pizza", 2, 2),
    ] == [call for call in case.calls if call[0] not in ("generations", "close")]
    assert [("pizza", 2)] == case.tables.left


async def test_a_claim_meanwhile_is_not_dropped() -> None:
    """What another process began after the last look has a higher number than those that leave."""
    case = Case()
    case.tables.left = [("pizza", 1), ("pizza", 2)]

    async def claim() -> None:
        await case.want(zone="Asia/Tokyo")
        await claim_as_other(case.registry)
        case.tables.left.append(("pizza", 3))

    case.log.hooks["stop"].append(claim)
    await case.tell(SECOND)
    async with case.process():
        await eventually(lambda: case.named("drop"))

    assert [("drop", "pizza", 2, 2)] == case.named("drop")
    assert [("pizza", 2), ("pizza", 3)] == case.tables.left


async def test_a_change_seen_in_time_stops_tidying() -> None:
    """Nothing is dropped of a bot that is another than when tidying began."""
    case = Case()
    case.tables.left = [("pizza", 1), ("pizza", 2)]

    async def claim() -> None:
        await case.want(zone="Asia/Tokyo")
        await claim_as_other(case.registry)

    case.log.hooks["order"].append(claim)
    await case.tell(SECOND)
    async with case.process():
        await eventually(lambda: ("stop",) in case.calls)
        await case.tell(wanting_rome("witness"))
        await eventually(lambda: case.is_shown(1, "witness"))

    assert [] == [call for call in case.named("drop") if call[1] == "pizza"]


async def test_nothing_is_dropped_before_sql_is_told() -> None:
    """Views would show nothing; as soon as they show the new generation, the old one leaves."""
    case = Case()
    case.tables.left, case.tables.is_sql_told = [("pizza", 1), ("pizza", 2)], False
    await case.tell(SECOND)
    async with case.process():
        await eventually(lambda: case.named("is_told"))
        assert [] == case.named("order", "drop")
        case.tables.is_sql_told = True
        await case.registry.note(RecountProgress("pizza", 2, 0, 0, AT))
        await eventually(lambda: case.named("drop"))


async def test_what_is_tidy_is_left_alone() -> None:
    """A bot with nothing but what is shown is told no order."""
    case = Case()
    case.tables.left = [("pizza", 2)]
    await case.tell(SECOND)
    async with case.process():
        await eventually(lambda: case.named("generations"))
        await case.tell(wanting_rome("witness"))
        await eventually(lambda: case.is_shown(1, "witness"))

    assert [] == [call for call in case.named("order", "drop") if call[1] == "pizza"]


async def test_tidying_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """ClickHouse or the broker was away; counting goes on all the same."""
    case = Case()
    monkeypatch.setattr(recounting, "_RETRY_S", 0.001)
    case.tables.left = [("pizza", 1), ("pizza", 2)]

    async def fail() -> None:
        raise Unavailable("The broker is away.")

    case.log.hooks["order"] += [fail, fail]
    await case.tell(SECOND)
    async with case.process():
        await eventually(lambda: case.named("drop"))

    assert 3 == len(case.named("order"))
