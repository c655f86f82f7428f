"""
How rows of somebody's file become events, once there is a `Plan` (app/core/import_plan.py).

    RowReader    from rows to items of `POST /v1/events`, or to the reason why not
    Reading      the rows of a file in the portions in which they are sent, the same on every run

Every row is an event of its own: its id is the import's and its number, unless a column holds ids.  So the same file
imported again is made of the same events.  A file of dialogues without times gets them by a rule (`MadeUp`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import orjson

from app.core.deliveries import MAX_ITEMS
from app.core.import_plan import MadeUp, Plan, TimeUnit, column_of
from app.core.outcome import Reason, Rejection
from app.core.redact import prepare
from app.core.times import ACCEPTED_TIMES, END_MS, SKEW_MS, parse_at

__all__ = [
    "CHUNK_BYTES",
    "MOST_SHOWN",
    "Chunk",
    "Reading",
    "Row",
    "RowReader",
    "chunked",
]

Row = dict[str, Any] | Rejection
"""A row by its columns, or why the file holds none there."""

CHUNK_BYTES: Final = 256 * 1024
"""Most bytes of the items of a chunk; a larger item goes alone."""


class Chunk(NamedTuple):
    """Items that are sent together. With them the first `rows` rows of the file are done."""

    rows: int
    items: list[bytes]


MOST_SHOWN: Final = 20
"""Rejections that are listed; the others are counted."""


def chunked(items: Iterable[tuple[int, bytes]]) -> Iterator[Chunk]:
    """Gather (row number, item) pairs into chunks."""
    chunk: list[bytes] = []
    size_bytes = row = 0
    for number, item in items:
        if chunk and (len(chunk) == MAX_ITEMS or size_bytes + len(item) > CHUNK_BYTES):
            yield Chunk(row, chunk)
            chunk, size_bytes = [], 0
        chunk.append(item)
        size_bytes += len(item)
        row = number
    if chunk:
        yield Chunk(row, chunk)


class RowReader:
    """Reads the rows of one import, in their order: made-up times depend on the rows before."""

    def __init__(self, plan: Plan, import_id: str, platform: str, now_ms: int) -> None:
        self._platform = platform
        self._latest_ms = now_ms + SKEW_MS
        self._direction = plan.direction
        self._prefix = f"import:{import_id}:"
        columns = dict(plan.columns)
        self._time_column = columns.pop("at", "")
        self._direction_column = columns.pop("direction", "")
        self._fields = tuple(columns.items())
        self._later = plan.later
        self._known: set[str] = set()
        self.absent = set(plan.columns.values())
        """Columns of the plan that no row had."""
        self._milliseconds = _UNITS[plan.time_unit]
        self._dialogues = _Dialogues(plan.made_up, columns.get("conversation", "")) if plan.made_up else None

    def read(self, number: int, row: dict[str, Any]) -> bytes | Rejection:
        """Return the item of row *number*, counted from 1. *row* is used up."""
        if not row.keys() <= self._known:
            self._learn(row)
        item: dict[str, Any] = {"id": f"{self._prefix}{number}", "direction": self._direction}
        at = self._dialogues.place(row, item) if self._dialogues else self._time_of(row)
        if isinstance(at, Rejection):
            return at
        # below 10^11 a number is read as seconds
        item["at"] = at if at >= _MILLISECONDS_FROM else at / 1000
        if self._direction_column:
            refused = _direct(item, row.pop(self._direction_column, None), self._direction_column)
            if refused:
                return refused
        for field, column in self._fields:
            value = row.pop(column, None)
            if value is not None and value != "":
                item[field] = str(value) if type(value) is int else value

        return self._finished(item, row)

    def _learn(self, row: dict[str, Any]) -> None:
        """Take note of the new names in *row*."""
        self.absent -= row.keys()
        if len(self._known) < _MOST_KNOWN:
            self._known |= row.keys()
        for field in self._later:
            column = column_of(field, row)
            if column and field == "direction":
                self._direction_column = column
            elif column:
                self._fields += ((field, column),)
            if column:
                self._later = tuple(other for other in self._later if other != field)

    def _time_of(self, row: dict[str, Any]) -> int | Rejection:
        value = row.pop(self._time_column, None)
        if value is None or value == "":
            return Rejection(
                Reason.BAD_TIME, f"`{self._time_column}` is empty; an imported row needs its time"
            )
        try:
            at = self._milliseconds(value)
        except (ValueError, TypeError, OverflowError):
            at = None
        if at is None or not 0 <= at < END_MS:
            return Rejection(
                Reason.BAD_TIME, f"`{self._time_column}` is {_shown(value)}; a time is {ACCEPTED_TIMES}"
            )
        if at > self._latest_ms:
            return Rejection(
                Reason.BAD_TIME, f"`{self._time_column}` is {_shown(value)}, which lies in the future"
            )

        return at

    def _finished(self, item: dict[str, Any], rest: dict[str, Any]) -> bytes | Rejection:
        given = rest.pop("attributes", None)
        attributes = {name: value for name, value in rest.items() if value is not None and value != ""}
        if type(given) is dict:
            attributes |= given
        elif given:
            attributes["attributes"] = given
        if attributes:
            item["attributes"] = attributes
        if type(item.get("amount")) is str:
            item["amount"] = _number(item["amount"])
        try:
            raw = orjson.dumps(item)
        except orjson.JSONEncodeError:
            return Rejection(Reason.NOT_JSON, "the row is not UTF-8; save the file as UTF-8")
        prepared = prepare("native", self._platform, raw)

        return prepared if isinstance(prepared, Rejection) else prepared.item


class Reading:
    """A file while it is read: how many rows there were, and what was refused (`first`: line number and why)."""

    def __init__(self, reader: RowReader, rows: Iterable[tuple[int, Row]]) -> None:
        self.rows = 0
        self.rejected = 0
        self.first: list[tuple[int, Rejection]] = []
        self._reader = reader
        self._rows = rows

    def chunks(self, rows_done: int = 0) -> Iterator[Chunk]:
        """Yield what is to be sent after row *rows_done*; the last chunk may be empty and covers the last rows."""
        yield from chunked(self._items(rows_done))
        yield Chunk(self.rows, [])

    def _items(self, rows_done: int) -> Iterator[tuple[int, bytes]]:
        for line, row in self._rows:
            self.rows += 1
            outcome = row if isinstance(row, Rejection) else self._reader.read(self.rows, row)
            if isinstance(outcome, Rejection):
                self._refuse(line, outcome)
            elif self.rows > rows_done:
                yield self.rows, outcome

    def _refuse(self, line: int, rejection: Rejection) -> None:
        self.rejected += 1
        if len(self.first) < MOST_SHOWN:
            self.first.append((line, rejection))


class _Dialogues:
    """Where in the made-up time the rows are."""

    def __init__(self, rule: MadeUp, column: str) -> None:
        self._rule = rule
        self._column = column
        self._name: object = None
        self._number = -1
        self._turn = 0

    def place(self, row: dict[str, Any], item: dict[str, Any]) -> int | Rejection:
        """Return the time of *row* and give *item* a user."""
        name = row.get(self._column)
        if not name:
            return Rejection(
                Reason.MISSING_FIELD, f"`{self._column}` is empty; it says to which dialogue a row belongs"
            )
        if name == self._name:
            self._turn += 1
        else:
            self._name = name
            self._number += 1
            self._turn = 0
        item["user"] = f"user-{self._number % self._rule.users}"

        return self._rule.start_ms + 1000 * (
            self._number * self._rule.spacing_s + self._turn * self._rule.turn_s
        )


_MOST_KNOWN: Final = 10_000
_MILLISECONDS_FROM: Final = 10**11
_SIDES: Final = {
    side: direction
    for direction, sides in {
        "in": ("in", "incoming", "inbound", "user", "human", "customer"),
        "out": ("out", "outgoing", "outbound", "bot", "agent", "system", "assistant"),
    }.items()
    for side in sides
}


def _direct(item: dict[str, Any], value: object, column: str) -> Rejection | None:
    """Set the direction of *item*; an empty value leaves it."""
    if value is None or value == "":
        return None
    direction = _SIDES.get(value) if type(value) is str else None
    if direction is None:
        direction = _SIDES.get(str(value).strip().lower())
    if direction is None:
        return Rejection(
            Reason.BAD_VALUE, f"`{column}` is {_shown(value)}; it must be one of {', '.join(_SIDES)}"
        )
    item["direction"] = direction

    return None


def _of_any_unit(value: Any) -> int | None:
    return parse_at(value)


def _of_seconds(value: Any) -> int | None:
    try:
        return int(value) * 1000 if type(value) is not float else round(value * 1e6) // 1000
    except ValueError:
        return round(float(value) * 1e6) // 1000


def _of_milliseconds(value: Any) -> int | None:
    return int(float(value)) if type(value) is not int else value


_UNITS: Final[dict[TimeUnit, Callable[[Any], int | None]]] = {
    "auto": _of_any_unit,
    "s": _of_seconds,
    "ms": _of_milliseconds,
}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _shown(value: object) -> str:
    shown = repr(value)

    return shown if len(shown) <= 60 else f"{shown[:60]}..."
