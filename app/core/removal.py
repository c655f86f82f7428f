"""
What the deletion of a bot leaves in the registry, and which notes go with it.

`Removed.report` grows: what belonged to the bot when it was deleted; `rows.<table>` and `users` once everything of it has
arrived in the tables, before any of it goes; `finished_at` when all is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from app.core.registry import Import, Record, RecountProgress, Removed, ShortLink, State
from app.core.registry.changes import Change, read_record
from app.core.registry.subjects import Key, KeyUse

__all__ = [
    "FINISHED",
    "KEPT_UNTIL",
    "ROWS",
    "Removal",
    "is_counted",
    "notes_of",
    "removal_of",
    "removed_bots",
    "unfinished",
]

FINISHED: Final = "finished_at"
KEPT_UNTIL: Final = "raw_events_until"
ROWS: Final = "rows."
_TIMES: Final = (FINISHED, KEPT_UNTIL)


class Removal(msgspec.Struct, frozen=True):
    """
    How far the deletion of a bot is.

    `removed` counts what went, by name; the rows of a table are there once they are counted.  What stays in the log of
    raw events, as bytes that nothing reads any more, the broker deletes by `kept_until` at the latest.
    """

    bot: str
    removed_at: int
    finished_at: int | None
    kept_until: int
    removed: dict[str, int]


def removal_of(removed: Removed) -> Removal:
    """Return what is to be said of the deletion of a bot."""
    report = removed.report
    counts = {name: n for name, n in report.items() if name not in _TIMES}

    return Removal(removed.id, removed.removed_at, report.get(FINISHED), report.get(KEPT_UNTIL, 0), counts)


def removed_bots(state: State) -> frozenset[str]:
    """Return the ids of all bots that were deleted."""
    return frozenset(one.id for one in state.removed.values() if one.kind == "bot")


def unfinished(state: State) -> list[Removed]:
    """Return the deletions of bots that are under way, the oldest first."""
    found = [one for one in state.removed.values() if one.kind == "bot" and FINISHED not in one.report]

    return sorted(found, key=lambda one: (one.removed_at, one.id))


def is_counted(removed: Removed) -> bool:
    """Tell whether the report says how many rows there were."""
    return any(name.startswith(ROWS) for name in removed.report)


def notes_of(records: Iterable[Record], bot: str) -> list[bytes]:
    """Return the keys of notes about *bot*, or about one of its keys, that stand in the log of *records*."""
    keys: set[str] = set()
    standing: dict[bytes, bool] = {}
    for key, value in records:
        if value is None:
            standing.pop(key, None)
            continue
        try:
            entry = read_record(key, value)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, Change):
            subjects = (fact.subject for fact in entry.facts)
            keys |= {one.id for one in subjects if isinstance(one, Key) and one.bot == bot}
        elif isinstance(entry, ShortLink | Import | RecountProgress):
            standing[key] = entry.bot == bot
        elif isinstance(entry, KeyUse):
            standing[key] = entry.id in keys

    return [key for key, is_own in standing.items() if is_own]
