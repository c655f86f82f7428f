"""Alerts and registries to test with."""

from __future__ import annotations

from typing import Any

from app.core.counters import CellBatch
from app.core.registry import Alert, Bot, Condition, Dashboard, State

__all__ = ["NOON_MS", "alert", "cells", "state_of"]

NOON_MS = 1_716_811_200_000
"""2024-05-27 12:00:00 UTC"""


def alert(op: str = "above", threshold: float = 5, against: str = "before", **fields: Any) -> Alert:
    """Return an alert on messages of users within five minutes."""
    condition = Condition(op, threshold, against)  # type: ignore[arg-type]
    given = {
        "id": "a1", "bot": "pizza", "name": "Too much", "measure": "messages_in", "window_s": 300, "created_at": 0,
        "cool_down_s": 60,
    } | fields  # fmt: skip
    return Alert(condition=condition, **given)


def state_of(*alerts: Alert, dashboards: tuple[Dashboard, ...] = (), **bot: Any) -> State:
    """Return a registry with these alerts and their bot."""
    fields = {"id": "pizza", "name": "Pizza", "platform": "generic", "created_at": 0} | bot
    return State(
        bots={"pizza": Bot(**fields)},
        alerts={one.id: one for one in alerts},
        dashboards={one.id: one for one in dashboards},
    )


def cells(
    start_s: int, value: int, *, stamp: int = 1, partition: int = 0, log_day: int = 19870, **cell: Any
) -> CellBatch:
    """Return the value of one part, of messages of users in a minute."""
    named = {"bot": "pizza", "measure": "messages_in", "dim": "", "window": "minute", "key": ""} | cell
    bot, measure, dim, window, key = (str(named[name]) for name in ("bot", "measure", "dim", "window", "key"))
    return CellBatch(partition, log_day, stamp, [(bot, measure, dim, window, start_s, key, value)])
