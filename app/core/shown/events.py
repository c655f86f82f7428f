"""An event as people are shown it: a row of the query `events.page`, its fields called as in the table `bot_events`."""

from __future__ import annotations

from typing import Any, Final

from app.core.times import iso

__all__ = ["event_shown", "row_shown"]

_FIELDS: Final = (
    "event_id", "user_id", "at", "received_at", "direction", "kind", "text", "intent", "intent_confidence",
    "not_handled", "platform", "conversation_id", "session_id", "message_id", "event_name", "amount", "currency",
    "locale", "attributes", "user_attributes", "warnings", "dialect", "sdk", "raw_partition", "raw_offset", "raw_index",
)  # fmt: skip


def event_shown(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return an event for people."""
    return row_shown(row, _FIELDS)


def row_shown(row: tuple[Any, ...], fields: tuple[str, ...]) -> dict[str, Any]:
    """Return a row as an object with *fields*; those that end in `at` are times."""
    return {
        name: iso(value) if name == "at" or name.endswith("_at") else value
        for name, value in zip(fields, row, strict=True)
    }
