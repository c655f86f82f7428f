"""A bot and its installs as people are shown them."""

from __future__ import annotations

from typing import Literal

import msgspec

from app.core.registry import Bot, Instance, State
from app.core.registry import InstanceState as Standing
from app.core.times import iso

__all__ = ["BotShown", "InstanceShown", "RecountShown", "bot_shown", "instance_shown", "recount_shown"]


class RecountShown(msgspec.Struct):
    """
    How a bot's numbers will be cut once they are counted anew, and how many of its `events` are, of how many.

    Both are 0 until that is known.
    """

    time_zone: str
    week_start: Literal["monday", "sunday"]
    session_gap_s: int
    events: int
    of: int


class BotShown(msgspec.Struct):
    """A bot and how its numbers are cut; `recounting` while they are counted anew with other settings."""

    bot: str
    name: str
    platform: str
    more_platforms: tuple[str, ...]
    time_zone: str
    week_start: Literal["monday", "sunday"]
    session_gap_s: int
    confidence_threshold: float | None
    created_at: str | None
    archived_at: str | None
    recounting: RecountShown | None


class InstanceShown(msgspec.Struct):
    """An install of a bot: where it is, and what is known of the place."""

    id: str
    platform: str
    state: Standing
    uid: str
    attributes: dict[str, str]
    installed_at: str | None
    created_at: str | None


def bot_shown(bot: Bot, state: State) -> BotShown:
    """Return *bot* of *state* for people."""
    reporting = bot.reporting
    return BotShown(
        bot.id,
        bot.name,
        bot.platform,
        bot.more_platforms,
        reporting.zone,
        reporting.week_start,
        reporting.session_gap_s,
        reporting.confidence_threshold,
        iso(bot.created_at),
        iso(bot.archived_at),
        recount_shown(bot, state),
    )


def recount_shown(bot: Bot, state: State) -> RecountShown | None:
    """Return how the numbers of *bot* are counted anew; None if they are not."""
    if bot.recounting is None:
        return None
    coming, progress = bot.recounting.reporting, state.recounts.get(bot.id)
    is_current = progress is not None and progress.generation == coming.generation and bool(bot.recounting.by)
    events, of = (progress.events, progress.of) if progress is not None and is_current else (0, 0)

    return RecountShown(coming.zone, coming.week_start, coming.session_gap_s, events, of)


def instance_shown(instance: Instance) -> InstanceShown:
    """Return *instance* for people, without its token."""
    return InstanceShown(
        instance.id,
        instance.platform,
        instance.state,
        instance.uid,
        instance.attributes,
        iso(instance.installed_at),
        iso(instance.created_at),
    )
