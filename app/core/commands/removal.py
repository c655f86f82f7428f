"""Deleting a bot: an archived one, by whoever says its name again. What there was of it goes step by step (adapters/removing.py)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.commands.bots import no_bot
from app.core.refusal import Refusal
from app.core.registry import Fact, Removed, State
from app.core.removal import FINISHED, KEPT_UNTIL, ROWS, is_counted

__all__ = ["count_removed", "finish_removal", "remove_bot"]

_OWNED: Final = ("instances", "keys", "hook_secrets", "dashboards", "alerts", "short_links", "imports")


def remove_bot(state: State, bot: str, confirmation: str, when: int, kept_until: int) -> list[Fact] | Refusal:
    """
    Return the fact that *bot* is deleted, with all that belongs to it.

    *kept_until* is when the last of its raw events will have left the broker.
    """
    before = state.bots.get(bot)
    if before is None:
        return no_bot(bot)
    if before.archived_at is None:
        return Refusal("not_archived", f"{bot!r} is in use; archive it first.")
    if confirmation not in (before.name, before.id):
        return Refusal(
            "not_confirmed",
            f"Everything of {bot!r} will be gone for good; repeat its name or its id to confirm that.",
            "confirm",
        )
    report = {table: sum(one.bot == bot for one in _all(state, table)) for table in _OWNED}

    return [state.fact("bot_removed", Removed("bot", bot, when, report | {KEPT_UNTIL: kept_until}))]


def count_removed(state: State, bot: str, rows: dict[str, int], users: int) -> list[Fact]:
    """Return the fact that so many *rows*, by table, and *users* are about to go; none where that is known already."""
    before = state.removed.get(f"bot:{bot}")
    if before is None or is_counted(before):
        return []
    counts = {f"{ROWS}{table}": n for table, n in rows.items()} | {"users": users}

    return [_told(state, "bot_rows_counted", before, counts)]


def finish_removal(state: State, bot: str, counts: dict[str, int], when: int) -> list[Fact]:
    """Return the fact that nothing of *bot* is left but its raw events; none where that is known already."""
    before = state.removed.get(f"bot:{bot}")
    if before is None or FINISHED in before.report:
        return []

    return [_told(state, "bot_erased", before, counts | {FINISHED: when})]


def _told(state: State, type: str, before: Removed, more: dict[str, int]) -> Fact:
    return state.fact(type, msgspec.structs.replace(before, report=before.report | more))


def _all(state: State, table: str) -> Any:
    return getattr(state, table).values()
