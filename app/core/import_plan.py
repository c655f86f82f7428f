"""What is in the columns of somebody's file: from their names and what the caller chose to a `Plan`."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from app.core.refusal import Refusal

__all__ = ["MadeUp", "Plan", "TimeUnit", "column_of", "import_id_of", "plan_of"]

TimeUnit = Literal["auto", "s", "ms"]


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
    rows where no column says it.  `later` are fields without a column so far that take the first fitting one a later
    row brings.
    """

    columns: dict[str, str]
    time_unit: TimeUnit = "auto"
    direction: Literal["in", "out"] = "in"
    made_up: MadeUp | None = None
    later: tuple[str, ...] = ()


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

_OPTIONS: Final = {"at": "time"}


def plan_of(
    names: list[str],
    chosen: dict[str, str],
    time_unit: TimeUnit = "auto",
    start_ms: int | None = None,
    *,
    are_all: bool = True,
) -> Plan | Refusal:
    """
    Decide what is in the columns *names*.

    *chosen* holds the columns the caller named, by field; an empty name says that there is none.  Dialogues without
    times start at *start_ms*; None refuses them.  Where *names* are not all there are (`are_all`), later rows may
    bring columns that were chosen, or that fit.
    """
    direction: Literal["in", "out"] = "in"
    if chosen.get("direction") in ("in", "out"):
        direction = "out" if chosen["direction"] == "out" else "in"
        chosen = {**chosen, "direction": ""}
    absent = [column for column in chosen.values() if column and column not in names]
    if absent and are_all:
        return Refusal("no_column", f"there is no column {absent[0]!r}; the file has {', '.join(names)}")
    found = {field: column_of(field, names) for field in ALIASES} | chosen
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

    later = () if are_all else tuple(field for field in ALIASES if field not in (*columns, *chosen, "at"))

    return Plan(columns, time_unit, direction, made_up, later)


def import_id_of(content: bytes, plan: Plan) -> str:
    """Return the id of the import that reads a file with the checksum *content* by *plan*."""
    reading = {
        name: value for name, value in msgspec.structs.asdict(plan).items() if name != "later" or value
    }

    return blake2b(content + msgspec.json.encode(reading), digest_size=8).hexdigest()


def column_of(field: str, names: Iterable[str]) -> str:
    """Return which of *names* is called like *field*; none is ''."""
    lower = {name.lower(): name for name in reversed(list(names))}

    return next((lower[alias] for alias in ALIASES[field] if alias in lower), "")
