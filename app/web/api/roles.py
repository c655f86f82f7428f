"""
Roles of people in a bot, managed by its owners.

    GET           /data/v1/bots/{bot}/people
    PUT, DELETE   /data/v1/bots/{bot}/people/{id}    {"role"}
"""

from __future__ import annotations

import msgspec
from aiohttp import web

from app.core.commands.people import set_role
from app.core.registry import Role, State
from app.core.shown.people import PersonShown, person_shown
from app.web.api.asking import answer, bot_of, caller_of, parameters
from app.web.api.bodies import body_of
from app.web.api.changing import change, state_of, why_of
from app.web.api.people import PersonList, people_seen_by
from app.web.errors import Fault

__all__ = ["RoleWanted", "attach"]


class RoleWanted(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody may do in a bot."""

    role: Role
    why: str = ""


def attach(app: web.Application) -> None:
    """Give *app* roles."""
    people = "/data/v1/bots/{bot}/people"
    app.router.add_get(people, _list)
    app.router.add_put(f"{people}/{{id}}", _put)
    app.router.add_delete(f"{people}/{{id}}", _delete)


async def _list(request: web.Request) -> web.Response:
    bot = bot_of(request, "owner")
    parameters(request, ())
    people = people_seen_by(state_of(request), caller_of(request))
    return answer(PersonList([person_shown(one, {bot.id}) for one in people if bot.id in one.roles]))


async def _put(request: web.Request) -> web.Response:
    bot_of(request, "owner")
    parameters(request, ())
    asked = await body_of(request, RoleWanted)
    return answer(await _changed(request, asked.role, asked.why))


async def _delete(request: web.Request) -> web.Response:
    bot_of(request, "owner")
    return answer(await _changed(request, None, why_of(request)))


async def _changed(request: web.Request, role: Role | None, why: str) -> PersonShown:
    caller, bot, id_ = caller_of(request), request.match_info["bot"], request.match_info["id"]
    known = {one.id for one in people_seen_by(state_of(request), caller)}
    if id_ not in known:
        raise Fault(404, "unknown_person", f"There is nobody with the id {id_[:60]!r}.", field="id")
    after: State = await change(
        request, lambda state: set_role(state, bot, id_, role, caller_of(request).authority), why
    )
    return person_shown(after.people[id_], {bot})
