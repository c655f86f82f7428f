"""
Writes `schemas/<topic>/<version>.schema.json`, the JSON Schema of every message, from the types that read and write it.

`schemas/rule.schema.json` is that of a dashboard's rule.

    python -m app.schemas           write them
    python -m app.schemas --check   say which are not current, and exit with 1
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from app.adapters.heartbeat import HEARTBEATS, Heartbeat
from app.adapters.links import Link
from app.adapters.topics import (
    ALERT_DELIVERIES,
    ALERT_INPUTS,
    ALERTS,
    BOT_EVENTS,
    COUNTERS,
    DEAD_LETTERS,
    LINKS,
    RAW_EVENTS,
    REGISTRY,
)
from app.core.alerts.deliveries import AlertDelivery
from app.core.alerts.machine import Transition
from app.core.counters import CellBatch
from app.core.deliveries import Delivery
from app.core.events import EventBatch
from app.core.outcome import DeadLetter
from app.core.registry import Entry
from app.core.rules.schema import rule_schema

__all__ = ["FOLDER", "MESSAGES", "Message", "main", "schema_files"]

FOLDER: Final = Path(__file__).parents[1] / "schemas"


class Message(NamedTuple):
    """A version of what a topic carries: the type of a record's value, or of each of its lines."""

    topic: str
    version: str
    type: Any
    title: str


MESSAGES: Final = (
    Message(RAW_EVENTS, "v1", Delivery, "One line of a raw-events record"),
    Message(BOT_EVENTS, "v1", list[EventBatch], "A bot-events record"),
    Message(COUNTERS, "v1", CellBatch, "A counters record"),
    Message(DEAD_LETTERS, "v1", DeadLetter, "A dead-letters record"),
    Message(HEARTBEATS, "v1", Heartbeat, "A heartbeats record"),
    Message(LINKS, "v1", Link, "A links record"),
    Message(REGISTRY, "v1", Entry, "A registry record"),
    Message(ALERT_INPUTS, "v1", CellBatch, "An alert-inputs record"),
    Message(ALERTS, "v1", Transition, "An alerts record"),
    Message(ALERT_DELIVERIES, "v1", AlertDelivery, "An alert-deliveries record"),
)


def schema_files() -> Iterator[tuple[Path, str]]:
    """Yield every file, relative to the folder, with what is to be in it."""
    for message in MESSAGES:
        path = f"{message.topic}/{message.version}"
        yield Path(f"{path}.schema.json"), _written(path, message.title, msgspec.json.schema(message.type))
    yield Path("rule.schema.json"), _written("rule", "What a dashboard counts", rule_schema())


def _written(id: str, title: str, schema: dict[str, Any]) -> str:
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"botpulse/{id}",
        "title": title,
    }

    return f"{json.dumps(head | schema, indent=2, ensure_ascii=False)}\n"


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Write or check the files; return the exit code."""
    stale = [(path, text) for path, text in schema_files() if _content(folder / path) != text]
    if "--check" in arguments:
        for path, _ in stale:
            sys.stderr.write(f"{path} is not current; run `python -m app.schemas`\n")
        return 1 if stale else 0
    for path, text in stale:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")

    return 0


def _content(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
