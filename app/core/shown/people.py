"""A person as people are shown them: everything but the password's hash, and only the roles that are their business."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

import msgspec

from app.core.registry import Person, Role
from app.core.times import iso

__all__ = ["PersonShown", "person_shown"]


class PersonShown(msgspec.Struct):
    """Somebody who signs in, or is invited to; `roles` by bot, an administrator may do everything besides."""

    id: str
    email: str
    name: str
    time_zone: str
    state: Literal["invited", "active", "disabled"]
    admin: bool
    roles: dict[str, Role]
    created_at: str | None
    disabled_at: str | None


def person_shown(person: Person, bots: Container[str] | None = None) -> PersonShown:
    """Return *person* for somebody whose business *bots* are; None for all of them."""
    return PersonShown(
        person.id,
        person.email,
        person.name,
        person.zone,
        _state_of(person),
        person.admin,
        {bot: role for bot, role in person.roles.items() if bots is None or bot in bots},
        iso(person.created_at),
        iso(person.disabled_at),
    )


def _state_of(person: Person) -> Literal["invited", "active", "disabled"]:
    if person.disabled_at is not None:
        return "disabled"
    return "active" if person.password else "invited"
