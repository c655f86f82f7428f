"""Real payloads: what a person reads from each is what the readers read."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from app.core.events import BotEvent
from app.core.normalise import read_item
from app.core.outcome import Outcome, Rejection
from app.core.platforms import PLATFORMS, canonical
from app.core.platforms.context import Context
from app.core.platforms.unpacking import json_item
from tests.shared import shared

ROWS = {
    "alexa": 9,
    "facebook": 34,
    "google-assistant": 26,
    "kik": 8,
    "lex": 5,
    "line": 45,
    "microsoft": 7,
    "slack": 35,
    "telegram": 15,
    "twilio": 1,
    "twitter": 9,
    "viber": 8,
    "watson": 19,
    "wechat": 31,
}
SIDES = {"incoming": "in", "outgoing": "out", "": "none"}
RECEIVED_AT = 1_800_000_000_000


def _read(path: Path) -> Outcome:
    platform = canonical(path.parent.name)
    hook = PLATFORMS[platform].hook
    item = (hook.unpack if hook else json_item)(path.read_bytes())
    if isinstance(item, Rejection):
        return Outcome([], [item])

    return read_item(item, Context("bot", RECEIVED_AT, "webhook", platform))


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


@pytest.mark.parametrize("platform", ROWS)
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
    assert ROWS[platform] == len(rows)


@pytest.mark.parametrize("platform", [*ROWS, "rasa"])
def test_every_payload_gives_events_and_no_refusal(platform: str) -> None:
    """Files without a row are read as well: something comes out, nothing is refused."""
    refused = {}
    for path in sorted(shared(f"payloads/{platform}").iterdir()):
        outcome = _read(path)
        if outcome.rejections or not outcome.events:
            refused[path.name] = outcome.rejections

    assert refused == {}
