"""Keeps what is known of alerts current for a web process: `alerts` and `alert-deliveries`, followed from their beginnings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from app.adapters.tail import Places, Record, Tail
from app.adapters.topics import ALERT_DELIVERIES, ALERTS
from app.core.alerts.deliveries import AlertDelivery
from app.core.alerts.machine import Transition
from app.core.alerts.past import AlertPast
from app.core.readable import Unreadable, read

__all__ = ["AlertLog"]

_log = structlog.get_logger(__name__)
_decode_told: Final = msgspec.json.Decoder(Transition).decode
_decode_delivery: Final = msgspec.json.Decoder(AlertDelivery).decode


class AlertLog:
    """`past` is what is known; *tell* hears what happens from now on, not what happened before the start."""

    def __init__(self, bootstrap: str, tell: Callable[[Transition], None]) -> None:
        self.past = AlertPast()
        self._tell = tell
        self._forgotten: set[str] = set()
        self._alerts = Tail(bootstrap, ALERTS, _from_the_beginning, self._take)
        self._deliveries = Tail(bootstrap, ALERT_DELIVERIES, _from_the_beginning, self._take_deliveries)

    @property
    def is_ready(self) -> bool:
        """Tell whether everything written before the start is known."""
        return self._alerts.is_caught_up and self._deliveries.is_caught_up

    async def run(self) -> None:
        """Follow until cancelled."""
        await asyncio.gather(self._alerts.run(), self._deliveries.run())

    def forget(self, bots: Iterable[str]) -> None:
        """Forget *bots*, which were deleted, and take nothing more of them."""
        for bot in set(bots) - self._forgotten:
            self._forgotten.add(bot)
            self.past.forget(bot)

    def _take(self, records: Sequence[Record]) -> None:
        is_news = self._alerts.is_caught_up
        for told in _read(records, _decode_told):
            if told.bot not in self._forgotten and self.past.take(told) and is_news:
                self._tell(told)

    def _take_deliveries(self, records: Sequence[Record]) -> None:
        for delivery in _read(records, _decode_delivery):
            if delivery.transition.bot not in self._forgotten:
                self.past.take_delivery(delivery)


def _read(records: Sequence[Record], decode: Callable[[bytes], Any]) -> list[Any]:
    found = []
    for record in records:
        try:
            if record.value is not None:
                found.append(read(decode, record.value))
        except Unreadable:
            _log.warning("alert_unreadable", topic=record.topic, offset=record.offset)
    return found


async def _from_the_beginning(_consumer: AIOKafkaConsumer, _partitions: Sequence[TopicPartition]) -> Places:
    return {}
