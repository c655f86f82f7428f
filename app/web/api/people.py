"""
People: administrators manage them, owners invite people to their own bots.

    GET, POST             /data/v1/people
    GET, PATCH, DELETE    /data/v1/people/{id}
    POST                  /data/v1/people/{id}/link       a link that sets the password
    GET                   /data/v1/people/{id}/history
"""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from app.adapters.emails import email_address
from app.adapters.ids import new_id
from app.core.commands.people import change_person, invite_person, person_by_email, person_of, remove_person
from app.core.registry import Person, Role, State
from app.core.shown.people import PersonShown, person_shown
from app.web.api.asking import admin_of, answer, caller_of, or_fault, or_refused, parameters
from app.web.api.bodies import body_of
from app.web.api.changing import change, created, given, history_of, now_ms, state_of, why_of
from app.web.auth import Caller
from app.web.auth.posting import HandedOver, hand_over
from app.web.auth.sessions import begin
from app.web.errors import Fault

__all__ = ["Invitation", "Invited", "PersonChange", "PersonList", "attach", "people_seen_by"]


class Invitation(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to come, and the role they are to have in each bot; somebody known by the e-mail gets the roles."""

    email: str
    name: str = ""
    time_zone: str = "UTC"
    roles: dict[str, Role] = {}
    admin: bool = False
    why: str = ""


class Invited(HandedOver):
    """Who was invited; without a link where they have a password already."""

    person: PersonShown


class PersonChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be different; what is left out stays."""

    name: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    admin: bool | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    why: str = ""


class PersonList(msgspec.Struct):
    """People, the longest known first."""

    people: list[PersonShown]


def attach(app: web.Application) -> None:
    """Give *app* people."""
    app.router.add_get("/data/v1/people", _list)
    app.router.add_post("/data/v1/people", _invite)
    one = "/data/v1/people/{id}"
    app.router.add_get(one, _show)
    app.router.add_patch(one, _change)
    app.router.add_delete(one, _remove)
    app.router.add_post(f"{one}/link", _link)
    app.router.add_get(f"{one}/history", _history)


def people_seen_by(state: State, caller: Caller) -> list[Person]:
    """Return whom *caller* may see: everybody, or those of their own bots and themselves."""
    owned = caller.authority.owned
    seen = (
        one
        for one in state.people.values()
        if caller.is_admin or one.id == caller.person or not owned.isdisjoint(one.roles)
    )
    return sorted(seen, key=lambda person: (person.created_at, person.id))


async def _list(request: web.Request) -> web.Response:
    caller = _manager_of(request)
    parameters(request, ())
    return answer(PersonList([_shown(caller, one) for one in people_seen_by(state_of(request), caller)]))


async def _invite(request: web.Request) -> web.Response:
    _manager_of(request)
    parameters(request, ())
    asked = await body_of(request, Invitation)
    email = or_fault(email_address(asked.email))
    invited = Person(
        new_id("p"), email, "", now_ms(request), asked.admin, asked.name.strip(), asked.time_zone, asked.roles
    )
    state = await change(
        request, lambda state: invite_person(state, invited, caller_of(request).authority), asked.why
    )
    caller = _manager_of(request)
    person = person_by_email(state, email)
    if person is None:
        raise Fault(409, "conflict", "They were removed at the same time; look and try again.")
    given_out = (
        HandedOver(False, None, None)
        if person.password
        else await hand_over(request, person, caller.authority)
    )
    return created(Invited(**msgspec.structs.asdict(given_out), person=_shown(caller, person)))


async def _show(request: web.Request) -> web.Response:
    caller, person = caller_of(request), _person_of(request)
    parameters(request, ())
    return answer(_shown(caller, person))


async def _change(request: web.Request) -> web.Response:
    caller, person = admin_of(request), _person_of(request)
    parameters(request, ())
    asked = await body_of(request, PersonChange)
    changes, when = _changes_of(asked), now_ms(request)
    state = await change(request, lambda state: change_person(state, person.id, changes, when), asked.why)
    after = state.people[person.id]
    response = answer(_shown(caller, after))
    if caller.person == after.id and after.epoch == person.epoch + 1 and after.disabled_at is None:
        begin(request, response, after)
    return response


async def _remove(request: web.Request) -> web.Response:
    admin_of(request)
    person, why, when = _person_of(request), why_of(request), now_ms(request)
    await change(request, lambda state: remove_person(state, person.id, when), why)
    return answer(person_shown(person))


async def _link(request: web.Request) -> web.Response:
    caller = _manager_of(request)
    person = _person_of(request)
    parameters(request, ())
    if person.disabled_at is not None:
        raise Fault(409, "disabled", "They are disabled; an administrator can enable them first.", field="id")
    given_out = await hand_over(request, person, caller.authority)
    if not given_out.mailed and given_out.link is None:
        raise Fault(
            403, "not_allowed", "They may do more than you, so without a mail server ask an administrator."
        )
    return answer(given_out)


async def _history(request: web.Request) -> web.Response:
    caller, id_ = caller_of(request), request.match_info["id"]
    if not caller.is_admin and caller.person != id_:
        admin_of(request)
    state = state_of(request)
    if f"person:{id_}" not in state.removed:
        or_refused(person_of(state, id_))
    return await history_of(request, "person", id_)


def _manager_of(request: web.Request) -> Caller:
    """Return an administrator or an owner who asks, or refuse."""
    caller = caller_of(request)
    if not caller.is_admin and not caller.authority.owned:
        raise Fault(403, "not_allowed", "This is for administrators and owners of a bot; ask one of them.")
    return caller


def _person_of(request: web.Request) -> Person:
    """Return who is in the address, if they are the caller's business; others look like nobody."""
    caller, id_ = caller_of(request), request.match_info["id"]
    found = state_of(request).people.get(id_)
    if found is None or found not in people_seen_by(state_of(request), caller):
        raise Fault(404, "unknown_person", f"There is nobody with the id {id_[:60]!r}.", field="id")
    return found


def _shown(caller: Caller, person: Person) -> PersonShown:
    """Return *person* with the roles that are the caller's business."""
    is_all = caller.is_admin or caller.person == person.id
    return person_shown(person, None if is_all else caller.authority.owned)


def _changes_of(asked: PersonChange) -> dict[str, Any]:
    changes = given(asked)
    if "time_zone" in changes:
        changes["zone"] = changes.pop("time_zone")
    if "email" in changes:
        changes["email"] = or_fault(email_address(changes["email"]))
    return changes
