"""Who counts a bot anew, in what order, and what becomes of it when it is called off, fails, or its process dies."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from app.adapters import recounting
from app.adapters.memory import MemoryRegistry
from app.adapters.topics import BOT_EVENTS, COUNTERS
from app.core.commands.recounting import wanted_reporting
from app.core.events import Reporting
from app.core.registry import Bot, Recounting, RecountProgress, State
from app.errors import BotpulseError
from app.ports import Decide
from tests.adapters.recounts import AT, Case, FakeLog, claim_as_other, wanting_rome
from tests.waiting import eventually

ROME = Reporting("Europe/Rome", generation=1)
LATE = ("tell", *(("pizza~1", "late", "", window, 0, "", 2) for window in ("hour", "day")))
HIT = ("tell", ("pizza~1", "hits", "dashboard", "day", 0, "bought@1", 1))


class _Monotonic:
    """A clock that goes when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


class _Overtaken(MemoryRegistry):
    """Somebody else claims a bot right after the claim of this process, before this one hears of its own."""

    async def change(self, decide: Decide, who: str, why: str = "") -> State:
        state = await super().change(decide, who, why)
        claim = state.bots["pizza"].recounting
        if who == "recount" and claim is not None and claim.by != "other":
            await claim_as_other(self)
        return self.state


async def test_a_change_is_claimed_ordered_sent_and_shown() -> None:
    """In this order, and what back-fills found is told before it is shown."""
    case = Case()
    await case.tell(Bot("pizza", "Pizza", "kik", 1))
    async with case.process():
        await case.want(zone="Europe/Rome")
        await eventually(lambda: ("stop",) in case.calls)

    assert (ROME, None, 1) == (case.bot().reporting, case.bot().recounting, case.bot().generations)
    assert [
        ("start",),
        ("order", "pizza", 0, 1),
        ("wait_until_counted", {0: 7}),
        ("wait_until_stored", BOT_EVENTS, {0: 8}),
        ("page", "pizza", {0: 7}),
        ("send", ("pizza~1", "e1")),
        ("wait_until_counted", {0: 8}),
        ("wait_until_stored", COUNTERS, {0: 9}),
        ("arrivals", 0, 1),
        LATE,
        HIT,
        ("wait_until_stored", COUNTERS, {0: 9}),
        ("wait_for_alerts",),
        ("is_kept", {0: 7}),
        ("shown", "pizza", 1),
        ("stop",),
    ] == case.calls[: case.calls.index(("stop",)) + 1]


