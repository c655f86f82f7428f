"""
What may be done to the secrets of webhooks: each request becomes a fact for the registry, or a refusal that says why.

A webhook belongs to a bot and a platform.  Several secrets may be active at once, so that a new one can be added
before the platform uses it and the old one revoked after.
"""

from __future__ import annotations

from typing import Final

import msgspec

from app.core.commands.bots import no_bot
from app.core.platforms import PLATFORMS, Platform, canonical
from app.core.refusal import Refusal
from app.core.registry import Fact, HookSecret, State, hook_of

__all__ = ["MOST_ACTIVE", "add_hook_secret", "hooked", "revoke_hook_secret"]

MOST_ACTIVE: Final = 10
"""Secrets of one webhook that may be active at once: each request is compared with all of them."""


def hooked(name: str) -> Platform | Refusal:
    """Return the platform called *name*, if it has a webhook."""
    platform = PLATFORMS.get(canonical(name))
    if platform is not None and platform.hook is not None:
        return platform
    known = ", ".join(sorted(name for name, one in PLATFORMS.items() if one.hook is not None))
    if platform is None:
        return Refusal("unknown_platform", f"There is no platform {name[:40]!r}; webhooks are for {known}.")

    return Refusal("no_hook", f"{name} has no webhook of its own; webhooks are for {known}.")


def add_hook_secret(state: State, secret: HookSecret) -> list[Fact] | Refusal:
    """Return the fact that requests signed with *secret* are genuine from now on."""
    platform = hooked(secret.platform)
    if isinstance(platform, Refusal):
        return platform
    bot = state.bots.get(secret.bot)
    if bot is None:
        return no_bot(secret.bot)
    if bot.archived_at is not None:
        return Refusal("archived", f"{secret.bot!r} is archived and takes no events any more.")
    if secret.id in state.hook_secrets:
        return Refusal("id_taken", f"There is a secret {secret.id!r} already.", "id")
    if len(hook_of(state, secret.bot, secret.platform)) >= MOST_ACTIVE:
        return Refusal(
            "too_many",
            f"{MOST_ACTIVE} secrets are active already; revoke one with `botpulse hooks revoke ID`.",
        )

    return [state.fact("hook_secret_added", secret)]


def revoke_hook_secret(state: State, secret: str, when: int) -> list[Fact] | Refusal:
    """Return the fact that *secret* is of no use any more; its sealed text goes with it."""
    before = state.hook_secrets.get(secret)
    if before is None:
        return Refusal("unknown_secret", f"There is no secret {secret!r}; `botpulse hooks list` shows them.")
    if before.revoked_at is not None:
        return Refusal("revoked", f"{secret!r} is revoked already.")

    return [state.fact("hook_secret_revoked", msgspec.structs.replace(before, sealed="", revoked_at=when))]
