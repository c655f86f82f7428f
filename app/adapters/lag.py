"""How far behind each stage is: records between where its group stands and the end, and the age of the oldest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.adapters.catching_up import ALERT, NORMALISE, STORE, TRACK
from app.adapters.topics import ALERT_INPUTS, ALERTS, BOT_EVENTS, COUNTERS, DEAD_LETTERS, RAW_EVENTS
from app.ports import Unavailable

__all__ = ["READS", "Behind", "LagGauge"]

READS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "normalise": (NORMALISE, (RAW_EVENTS,)),
    "track": (TRACK, (BOT_EVENTS,)),
    "alert": (ALERT, (COUNTERS, ALERT_INPUTS)),
    "store": (STORE, (BOT_EVENTS, COUNTERS, DEAD_LETTERS, ALERTS)),
}
"""Stage -> its group, and the topics it reads."""

_TIMEOUT_S: Final = 5.0
_PEEK_S: Final = 1.5
_RETRY_S: Final = 0.2

Offsets = Mapping[TopicPartition, int]


class Behind(NamedTuple):
    """Records to go, by topic, and how long the oldest has been waiting; None where that could not be seen."""

    records: dict[str, int]
    oldest_ms: int | None


class LagGauge:
    """Asks the broker, one question at a time. Connects with the first question."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._lock = asyncio.Lock()
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None

    async def read(self, now_ms: int) -> dict[str, Behind]:
        """Return where every stage stands; raise Unavailable when the broker does not say."""
        async with self._lock:
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    return await self._read_patiently(now_ms)
            except (KafkaError, OSError, TimeoutError) as error:
                await self._let_go()
                raise Unavailable("The broker does not answer; try again.", retry_after_s=2) from error

    async def close(self) -> None:
        """Disconnect."""
        async with self._lock:
            await self._let_go()

    async def _read_patiently(self, now_ms: int) -> dict[str, Behind]:
        while True:
            try:
                return await self._read(now_ms)
            except KafkaError as error:
                if not error.retriable:  # such as: no coordinator yet, on a broker that has just started
                    raise
            await asyncio.sleep(_RETRY_S)

    async def _read(self, now_ms: int) -> dict[str, Behind]:
        admin, consumer = await self._connected()
        topics = sorted({topic for _, reads in READS.values() for topic in reads})
        described = await admin.describe_topics(topics)
        everywhere = [
            TopicPartition(one["topic"], part["partition"]) for one in described for part in one["partitions"]
        ]
        begins = await consumer.beginning_offsets(everywhere)
        ends = await consumer.end_offsets(everywhere)
        stands: dict[str, Offsets] = {}
        for stage, (group, reads) in READS.items():
            own = [place for place in everywhere if place.topic in reads]
            stands[stage] = await _where(admin, group, own, begins)
        ages = await self._ages(consumer, _waiting(stands.values(), ends), now_ms)
        return {stage: _behind(own, ends, ages) for stage, own in stands.items()}

    async def _connected(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
            await self._admin.start()
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap,
                group_id=None,
                enable_auto_commit=False,
                max_partition_fetch_bytes=1,  # the broker sends one batch all the same
                fetch_max_wait_ms=100,
            )
            await self._consumer.start()
        return self._admin, self._consumer

    async def _ages(
        self, consumer: AIOKafkaConsumer, waiting: set[tuple[TopicPartition, int]], now_ms: int
    ) -> dict[tuple[TopicPartition, int], int]:
        """Return how old the records at these places are, as far as the broker shows them in time."""
        ages: dict[tuple[TopicPartition, int], int] = {}
        deadline = asyncio.get_running_loop().time() + _PEEK_S
        while waiting and asyncio.get_running_loop().time() < deadline:
            turn = dict(waiting)  # of the places in one partition one at a time
            consumer.assign(list(turn))
            for partition, offset in turn.items():
                consumer.seek(partition, offset)
            while turn and asyncio.get_running_loop().time() < deadline:
                for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                    if partition in turn:
                        place = (partition, turn.pop(partition))
                        ages[place] = max(now_ms - records[0].timestamp, 0)
                        waiting.discard(place)
        consumer.unsubscribe()
        return ages

    async def _let_go(self) -> None:
        admin, consumer = self._admin, self._consumer
        self._admin = self._consumer = None
        if admin is not None:
            await admin.close()
        if consumer is not None:
            await consumer.stop()


async def _where(
    admin: AIOKafkaAdminClient, group: str, own: Sequence[TopicPartition], begins: Offsets
) -> Offsets:
    committed = await admin.list_consumer_group_offsets(group, partitions=list(own))
    return {place: max(committed[place].offset if place in committed else 0, begins[place]) for place in own}


def _waiting(stands: Iterable[Offsets], ends: Offsets) -> set[tuple[TopicPartition, int]]:
    return {(place, at) for own in stands for place, at in own.items() if at < ends[place]}


def _behind(own: Offsets, ends: Offsets, ages: Mapping[tuple[TopicPartition, int], int]) -> Behind:
    records: dict[str, int] = {}
    oldest_ms: int | None = 0
    for place, at in own.items():
        left = max(ends[place] - at, 0)
        records[place.topic] = records.get(place.topic, 0) + left
        if left:
            age_ms = ages.get((place, at))
            oldest_ms = None if age_ms is None or oldest_ms is None else max(oldest_ms, age_ms)
    return Behind(records, oldest_ms)
