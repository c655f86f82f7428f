"""
From deliveries to records of `raw-events`: what arrives within a few milliseconds goes to the broker together.

    accept ─┐
    accept ─┼─> envelope ── full, or time is up ──> log.append ── acknowledged ──> every accept returns
    accept ─┘                                              └── failed, late ──> every accept raises

Time is up when the linger is over, or earlier when for a moment nothing more came: whoever waits for an answer before
the next request is not kept waiting for company that cannot come.  A request costs one future and a line of JSON; timers, tasks and metrics are paid once for an envelope.  An envelope is
sent once: when it fails its requests are told so, and whoever sent them decides.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

from app.config import KIB, Settings
from app.core.deliveries import MAX_ITEMS, Delivery, encode_delivery
from app.observe import ACK_SECONDS, BUFFERED_BYTES, ENVELOPE_ITEMS, ENVELOPES
from app.ports import Unavailable

__all__ = ["BatchingEdge", "Limits", "Log"]


class Log(Protocol):
    """Where envelopes go."""

    @property
    def is_open(self) -> bool:
        """False while it is known that `append` would fail."""

    async def start(self) -> None:
        """Return when records are taken."""

    async def append(self, record: bytes) -> None:
        """Return when *record* is durable; raise Unavailable when it is not. Cancelled, it gives the record up."""

    async def stop(self) -> None:
        """Let go of the broker; everything appended has been answered."""


@dataclass(frozen=True)
class Limits:
    """When an envelope is sent, and how much may wait."""

    linger_s: float
    timeout_s: float
    buffer_bytes: int
    silence_s: float = 0.001
    envelope_bytes: int = 512 * KIB
    envelope_items: int = MAX_ITEMS

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Take them from the settings."""
        return cls(settings.ingest_linger_ms / 1000, settings.ingest_timeout_s, settings.max_buffer_bytes)


class BatchingEdge:
    """The micro-batcher. Only for the event loop it was started on."""

    def __init__(self, log: Log, limits: Limits) -> None:
        self._log = log
        self._limits = limits
        self._filling: _Envelope | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._buffered_bytes = 0
        self._is_stopped = True

    async def start(self) -> None:
        """Open the log and take deliveries."""
        self._loop = asyncio.get_running_loop()
        await self._log.start()
        self._is_stopped = False

    async def accept(self, delivery: Delivery) -> None:
        """Return when *delivery* is durable; raise Unavailable when it is not, or not known to be."""
        line = encode_delivery(delivery)
        self._check(len(line))
        done: asyncio.Future[None] = self._loop.create_future()
        self._add(line, len(delivery.items), done)
        await done

    async def stop(self) -> None:
        """Take no more, send what is here, wait for its answers, close the log."""
        self._is_stopped = True
        self._flush()
        if self._sending:
            await asyncio.wait(self._sending)
        await self._log.stop()

    def _check(self, size_bytes: int) -> None:
        if self._is_stopped:
            raise Unavailable("This process is stopping; send it again.")
        if not self._log.is_open:
            raise Unavailable(
                "The broker does not answer; nothing was stored. Send it again.", retry_after_s=2
            )
        # A delivery larger than the whole buffer may go alone.
        if self._buffered_bytes and self._buffered_bytes + size_bytes > self._limits.buffer_bytes:
            raise Unavailable("Too much is waiting for the broker; nothing was stored. Send it again.")

    def _add(self, line: bytes, items: int, done: asyncio.Future[None]) -> None:
        limits = self._limits
        envelope = self._filling
        if envelope is not None and not envelope.has_room(len(line), items, limits):
            self._flush()
            envelope = None
        if envelope is None:
            envelope = self._filling = _Envelope(self._loop.time() + limits.linger_s)
            envelope.add(line, items, done)
            self._look_again(envelope)
        else:
            envelope.add(line, items, done)
        self._buffered_bytes += len(line) + 1
        if envelope.items >= limits.envelope_items or envelope.size_bytes >= limits.envelope_bytes:
            self._flush()

    def _look_again(self, envelope: _Envelope) -> None:
        wait_s = max(0.0, min(self._limits.silence_s, envelope.due_at - self._loop.time()))
        envelope.timer = self._loop.call_later(wait_s, self._look, envelope, len(envelope.lines))

    def _look(self, envelope: _Envelope, lines_before: int) -> None:
        if len(envelope.lines) == lines_before or self._loop.time() >= envelope.due_at:
            self._flush()
        else:
            self._look_again(envelope)

    def _flush(self) -> None:
        envelope, self._filling = self._filling, None
        if envelope is None:
            return
        envelope.timer.cancel()
        task = self._loop.create_task(self._send(envelope))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, envelope: _Envelope) -> None:
        began_at = time.monotonic()
        BUFFERED_BYTES.set(self._buffered_bytes)
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                await self._log.append(b"\n".join(envelope.lines))
        except (Unavailable, TimeoutError) as error:
            ENVELOPES.labels("failed").inc()
            envelope.refuse(str(error) or "The broker did not acknowledge in time; send it again.")
        else:
            ACK_SECONDS.observe(time.monotonic() - began_at)
            ENVELOPES.labels("acknowledged").inc()
            ENVELOPE_ITEMS.observe(envelope.items)
            envelope.confirm()
        finally:
            self._buffered_bytes -= envelope.size_bytes
            BUFFERED_BYTES.set(self._buffered_bytes)


class _Envelope:
    """Lines that will be one record, and who waits for it."""

    __slots__ = ("due_at", "items", "lines", "size_bytes", "timer", "waiting")

    timer: asyncio.TimerHandle

    def __init__(self, due_at: float) -> None:
        self.due_at = due_at
        self.lines: list[bytes] = []
        self.waiting: list[asyncio.Future[None]] = []
        self.items = 0
        self.size_bytes = 0

    def has_room(self, size_bytes: int, items: int, limits: Limits) -> bool:
        fits = self.size_bytes + size_bytes < limits.envelope_bytes
        return fits and self.items + items <= limits.envelope_items

    def add(self, line: bytes, items: int, done: asyncio.Future[None]) -> None:
        self.lines.append(line)
        self.waiting.append(done)
        self.items += items
        self.size_bytes += len(line) + 1

    def confirm(self) -> None:
        for done in self.waiting:
            if not done.done():
                done.set_result(None)

    def refuse(self, message: str) -> None:
        for done in self.waiting:
            if not done.done():
                done.set_exception(Unavailable(message, retry_after_s=2))
