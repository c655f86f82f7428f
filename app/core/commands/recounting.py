"""
Counting a bot's numbers anew, when what cuts them is to be another: wanted, claimed by a process, and done.

    wanting    the settings are to be others; back to those that are shown, it is called off
    claim      a process counts them as the next generation; so may another one, later, with a number of its own
    finish     that generation is shown from now on

Only the last generation that was claimed can be finished, so of two processes that count at the same time one does it in vain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.core.events import Reporting
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, Recounting, State

__all__ = ["claim_recount", "finish_recount", "is_claimed", "is_same_cut", "wanted_reporting", "wanting"]

_CUTTING: Final = ("zone", "week_start", "session_gap_s")


def wanted_reporting(bot: Bot) -> Reporting:
    """Return the settings that the numbers of *bot* are to have, once they are counted."""
    return bot.reporting if bot.recounting is None else bot.recounting.reporting


def wanting(bot: Bot, changes: Mapping[str, Any]) -> Bot:
    """Return *bot* with other settings: at once those that cut nothing, the others as what is to be counted."""
    threshold = msgspec.convert(
        changes.get("confidence_threshold", bot.reporting.confidence_threshold), float | None
    )
    shown = msgspec.structs.replace(bot.reporting, confidence_threshold=threshold)
    cutting = {name: changes[name] for name in _CUTTING if name in changes}
    target = msgspec.structs.replace(wanted_reporting(bot), confidence_threshold=threshold, **cutting)
    if is_same_cut(target, shown):
        recounting = None
    elif bot.recounting is not None and is_same_cut(target, bot.recounting.reporting):
        recounting = msgspec.structs.replace(bot.recounting, reporting=target)
    else:
        recounting = Recounting(msgspec.structs.replace(target, generation=0))

    return msgspec.structs.replace(bot, reporting=shown, recounting=recounting)


def claim_recount(state: State, bot: str, seen: Recounting, by: str, when: int) -> list[Fact] | Refusal:
    """
    Return the fact that the process *by* counts the numbers of *bot*, as a generation nobody has counted before.

    Refused where it is no longer as the process has *seen* it: another one was faster.
    """
    before = state.bots.get(bot)
    if before is None or before.recounting != seen:
        return _nothing_to_do(bot)
    generation = before.generations + 1
    reporting = msgspec.structs.replace(seen.reporting, generation=generation)
    after = msgspec.structs.replace(
        before, recounting=Recounting(reporting, by, when), generations=generation
    )

    return [state.fact("bot_recount_begun", after)]


def finish_recount(state: State, bot: str, generation: int) -> list[Fact] | Refusal:
    """Return the fact that *generation* is what is shown of *bot*; refused where it is not the one that is wanted any more."""
    before = state.bots.get(bot)
    if before is None or not is_claimed(before, generation) or before.recounting is None:
        return _nothing_to_do(bot)
    after = msgspec.structs.replace(before, reporting=before.recounting.reporting, recounting=None)

    return [state.fact("bot_recounted", after)]


def is_claimed(bot: Bot, generation: int) -> bool:
    """Tell whether *generation* is the one that is being counted."""
    return bot.coming is not None and bot.coming.generation == generation


def is_same_cut(one: Reporting, other: Reporting) -> bool:
    """Tell whether numbers are cut alike by both."""
    return all(getattr(one, name) == getattr(other, name) for name in _CUTTING)


def _nothing_to_do(bot: str) -> Refusal:
    return Refusal("not_recounting", f"The numbers of {bot!r} are not to be counted so any more.", "bot")
