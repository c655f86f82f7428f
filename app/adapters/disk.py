"""
Keeps ClickHouse within its disk budget: dead letters go first, then the oldest months of events and hits and days of minutes.

What went is noted in `disk_events`.  Of events and numbers the current month and day stay, whatever they need; dead letters go
with theirs, as what was refused is worth less than what was counted, and Kafka has them for 30 days.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

import structlog
from clickhouse_driver import Client

from app.adapters.clickhouse import connect
from app.config import Settings

__all__ = ["Part", "keep_within_budget", "to_drop"]

_LOW_WATER: Final = 0.9
_USED: Final = "SELECT sum(bytes_on_disk) FROM system.parts WHERE database = currentDatabase() AND active"
_OLDEST_FIRST: Final = """
SELECT table, partition, toUInt64(sum(rows)), toUInt64(sum(bytes_on_disk))
FROM system.parts
WHERE database = currentDatabase() AND active
    AND (table = 'dead_letter_rows' OR (table IN ('events', 'backfilled_hits') AND partition < %(month)s) OR (table = 'counter_parts' AND partition != '0' AND partition < %(day)s))
GROUP BY table, partition
ORDER BY table != 'dead_letter_rows', rpad(partition, 8, '0'), table
"""
_log = structlog.get_logger(__name__)


class Part(NamedTuple):
    """A partition of a table: what goes at once."""

    table: str
    partition: str
    rows: int
    bytes: int


def keep_within_budget(settings: Settings, now: datetime | None = None) -> list[Part]:
    """Drop what is oldest while the database is above its budget; return what went."""
    with connect(settings) as client:
        ((used,),) = client.execute(_USED)
        if used <= settings.disk_budget_bytes:
            return []
        dropped = to_drop(
            _candidates(client, now or datetime.now(UTC)),
            used,
            settings.disk_budget_bytes,
        )
        for part in dropped:
            client.execute(f"ALTER TABLE {part.table} DROP PARTITION ID '{part.partition}'")
            _note(client, part, used, settings.disk_budget_bytes)
        _log.warning(
            "disk_budget_enforced",
            used_bytes=used,
            budget_bytes=settings.disk_budget_bytes,
            freed_bytes=sum(part.bytes for part in dropped),
            partitions=[f"{part.table} {part.partition}" for part in dropped],
        )

    return dropped


def to_drop(oldest_first: list[Part], used_bytes: int, budget_bytes: int) -> list[Part]:
    """Choose from the oldest on until 90 % of the budget is reached."""
    chosen = []
    for part in oldest_first:
        if used_bytes <= budget_bytes * _LOW_WATER:
            break
        chosen.append(part)
        used_bytes -= part.bytes

    return chosen


def _candidates(client: Client, now: datetime) -> list[Part]:
    bounds = {"month": f"{now:%Y%m}", "day": f"{now:%Y%m%d}"}
    rows = client.execute(_OLDEST_FIRST, bounds)

    return [Part(*row) for row in rows]


def _note(client: Client, part: Part, used_bytes: int, budget_bytes: int) -> None:
    client.execute(
        "INSERT INTO disk_events (`table`, partition, rows, bytes, used_bytes, budget_bytes) VALUES",
        [(*part, used_bytes, budget_bytes)],
    )
