"""Imports are sent once, whatever interrupts them."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from app.adapters.importing import Importer, Sent, mark_of
from app.adapters.memory import MemoryLog, MemoryRegistry
from app.core.deliveries import MAX_ITEMS
from app.core.events import Reporting
from app.core.importing import Chunk, chunked
from app.core.registry import Bot, Import
from tests import facts

BOT = Bot("b1", "Bot", "facebook", 1, Reporting("Europe/Rome"))


class InterruptedRunError(Exception):
    """Somebody pressed Ctrl-C."""


class Desk:
    """An importer over memory, and the file it imports: a number in each row."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.log = MemoryLog()
        self.registry = MemoryRegistry()
        self.searched_since: list[int] = []
        self.now = 1000

    def chunks(self, rows_done: int) -> Iterator[Chunk]:
        """Yield the rest of the file."""
        yield from chunked((n, orjson.dumps({"n": n})) for n in range(rows_done + 1, self.rows + 1))
        yield Chunk(self.rows, [])

    async def run(self, stop_at: int | None = None) -> Sent:
        """Import; interrupt it when more than *stop_at* rows are on their way."""

        def tell(rows: int) -> None:
            if stop_at is not None and rows > stop_at:
                raise InterruptedRunError

        self.now += 1
        if BOT.id not in self.registry.state.bots:
            await facts.tell(self.registry, BOT)
        importer = Importer(self.log, self.registry, self.search, lambda: self.now)
        return await importer.run(BOT, "f", self.chunks, tell)

    async def search(self, bot: str, import_id: str, since_ms: int) -> set[bytes]:
        """Find what the log holds."""
        self.searched_since.append(since_ms)
        return {
            mark_of(bytes(item) for item in one.items)
            for one in self.log.deliveries
            if one.import_id == import_id
        }

    @property
    def numbers(self) -> list[int]:
        """What was sent, in any order."""
        return sorted(orjson.loads(bytes(item))["n"] for one in self.log.deliveries for item in one.items)

    @property
    def note(self) -> Import:
        """How far the registry says it is."""
        return self.registry.state.imports["b1:f"]


async def test_every_row_is_sent_once() -> None:
    """A run sends all rows and notes that it is finished."""
    desk = Desk(12_345)

    assert (12_345, 12_345, False) == await desk.run()
    assert list(range(1, 12_346)) == desk.numbers
    assert Import("f", "b1", 12_345, finished=True, noted_at=1001) == desk.note


async def test_deliveries_are_as_those_of_the_web_process() -> None:
    """A delivery carries the bot's settings and platform, the import's id, and no more items than allowed."""
    desk = Desk(1000)
    await desk.run()
    heads = {(one.bot, one.way, one.platform, one.import_id, one.reporting) for one in desk.log.deliveries}

    assert {("b1", "native", "facebook", "f", BOT.reporting)} == heads
    assert MAX_ITEMS == max(len(one.items) for one in desk.log.deliveries)


async def test_the_second_run_sends_nothing() -> None:
    """A finished import is not sent again, and says so."""
    desk = Desk(1000)
    await desk.run()

    assert (0, 1000, True) == await desk.run()
    assert list(range(1, 1001)) == desk.numbers


@pytest.mark.parametrize("stop_at", [0, 999, 49_999, 50_001, 120_000], ids=lambda rows: f"after {rows} rows")
async def test_an_interrupted_run_goes_on(stop_at: int) -> None:
    """What was sent before the interruption, noted or not, is not sent again; the rest is."""
    desk = Desk(123_456)
    with pytest.raises(InterruptedRunError):
        await desk.run(stop_at)
    before = len(desk.numbers)
    events, rows, _ = await desk.run()

    assert (123_456 - before, 123_456) == (events, rows)
    assert list(range(1, 123_457)) == desk.numbers
    assert stop_at < 50_001 or before > 50_000


async def test_progress_is_noted_on_the_way() -> None:
    """An interruption late in a large file costs at most the rows since the last note."""
    desk = Desk(123_456)
    with pytest.raises(InterruptedRunError):
        await desk.run(120_000)

    assert 100_000 <= desk.note.rows_done <= 120_000
    assert not desk.note.finished


async def test_only_what_came_after_the_note_is_searched() -> None:
    """The search for what was sent begins at the time of the last note, and a first run searches nothing."""
    desk = Desk(60_000)
    with pytest.raises(InterruptedRunError):
        await desk.run(55_000)
    await desk.run()

    assert [1001] == desk.searched_since


async def test_an_empty_file_is_finished() -> None:
    """A file without events leaves a note and no records."""
    desk = Desk(0)

    assert (0, 0, False) == await desk.run()
    assert ([], True) == (desk.log.records, desk.note.finished)
