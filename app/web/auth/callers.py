"""Who is asking, by API key or session, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from app.core.api_keys import hash_of
from app.core.commands.people import Authority
from app.core.registry import Person, Role, Scope, State
from app.web.auth.origins import is_foreign
from app.web.auth.sessions import person_of
from app.web.ingest.intake import bearer_of
from app.web.key_uses import KEY_USES
from app.web.parts import PARTS

__all__ = ["Caller", "reader_of"]

_ROLES: Final[tuple[Role, ...]] = ("viewer", "editor", "owner")
_KEY_ROLES: Final[dict[Scope, Role]] = {"read": "viewer", "admin": "owner"}


@dataclass(frozen=True)
class Caller:
    """
    Somebody who may read, and more where their role says so.

    `roles` by bot; `everywhere` is the role in every bot besides.  An administrator may do everything, also what is not
    of one bot.  With a key that expires it all ends at `expires_at`.
    """

    name: str
    roles: Mapping[str, Role] = field(default_factory=dict)
    everywhere: Role | None = None
    is_admin: bool = False
    person: str = ""
    expires_at: int | None = None

    @property
    def bots(self) -> frozenset[str] | None:
        """The bots that they may read; None for all."""
        return None if self.everywhere else frozenset(self.roles)

    @property
    def authority(self) -> Authority:
        """What they may do with people."""
        owned = frozenset(bot for bot, role in self.roles.items() if role == "owner")
        return Authority(self.is_admin, owned)

    def may(self, bot: str, role: Role) -> bool:
        """Tell whether *role*, or a higher one, is theirs in *bot*."""
        mine = {self.everywhere, self.roles.get(bot)}
        return any(one in mine for one in _ROLES[_ROLES.index(role) :])

    def may_read(self, bot: str) -> bool:
        """Tell whether *bot* is one of theirs."""
        return self.may(bot, "viewer")


def reader_of(request: web.Request) -> Caller | None:
    """Return who is reading, by key or by session; None for nobody, and for a key that is not for reading."""
    state = request.app[PARTS].registry.state
    if "Authorization" in request.headers:
        return _by_key(request, state)
    person = None if is_foreign(request) else person_of(request, state)
    return _by_person(person) if person else None


def _by_key(request: web.Request, state: State) -> Caller | None:
    text, now_ms = bearer_of(request), request.app[PARTS].clock()
    key = state.key_by_hash.get(hash_of(text)) if text else None
    if key is None or not key.is_valid(now_ms) or key.scope not in _KEY_ROLES:
        return None
    request.app[KEY_USES].touch(key.id, now_ms)
    name, role = f"key:{key.id}", _KEY_ROLES[key.scope]
    if key.bot is None:
        return Caller(name, everywhere=role, is_admin=key.scope == "admin", expires_at=key.expires_at)
    return Caller(name, {key.bot: role}, expires_at=key.expires_at)


def _by_person(person: Person) -> Caller:
    return Caller(
        f"person:{person.id}", person.roles, "owner" if person.admin else None, person.admin, person.id
    )
