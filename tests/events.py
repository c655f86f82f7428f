"""Bot events for tests: only what a test is about has to be named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.core.events import BotEvent, EventBatch
from app.core.rows import StreamRecord

__all__ = ["NOON_MS", "event", "stream_record"]

NOON_MS = 1_716_811_200_000
"""2024-05-27 12:00 UTC, a Monday"""


def event(event_id: str, **fields: Any) -> BotEvent:
    """Return a text of user `ann` to bot `pizza` at NOON_MS, with *fields* as they are given."""
    values: dict[str, Any] = {
        "bot_id": "pizza",
        "user_id": "ann",
        "at": NOON_MS,
        "received_at": NOON_MS,
        "kind": "text",
    }

    return BotEvent(event_id=event_id, **(values | fields))


def stream_record(offset: int, events: Sequence[BotEvent], partition: int = 0) -> StreamRecord:
    """Return *events* as one record of bot-events."""
    return StreamRecord(partition, offset, [EventBatch(0, offset, NOON_MS, list(events))])
