"""How far the deletion of a bot is, as people are shown it."""

from __future__ import annotations

import msgspec

from app.core.refusal import Refusal
from app.core.registry import State
from app.core.removal import removal_of
from app.core.times import iso

__all__ = ["RemovalShown", "removal_shown"]


class RemovalShown(msgspec.Struct):
    """
    How far the deletion of a bot is; done when there is a `finished_at`.

    `removed` counts what went: `dashboards`, `keys`, `users`, ..., and of each table `rows.<table>` once these are counted.
    Raw events as they were accepted, which nothing reads any more, leave the broker by `raw_events_until` at the latest.
    """

    bot: str
    removed_at: str | None
    finished_at: str | None
    raw_events_until: str | None
    removed: dict[str, int]


def removal_shown(state: State, bot: str) -> RemovalShown | Refusal:
    """Return how far the deletion of *bot* is."""
    found = state.removed.get(f"bot:{bot}")
    if found is None:
        return Refusal("unknown_removal", f"No bot {bot[:60]!r} was deleted.", "bot")
    removal = removal_of(found)
    return RemovalShown(
        bot,
        iso(removal.removed_at),
        iso(removal.finished_at),
        iso(removal.kept_until or None),
        removal.removed,
    )
