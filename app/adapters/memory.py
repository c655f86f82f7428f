"""The ports without a broker, for trying things and for tests; the same promises as the real ones (tests/contract)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from app.adapters.edge import BatchingEdge, Limits
from app.core.deliveries import Delivery, read_envelope
from app.core.registry import Fact, State, encode_fact, fold, key_of
from app.ports import Unavailable

__all__ = ["MemoryDocuments", "MemoryLog", "MemoryRegistry", "memory_edge"]


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
        self._callbacks: list[Callable[[State], None]] = []

    async def append(self, fact: Fact) -> None:
        """Fold *fact* in."""
        self.state = fold(self.state, key_of(fact.subject), encode_fact(fact))
        for callback in self._callbacks:
            callback(self.state)

    def on_change(self, callback: Callable[[State], None]) -> None:
        """Call *callback* after each change."""
        self._callbacks.append(callback)


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
