"""
Tells of alerts that fire and resolve: by signed webhook and by mail, until it is taken or a day is over.

reads   alerts              (group of its own; confirmed when every delivery is noted)
writes  alert-deliveries    before the first try and after each one; who takes over a partition goes on with what waits there

A bot has a few tries under way at most, so that its receivers, if they hang, keep nobody else's from being told.
At least once: a process killed between the answer and its note sends the same again, with the same id.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final

import msgspec
import stamina
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from app.adapters.outbox import Outbox
from app.adapters.topics import ALERT_DELIVERIES, ALERTS
from app.agents.registered import Registered
from app.agents.telling import Means, tell
from app.core.alerts.deliveries import (
    ANSWER_CHARS,
    TOLD,
    AlertDelivery,
    Attempt,
    deliveries_of,
    noted,
)
from app.core.alerts.machine import Transition
from app.core.readable import Unreadable, read
from app.core.registry import Channel
from app.core.removal import removed_bots
from app.ports import Clock

__all__ = ["GROUP", "Notifier"]

GROUP: Final = "botpulse-notify"
_SESSION_MS: Final = 6_000
_POLL_MS: Final = 200
_AT_ONCE: Final = 50
_AT_ONCE_OF_A_BOT: Final = 8
_REGISTRY_S: Final = 5.0

_log = structlog.get_logger(__name__)
_encode: Final = msgspec.json.Encoder().encode
_decode_transition: Final = msgspec.json.Decoder(Transition).decode
_decode_delivery: Final = msgspec.json.Decoder(AlertDelivery).decode


class _NotTaken(Exception):  # noqa: N818 to be tried again
    """Nobody has taken it yet."""


class Notifier(ConsumerRebalanceListener):  # type: ignore[misc]
    """A consumer, and one task for each delivery under way."""

    def __init__(
        self, bootstrap: str, name: str, registered: Registered, outbox: Outbox, means: Means, clock: Clock
    ) -> None:
        self._bootstrap = bootstrap
        self._name = name
        self._registered = registered
        self._outbox = outbox
        self._means = means
        self._clock = clock
        self._known: dict[int, dict[str, str]] = {}  # partition -> delivery -> bot
        self._unplaced: set[int] = set()
        self._erased: frozenset[str] = frozenset()
        self._tasks: dict[int, set[asyncio.Task[None]]] = {}
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_AT_ONCE_OF_A_BOT)
        )
        self.is_ready = False
        self.figures = {"delivered": 0, "given_up": 0, "tries": 0, "unreadable_alerts": 0}

    async def run(self) -> None:
        """Tell of everything until cancelled."""
        await self._registered.ready.wait()
        await self._outbox.start()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=GROUP,
            group_instance_id=self._name,
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_SESSION_MS // 3,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await self._consumer.start()
        self._consumer.subscribe([ALERTS], listener=self)
        try:
            while True:
                await self._take_over()
                await self._erase()
                fetched = await self._consumer.getmany(timeout_ms=_POLL_MS)
                await self._take_over()  # of what was assigned meanwhile there may be records among these
                noted = {
                    place: records[-1].offset + 1
                    for place, records in fetched.items()
                    if await self._note_all(place.partition, records)
                }
                if noted:
                    await self._commit(noted)
        finally:
            self._drop(list(self._tasks))
            await self._consumer.stop()
            await self._means.hooks.close()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Leave what is under way to whoever comes next."""
        self._drop(place.partition for place in revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note that what waits in these partitions is ours to deliver."""
        self._unplaced = {place.partition for place in assigned}

    def _drop(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._known.pop(partition, None)
            for task in self._tasks.pop(partition, set()):
                task.cancel()

    async def _take_over(self) -> None:
        while self._unplaced:
            partitions = sorted(self._unplaced)
            found = await self._deliveries(partitions)
            self._erased = frozenset()
            self._drop(partitions)
            for partition in set(partitions) & self._unplaced:
                own = found[partition]
                self._known[partition] = {one.id: one.transition.bot for one in own.values()}
                for delivery in own.values():
                    if delivery.state == "waiting":
                        self._begin(partition, delivery)
            self._unplaced -= set(partitions)
        self.is_ready = True

    async def _note_all(self, partition: int, records: Iterable[Any]) -> bool:
        """Note the deliveries of *records*; return whether that was ours to do to the end."""
        for record in records:
            try:
                transition = read(_decode_transition, record.value)
            except Unreadable as error:
                self._skip(record, error)
                continue
            if transition.type in TOLD:
                await self._note(partition, transition)
        return partition in self._known

    async def _note(self, partition: int, transition: Transition) -> None:
        alert = await self._registered.alert(transition.alert, self._patience_s(transition))
        for delivery in deliveries_of(transition, alert.channels if alert else (), self._clock()):
            known = self._known.get(partition)
            if known is None or delivery.id in known:
                continue
            known[delivery.id] = transition.bot
            await self._write(partition, delivery)
            if partition in self._known:
                self._begin(partition, delivery)

    def _patience_s(self, transition: Transition) -> float:
        """How long to wait for an alert that nobody knows: of one that was told of long ago the registry has spoken."""
        return max(_REGISTRY_S - max(self._clock() - transition.at, 0) / 1000, 0.0)

    def _skip(self, record: Any, error: Unreadable) -> None:
        self.figures["unreadable_alerts"] += 1
        _log.warning("alert_unreadable", topic=record.topic, offset=record.offset, error=str(error))

    async def _erase(self) -> None:
        """Delete the deliveries of bots that were deleted: they name people."""
        removed = removed_bots(self._registered.definitions.state)
        if removed == self._erased:
            return
        for partition, known in list(self._known.items()):
            gone = [name for name, bot in known.items() if bot in removed]
            for name in gone:
                del known[name]
            tombstones = [(name.encode(), None) for name in gone]
            await self._outbox.write_entries(ALERT_DELIVERIES, partition, tombstones)
        self._erased = removed

    async def _commit(self, noted: Mapping[TopicPartition, int]) -> None:
        try:
            await self._consumer.commit(noted)
        except (IllegalStateError, KafkaError) as error:
            _log.debug("commit_left_out", error=repr(error))  # whoever reads it again knows the deliveries

    def _begin(self, partition: int, delivery: AlertDelivery) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(partition, delivery))
        tasks = self._tasks.setdefault(partition, set())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _deliver(self, partition: int, delivery: AlertDelivery) -> None:
        means = self._means
        try:
            async for attempt in stamina.retry_context(
                on=_NotTaken,
                attempts=None,
                timeout=delivery.left_ms / 1000,
                wait_initial=means.first_pause_s,
                wait_max=means.longest_pause_s,
                wait_jitter=means.first_pause_s,
            ):
                with attempt:
                    delivery = await self._try(partition, delivery)
                    _be_content(delivery)
        except _NotTaken:
            delivery = msgspec.structs.replace(delivery, state="given_up")
            await self._write(partition, delivery)
        except Exception as error:  # noqa: BLE001 - one that cannot even be tried must not keep the others from being sent
            _log.exception("alert_delivery_failed", id=delivery.id)
            tried = Attempt(self._clock(), 0, 0, type(error).__name__)
            delivery = noted(delivery, tried, "given_up")
            await self._write(partition, delivery)
        self.figures["delivered" if delivery.state == "delivered" else "given_up"] += 1
        _log.info("alert_" + delivery.state, id=delivery.id, kind=delivery.kind, tries=delivery.tries)

    async def _try(self, partition: int, delivery: AlertDelivery) -> AlertDelivery:
        turn = self._turns[delivery.transition.bot]
        async with turn, self._free:  # in this order: who waits for a turn holds no slot
            at_ms = self._clock()
            state, status, words = await tell(delivery, self._channel(delivery), self._means)
            attempt = Attempt(at_ms, status, self._clock() - at_ms, words[:ANSWER_CHARS])
        self.figures["tries"] += 1
        delivery = noted(delivery, attempt, state)
        await self._write(partition, delivery)
        return delivery

    def _channel(self, delivery: AlertDelivery) -> Channel | None:
        """Return the channel as it is now: its secret may have been changed since."""
        alert = self._registered.definitions.state.alerts.get(delivery.transition.alert)
        own = alert.channels if alert else ()
        return next((one for one in own if (one.kind, one.to) == (delivery.kind, delivery.to)), None)

    async def _deliveries(self, partitions: list[int]) -> dict[int, dict[str, AlertDelivery]]:
        """Read what is known of deliveries in *partitions*."""
        found: dict[int, dict[str, AlertDelivery]] = {partition: {} for partition in partitions}
        async for record in _records(self._bootstrap, ALERT_DELIVERIES, partitions):
            own = found[record.partition]
            if record.value is None:
                own.pop((record.key or b"").decode("utf-8", "replace"), None)
                continue
            try:
                delivery = read(_decode_delivery, record.value)
            except Unreadable as error:
                self._skip(record, error)
            else:
                own[delivery.id] = delivery
        return found

    async def _write(self, partition: int, delivery: AlertDelivery) -> None:
        if delivery.id not in self._known.get(partition, ()):
            return  # its bot was deleted, or it is somebody else's by now
        await (await self._outbox.send(ALERT_DELIVERIES, _encode(delivery), partition, delivery.id.encode()))


def _be_content(delivery: AlertDelivery) -> None:
    if delivery.state == "waiting":
        raise _NotTaken


async def _records(bootstrap: str, topic: str, partitions: list[int]) -> AsyncIterator[Any]:
    """Read everything that is in *partitions* now."""
    places = [TopicPartition(topic, partition) for partition in partitions]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        for place in places:
            while await consumer.position(place) < ends[place]:
                for record in (await consumer.getmany(place, timeout_ms=200)).get(place, []):
                    yield record
    finally:
        await consumer.stop()
