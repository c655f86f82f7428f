"""What is sent when an alert fires or resolves, and what is remembered of it."""

from __future__ import annotations

import msgspec
import pytest

from app.core.alerts.deliveries import (
    GIVE_UP_MS,
    AlertDelivery,
    Attempt,
    deliveries_of,
    letter_of,
    noted,
    payload_of,
)
from app.core.alerts.machine import AlertState, Reading, Transition, step
from app.core.registry import Channel
from tests.core.alerts.made import NOON_MS, alert

HOOK = Channel("webhook", "https://example.com/hook", "sealed")
MAIL = Channel("email", "ann@example.com")


def firing() -> Transition:
    """Return a firing with numbers."""
    watched = alert("rises_by", 50, "day", name="Refunds\nrise")
    _, told = step(AlertState(), watched, True, NOON_MS, Reading(6, 4, 50))
    assert told is not None
    return told


def resolved() -> Transition:
    """Return the end of it, an hour later."""
    return msgspec.structs.replace(firing(), id="a1-1-resolved", type="resolved", at=NOON_MS + 3_600_000)


def test_each_channel_has_its_delivery() -> None:
    """The same transition makes the same ids each time, one for each channel, whatever their order."""
    ids = [
        {one.id for one in deliveries_of(firing(), channels, 0)}
        for channels in ((HOOK, MAIL), (MAIL, HOOK, MAIL))
    ]

    assert 2 == len(ids[0])
    assert ids[0] == ids[1]


@pytest.mark.parametrize("type", ["pending", "ok"])
def test_what_has_not_fired_is_not_sent(type: str) -> None:
    """Being pending, and ceasing to be, is nobody's business."""
    assert [] == deliveries_of(msgspec.structs.replace(firing(), type=type), (HOOK,), 0)


def test_payload() -> None:
    """A webhook says what fired, on what number, against what."""
    body = payload_of(firing())

    assert ("alert.firing", "2024-05-27T12:00:00.000Z") == (body["type"], body["timestamp"])
    assert {
        "id": "a1-1-firing", "alert": "a1", "name": "Refunds\nrise", "bot": "pizza", "measure": "messages_in",
        "window_s": 300, "condition": "rises_by", "threshold": 50, "against": "day", "value": 6, "base": 4,
        "change_percent": 50, "started_at": "2024-05-27T12:00:00.000Z", "resolved_at": None, "reason": None,
    } == body["data"]  # fmt: skip


def test_letter() -> None:
    """The subject is one line, whatever the name; the text says the number in words."""
    subject, text = letter_of(firing())

    assert "[FIRING] Refunds rise (pizza)" == subject
    assert "rises by 50 % against the same window a day before" in text
    assert "+50.0 %" in text


def test_letter_of_the_end() -> None:
    """It says since when and until when."""
    subject, text = letter_of(resolved())

    assert "[resolved] Refunds rise (pizza)" == subject
    assert "Since      2024-05-27T12:00:00.000Z\nResolved   2024-05-27T13:00:00.000Z" in text


def delivery() -> AlertDelivery:
    """Return a delivery nobody has tried yet."""
    return deliveries_of(firing(), (HOOK,), 1000)[0]


def test_tries_are_remembered() -> None:
    """All are counted, the last twenty are shown."""
    one = delivery()
    for n in range(25):
        one = noted(one, Attempt(2000 + n, 500, 3, "no"), "waiting")

    assert (25, 20, 2024) == (one.tries, len(one.attempts), one.attempts[-1].at)


def test_time_that_nobody_tried_is_not_taken_away() -> None:
    """A day is left at first, less after a try, and as much when the process comes back a week later."""
    tried = noted(delivery(), Attempt(1000 + 3_600_000, 500, 3), "waiting")

    assert (GIVE_UP_MS, GIVE_UP_MS - 3_600_000) == (delivery().left_ms, tried.left_ms)
