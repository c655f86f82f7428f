"""The part of the plan on people, who are known by their e-mail."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from app.core.commands.people import (
    Authority,
    change_person,
    invite_person,
    person_by_email,
    remove_person,
    set_role,
)
from app.core.portable.draft import Draft
from app.core.portable.reading import instant
from app.core.portable.shape import PortablePerson
from app.core.registry import Person, email_key

__all__ = ["plan_people"]

_EVERYTHING = Authority(is_admin=True)


def plan_people(draft: Draft, wanted: Mapping[str, PortablePerson]) -> None:
    """Plan who there is, with which roles; those whom the file does not name go last, so that somebody administers."""
    for email, person in wanted.items():
        _plan_person(draft, email, person, f"people.{email}")
    if draft.shell.prune:
        named = set(map(email_key, wanted))
        for one in list(draft.state.people.values()):
            if email_key(one.email) not in named:
                draft.do(remove_person(draft.state, one.id, draft.shell.when), f"people.{one.email}")


def _plan_person(draft: Draft, email: str, wanted: PortablePerson, place: str) -> None:
    known = person_by_email(draft.state, email)
    if known is None:
        known = _new(draft, email, wanted)
        draft.do(invite_person(draft.state, known, _EVERYTHING), place)
    before = known.password
    _plan_roles(draft, known.id, wanted, place)
    changes = {
        "name": wanted.name,
        "zone": wanted.time_zone,
        "admin": wanted.admin,
        "disabled": wanted.disabled,
    }
    draft.do(change_person(draft.state, known.id, changes, draft.shell.when), place)
    now = draft.state.people[known.id]
    # one that others may know gives no more power than it gave, also where the file gives more
    is_void = wanted.password == before or (wanted.passed_on and wanted.admin)
    if wanted.password and wanted.password != now.password and not is_void:
        after = msgspec.structs.replace(
            now, password=wanted.password, passed_on=wanted.passed_on, epoch=now.epoch + 1
        )
        draft.do([draft.state.fact("password_set", after)], place)


def _new(draft: Draft, email: str, wanted: PortablePerson) -> Person:
    is_free = (
        bool(wanted.id)
        and wanted.id not in draft.state.people
        and f"person:{wanted.id}" not in draft.state.removed
    )
    return Person(
        wanted.id if is_free else draft.shell.new_id(email),
        email,
        "",
        instant(wanted.created_at, draft.shell.when),
        name=wanted.name,
        zone=wanted.time_zone,
        roles=dict(wanted.roles),
    )


def _plan_roles(draft: Draft, person: str, wanted: PortablePerson, place: str) -> None:
    for bot, role in wanted.roles.items():
        draft.do(set_role(draft.state, bot, person, role, _EVERYTHING), f"{place}.roles.{bot}")
    if draft.shell.prune:
        for bot in draft.state.people[person].roles.keys() - wanted.roles.keys():
            draft.do(set_role(draft.state, bot, person, None, _EVERYTHING), f"{place}.roles.{bot}")
