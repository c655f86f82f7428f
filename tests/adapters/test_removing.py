"""The deletion of a bot, step by step: whichever step fails or is the last of a process, the next one goes on and ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import pytest

from app.adapters import removing
from app.adapters.edge import BatchingEdge
from app.adapters.memory import MemoryLog, MemoryRegistry, memory_edge
from app.adapters.removing import Remover, kept_until
from app.adapters.traces import Traces
from app.config import Settings
from app.core.commands.people import remove_person
from app.core.commands.removal import remove_bot
from app.core.registry import Bot, Person, State, fold_all
from app.core.removal import Removal, removal_of, unfinished
from app.errors import BotpulseError
from app.ports import Unavailable
from tests.facts import tell
from tests.waiting import eventually

AT = 1_700_000_000_000
STEPS = ["wait_until_stored", "count_rows", "erase_rows", "forget_links", "forget_notes"]


class _Traces(Traces):
    """Three rows of a bot and one link; says what was asked of it, and fails at *fault* as often as it is told."""

    def __init__(self, registry: MemoryRegistry) -> None:
        self.rows = {"events": 2, "counter_parts": 1}
        self.links = 1
        self.steps: list[str] = []
        self.faults: dict[str, list[Exception]] = {}
        self._registry = registry

    async def wait_until_stored(self, go_on: Callable[[], None]) -> None:
        self._step("wait_until_stored")

    async def count_rows(self, bot: str) -> tuple[dict[str, int], int]:
        self._step("count_rows")
        return dict(self.rows), sum(self.rows.values())

    async def erase_rows(self, bots: Collection[str]) -> int:
        if not bots:
            return 0
        found, self.rows = sum(self.rows.values()), {"events": 0, "counter_parts": 0}
        self._step("erase_rows")
        return found

    async def forget_links(self, bot: str) -> int:
        self._step("forget_links")
        found, self.links = self.links, 0
        return found

    async def forget_notes(self, bot: str) -> int:
        self._step("forget_notes")
        return 0

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if self.faults.get(name):
            raise self.faults[name].pop()


class _Case:
    """A registry with a bot that was deleted, and everything around it."""

    def __init__(self, registry: MemoryRegistry, edge: BatchingEdge, log: MemoryLog) -> None:
        self.registry, self.edge, self.log = registry, edge, log
        self.traces = _Traces(registry)

    @asynccontextmanager
    async def process(self) -> AsyncIterator[None]:
        """Run what a web process runs."""
        remover = Remover(self.traces, self.registry, self.edge, lambda: AT + 5)
        remover.start()
        try:
            yield
        finally:
            await remover.stop()

    @property
    def report(self) -> Removal:
        return removal_of(self.registry.state.removed["bot:b"])

    async def finished(self) -> None:
        """Wait for the end."""
        await eventually(lambda: not unfinished(self.registry.state), 20, what="the end of the deletion")


@pytest.fixture
async def case(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[_Case]:
    """A bot that was deleted a moment ago; what fails is tried again at once."""
    monkeypatch.setattr(removing, "_RETRY_S", 0.01)
    registry = MemoryRegistry()
    await tell(registry, Bot("b", "B", "kik", AT, archived_at=AT))
    await registry.change(lambda state: remove_bot(state, "b", "b", AT, AT + 9), "test")
    edge, log = memory_edge()
    await edge.start()
    yield _Case(registry, edge, log)
    await edge.stop()


def _assert_whole(case: _Case) -> None:
    assert (AT + 5, AT + 9) == (case.report.finished_at, case.report.kept_until)
    assert (2, 1, 3) == tuple(
        case.report.removed[one] for one in ("rows.events", "rows.counter_parts", "users")
    )
    assert (0, 0) == (sum(case.traces.rows.values()), case.traces.links)
    assert {"b"} == {one.bot for one in case.log.deliveries}


async def test_step_by_step(case: _Case) -> None:
    """Rows are counted when nothing can come any more, and before they go; the erasure goes through the log."""
    async with case.process():
        await case.finished()

    assert STEPS == case.traces.steps[: len(STEPS)]
    assert ["erase"] == [one.way for one in case.log.deliveries]
    assert 1 == case.report.removed["links"]
    _assert_whole(case)


@pytest.mark.parametrize(
    "fault", [Unavailable("away"), BotpulseError("slow", "x"), OSError("gone")], ids=repr
)
@pytest.mark.parametrize("step", STEPS)
async def test_a_step_that_fails_is_done_again(case: _Case, step: str, fault: Exception) -> None:
    """Whatever is away: the deletion ends, and the report is the same."""
    case.traces.faults[step] = [fault, fault]
    async with case.process():
        await case.finished()

    _assert_whole(case)


async def test_what_nobody_thought_of(case: _Case) -> None:
    """A bug delays the deletion, too, and does not end it."""
    case.traces.faults["erase_rows"] = [KeyError("?")]
    async with case.process():
        await case.finished()

    _assert_whole(case)


@pytest.mark.parametrize("step", STEPS)
async def test_another_process_goes_on(case: _Case, step: str) -> None:
    """A process that ends in the middle, with a step half done, leaves the rest to the next; nothing is counted anew."""
    case.traces.faults[step] = [OSError("killed")] * 1000
    async with case.process():
        await eventually(lambda: case.traces.steps.count(step) > 1, 20)
    case.traces.faults.clear()
    async with case.process():
        await case.finished()

    _assert_whole(case)


async def test_a_closed_log_is_waited_for(case: _Case) -> None:
    """While the broker takes nothing, nothing is counted or deleted."""
    case.log.is_open = False
    async with case.process():
        case.log.is_open = True
        await case.finished()

    _assert_whole(case)


async def test_two_processes_at_once(case: _Case) -> None:
    """They do the same work twice, and tell of it once."""
    async with case.process(), case.process():
        await case.finished()

    _assert_whole(case)
    assert 4 == case.registry.state.revisions["bot:b"]


async def test_what_comes_back_goes_again(case: _Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a bot that was deleted long ago, from a copy that was restored, are found and deleted."""
    async with case.process():
        await case.finished()
    case.traces.rows = {"events": 7}
    async with case.process():
        await eventually(lambda: not sum(case.traces.rows.values()), 20)

    _assert_whole(case)


def test_what_stays_in_the_broker() -> None:
    """Raw events leave with their file, which is written for a week at most."""
    assert AT + 37 * 86_400_000 == kept_until(Settings(raw_retention_days=30), AT)


async def test_a_removed_person_leaves_the_log(case: _Case) -> None:
    """Of somebody who was removed while the process runs, only that it happened stays in the log."""
    anna = Person("p1", "anna@example.org", "", AT)
    await tell(case.registry, anna)
    async with case.process():
        await case.finished()
        await case.registry.change(lambda state: remove_person(state, "p1", AT), "test")
        await eventually(lambda: not _mentions(case.registry, b"anna@"), 20, what="the end of what was said")

    assert "person:p1" in fold_all(State(), case.registry.records).state.removed


def _mentions(registry: MemoryRegistry, words: bytes) -> bool:
    last = dict(registry.records)
    return any(value is not None and words in value for value in last.values())
