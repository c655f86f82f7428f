"""Takes bots that were deleted out of ClickHouse: out of every table that knows of bots, whichever there are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from clickhouse_driver import Client

from app.adapters.clickhouse import session
from app.config import Settings

__all__ = ["count_rows", "erase_rows"]

_TABLES: Final = """
SELECT name, engine FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%%MergeTree' AND name IN
    (SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'bot_id')
ORDER BY name
"""
_SYNC: Final[dict[str, Any]] = {"mutations_sync": 2, "max_execution_time": 0}
"""Return when the rows have left the disk, not when that is planned."""


def count_rows(settings: Settings, bot: str) -> tuple[dict[str, int], int]:
    """Return how many rows each table has of *bot*, repeats left out, and how many users there are in its events."""
    with session(settings) as client:
        found = _rows(client, [bot])
        ((users,),) = client.execute(
            "SELECT uniqExact(user_id) FROM events WHERE bot_id = %(bot)s AND user_id != ''", {"bot": bot}
        )

    return found, users


def erase_rows(settings: Settings, bots: Collection[str]) -> int:
    """Delete every row of *bots* and return how many there were, repeats left out; a second time there are none."""
    if not bots:
        return 0
    with session(settings) as client:
        found = {table: n for table, n in _rows(client, bots).items() if n}
        for table in found:
            client.execute(
                f"ALTER TABLE `{table}` DELETE WHERE bot_id IN %(bots)s",
                {"bots": sorted(bots)},
                settings=_SYNC,
            )

    return sum(found.values())


def _rows(client: Client, bots: Collection[str]) -> dict[str, int]:
    found = {}
    for table, engine in client.execute(_TABLES):
        final = " FINAL" if engine.startswith("Replacing") else ""
        counted = f"SELECT count() FROM `{table}`{final} WHERE bot_id IN %(bots)s"  # noqa: S608 a name of our own
        ((found[table],),) = client.execute(counted, {"bots": sorted(bots)})

    return found
