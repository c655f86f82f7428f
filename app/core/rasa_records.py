"""A record of Rasa's event broker as an item: cleaned like any body of a webhook, and known again when it comes twice."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from app.core.outcome import Reason, Rejection
from app.core.platforms.unpacking import json_item
from app.core.redact import Prepared, clean, prepare

__all__ = ["PLATFORM", "WAY", "Record", "item_of"]

WAY: Final = "webhook"
PLATFORM: Final = "rasa"

_SHOWN_BYTES: Final = 64 * 1024


class Record(Protocol):
    """A record of the topic and its place."""

    @property
    def value(self) -> bytes | None:
        """What Rasa wrote."""

    @property
    def topic(self) -> str:
        """Its topic."""

    @property
    def partition(self) -> int:
        """Its partition."""

    @property
    def offset(self) -> int:
        """Its offset."""


def item_of(record: Record, limit_bytes: int) -> bytes:
    """Return what is kept of a record of the topic; what is no JSON object is kept as text, for a dead letter."""
    value = record.value or b""
    if not value:
        return b""  # a tombstone of a compacted topic
    prepared: Prepared | Rejection | bytes = json_item(value) if len(value) <= limit_bytes else _TOO_LARGE
    if isinstance(prepared, bytes):
        prepared = prepare(WAY, PLATFORM, prepared)
    if isinstance(prepared, Rejection):
        text = msgspec.json.encode(value[:_SHOWN_BYTES].decode("utf-8", "replace"))
        return clean(WAY, PLATFORM, text)[0]
    item = prepared.item
    if _names_itself(item):
        return item
    place = f"{record.topic}-{record.partition}-{record.offset}".encode()
    comma = b"," if item[1:-1].strip() else b""
    return b'{"botpulse_record":"%b"%b%b' % (place, comma, item[1:])


_TOO_LARGE: Final = Rejection(Reason.TOO_LARGE, "the record is larger than BOTPULSE_MAX_EVENT_BYTES")


class _Own(msgspec.Struct):
    message_id: str | int | float | None = None
    timestamp: str | int | float | None = None


_own: Final = msgspec.json.Decoder(_Own)


def _names_itself(item: bytes) -> bool:
    """Tell whether reading *item* twice gives the same ids, from its own id or time."""
    try:
        own = _own.decode(item)
    except (ValueError, RecursionError):
        return False
    return bool(own.message_id or own.timestamp)