async def test_how_far_it_is_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that others leave it alone, and people see it: how many events there are, and how many were sent."""
    case = Case()
    monkeypatch.setattr(recounting, "_SIGN_S", 0.001)

    async def is_said() -> None:
        await eventually(
            lambda: RecountProgress("pizza", 1, 1, 1, AT) == case.registry.state.recounts["pizza"]
        )

    case.log.hooks["is_kept"].append(is_said)
    await case.tell(wanting_rome())
    async with case.process():
        await eventually(lambda: case.is_shown(1))


async def test_of_two_processes_one_counts() -> None:
    """Both saw that nobody does; one claim holds, and its history is sent once."""
    case = Case()
    logs = [FakeLog(case.calls), FakeLog(case.calls)]
    both = asyncio.Barrier(2)

    async def meet() -> None:
        await both.wait()

    for log in logs:
        log.hooks["start"].append(meet)
    await case.tell(wanting_rome())
    async with case.process(logs[0]), case.process(logs[1]):
        await eventually(lambda: len(case.named("stop")) == 2)

    assert (ROME, 1) == (case.bot().reporting, case.bot().generations)
    assert [("order", "pizza", 0, 1), ("send", ("pizza~1", "e1"))] == case.named("order", "send")


async def test_who_sees_another_claim_after_its_own_does_nothing() -> None:
    """It neither orders nor sends: the generation that it hears of is not its own."""
    case = Case(_Overtaken())
    await case.tell(wanting_rome())
    async with case.process():
        await eventually(lambda: ("stop",) in case.calls)

    assert Recounting(Reporting("Europe/Rome", generation=2), "other", AT) == case.bot().recounting
    assert [("start",), ("stop",)] == case.named("start", "order", "send", "tell", "stop")


@pytest.mark.parametrize(
    ("claimed_ms", "sign", "is_taken"),
    [
        pytest.param(30_000, None, True, id="silent since it claimed"),
        pytest.param(29_999, None, False, id="claimed just now"),
        pytest.param(90_000, (3, 29_999), False, id="spoke just now"),
        pytest.param(90_000, (3, 30_000), True, id="spoke, but not any more"),
        pytest.param(90_000, (2, 0), True, id="only one of an older generation speaks"),
        pytest.param(29_999, (2, 90_000), False, id="an older generation is silent"),
    ],
)
async def test_who_is_silent_is_taken_over(
    claimed_ms: int, sign: tuple[int, int] | None, is_taken: bool
) -> None:
    """After 30 s, as a generation with a higher number; who speaks is left alone, and another bot is counted meanwhile."""
    case = Case()
    claim = Recounting(Reporting("Europe/Rome", generation=3), "dead", AT - claimed_ms)
    claimed = Bot("pizza", "Pizza", "kik", 1, recounting=claim, generations=3)
    await case.tell(claimed, wanting_rome("witness"))
    if sign is not None:
        generation, ago_ms = sign
        await case.registry.note(RecountProgress("pizza", generation, 0, 0, AT - ago_ms))
    async with case.process():
        await eventually(lambda: case.is_shown(1, "witness"))
        left = case.bot()

    assert is_taken == case.is_shown(4)
    assert is_taken or left == claimed
    assert is_taken == (("send", ("pizza~4", "e1")) in case.calls)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(BotpulseError("too large", "kafka"), id="something known"),
        pytest.param(RuntimeError("a bug"), id="something unknown"),
    ],
)
async def test_one_that_fails_is_tried_later_and_later(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """After 5 s, then 10 s; others are counted all the time, and so is this one once the reason is gone."""
    case, clock = Case(), _Monotonic()
    monkeypatch.setattr(recounting, "time", clock)
    case.tables.faults["pizza"] = error
    await case.tell(wanting_rome(), Bot("witness", "w", "kik", 1))
    tries = {0.0: 1, 4.9: 1, 5.0: 2, 14.9: 2, 15.0: 3, 34.9: 3}
    async with case.process():
        for n, (later_s, tried) in enumerate(tries.items(), 1):
            clock.now_s = 1000.0 + later_s
            await case.want("witness", session_gap_s=n)
            await eventually(partial(case.is_shown, n, "witness"))
            assert (0, tried) == (case.bot().reporting.generation, case.bot().generations)
        case.tables.faults.clear()
        clock.now_s = 1000.0 + 35.0
        await case.want("witness", session_gap_s=100)
        await eventually(lambda: case.is_shown(4))


async def test_who_stops_disconnects() -> None:
    """What is under way is left to another process."""
    case, is_sending = Case(), asyncio.Event()

    async def stand_still() -> None:
        is_sending.set()
        await asyncio.Event().wait()

    case.log.hooks["send"].append(stand_still)
    await case.tell(wanting_rome())
    async with case.process():
        await is_sending.wait()

    assert [("stop",), ("close",)] == case.calls[-2:]
    assert ROME == wanted_reporting(case.bot())


@pytest.mark.parametrize("step", ["order", "send", "wait_until_counted"])
async def test_called_off_nothing_is_shown(step: str) -> None:
    """Somebody goes back to what is shown while history is sent: no number is told, and the process has nothing to do."""
    case = Case()

    async def call_off() -> None:
        await case.want(zone="UTC")

    case.log.hooks[step].append(call_off)
    await case.tell(wanting_rome())
    async with case.process():
        await eventually(lambda: ("stop",) in case.calls)

    assert (Reporting(), None) == (case.bot().reporting, case.bot().recounting)
    assert [] == case.named("shown", "tell")


async def test_other_settings_meanwhile_are_counted_instead() -> None:
    """What nobody wants any more is never shown; what is wanted now is, as a generation of its own."""
    case = Case()

    async def change_again() -> None:
        await case.want(zone="Asia/Tokyo")

    case.log.hooks["send"].append(change_again)
    await case.tell(wanting_rome())
    async with case.process():
        await eventually(lambda: case.is_shown(2))

    assert "Asia/Tokyo" == case.bot().reporting.zone
    assert [("shown", "pizza", 2)] == case.named("shown")


async def test_a_log_that_was_emptied_shows_nothing() -> None:
    """A replay took the order away, and what came after it was not counted; it is still to be counted."""
    case = Case()
    case.log.is_whole = False
    await case.tell(wanting_rome())
    async with case.process():
        await eventually(lambda: ("stop",) in case.calls)

    assert [("is_kept", {0: 7})] == case.named("is_kept", "shown")
    assert Reporting() == case.bot().reporting
    assert ROME == wanted_reporting(case.bot())
