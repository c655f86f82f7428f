"""What dashboards and alerts have in common: they are of a bot, and stay known after they were removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from app.core.refusal import Refusal
from app.core.registry import Alert, Dashboard, Fact, State, kind_of

__all__ = ["kept_of", "removal_of"]

K = TypeVar("K", Dashboard, Alert)


def kept_of(table: Mapping[str, K], kind: str, bot: str, id: str) -> K | Refusal:
    """Return the one of *bot* in *table* with *id* that was not removed; *kind* is the word for it."""
    found = table.get(id)
    if found is None or found.bot != bot or found.removed_at is not None:
        return Refusal(f"unknown_{kind}", f"There is no {kind} {id[:60]!r} in this bot.", kind)
    return found


def removal_of(state: State, found: Dashboard | Alert | Refusal, when: int) -> list[Fact] | Refusal:
    """Return the fact that *found* does nothing more and is shown no more; its history stays."""
    if isinstance(found, Refusal):
        return found
    after = msgspec.structs.replace(found, enabled=False, removed_at=when)
    return [state.fact(f"{kind_of(found)}_removed", after)]
