"""What a web process knows of alerts."""

from __future__ import annotations

import msgspec
import pytest

from app.core.alerts.deliveries import AlertDelivery
from app.core.alerts.machine import AlertState, Transition, step
from app.core.alerts.past import AlertPast
from tests.core.alerts.made import alert


def told(episode: int, kind: str, **fields: object) -> Transition:
    """Return a record of `alerts`."""
    _, one = step(AlertState("ok", episode - 1), alert(), True, episode * 1000)
    assert one is not None
    return msgspec.structs.replace(one, type=kind, id=f"a1-{episode}-{kind}", **fields)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([], "ok"), (["pending"], "pending"), (["pending", "firing"], "firing"), (["pending", "ok"], "ok"),
        (["firing", "resolved"], "ok"),
    ],
)  # fmt: skip
def test_where_an_alert_stands(kinds: list[str], expected: str) -> None:
    """The last word counts."""
    past = AlertPast()
    for kind in kinds:
        past.take(told(1, kind))

    assert expected == past.phase("a1")


def test_what_is_told_twice_is_known_once() -> None:
    """A repeat, however late, is no news and changes nothing."""
    past = AlertPast()
    words = [told(1, "firing"), told(1, "resolved"), told(2, "firing")]
    news = [past.take(one) for one in (*words, words[0], words[2])]

    assert [True, True, True, False, False] == news
    assert words[::-1] == past.transitions("a1")


def test_the_oldest_is_forgotten() -> None:
    """Memory has an end."""
    past = AlertPast(most=3)
    for episode in range(1, 6):
        past.take(told(episode, "firing"))

    assert [5, 4, 3] == [one.episode for one in past.transitions("a1")]


def test_alerts_of_a_bot() -> None:
    """Of each the last word, the oldest first; of other bots none."""
    past = AlertPast()
    for one in (told(1, "firing"), told(2, "firing", alert="a2"), told(3, "firing", bot="other", alert="a3")):
        past.take(one)

    assert ["a1", "a2"] == [one.alert for one in past.of_bot("pizza")]


def test_a_deleted_bot_is_forgotten() -> None:
    """What was told of it goes, and to whom; other bots keep theirs."""
    past = AlertPast()
    for bot, name in (("pizza", "a1"), ("other", "a2")):
        one = told(1, "firing", bot=bot, alert=name)
        past.take(one)
        past.take_delivery(AlertDelivery(name, one, "email", "ann@example.com", 0))
    past.forget("pizza")

    assert ([], []) == (past.transitions("a1"), past.deliveries("a1"))
    assert (1, 1) == (len(past.transitions("a2")), len(past.deliveries("a2")))


def test_the_last_word_of_a_delivery_counts() -> None:
    """Deliveries are listed once each, the newest first, as they are now."""
    past = AlertPast(most=2)
    for name, state in (("x", "waiting"), ("y", "waiting"), ("x", "delivered"), ("z", "waiting")):
        past.take_delivery(AlertDelivery(name, told(1, "firing"), "email", "ann@example.com", 0, state))  # type: ignore[arg-type]

    assert [("z", "waiting"), ("y", "waiting")] == [(one.id, one.state) for one in past.deliveries("a1")]
