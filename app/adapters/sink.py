"""
The store's end in ClickHouse: rows go in together with how far they bring it.

The position is written after the rows.  A crash in between means the same rows once more, and the tables keep one row
of each key; so what is there is never less than the position says, and a fresh ClickHouse is filled again from Kafka.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.adapters.clickhouse import connect, insert
from app.config import Settings
from app.core.registry import Bot
from app.core.rows import Rows

__all__ = ["Positions", "Sink"]

Positions = dict[tuple[str, int], int]
"""(topic, partition) -> offset of the first record that is not stored yet"""

_BOTS: Final = ("bot_id", "name", "platform", "zone", "week_start", "session_gap_s", "generation", "archived")


class Sink:
    """One connection, for one thread at a time. After an error the next call connects again."""

    def __init__(self, settings: Settings) -> None:
        self._client = connect(settings)

    def positions(self) -> Positions:
        """Return how far the store has come."""
        rows = self._client.execute("SELECT topic, partition, position FROM sink_positions FINAL")

        return {(topic, partition): position for topic, partition, position in rows}

    def write(self, tables: Sequence[Rows], token: str, positions: Positions) -> None:
        """Write *tables*, then *positions*. Trying again with the same arguments writes nothing twice."""
        for rows in tables:
            insert(self._client, rows, token)
        topics, partitions = zip(*positions, strict=True)
        values = [list(topics), list(partitions), list(positions.values())]
        insert(self._client, Rows("sink_positions", ("topic", "partition", "position"), values), "")

    def write_bots(self, bots: Sequence[Bot]) -> None:
        """Write settings of bots; the last one written of a bot holds."""
        rows = [(bot.id, bot.name, bot.platform, *_cut_of(bot), bot.archived_at is not None) for bot in bots]
        values = [list(column) for column in zip(*rows, strict=True)]
        insert(self._client, Rows("bots", _BOTS, values), "")

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()


def _cut_of(bot: Bot) -> tuple[str, str, int, int]:
    reporting = bot.reporting

    return reporting.zone, reporting.week_start, reporting.session_gap_s, reporting.generation
