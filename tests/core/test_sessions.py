"""How many sessions of a user are remembered, and what becomes of those that are not."""

from __future__ import annotations

from collections import Counter

import pytest

from app.core.events import BotEvent, Reporting
from app.core.ledger import BotLedger
from app.core.sessions import Named, Runs, add_message, add_named, cut_runs
from app.core.users import User, fold_event

HOUR = 473_000
HOUR_MS = 3_600_000
AT = 1_700_000_000_000


class Told:
    """Adds up what is told of sessions."""

    def __init__(self) -> None:
        self.sums: Counter[str] = Counter()

    def __call__(self, start_ms: int, sessions: int, length_ms: int, messages: int, bounces: int) -> None:
        """Add a change."""
        self.sums.update(sessions=sessions, messages=messages, bounces=bounces)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember sixteen sessions of each sort."""
    monkeypatch.setattr("app.core.sessions.MOST_NAMED", 16)
    monkeypatch.setattr("app.core.sessions.MOST_RUNS", 16)


def test_named_sessions_are_bounded(few: None) -> None:
    """All are counted, however many; those known longest are forgotten, and a message of one of them begins another."""
    sessions: dict[str, Named] = {}
    told = Told()
    for n in range(100):
        add_named(sessions, f"s{n}", AT + n, True, HOUR, told)
        assert len(sessions) <= 16
    add_named(sessions, "s99", AT + 200, True, HOUR, told)
    add_named(sessions, "s98", AT + 200, True, HOUR, told)

    assert {"sessions": 100, "messages": 102, "bounces": 98} == told.sums
    add_named(sessions, "s0", AT + 300, True, HOUR, told)
    assert 101 == told.sums["sessions"]


def test_runs_are_bounded(few: None) -> None:
    """The earliest are forgotten, and said, so that their days may be sealed."""
    runs, told, gone = Runs(), Told(), []
    for n in range(40):
        add_message(runs, AT + n * HOUR_MS, True, 1000, HOUR, told)
        gone += cut_runs(runs)
        assert len(runs.starts) <= 16

    assert [(AT + n * HOUR_MS,) * 2 for n in range(len(gone))] == gone
    assert 40 == told.sums["sessions"] == len(gone) + len(runs.starts)
    assert {len(values) for values in (runs.starts, runs.ends, runs.sizes, runs.incoming, runs.touched)} == {
        len(runs.starts)
    }


def test_a_forgotten_run_is_sealed(few: None) -> None:
    """A message of its day is in no session, as after two days."""
    user, ledger = User(), BotLedger("b", Reporting("UTC"))
    events = [
        BotEvent(f"e{n}", "b", "ann", AT + n * 24 * HOUR_MS, AT, "text", direction="in") for n in range(20)
    ]
    for event in events:
        fold_event(user, event, HOUR, ledger)
    known = list(user.runs.starts)
    fold_event(user, events[0], HOUR, ledger)

    assert [event.at for event in events[-len(known) :]] == known == user.runs.starts
    assert len(known) < len(events)
