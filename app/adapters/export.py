"""Streams a bot's events out of ClickHouse: month by month, so that nothing larger than a month is sorted or held."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal

import orjson
from clickhouse_driver import Client

from app.adapters.queries import query

__all__ = ["COLUMNS", "Format", "exported", "written"]

Format = Literal["ndjson", "csv"]

COLUMNS: Final = (
    "bot_id", "user_id", "at", "received_at", "event_id", "platform", "direction", "kind", "text", "intent",
    "intent_confidence", "not_handled", "conversation_id", "session_id", "message_id", "event_name", "amount",
    "currency", "locale", "attributes", "user_attributes", "dashboards", "dialect", "sdk", "raw_partition",
    "raw_offset", "raw_index",
)  # fmt: skip
_NESTED: Final = tuple(COLUMNS.index(name) for name in ("attributes", "user_attributes", "dashboards"))
_SETTINGS: Final = {"max_block_size": 8192}
_GATHERED: Final = 1000


def exported(client: Client, bot: str, from_ms: int, to_ms: int) -> Iterator[tuple[Any, ...]]:
    """Yield the events of *bot* from *from_ms* on and before *to_ms*, each with the values of `COLUMNS`."""
    span = {"bot": bot, "from_ms": from_ms, "to_ms": to_ms}
    for (month,) in client.execute(query("export.months"), span):
        yield from client.execute_iter(query("export.events"), {**span, "month": month}, settings=_SETTINGS)


def written(rows: Iterable[tuple[Any, ...]], format: Format, write: Callable[[bytes], Any]) -> int:
    """Write *rows* and return how many there were; CSV gets a header."""
    lines = _csv_lines(rows) if format == "csv" else map(_json_line, rows)
    if format == "csv":
        write(_csv_line(COLUMNS))
    count = 0
    gathered: list[bytes] = []
    for line in lines:
        gathered.append(line)
        count += 1
        if len(gathered) == _GATHERED:
            write(b"".join(gathered))
            gathered.clear()
    write(b"".join(gathered))

    return count


def _json_line(row: tuple[Any, ...]) -> bytes:
    return orjson.dumps(dict(zip(COLUMNS, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)


def _csv_lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    for row in rows:
        values = list(row)
        for n in _NESTED:
            values[n] = orjson.dumps(values[n]).decode() if values[n] else ""
        yield _csv_line(values)


def _csv_line(values: Iterable[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)

    return line.getvalue().encode()
