"""
The Faust app of one stage, with the few things Faust does not offer as settings.

Nothing imports this module but the command that starts a stage.  It leans on names that are not public in
faust-streaming 0.15.3 and aiokafka 0.14.0, which is why both are pinned; each override has a test.

- Only what we confirmed is committed.  Faust acknowledges on exceptions and skipped messages, too, and its compiled
  stream does so without asking `Event.ack`; the agents therefore also set `enable_acks = False`.
- What comes after a seek back is delivered: Faust drops it when a record beyond was under way (`_Offsets`).
- A partition without a committed offset is read from its beginning also when it is taken over.
- A seek happens in the consumer's thread; Faust calls it from the other one, where it races with the fetcher.
- A hole in the offsets is not taken for compaction: nothing is committed across it.
- The fetch wait is 50 ms; 1500 is hard-coded and would be the latency of a quiet stream.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import faust
from faust import stores
from faust.assignor.partition_assignor import PartitionAssignor
from faust.transport.drivers import aiokafka as driver

from app.adapters.outbox import Outbox
from app.config import MIB, Settings
from app.crash import fatal
from app.tables.state import STORE_ALIAS

__all__ = ["BinaryTopic", "Companion", "Event", "StageApp", "build", "group_of"]

_FETCH_WAIT_MS: Final = 50

BinaryTopic: Final[dict[str, Any]] = {
    "key_type": bytes,
    "value_type": bytes,
    "key_serializer": "raw",
    "value_serializer": "raw",
}


def group_of(stage: str) -> str:
    """Return the consumer group (and Faust app id) of a stage."""
    return f"botpulse-{stage}"


class Event(faust.Event):
    """An event that only we acknowledge."""

    def ack(self) -> bool:
        """Do nothing: called by Faust when a loop body ends, raises or is skipped."""
        return False

    def confirm(self) -> None:
        """Acknowledge: everything that follows from the message and from all before it is durable."""
        consumer: Any = self.app.consumer
        consumer.confirmed[self.message.tp] = self.message.offset + 1


class _Thread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS  # noqa: SLF001 - no setting reaches it

        return consumer


class _Offsets(dict[Any, Any]):
    """What was read last, as Faust notes it; asked for one partition while draining it knows nothing."""

    def __getitem__(self, tp: Any) -> None:
        return None


class _Consumer(driver.Consumer):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _Offsets()
        self.confirmed: dict[Any, int] = {}
        self.starts: dict[Any, int] = {}
        """Where reading began in each partition of this assignment, by `perform_seek`."""

    def _new_consumer_thread(self) -> Any:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """
        Go to the committed offsets, and to the beginning where there is none: nobody else would, after a take-over.

        `starts` is made of the broker's answers alone.  Faust's `_read_offset` is no place to learn it from: the
        fetcher, at work all the while, writes there, too, and what it had fetched would pass for read.
        """
        await super().perform_seek()
        changelogs = self.app.tables.changelog_topics
        fresh = {tp for tp in self.assignment() if tp.topic not in changelogs and tp not in self.starts}
        if fresh:
            for tp, offset in (await self.earliest_offsets(*fresh)).items():
                self.starts[tp] = offset or 0
                await self.seek(tp, offset or 0)

    async def seek_to_committed(self) -> Any:
        """Do that, and note the offsets in `starts`."""
        committed = await super().seek_to_committed()
        self.starts = {tp: offset for tp, offset in committed.items() if offset is not None}

        return committed

    async def _seek(self, partition: Any, offset: int) -> None:
        """Seek in the consumer's thread: from this one, as Faust does it, it takes records away in the midst of a fetch."""
        thread = self._thread
        await thread.call_thread(thread._ensure_consumer().seek, partition, offset)  # noqa: SLF001

    def _filter_committable_offsets(self, tps: Any) -> dict[Any, int]:
        """Commit what was confirmed, whatever Faust's streams noted as acknowledged."""
        return {tp: offset for tp, offset in self.confirmed.items() if self._should_commit(tp, offset)}

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Never commit across a hole; see app/agents/sequence.py."""


class _Assignor(PartitionAssignor):
    @classmethod
    def _get_copartitioned_groups(cls, topics: Any, cluster: Any, subscriptions: Any) -> Any:
        """End the process where the broker, just back, does not tell of a topic: Faust would give nobody its partitions."""
        missing = sorted(topic for topic in topics if not cluster.partitions_for_topic(topic))
        if missing:
            fatal("assign", LookupError(f"the broker does not know {', '.join(missing)}"))

        return super()._get_copartitioned_groups(topics, cluster, subscriptions)


class _Transport(driver.Transport):
    Consumer = _Consumer


class Companion(Protocol):
    """What a stage needs beside its records."""

    async def start(self) -> None:
        """Return when it is there."""

    async def stop(self) -> None:
        """Let go of it."""


class StageApp(faust.App):
    """
    A Faust app that starts its outbox and its companions before it consumes and stops them when all is written.

    `finish` is awaited once, before the stop: it takes nothing more and returns when all that was taken is written.
    """

    outbox: Outbox
    companions: list[Companion]
    finish: Callable[[], Awaitable[None]]

    def _new_transport(self) -> Any:
        return _Transport(self.conf.broker_consumer, self)

    async def on_first_start(self) -> None:
        """Connect the outbox first: a rebalance may want to write."""
        await self.outbox.start()
        for companion in self.companions:
            await companion.start()
        await super().on_first_start()

    async def on_stop(self) -> None:
        """Write what was read before anything is torn down."""
        await self.finish()
        await super().on_stop()

    async def on_shutdown(self) -> None:
        """Send what is left."""
        await super().on_shutdown()
        for companion in self.companions:
            await companion.stop()
        await self.outbox.stop()

    async def crash(self, reason: BaseException) -> None:
        """End at once: a tidy shut-down of a stage that does not work as it should could only do harm."""
        fatal("faust", reason)

    @property
    def is_ready(self) -> bool:
        """Tell whether the partitions are assigned, the state is restored and messages flow."""
        recovery: Any = getattr(self.tables, "recovery")  # noqa: B009 - not in Faust's public type

        return (
            bool(self.consumer_generation_id) and not self.rebalancing and bool(recovery.completed.is_set())
        )


def build(settings: Settings, stage: str, instance: str) -> StageApp:
    """
    Return the app of *stage*; *instance* tells its processes apart and must be stable over restarts.

    A stable instance keeps its partitions when it restarts within the session timeout (static membership).
    """
    stores.STORES.aliases[STORE_ALIAS] = "app.tables.state:ShardStore"
    logging.disable(logging.DEBUG)  # Faust and aiokafka build debug records per message otherwise
    brokers = [f"kafka://{address.strip()}" for address in settings.kafka.split(",")]

    app = StageApp(
        group_of(stage),
        broker=";".join(brokers),
        autodiscover=False,
        datadir=str(settings.home / "faust" / f"{stage}-{instance}"),
        store=f"{STORE_ALIAS}://",
        Event=Event,
        PartitionAssignor=_Assignor,
        web_enabled=False,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        consumer_group_instance_id=f"{group_of(stage)}-{instance}",
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=8 * MIB,
        producer_max_request_size=16 * MIB,
        stream_wait_empty=False,  # what was read is written by `finish` and on revocation, by us
        stream_recovery_delay=0,
        broker_commit_interval=0.5,
        broker_session_timeout=12,
        broker_heartbeat_interval=1,
        worker_redirect_stdouts=False,
    )
    app.outbox = Outbox(settings.kafka, f"{group_of(stage)}-{instance}")
    app.companions = []

    return app
