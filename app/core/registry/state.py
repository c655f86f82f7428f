"""What there is now, by id, and the questions that commands and shells ask of it."""

from __future__ import annotations

from typing import Final

import msgspec

from app.core.registry.changes import Fact
from app.core.registry.subjects import (
    Alert,
    Bot,
    Dashboard,
    HookSecret,
    Import,
    Instance,
    Key,
    KeyUse,
    Person,
    RecountProgress,
    Removed,
    ShortLink,
    Subject,
    name_of,
)

__all__ = ["MOST_LOST", "Lost", "State", "hook_of"]

MOST_LOST: Final = 50
"""So many are remembered; there is no end to what can go wrong."""


class Lost(msgspec.Struct, frozen=True):
    """A record that changed nothing: a change that was refused (`when` and `who` are its), or what cannot be read."""

    key: str
    code: str
    message: str
    when: int | None = None
    who: str = ""


class State(msgspec.Struct):
    """
    Everything the changes so far add up to, by id.

    `revisions`, `taken` and `owned` are by name of the subject (`bot:pizza`): the revision it has, whose an e-mail, name or
    token is, and what goes when a bot goes.  `key_by_hash` holds the keys again, by SHA-256; `sealed_by_hook` the active
    secrets of a webhook, oldest first.
    `used_from` says of a bot, dashboard or alert that was archived or disabled since when it is in use again.
    `refused` and `skipped` count changes that lost, and records that nobody here can read;
    `lost` are the last of both.  `read_to` is the offset up to which the log is part of it, as far as whoever read it says so.
    """

    bots: dict[str, Bot] = {}
    instances: dict[str, Instance] = {}
    keys: dict[str, Key] = {}
    people: dict[str, Person] = {}
    hook_secrets: dict[str, HookSecret] = {}
    dashboards: dict[str, Dashboard] = {}
    alerts: dict[str, Alert] = {}
    removed: dict[str, Removed] = {}
    short_links: dict[str, ShortLink] = {}
    imports: dict[str, Import] = {}
    key_uses: dict[str, KeyUse] = {}
    recounts: dict[str, RecountProgress] = {}
    key_by_hash: dict[str, Key] = {}
    sealed_by_hook: dict[tuple[str, str], tuple[str, ...]] = {}
    revisions: dict[str, int] = {}
    taken: dict[str, str] = {}
    owned: dict[str, dict[str, None]] = {}
    used_from: dict[str, int] = {}
    refused: int = 0
    skipped: int = 0
    lost: tuple[Lost, ...] = ()
    read_to: int = 0

    def fact(self, type: str, subject: Subject) -> Fact:
        """Return the fact that *subject* is as it is from now on."""
        return Fact(type, subject, self.revision_of(subject) + 1)

    def revision_of(self, subject: Subject) -> int:
        """Return which revision the subject of this kind and id has; 0 for none."""
        return self.revisions.get(name_of(subject), 0)

    def dashboards_of(self, bot: str) -> list[Dashboard]:
        """Return the dashboards of *bot* that were not removed, the oldest first."""
        return sorted(
            (one for one in self.dashboards.values() if one.bot == bot and one.removed_at is None),
            key=_by_age,
        )

    def alerts_of(self, bot: str) -> list[Alert]:
        """Return the alerts of *bot* that were not removed, the oldest first."""
        return sorted(
            (one for one in self.alerts.values() if one.bot == bot and one.removed_at is None), key=_by_age
        )


def hook_of(state: State, bot: str, platform: str) -> tuple[str, ...]:
    """Return the sealed active secrets of a webhook."""
    return state.sealed_by_hook.get((bot, platform), ())


def _by_age(subject: Dashboard | Alert) -> tuple[int, str]:
    return subject.created_at, subject.id
