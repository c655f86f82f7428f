"""Real payloads: what a person reads from each is what the readers read."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from app.core.events import BotEvent
from app.core.outcome import Outcome
from app.core.platforms.context import Context
from app.core.platforms.facebook import read_facebook
from app.core.platforms.twitter import read_twitter
from tests.shared import shared

READERS = {"facebook": (read_facebook, 34), "twitter": (read_twitter, 9)}
SIDES = {"incoming": "in", "outgoing": "out", "": "none"}
RECEIVED_AT = 1_800_000_000_000


def _read(path: Path) -> Outcome:
    body: dict[str, Any] = json.loads(path.read_bytes())
    reader, _ = READERS[path.parent.name]

    return reader(body, Context("bot", RECEIVED_AT, "webhook", path.parent.name))


def _differences(row: dict[str, str], event: BotEvent) -> list[str]:
    pairs = {
        "direction": (SIDES[row["direction"]], event.direction),
        "user_id": (row["user_id"], event.user_id),
        "text": (row["text"], event.text),
        "kind": (row["kind"], event.kind),
        "intent": (row["intent"], event.intent),
        "message_id": (row["message_id"], event.message_id),
    }
    found = [
        f"{name}: {expected!r} != {actual!r}"
        for name, (expected, actual) in pairs.items()
        if expected != actual
    ]
    if row["timestamp_ms"] and abs(int(row["timestamp_ms"]) - event.at) > 1:
        found.append(f"at: {row['timestamp_ms']} != {event.at}")

    return found


@pytest.mark.parametrize("platform", READERS)
def test_payloads_are_read_as_a_person_reads_them(platform: str) -> None:
    """Every row of expected.csv agrees in side, user, text, time, kind, intent and message id."""
    with shared("payloads/expected.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["platform"] == platform]
    wrong: dict[str, list[str]] = {}
    for row in rows:
        events = _read(shared(f"payloads/{row['file']}")).events
        differences = _differences(row, events[int(row["event_index"])])
        if differences:
            wrong[f"{row['file']}[{row['event_index']}]"] = differences
    print(f"{platform}: {len(rows) - len(wrong)} of {len(rows)} rows agree")  # noqa: T201  shown by pytest -s

    assert wrong == {}
    assert READERS[platform][1] == len(rows)


@pytest.mark.parametrize("platform", READERS)
def test_every_payload_gives_events_and_no_refusal(platform: str) -> None:
    """Files without a row are read as well: something comes out, nothing is refused."""
    refused = {}
    for path in sorted(shared(f"payloads/{platform}").iterdir()):
        outcome = _read(path)
        if outcome.rejections or not outcome.events:
            refused[path.name] = outcome.rejections

    assert refused == {}
