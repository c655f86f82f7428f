"""
Sends an import to `raw-events` and notes in the registry how far it is.

    chunks -> deliveries -> envelopes, a few at a time -> acknowledged -> a note every 50,000 rows

A run that was interrupted goes on after the last note.  What was sent after that note is looked up in raw-events and
not sent again, so it does not matter how long the interruption was; the events' ids catch what slips through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec
import stamina

from app.adapters.edge import Log
from app.config import KIB
from app.core.deliveries import Delivery, encode_delivery
from app.core.importing import Chunk
from app.core.registry import Bot, Import
from app.errors import BotpulseError
from app.ports import Clock, Registry, Unavailable

__all__ = ["SDK", "Chunks", "Importer", "Sent", "SentAfter", "mark_of"]

SDK: Final = "botpulse import"
_ENVELOPE_BYTES: Final = 512 * KIB
_ENVELOPE_DELIVERIES: Final = 5
_UNDER_WAY: Final = 8
_NOTE_ROWS: Final = 50_000
_ACK_S: Final = 30.0
_PATIENCE_S: Final = 120.0

Chunks = Callable[[int], Iterable[Chunk]]
"""chunks(n) yields the chunks after row n, the same on every call"""

SentAfter = Callable[[str, str, int], Awaitable[set[bytes]]]
"""sent_after(bot, import id, time in ms) gives the marks of the deliveries that are in raw-events since that time"""


class Sent(NamedTuple):
    """What a run did: events it sent, rows that are done now, and whether an earlier run had done everything."""

    events: int
    rows: int
    was_finished: bool = False


class Importer:
    """Sends imports, one at a time."""

    def __init__(self, log: Log, registry: Registry, sent_after: SentAfter, clock: Clock) -> None:
        self._log = log
        self._registry = registry
        self._sent_after = sent_after
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, bot: Bot, import_id: str, chunks: Chunks, tell: Callable[[int], None]) -> Sent:
        """Send what is left of an import of *bot*; *tell* hears how many rows are done."""
        note = self._registry.state.imports.get(f"{bot.id}:{import_id}")
        if note is not None and note.finished:
            return Sent(0, note.rows_done, was_finished=True)
        known = await self._sent_after(bot.id, import_id, note.noted_at) if note else set()
        note = note or await self._note(Import(import_id, bot.id), 0)
        events = rows = 0
        try:
            for part in self._parts(bot, note, chunks(note.rows_done), known):
                await self._begin(part.record)
                events, rows = events + part.events, part.rows
                tell(rows)
                if rows - note.rows_done >= _NOTE_ROWS:
                    await self._settle()
                    note = await self._note(note, rows)
            await self._settle()
        finally:
            await self._give_up()
        await self._note(note, rows, finished=True)

        return Sent(events, rows)

    def _parts(self, bot: Bot, note: Import, chunks: Iterable[Chunk], known: set[bytes]) -> Iterator[_Part]:
        """Yield envelopes; the last one may be empty and only say how many rows there were."""
        lines: list[bytes] = []
        events, size_bytes, rows = 0, 0, note.rows_done
        for chunk in chunks:
            if lines and (len(lines) == _ENVELOPE_DELIVERIES or size_bytes >= _ENVELOPE_BYTES // 2):
                yield _Part(b"\n".join(lines), events, rows)
                lines, events, size_bytes = [], 0, 0
            rows = chunk.rows
            if chunk.items and (not known or mark_of(chunk.items) not in known):
                lines.append(self._line(bot, note.id, chunk.items))
                events += len(chunk.items)
                size_bytes += len(lines[-1])
        yield _Part(b"\n".join(lines), events, rows)

    def _line(self, bot: Bot, import_id: str, items: list[bytes]) -> bytes:
        delivery = Delivery(
            bot=bot.id,
            way="native",
            received_at=self._clock(),
            items=[msgspec.Raw(item) for item in items],
            platform=bot.platform,
            sdk=SDK,
            import_id=import_id,
            reporting=bot.reporting,
        )
        return encode_delivery(delivery)

    async def _begin(self, record: bytes) -> None:
        """Start to send *record*, waiting while there is enough under way."""
        if record:
            self._under_way.add(asyncio.create_task(self._append(record)))
        await asyncio.sleep(0)
        while len(self._under_way) >= _UNDER_WAY:
            await self._reap(asyncio.FIRST_COMPLETED)

    async def _settle(self) -> None:
        while self._under_way:
            await self._reap(asyncio.ALL_COMPLETED)

    async def _reap(self, when: str) -> None:
        done, self._under_way = await asyncio.wait(self._under_way, return_when=when)
        for task in done:
            task.result()

    async def _append(self, record: bytes) -> None:
        try:
            async for attempt in stamina.retry_context(
                on=(Unavailable, TimeoutError), attempts=None, timeout=_PATIENCE_S, wait_max=2
            ):
                with attempt:
                    async with asyncio.timeout(_ACK_S):
                        await self._log.append(record)
        except (Unavailable, TimeoutError) as error:
            msg = "the broker does not answer; nothing is lost: run the same import again, it goes on where it was"
            raise BotpulseError(msg, "kafka") from error

    async def _give_up(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._under_way = set()

    async def _note(self, note: Import, rows: int, *, finished: bool = False) -> Import:
        now = self._clock()
        noted = msgspec.structs.replace(note, rows_done=rows, finished=finished, noted_at=now)
        await self._registry.note(noted)

        return noted


class _Part(NamedTuple):
    record: bytes
    events: int
    rows: int


def mark_of(items: Iterable[bytes]) -> bytes:
    """Return what tells a delivery of these items from any other."""
    return blake2b(b"\n".join(items), digest_size=16).digest()
