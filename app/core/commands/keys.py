"""Keys: create, rotate, revoke. What is kept of a key is its hash."""

from __future__ import annotations

from typing import Final

import msgspec

from app.core.channel_keys import CHANNELS
from app.core.commands.bots import no_bot
from app.core.commands.names import fault_of_name
from app.core.refusal import Refusal
from app.core.registry import Fact, Key, State
from app.core.times import END_MS

__all__ = ["LONGEST_GRACE_S", "MOST_KEYS", "change_key", "create_key", "no_key", "revoke_key", "rotate_key"]

LONGEST_GRACE_S: Final = 30 * 24 * 3600
MOST_KEYS: Final = 1000
"""That open something, of one bot or for all: every process keeps them in memory."""


def create_key(state: State, key: Key) -> list[Fact] | Refusal:
    """Return the fact that *key* is valid from now on; the bot may be one that the same change creates."""
    fault = _fault_of(state, key) or _fault_of_count(state, key.bot, key.created_at)
    return fault or [state.fact("key_created", key)]


def change_key(state: State, key: str, name: str, expires_at: int | None) -> list[Fact] | Refusal:
    """Return the fact that *key* has another name, or ends earlier; it never lives longer than it was to."""
    before = state.keys.get(key)
    if before is None:
        return no_key(key)
    ends = [one for one in (before.expires_at, expires_at) if one is not None]
    after = msgspec.structs.replace(before, name=name, expires_at=min(ends, default=None))
    if after == before:
        return []
    return fault_of_name(name, "A key's", 0) or _fault_of_expiry(after) or [state.fact("key_changed", after)]


def rotate_key(state: State, key: str, new: Key, when: int, grace_s: int) -> list[Fact] | Refusal:
    """Return the facts that *new* (its id, hash and time count) takes the place of *key*, which opens things for *grace_s* more."""
    before = _usable(state, key, when)
    if isinstance(before, Refusal):
        return before
    if not 0 <= grace_s <= LONGEST_GRACE_S:
        return Refusal(
            "bad_grace", f"The old key can go on for 0 to {LONGEST_GRACE_S} s, not {grace_s}.", "grace_s"
        )
    fault = _fault_of_count(state, before.bot, when) if grace_s else None
    if fault:
        return fault
    lasts_ms = None if before.expires_at is None else before.expires_at - before.created_at
    after = msgspec.structs.replace(
        before,
        id=new.id,
        sha256=new.sha256,
        created_at=new.created_at,
        expires_at=None if lasts_ms is None else min(new.created_at + lasts_ms, END_MS - 1),
    )
    ends_at = min(when + grace_s * 1000, before.expires_at or when + grace_s * 1000)

    return [
        state.fact("key_created", after),
        state.fact("key_rotated", msgspec.structs.replace(before, expires_at=ends_at, rotated_at=when)),
    ]


def revoke_key(state: State, key: str, when: int) -> list[Fact] | Refusal:
    """Return the fact that *key* is valid no more."""
    before = state.keys.get(key)
    if before is None:
        return no_key(key)
    if before.revoked_at is not None:
        return Refusal("revoked", f"{key!r} is revoked already.")
    return [state.fact("key_revoked", msgspec.structs.replace(before, revoked_at=when))]


def _usable(state: State, key: str, when: int) -> Key | Refusal:
    before = state.keys.get(key)
    if before is None:
        return no_key(key)
    if not before.is_valid(when):
        return Refusal("revoked", f"{key!r} opens nothing any more; create a new one.")
    if before.rotated_at is not None:
        return Refusal("rotated", f"{key!r} has given its place to another key; rotate that one.")
    return before


def no_key(key: str) -> Refusal:
    """Return the refusal of what is asked of a key that does not exist."""
    return Refusal("unknown_key", f"There is no key {key[:60]!r}; `botpulse keys list` shows them.", "key")


def _fault_of(state: State, key: Key) -> Refusal | None:
    if key.bot is not None and key.bot not in state.bots:
        return no_bot(key.bot)
    if key.bot is None and key.scope == "ingest":
        return Refusal("needs_bot", "An ingest key is for one bot; name it with --bot.", "bot")
    if key.id in state.keys:
        return Refusal("id_taken", f"There is a key {key.id!r} already.", "id")
    return fault_of_name(key.name, "A key's", 0) or _fault_of_expiry(key) or _fault_of_channel(key)


def _fault_of_expiry(key: Key) -> Refusal | None:
    if key.expires_at is None or key.created_at < key.expires_at < END_MS:
        return None
    message = "A key expires after it is made and before 2101; give another time, or none."
    return Refusal("bad_expiry", message, "expires_at")


def _fault_of_count(state: State, bot: str | None, when: int) -> Refusal | None:
    if sum(one.bot == bot and one.is_valid(when) for one in state.keys.values()) < MOST_KEYS:
        return None
    whose = "A bot has" if bot else "There are"
    return Refusal("too_many", f"{whose} at most {MOST_KEYS} keys that open something; revoke one first.")


def _fault_of_channel(key: Key) -> Refusal | None:
    if key.scope != "botanalytics-v2" and key.channel:
        return Refusal("no_channel", "Only a key of --scope botanalytics-v2 has a --channel.", "channel")
    if key.scope == "botanalytics-v2" and (key.bot is None or key.channel not in CHANNELS):
        known = ", ".join(CHANNELS)
        return Refusal(
            "needs_channel", f"A key for Botanalytics v2 needs --bot and a --channel of {known}.", "channel"
        )
    return None
