"""
Faust's table storage for track and alert: the entries of each partition as one dictionary, restored in bulk.

Faust owns the topics and decides who has which partition; the entries are folded by `app.core.shard` (of alert by
`app.core.alerts.table`) and written by the agents, never through Faust's table interface.  On every rebalance the state is read anew from the
changelog (100,000 to 200,000 entries a second), so that what another worker wrote in between is never missed.

Of two entries for a key the one with the higher stamp holds.  Where the changelog ends with the lower one (a worker
that was frozen past its session wrote late), the higher is written again before the flow resumes: compaction would
keep the last record, not the highest.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.stores import base
from faust.types import TP

from app.core.entries import stamp_of
from app.core.shard import Shard

__all__ = ["STORE_ALIAS", "Restore", "ShardStore"]

STORE_ALIAS: Final = "botpulse"

_log = structlog.get_logger(__name__)

Rewrite = Callable[[int, list[tuple[bytes, bytes]]], Awaitable[None]]


class ShardStore(base.Store):  # type: ignore[type-arg]
    """
    Holds the entries of the assigned partitions, and the shards that fold them, which `make` builds.

    `quiesce` is awaited before a restore (the agent ends its flushes there), `rewrite(partition, entries)` writes
    entries that must be newer in the changelog than they are.  `partitions` are ours and restored.
    """

    def __post_init__(self) -> None:
        self.quiesce: Callable[[], Awaitable[None]] | None = None
        self.rewrite: Rewrite | None = None
        self.make: Callable[[int, dict[bytes, bytes]], Any] = Shard
        self.bootstrap = ""
        self.partitions: tuple[int, ...] = ()
        self._restore = Restore("", [])
        self._shards: dict[int, Any] = {}

    def shard(self, partition: int) -> Any:
        """Return the shard of an assigned partition; it is built when it is first asked for."""
        shard = self._shards.get(partition)
        if shard is None:
            shard = self._shards[partition] = self.make(partition, self._restore.entries[partition])

        return shard

    async def build(self) -> None:
        """Build the shards of all that is ours, once it is restored, so that no first record has to wait for that."""
        for partition in self.partitions:
            self.shard(partition)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Forget everything and restore the partitions that are ours now."""
        table: Any = self.table
        topic = table.changelog_topic_name
        mine = sorted(tp.partition for tp in assigned if tp.topic == topic)
        if self.quiesce is not None:
            await self.quiesce()
        self.partitions = ()
        self._shards.clear()
        self._restore = restore = Restore(topic, mine)
        if not mine:
            return
        started = time.monotonic()
        records = await restore.run(self.bootstrap)
        regressed = restore.regressed()
        for partition, entries in regressed.items():
            if self.rewrite is not None:
                await self.rewrite(partition, entries)
        self.partitions = tuple(mine)
        _log.info(
            "state_restored",
            partitions=mine,
            records=records,
            keys=len(self),
            rewritten=sum(map(len, regressed.values())),
            seconds=round(time.monotonic() - started, 3),
        )

    def persisted_offset(self, tp: TP) -> int | None:
        """Tell Faust's own recovery how far the restore has read."""
        return self._restore.read_to.get(tp.partition)

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Note how far Faust's own recovery has read."""
        self._restore.read_to[tp.partition] = max(offset, self._restore.read_to.get(tp.partition, -1))

    def apply_changelog_batch(
        self, batch: Iterable[Any], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]
    ) -> None:
        """Take what was written between the restore and the resume of the flow, by us or by another worker."""
        for event in batch:
            message = event.message
            self._restore.apply(message.partition, message.key, message.value)
            self.set_persisted_offset(message.tp, message.offset)

    async def backup_partition(self, tp: Any, flush: bool = True, purge: bool = False, keep: int = 1) -> None:
        """The changelog is the backup."""

    def restore_backup(self, tp: Any, latest: bool = True, backup_id: int = 0) -> None:
        """The changelog is the backup."""

    def reset_state(self) -> None:
        """Nothing is kept outside the changelog."""

    def _clear(self) -> None:
        self.partitions = ()
        self._shards.clear()
        self._restore = Restore("", [])

    def __getitem__(self, key: Any) -> Any:
        raise KeyError(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(_READ_ONLY)

    def __delitem__(self, key: Any) -> None:
        raise TypeError(_READ_ONLY)

    def __iter__(self) -> Iterator[Any]:
        for entries in self._restore.entries.values():
            yield from entries

    def __len__(self) -> int:
        return sum(map(len, self._restore.entries.values()))


_READ_ONLY: Final = "state is folded by app.core.shard, not written through the table"


class Restore:
    """One bulk read of changelog partitions up to their ends."""

    def __init__(self, topic: str, partitions: list[int]) -> None:
        self.entries: dict[int, dict[bytes, bytes]] = {partition: {} for partition in partitions}
        self.read_to: dict[int, int] = {}
        self._late: set[tuple[int, bytes]] = set()
        self._tps = [TopicPartition(topic, partition) for partition in partitions]

    async def run(self, bootstrap: str) -> int:
        """Read everything; return how many records there were."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            enable_auto_commit=False,
            # with `latest` a reset that is under way when we seek would win, and nothing would be restored
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8 << 20,
            fetch_max_wait_ms=50,
        )
        await consumer.start()
        try:
            return await self._read(consumer)
        finally:
            await consumer.stop()

    def regressed(self) -> dict[int, list[tuple[bytes, bytes]]]:
        """Return the entries whose last record in the changelog is older than they are."""
        found: dict[int, list[tuple[bytes, bytes]]] = {}
        for partition, key in self._late:
            if key in self.entries[partition]:
                found.setdefault(partition, []).append((key, self.entries[partition][key]))

        return found

    async def _read(self, consumer: AIOKafkaConsumer) -> int:
        consumer.assign(self._tps)
        ends = await consumer.end_offsets(self._tps)
        left = {tp for tp in self._tps if ends[tp] > 0}
        await consumer.seek_to_beginning(*self._tps)
        records = 0
        while left:
            for tp, batch in (await consumer.getmany(timeout_ms=200, max_records=50_000)).items():
                records += len(batch)
                for record in batch:
                    self.apply(tp.partition, record.key, record.value)
            for tp in list(left):
                if await consumer.position(tp) >= ends[tp]:  # also past what compaction removed
                    left.discard(tp)
                    consumer.pause(tp)
        self.read_to = {tp.partition: end - 1 for tp, end in ends.items()}

        return records

    def apply(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Take one changelog record."""
        entries = self.entries[partition]
        old = entries.get(key)
        if value is None:
            entries.pop(key, None)
        elif old is None or stamp_of(old) <= stamp_of(value):
            entries[key] = value
            self._late.discard((partition, key))
        else:
            self._late.add((partition, key))
