"""The alert stage as a real process: writes counters and the registry, reads what is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaProducer

from app.adapters.registry import transact
from app.adapters.topics import ALERT_DELIVERIES, ALERTS, COUNTERS
from app.core.alerts.deliveries import AlertDelivery
from app.core.alerts.machine import Transition
from app.core.counters import CellBatch, encode_cells
from app.core.registry import Alert, Bot, Condition, Dashboard, State
from tests.pipeline.rig import Rig
from tests.waiting import until

__all__ = ["AlertRig", "alert_rig", "much", "now_ms"]


def now_ms() -> int:
    """Return the time."""
    return time.time_ns() // 1_000_000


class AlertRig(Rig):
    """A rig whose bot is `pizza`. Counters are written as track does, partition 0, stamps rising."""

    def __init__(self, bootstrap: str, home: Path, **settings: Any) -> None:
        super().__init__(bootstrap, home, **settings)
        self._writer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
        self._stamp = 0
        self._minute = (
            now_ms() // 60_000
        )  # of the whole test: a value written again must be one of the same minute

    def define(self, *alerts: Alert | Dashboard) -> None:
        """Put alerts and dashboards into the registry, and their bots if there are none; what is there is changed."""

        def decide(state: State) -> Any:
            bots = sorted({alert.bot for alert in alerts} - set(state.bots))
            subjects: list[Any] = [Bot(bot, bot, "generic", 0) for bot in bots]
            return [state.fact("made", one) for one in (*subjects, *alerts)]

        transact(self.settings.kafka, decide, "test")

    def count(self, value: int, minutes_ago: int = 0, measure: str = "messages_in", **cell: Any) -> None:
        """Write the value of a minute as counted so far."""
        self._stamp += 1
        start = (self._minute - minutes_ago) * 60
        named = {"bot": "pizza", "dim": "", "window": "minute", "start": start, "key": ""} | cell
        parts = (named["bot"], measure, named["dim"], named["window"], named["start"], named["key"], value)
        batch = CellBatch(0, self._minute // 1440, self._stamp, [parts])
        self._writer.send(COUNTERS, encode_cells(batch), partition=0).get(30)

    def told(self) -> list[Transition]:
        """Return every record of `alerts`, repeats included."""
        return [msgspec.json.decode(record, type=Transition) for record in self.records(ALERTS)]

    def ids(self) -> list[str]:
        """Return the ids of what was told, without repeats, in their order."""
        return list(dict.fromkeys(one.id for one in self.told()))

    def firing(self, alert: str) -> Transition:
        """Wait until *alert* fires and return that."""
        return until(
            lambda: next((one for one in self.told() if one.id == f"{alert}-1-firing"), None),
            60,
            0.1,
            f"{alert} to fire",
        )

    def put(self, topic: str, record: bytes, partition: int = 0) -> None:
        """Write one record."""
        self._writer.send(topic, record, partition=partition).get(30)

    def deliveries(self) -> dict[str, AlertDelivery]:
        """Return the newest word of every delivery."""
        found = [msgspec.json.decode(record, type=AlertDelivery) for record in self.records(ALERT_DELIVERIES)]
        return {one.id: one for one in found}

    def await_ready(self) -> None:
        """Return when the stage consumes."""
        until(lambda: self.is_ready("alert"), 60, 0.1, "the alert stage to be ready")

    def has_everything(self, instance: str) -> bool:
        """Tell whether a process has restored every partition last."""
        restored = [line for line in self.log("alert", instance).splitlines() if "state_restored" in line]
        everything = ", ".join(map(str, range(self.settings.partitions)))
        return bool(restored) and f"partitions=[{everything}]" in restored[-1]

    def stop(self) -> None:
        """Kill everything."""
        super().stop()
        self._writer.close()


@contextmanager
def alert_rig(bootstrap: str, home: Path, **settings: Any) -> Iterator[AlertRig]:
    """Give a rig and end all of its processes."""
    own = AlertRig(bootstrap, home, **settings)
    try:
        yield own
    finally:
        own.stop()


def much(threshold: float = 5, **fields: Any) -> Alert:
    """Return an alert on more messages than *threshold* within an hour."""
    given = {
        "id": "a1", "bot": "pizza", "name": "Much", "measure": "messages_in", "window_s": 3600, "cool_down_s": 0,
        "created_at": 0, "condition": Condition("above", threshold),
    }  # fmt: skip
    return Alert(**given | fields)
