"""Keys and secrets of webhooks as people are shown them: everything but what is secret."""

from __future__ import annotations

import msgspec

from app.core.registry import HookSecret, Key, Scope, State
from app.core.times import iso

__all__ = ["HookShown", "KeyShown", "hook_shown", "key_shown"]


class KeyShown(msgspec.Struct):
    """A key. Without a bot it is for all of them; `last_used_at` is known to within some minutes."""

    id: str
    scope: Scope
    bot: str | None
    channel: str
    name: str
    created_at: str | None
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class HookShown(msgspec.Struct):
    """A secret of a webhook, and the address that the platform is given."""

    id: str | None
    bot: str
    platform: str
    url: str
    created_at: str | None
    revoked_at: str | None


def key_shown(state: State, key: Key) -> KeyShown:
    """Return *key* for people, with its last use."""
    use = state.key_uses.get(key.id)
    return KeyShown(
        key.id,
        key.scope,
        key.bot,
        key.channel,
        key.name,
        iso(key.created_at),
        iso(key.expires_at),
        iso(key.revoked_at),
        iso(use.at if use else None),
    )


def hook_shown(secret: HookSecret, base_url: str) -> HookShown:
    """Return *secret* for people; *base_url* is where platforms reach us."""
    return HookShown(
        secret.id,
        secret.bot,
        secret.platform,
        f"{base_url.rstrip('/')}/hooks/{secret.platform}/{secret.bot}",
        iso(secret.created_at),
        iso(secret.revoked_at),
    )
