"""
What may be done to bots and their keys: each request becomes a fact for the registry, or a refusal that says why.

Identifiers, time and key texts are arguments; `slug`, `bot_id` and `key_text` make them from random bits of the caller.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final, Literal, get_args

import msgspec

from app.core.channel_keys import CHANNELS
from app.core.events import Reporting
from app.core.registry import Bot, Fact, Key, Scope, State, is_zone

__all__ = [
    "SCOPES",
    "Refusal",
    "archive_bot",
    "bot_id",
    "change_bot",
    "create_bot",
    "create_key",
    "hash_of",
    "key_text",
    "no_bot",
    "parse_gap",
    "reporting_of",
    "revoke_key",
]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_ID: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_PLATFORM: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_LONGEST_GAP_S: Final = 24 * 3600


class Refusal(msgspec.Struct, frozen=True):
    """Why something is not done, for machines (`code`) and people (`message`)."""

    code: str
    message: str


def create_bot(state: State, bot: Bot, who: str) -> Fact | Refusal:
    """Return the fact that *bot* exists from now on."""
    if bot.id in state.bots:
        return Refusal(
            "id_taken",
            f"There is a bot {bot.id!r} already; choose another --id, or leave it out.",
        )
    if not _ID.fullmatch(bot.id):
        return Refusal(
            "bad_id",
            f"{bot.id!r} is no bot id: use 1 to 64 of a-z, 0-9 and '-', no '-' at the ends.",
        )
    fault = _fault_of(bot)
    return fault or Fact("bot_created", bot.created_at, who, bot)


def change_bot(state: State, bot: str, changes: dict[str, object], when: int, who: str) -> Fact | Refusal:
    """Return the fact that *bot* has new values for name, platform or confidence_threshold."""
    before = state.bots.get(bot)
    if before is None:
        return no_bot(bot)
    cut = sorted(set(changes) & {"zone", "week_start", "session_gap_s"})
    if cut:
        return Refusal(
            "cut_by_it",
            f"{', '.join(cut)} cannot change: every number of {bot!r} counted so far is cut by it, and old and new "
            "ones could not be compared. Create another bot with the new setting.",
        )
    after = msgspec.structs.replace(before, **{k: v for k, v in changes.items() if k in {"name", "platform"}})
    if "confidence_threshold" in changes:
        threshold = msgspec.convert(changes["confidence_threshold"], float | None)
        reporting = msgspec.structs.replace(before.reporting, confidence_threshold=threshold)
        after = msgspec.structs.replace(after, reporting=reporting)
    fault = _fault_of(after)
    return fault or Fact("bot_changed", when, who, after)


def archive_bot(state: State, bot: str, when: int, who: str) -> Fact | Refusal:
    """Return the fact that *bot* takes no events any more."""
    before = state.bots.get(bot)
    if before is None:
        return no_bot(bot)
    if before.archived_at is not None:
        return Refusal("archived", f"{bot!r} is archived already.")
    return Fact("bot_archived", when, who, msgspec.structs.replace(before, archived_at=when))


def create_key(state: State, key: Key, who: str) -> Fact | Refusal:
    """Return the fact that *key* is valid from now on."""
    if key.bot is not None and key.bot not in state.bots:
        return no_bot(key.bot)
    if key.bot is None and key.scope == "ingest":
        return Refusal("needs_bot", "An ingest key is for one bot; name it with --bot.")
    if key.scope == "botanalytics-v2" and (key.bot is None or key.channel not in CHANNELS):
        known = ", ".join(CHANNELS)
        return Refusal("needs_channel", f"A key for Botanalytics v2 needs --bot and a --channel of {known}.")
    if key.scope != "botanalytics-v2" and key.channel:
        return Refusal("no_channel", "Only a key of --scope botanalytics-v2 has a --channel.")
    return Fact("key_created", key.created_at, who, key)


def revoke_key(state: State, key: str, when: int, who: str) -> Fact | Refusal:
    """Return the fact that *key* is valid no more."""
    before = state.keys.get(key)
    if before is None:
        return Refusal("unknown_key", f"There is no key {key!r}; `botpulse keys list` shows them.")
    if before.revoked_at is not None:
        return Refusal("revoked", f"{key!r} is revoked already.")
    return Fact("key_revoked", when, who, msgspec.structs.replace(before, revoked_at=when))


def bot_id(name: str, bits: int) -> str:
    """Return an id made of *name* and four characters of *bits*."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "bot"
    return f"{slug}-{_digits(bits, _ALPHABET[:10] + _ALPHABET[36:], 4)}"


def key_text(scope: Scope, bits: int) -> str:
    """Return a key whose beginning tells its scope; only letters and digits, as some SDKs do not encode it."""
    return f"bp{scope}" + _digits(bits, _ALPHABET, 32)


def hash_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def reporting_of(
    zone: str,
    gap: str,
    week_start: Literal["monday", "sunday"],
    confidence_threshold: float | None,
) -> Reporting | Refusal:
    """Return the settings that cut a bot's numbers."""
    gap_s = parse_gap(gap)
    if gap_s is None:
        return Refusal("bad_gap", f"{gap!r} is no session gap: write 30m, 900s or 1h, at most 24h.")
    if not is_zone(zone):
        return Refusal(
            "bad_zone",
            f"{zone!r} is no IANA time zone; write one like Europe/Berlin, or UTC.",
        )
    return Reporting(zone, week_start, gap_s, confidence_threshold)


def parse_gap(text: str) -> int | None:
    """Return the seconds of `30m`, `900s`, `1h`; None for anything else, for none, and for more than a day."""
    found = re.fullmatch(r"([0-9]{1,6})([smh])", text)
    if not found:
        return None
    gap_s = int(found[1]) * _UNITS[found[2]]
    return gap_s if 0 < gap_s <= _LONGEST_GAP_S else None


def _fault_of(bot: Bot) -> Refusal | None:
    threshold = bot.reporting.confidence_threshold
    if not bot.name.strip() or len(bot.name) > 200:
        return Refusal("bad_name", "A bot's name has 1 to 200 characters.")
    if not _PLATFORM.fullmatch(bot.platform):
        return Refusal(
            "bad_platform",
            f"{bot.platform!r} is no platform: write one like generic, facebook or slack.",
        )
    if threshold is not None and not 0 <= threshold <= 1:
        return Refusal(
            "bad_threshold",
            f"A confidence threshold is between 0 and 1, not {threshold}.",
        )
    return None


def no_bot(bot: str) -> Refusal:
    """Return the refusal of what is asked of a bot that does not exist."""
    return Refusal("unknown_bot", f"There is no bot {bot!r}; `botpulse bots list` shows them.")


def _digits(bits: int, alphabet: str, length: int) -> str:
    digits = []
    for _ in range(length):
        bits, digit = divmod(bits, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(digits)
