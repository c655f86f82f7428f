"""
Whoever has signed in, about themselves.

    GET, PATCH /data/v1/me                     POST /data/v1/me/password   {"present", "password"}
    POST /data/v1/me/sign-out-everywhere       every session ends, this one too
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from app.core.commands.people import change_password, change_person, sign_out_everywhere
from app.core.registry import Person, email_key
from app.core.shown.people import person_shown
from app.web.api import shapes
from app.web.api.asking import answer, caller_of
from app.web.api.bodies import body_of
from app.web.api.changing import change, now_ms, state_of
from app.web.auth.attempts import SIGN_INS
from app.web.auth.checking import checked_new, is_right
from app.web.auth.sessions import begin, end
from app.web.errors import Fault

__all__ = ["MeChange", "PasswordChange", "attach"]

_ME: Final = "/data/v1/me"


class MeChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be different. Administrators change the e-mail: by it people are known, and invited to more."""

    name: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET


class PasswordChange(msgspec.Struct, forbid_unknown_fields=True):
    """The present password and the new one."""

    present: str
    password: str


def attach(app: web.Application) -> None:
    """Give *app* what somebody may do with their own account."""
    app.router.add_get(_ME, _show)
    app.router.add_patch(_ME, _change)
    app.router.add_post(f"{_ME}/password", _password)
    app.router.add_post(f"{_ME}/sign-out-everywhere", _sign_out_everywhere)


async def _show(request: web.Request) -> web.Response:
    return answer(person_shown(_me(request)))


async def _change(request: web.Request) -> web.Response:
    me, asked = _me(request), await body_of(request, MeChange)
    changes: dict[str, Any] = {}
    if asked.name is not UNSET:
        changes["name"] = asked.name.strip()
    if asked.time_zone is not UNSET:
        changes["zone"] = asked.time_zone
    state = await change(request, lambda state: change_person(state, me.id, changes, now_ms(request)))
    return answer(person_shown(state.people[me.id]))


async def _password(request: web.Request) -> web.Response:
    me, asked = _me(request), await body_of(request, PasswordChange)
    await _prove(request, me, asked.present)
    kept = await checked_new(request, me, asked.password)
    state = await change(request, lambda state: change_password(state, me, kept))
    response, after = answer(shapes.Success(True)), state.people[me.id]
    if after.epoch == me.epoch + 1:
        begin(request, response, after)
    return response


async def _sign_out_everywhere(request: web.Request) -> web.Response:
    me = _me(request)
    await change(request, lambda state: sign_out_everywhere(state, me.id))
    response = answer(shapes.Success(True))
    end(response)
    return response


def _me(request: web.Request) -> Person:
    caller = caller_of(request)
    if not caller.person:
        raise Fault(403, "not_a_person", "A key has no account; sign in with e-mail and password.")
    return state_of(request).people[caller.person]


async def _prove(request: web.Request, me: Person, present: str) -> None:
    """Refuse whoever does not know the present password, however they came by the session."""
    guard, account = request.app[SIGN_INS], email_key(me.email)
    guard.check(request, account)
    this = guard.note(request, account)
    if not await is_right(request, me, present):
        raise Fault(400, "wrong_password", "This is not the present password.", field="present")
    guard.take_back(this)
