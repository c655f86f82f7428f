"""The ports without a broker, for trying things and for tests; the same promises as the real ones (tests/contract)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import msgspec

from app.adapters.edge import BatchingEdge, Limits
from app.core.deliveries import Delivery, read_envelope
from app.core.refusal import Refusal
from app.core.registry import (
    Change,
    Note,
    Past,
    Record,
    State,
    fold_all,
    forgettable,
    history,
    proposed,
    record_of,
)
from app.ports import Decide, Refused, Unavailable

__all__ = ["MemoryDocuments", "MemoryLog", "MemoryMail", "MemoryRegistry", "memory_edge"]


class MemoryLog:
    """Implements `edge.Log` with a list."""

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.is_open = True

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything appended, in order."""
        return [one for record in self.records for one in read_envelope(record) if isinstance(one, Delivery)]

    async def start(self) -> None:
        """Nothing to open."""

    async def append(self, record: bytes) -> None:
        """Keep *record*, unless the log is closed."""
        if not self.is_open:
            raise Unavailable("The log is closed; send it again.")
        self.records.append(record)

    async def stop(self) -> None:
        """Nothing to close."""


class MemoryRegistry:
    """Implements `ports.Registry` in this process only."""

    def __init__(self) -> None:
        self.state = State()
        self.records: list[Record] = []
        self._callbacks: list[Callable[[State], None]] = []

    async def change(self, decide: Decide, who: str, why: str = "") -> State:
        """Carry out a command; see `ports.Registry`."""
        facts = decide(self.state)
        if isinstance(facts, Refusal):
            raise Refused(facts)
        if not facts:
            return self.state
        change = Change(f"c{len(self.records)}", len(self.records), who, tuple(facts), why)
        record = proposed(self.state, change)
        if isinstance(record, Refusal):
            raise Refused(record)
        self._put(record)
        return self.state

    async def note(self, note: Note) -> None:
        """Fold *note* in."""
        self._put(record_of(note))

    async def past(self, kind: str, id: str) -> list[Past]:
        """Return what happened to a subject."""
        return history(self.records, kind, id)

    async def forget(self) -> int:
        """Drop what was said of deleted bots and people."""
        keys = set(forgettable(self.records))
        self.records = [record for record in self.records if record[0] not in keys]
        return len(keys)

    def _put(self, record: Record) -> None:
        self.records.append(record)
        state = fold_all(self.state, [record]).state
        self.state = msgspec.structs.replace(state, read_to=len(self.records))
        for callback in self._callbacks:
            callback(self.state)

    def on_change(self, callback: Callable[[State], None]) -> None:
        """Call *callback* after each change."""
        self._callbacks.append(callback)


class MemoryMail:
    """Implements `ports.Mail` with a list of what was sent: to whom, the subject, the text."""

    def __init__(self, *, is_set: bool = True) -> None:
        self.is_set = is_set
        self.is_open = True
        self.sent: list[tuple[str, str, str]] = []

    async def send(self, to: str, subject: str, text: str) -> str:
        """Keep the e-mail, unless there is nowhere to send it."""
        if not (self.is_set and self.is_open):
            raise Unavailable("The mail server does not answer; try again.", retry_after_s=30)
        self.sent.append((to, subject, text))
        return "taken"


class MemoryDocuments:
    """Implements `ports.Documents` with what it is given."""

    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        self.contents = dict(contents or {})

    async def fetch(self, url: str, hosts: Collection[str]) -> bytes:
        """Return what was given for *url*."""
        if url not in self.contents:
            raise Unavailable("There is no such document here.", retry_after_s=30)
        return self.contents[url]


def memory_edge(limits: Limits | None = None) -> tuple[BatchingEdge, MemoryLog]:
    """Return an edge and the log behind it."""
    log = MemoryLog()
    return BatchingEdge(log, limits or Limits(linger_s=0, timeout_s=1, buffer_bytes=64 * 1024 * 1024)), log
