"""Records that the alert stage cannot read: passed over, counted, and confirmed, so that a restart does not meet them again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.agents.alert import Judge
from app.agents.alert_watch import Watcher
from app.config import Settings
from app.core.alerts.table import AlertTable

POISON = [
    pytest.param(None, id="no-value"),
    pytest.param(b"x", id="no-json"),
    pytest.param(b'{"partition":0,"log_day":0,"stamp":1,"cells":[["\xff","","","",0,"",0]]}', id="not-utf8"),
]


class Event:
    """A record that notes whether it was confirmed."""

    def __init__(self, value: bytes | None) -> None:
        self.message = SimpleNamespace(partition=0, offset=7, value=value)
        self.is_confirmed = False

    def confirm(self) -> None:
        """Stand in for the acknowledgement."""
        self.is_confirmed = True


class Outbox:
    """Takes entries and forgets them."""

    async def write_entries(self, *_args: Any) -> None:
        """Do nothing."""


@pytest.mark.parametrize("value", POISON)
async def test_a_counter_that_cannot_be_read_is_passed_over(value: bytes | None) -> None:
    """The first agent passes nothing on and confirms it."""
    watcher = Watcher(Settings(), None, None, None, lambda: 0)  # type: ignore[arg-type]
    event = Event(value)
    await watcher._pass_on(event)

    assert (1, True) == (watcher.figures["unreadable_counters"], event.is_confirmed)


@pytest.mark.parametrize("value", POISON)
async def test_an_input_that_cannot_be_read_is_passed_over(value: bytes | None) -> None:
    """The second agent takes nothing in and confirms it with its next look."""
    table = AlertTable(0, {})
    store: Any = SimpleNamespace(shard=lambda _partition: table)
    rest: Any = SimpleNamespace()
    judge = Judge(store, Outbox(), rest, rest, rest, "", lambda: True, lambda: 0)  # type: ignore[arg-type]
    event = Event(value)
    judge._take(event)
    await judge._write(0)

    assert (1, 0, True) == (judge.figures["unreadable_inputs"], len(table), event.is_confirmed)
