"""A bot and its installs as people are shown them."""

from __future__ import annotations

from typing import Literal

import msgspec

from app.core.registry import Bot, Instance
from app.core.registry import InstanceState as Standing
from app.core.times import iso

__all__ = ["BotShown", "InstanceShown", "bot_shown", "instance_shown"]


class BotShown(msgspec.Struct):
    """A bot and how its numbers are cut."""

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


class InstanceShown(msgspec.Struct):
    """An install of a bot: where it is, and what is known of the place."""

    id: str
    platform: str
    state: Standing
    uid: str
    attributes: dict[str, str]
    installed_at: str | None
    created_at: str | None


def bot_shown(bot: Bot) -> BotShown:
    """Return *bot* for people."""
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
    )


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
