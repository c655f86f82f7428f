"""Dead letters as ClickHouse keeps them, and the way back into raw-events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from clickhouse_driver import Client

from app.adapters.edge import BatchingEdge, Limits
from app.adapters.queries import query
from app.adapters.raw_log import RawLog
from app.config import Settings
from app.core.deliveries import Delivery
from app.core.outcome import DeadLetter

__all__ = ["Wanted", "letters", "send_again"]

_AT_ONCE = 500


class Wanted(msgspec.Struct, frozen=True):
    """Which letters: those of a bot, of a reason, or by name; empty is any."""

    bot: str = ""
    reason: str = ""
    ids: tuple[str, ...] = ()


def letters(client: Client, wanted: Wanted, limit: int) -> list[DeadLetter]:
    """Return at most *limit* letters, the newest first."""
    names = {"bot": wanted.bot, "reason": wanted.reason, "ids": list(wanted.ids), "limit": limit}
    rows, columns = client.execute(query("dead_letters.list"), names, with_column_types=True)
    fields = [name for name, _ in columns]

    return [msgspec.convert(dict(zip(fields, row, strict=True)), DeadLetter) for row in rows]


def send_again(settings: Settings, deliveries: Sequence[Delivery]) -> None:
    """Return when raw-events holds *deliveries*; raise Unavailable when some may be missing."""
    asyncio.run(_send(settings, deliveries))


async def _send(settings: Settings, deliveries: Sequence[Delivery]) -> None:
    edge = BatchingEdge(RawLog(settings), Limits.of(settings))
    await edge.start()
    try:
        for n in range(0, len(deliveries), _AT_ONCE):
            await asyncio.gather(*map(edge.accept, deliveries[n : n + _AT_ONCE]))
    finally:
        await edge.stop()
