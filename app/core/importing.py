"""
How rows of somebody's file become events: which column is what, and what one row says.

    plan_of      from the names of the columns and what the caller chose to a `Plan`
    RowReader    from rows to items of `POST /v1/events`, or to the reason why not
    Reading      the rows of a file in the portions in which they are sent, the same on every run

Every row is an event of its own: its id is the import's and its number, unless a column holds ids.  So the same file
imported again is made of the same events.  A file of dialogues without times gets them by a rule (`MadeUp`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec
import orjson

from app.core.bots import Refusal
from app.core.deliveries import MAX_ITEMS
from app.core.outcome import Reason, Rejection
from app.core.redact import prepare
from app.core.times import ACCEPTED_TIMES, END_MS, SKEW_MS, parse_at

__all__ = [
    "CHUNK_BYTES",
    "MOST_SHOWN",
    "Chunk",
    "MadeUp",
    "Plan",
    "Reading",
    "Row",
    "RowReader",
    "TimeUnit",
    "chunked",
    "import_id_of",
    "plan_of",
]

TimeUnit = Literal["auto", "s", "ms"]
Row = dict[str, Any] | Rejection
"""A row by its columns, or why the file holds none there."""

CHUNK_BYTES: Final = 256 * 1024
"""Most bytes of the items of a chunk; a larger item goes alone."""


class MadeUp(msgspec.Struct, frozen=True):
    """
    Times for dialogues that have none.

    A new dialogue begins with each row that names another one than the row before.  Dialogue n (from 0) begins
    `spacing_s` * n after `start_ms`, its turns follow every `turn_s`, and its user is `user-<n modulo users>`.
    """

    start_ms: int
    spacing_s: int = 600
    turn_s: int = 7
    users: int = 1000


class Plan(msgspec.Struct, frozen=True):
    """
    How a file is read.

    `columns` names the column of each field of an event; all others become attributes.  `direction` holds for all
    rows where no column says it.
    """

    columns: dict[str, str]
    time_unit: TimeUnit = "auto"
    direction: Literal["in", "out"] = "in"
    made_up: MadeUp | None = None


class Chunk(NamedTuple):
    """Items that are sent together. With them the first `rows` rows of the file are done."""

    rows: int
    items: list[bytes]


ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "at": ("at", "ts", "time", "timestamp", "created_at", "date"),
    "user": ("user", "user_id", "sender", "sender_id", "from", "author"),
    "text": ("text", "message", "body", "utterance"),
    "intent": ("intent", "intent_name"),
    "direction": ("direction", "speaker"),
    "id": ("id", "event_id", "message_id"),
    "conversation": ("conversation", "conversation_id", "dialogue_id", "dialog_id"),
    "session": ("session", "session_id"),
    "type": ("type", "kind"),
    "platform": ("platform",),
    "locale": ("locale", "language"),
    "amount": ("amount",),
    "currency": ("currency",),
    "user_attributes": ("user_attributes",),
}
"""Names by which the column of a field is found, the first that is there."""

MOST_SHOWN: Final = 20
"""Rejections that are listed; the others are counted."""

_OPTIONS: Final = {"at": "time"}


def plan_of(
    names: list[str], chosen: dict[str, str], time_unit: TimeUnit = "auto", start_ms: int | None = None
) -> Plan | Refusal:
    """
    Decide what is in the columns *names*.

    *chosen* holds the columns the caller named, by field; an empty name says that there is none.  Dialogues without
    times start at *start_ms*; None refuses them.
    """
    direction: Literal["in", "out"] = "in"
    if chosen.get("direction") in get_args(Literal["in", "out"]):
        direction = "out" if chosen["direction"] == "out" else "in"
        chosen = {**chosen, "direction": ""}
    absent = [column for column in chosen.values() if column and column not in names]
    if absent:
        return Refusal("no_column", f"there is no column {absent[0]!r}; the file has {', '.join(names)}")
    found = {field: _found(aliases, names) for field, aliases in ALIASES.items()} | chosen
    columns = {field: column for field, column in found.items() if column}
    if "at" in columns:
        missing, made_up = [field for field in ("user",) if field not in columns], None
    else:
        missing = [field for field in ("at",) if "conversation" not in columns or start_ms is None]
        made_up = MadeUp(start_ms or 0)
    if missing:
        option = _OPTIONS.get(missing[0], missing[0])
        return Refusal(
            "no_column",
            f"no column looks like the {option}; name it with --{option}. There are {', '.join(names)}",
        )

    return Plan(columns, time_unit, direction, made_up)


def import_id_of(content: bytes, plan: Plan) -> str:
    """Return the id of the import that reads a file with the checksum *content* by *plan*."""
    return blake2b(content + msgspec.json.encode(plan), digest_size=8).hexdigest()


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
        self._milliseconds = _UNITS[plan.time_unit]
        self._dialogues = _Dialogues(plan.made_up, columns.get("conversation", "")) if plan.made_up else None

    def read(self, number: int, row: dict[str, Any]) -> bytes | Rejection:
        """Return the item of row *number*, counted from 1. *row* is used up."""
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


_MILLISECONDS_FROM: Final = 10**11
_SIDES: Final = {
    side: direction
    for direction, sides in {
        "in": ("in", "incoming", "inbound", "user", "human", "customer"),
        "out": ("out", "outgoing", "outbound", "bot", "agent", "system", "assistant"),
    }.items()
    for side in sides
}


def _found(aliases: tuple[str, ...], names: list[str]) -> str:
    lower = {name.lower(): name for name in reversed(names)}

    return next((lower[alias] for alias in aliases if alias in lower), "")


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
