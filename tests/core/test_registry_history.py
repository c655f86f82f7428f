"""Who changed what, when and why, from the log alone."""

from __future__ import annotations

import msgspec

from app.core.registry import Bot, Change, Key, Past, Record, State, fold_all, history, record_of

PIZZA = Bot("pizza", "Pizza", "kik", 1)
RENAMED = msgspec.structs.replace(PIZZA, name="Pasta")
KEY = Key("k1", "read", "a" * 64, 1, "pizza")


def log() -> list[Record]:
    """Return a log: a bot with a key, renamed; somebody else was late with another name, and one record is broken."""
    state = State()
    created = Change(
        "c1", 10, "person:ada", (state.fact("bot_created", PIZZA), state.fact("key_created", KEY))
    )
    state = fold_all(state, [record_of(created)]).state
    renamed = Change("c2", 20, "person:bob", (state.fact("bot_changed", RENAMED),), "new owner")
    late = Change(
        "c3", 30, "person:cyd", (state.fact("bot_changed", msgspec.structs.replace(PIZZA, name="X")),)
    )
    return [record_of(created), (b"change:broken", b"{"), record_of(renamed), record_of(late)]


def test_who_when_and_why() -> None:
    """The history of a subject names its accepted facts, the oldest first, with whoever was behind them."""
    expected = [
        (10, "person:ada", "", "bot_created", PIZZA),
        (20, "person:bob", "new owner", "bot_changed", RENAMED),
    ]

    assert expected == [(*one[:3], one.fact.type, one.fact.subject) for one in history(log(), "bot", "pizza")]


def test_only_of_the_one_asked_for() -> None:
    """A change of several subjects is in the history of each with its own fact."""
    [found] = history(log(), "key", "k1")

    assert Past(10, "person:ada", "", State().fact("key_created", KEY)) == found


def test_of_nothing() -> None:
    """What never was has no history, also not with the id of something else."""
    assert [] == history(log(), "dashboard", "pizza")
