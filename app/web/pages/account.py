"""
One's own account, and the ways to a password.

    GET /account         name, e-mail, time zone, password, sessions
    GET /reset           a forgotten password
    GET /set-password    where a link leads: it is looked at here and used by /data/v1/set-password
"""

from __future__ import annotations

from aiohttp import web

from app.core.registry import zones
from app.web.auth.attempts import LINK_TRIES
from app.web.auth.links import find
from app.web.errors import Fault
from app.web.pages.rendering import page
from app.web.pages.visitors import person_of, somebody
from app.web.parts import PARTS

__all__ = ["attach"]


def attach(app: web.Application) -> None:
    """Give *app* the pages."""
    app.router.add_get("/account", _account)
    app.router.add_get("/reset", _reset)
    app.router.add_get("/set-password", _set_password)


async def _account(request: web.Request) -> web.Response:
    person = person_of(request, somebody(request))
    if person is None:
        raise Fault(403, "not_a_person", "A key has no account; sign in with e-mail and password.")
    bots = request.app[PARTS].registry.state.bots
    return page(request, "account.html", person=person, bots=bots, zones=sorted(zones()))


async def _reset(request: web.Request) -> web.Response:
    return page(request, "reset.html", is_mail_set=request.app[PARTS].mail.is_set)


async def _set_password(request: web.Request) -> web.Response:
    parts, guard, link = request.app[PARTS], request.app[LINK_TRIES], request.query.get("link", "")
    guard.check(request, "")
    person = find(parts.session_key, link, parts.registry.state, parts.clock())
    if person is None:
        guard.note(request, "")
    return page(request, "set_password.html", 200 if person else 400, person=person, link=link)
