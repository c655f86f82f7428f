"""
Bots: create, change, archive, restore; identifiers and time are arguments.

`bot_id` makes an id from random bits of the caller.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from app.core.api_keys import digits
from app.core.commands.names import fault_of_name
from app.core.commands.recounting import wanted_reporting, wanting
from app.core.default_dashboards import default_dashboards, missing_dashboards
from app.core.events import Reporting
from app.core.platforms import canonical
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, Key, State, is_zone

__all__ = [
    "archive_bot",
    "bot_id",
    "change_bot",
    "create_bot",
    "no_bot",
    "parse_gap",
    "reporting_of",
    "restore_bot",
]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_ID: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_PLATFORM: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SLUG: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST_GAP_S: Final = 24 * 3600
_MOST_PLATFORMS: Final = 20
_PLAIN: Final = ("name", "platform", "more_platforms")
_OF_REPORTING: Final = ("zone", "week_start", "session_gap_s", "confidence_threshold")


def create_bot(state: State, bot: Bot, keys: Sequence[Key] = ()) -> list[Fact] | Refusal:
    """Return the facts that *bot* exists from now on, with the dashboards of its platforms and *keys*."""
    if bot.id in state.bots:
        return Refusal(
            "id_taken", f"There is a bot {bot.id!r} already; choose another --id, or leave it out.", "id"
        )
    if f"bot:{bot.id}" in state.removed:
        return Refusal("id_taken", f"{bot.id!r} was a bot that was deleted; choose another id.", "id")
    if not _ID.fullmatch(bot.id):
        return Refusal(
            "bad_id", f"{bot.id!r} is no bot id: use 1 to 64 of a-z, 0-9 and '-', no '-' at the ends.", "id"
        )
    fault = _fault_of(bot)
    if fault:
        return fault
    dashboards = default_dashboards(bot)

    return [
        state.fact("bot_created", bot),
        *(state.fact("dashboard_created", one) for one in dashboards),
        *(state.fact("key_created", key) for key in keys),
    ]


def change_bot(state: State, bot: str, changes: dict[str, Any]) -> list[Fact] | Refusal:
    """
    Return the facts that *bot* has new values, by name of the field or of the one in its reporting.

    A platform that joins brings its default dashboards.  What cuts the numbers (zone, week_start, session_gap_s) holds
    once they have been counted anew (app/core/commands/recounting.py); until then the bot is `recounting`.
    """
    before = state.bots.get(bot)
    if before is None:
        return no_bot(bot)
    after = msgspec.structs.replace(before, **{name: changes[name] for name in _PLAIN if name in changes})
    after = wanting(after, {name: changes[name] for name in _OF_REPORTING if name in changes})

    fault = _fault_of(after)
    if fault or after == before:
        return fault or []
    added = missing_dashboards(state, after) if _platforms_of(after) != _platforms_of(before) else []

    return [
        state.fact("bot_changed", after),
        *(state.fact("dashboard_created", one) for one in added),
    ]


def archive_bot(state: State, bot: str, when: int) -> list[Fact] | Refusal:
    """Return the fact that *bot* takes no events any more."""
    before = state.bots.get(bot)
    if before is None:
        return no_bot(bot)
    if before.archived_at is not None:
        return Refusal("archived", f"{bot!r} is archived already.")
    return [state.fact("bot_archived", msgspec.structs.replace(before, archived_at=when))]


def restore_bot(state: State, bot: str) -> list[Fact] | Refusal:
    """Return the fact that *bot* takes events again."""
    before = state.bots.get(bot)
    if before is None:
        return no_bot(bot)
    if before.archived_at is None:
        return Refusal("not_archived", f"{bot!r} is in use; there is nothing to restore.")
    return [state.fact("bot_restored", msgspec.structs.replace(before, archived_at=None))]


def bot_id(name: str, bits: int) -> str:
    """Return an id made of *name* and four characters of *bits*."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "bot"
    return f"{slug}-{digits(bits, _SLUG, 4)}"


def reporting_of(
    zone: str,
    gap: str,
    week_start: Literal["monday", "sunday"],
    confidence_threshold: float | None,
) -> Reporting | Refusal:
    """Return the settings that cut a bot's numbers."""
    gap_s = parse_gap(gap)
    if gap_s is None:
        return Refusal(
            "bad_gap", f"{gap!r} is no session gap: write 30m, 900s or 1h, at most 24h.", "session_gap"
        )
    if not is_zone(zone):
        return _bad_zone(zone, "time_zone")
    return Reporting(zone, week_start, gap_s, confidence_threshold)


def parse_gap(text: str) -> int | None:
    """Return the seconds of `30m`, `900s`, `1h`; None for anything else, for none, and for more than a day."""
    found = re.fullmatch(r"([0-9]{1,6})([smh])", text)
    if not found:
        return None
    gap_s = int(found[1]) * _UNITS[found[2]]
    return gap_s if 0 < gap_s <= _LONGEST_GAP_S else None


def no_bot(bot: str) -> Refusal:
    """Return the refusal of what is asked of a bot that does not exist."""
    return Refusal("unknown_bot", f"There is no bot {bot[:60]!r}; `botpulse bots list` shows them.", "bot")


def _platforms_of(bot: Bot) -> set[str]:
    return {canonical(platform) for platform in (bot.platform, *bot.more_platforms)}


def _fault_of(bot: Bot) -> Refusal | None:
    return fault_of_name(bot.name, "A bot's") or _fault_of_platforms(bot) or _fault_of_cut(bot)


def _fault_of_platforms(bot: Bot) -> Refusal | None:
    for platform in (bot.platform, *bot.more_platforms):
        if not _PLATFORM.fullmatch(platform):
            return Refusal(
                "bad_platform",
                f"{platform[:40]!r} is no platform: write one like generic, facebook or slack.",
                "platform",
            )
    names = [canonical(platform) for platform in (bot.platform, *bot.more_platforms)]
    if len(set(names)) < len(names) or len(names) > _MOST_PLATFORMS:
        return Refusal(
            "bad_platform", f"Name each platform once, at most {_MOST_PLATFORMS} of them.", "more_platforms"
        )
    return None


def _fault_of_cut(bot: Bot) -> Refusal | None:
    threshold, cut = bot.reporting.confidence_threshold, wanted_reporting(bot)
    if threshold is not None and not 0 <= threshold <= 1:
        return Refusal(
            "bad_threshold",
            f"A confidence threshold is between 0 and 1, not {threshold}.",
            "confidence_threshold",
        )
    if not is_zone(cut.zone):
        return _bad_zone(cut.zone, "zone")
    if not 0 < cut.session_gap_s <= _LONGEST_GAP_S:
        return Refusal(
            "bad_gap", f"A session gap is 1 s to 24 h, not {cut.session_gap_s} s.", "session_gap_s"
        )
    return None


def _bad_zone(zone: str, field: str) -> Refusal:
    return Refusal(
        "bad_zone", f"{zone[:60]!r} is no IANA time zone; write one like Europe/Berlin, or UTC.", field
    )
