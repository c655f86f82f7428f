"""
Takes back what was said of dashboards, when a replay is about to count all of history anew.

Most of track's parts are overwritten as the replay goes on.  Those of back-fills and recounts are nobody's, so whoever follows
`counters` (live pages, alerts) is told that they are 0, as far back as anybody looks; and so are those that no replay says
again at their place, as far back as live pages keep them: hits of versions of rules that were replaced since, and numbers of
a recount, whose history has the log day of the recount.
"""

from __future__ import annotations

from typing import Any, Final

from kafka import KafkaProducer

from app.adapters.clickhouse import session
from app.adapters.queries import query
from app.adapters.topics import COUNTERS
from app.config import Settings
from app.core.calendar import DAY_S
from app.core.counters import CellBatch, encode_cells
from app.core.dashboards.backfill import PARTITION, withdrawn
from app.core.live import FOLLOWED, oldest_starts

__all__ = ["Part", "recent_history", "recent_parts", "withdraw"]

Part = tuple[Any, ...]
"""Partition, log day, and the fields of a cell."""

_LOOKED_AT_S: Final = 9 * DAY_S
"""An alert may compare a day with the same one a week before."""


def recent_history(settings: Settings, now_ms: int) -> list[CellBatch]:
    """Return the records that take back what back-fills and recounts said of the last days."""
    asked = {"partition": PARTITION, "first_s": max(now_ms // 1000 - _LOOKED_AT_S, 0)}
    with session(settings) as client:
        return list(withdrawn(client.execute(query("replay.history"), asked), now_ms))


def recent_parts(settings: Settings, now_ms: int) -> list[Part]:
    """Return the parts that a live page may know, and that no replay overwrites."""
    with session(settings) as client:
        asked = {"history": PARTITION, "measures": sorted(FOLLOWED), **oldest_starts(now_ms)}
        found: list[Part] = client.execute(query("replay.parts"), asked)

    return found


def withdraw(settings: Settings, batches: list[CellBatch]) -> None:
    """Write *batches* to `counters`."""
    if not batches:
        return
    producer = KafkaProducer(bootstrap_servers=settings.kafka.split(","), acks="all")
    try:
        for batch in batches:
            producer.send(COUNTERS, encode_cells(batch), partition=0).get(30)
    finally:
        producer.close()
