"""
People and what they may do, for administrators and owners of bots.

    GET /people    its scripts send to /data/v1/people and /data/v1/bots/{bot}/people
"""

from __future__ import annotations

from aiohttp import web

from app.core.registry import Bot
from app.core.shown.people import person_shown
from app.web.api.people import people_seen_by
from app.web.auth import Caller
from app.web.errors import Fault
from app.web.pages.rendering import page
from app.web.pages.visitors import may_manage_people, somebody
from app.web.parts import PARTS

__all__ = ["attach"]


def attach(app: web.Application) -> None:
    """Give *app* the page."""
    app.router.add_get("/people", _people)


async def _people(request: web.Request) -> web.Response:
    caller = somebody(request)
    if not may_manage_people(caller):
        raise Fault(403, "not_allowed", "People are managed by administrators and by owners of a bot.")
    parts = request.app[PARTS]
    bots = _bots_of(request, caller)
    shown = None if caller.is_admin else {bot.id for bot in bots}
    people = [person_shown(one, shown) for one in people_seen_by(parts.registry.state, caller)]
    return page(
        request,
        "people.html",
        people=people,
        bots=bots,
        names={bot.id: bot.name for bot in bots},
        caller=caller,
        is_mail_set=parts.mail.is_set,
    )


def _bots_of(request: web.Request, caller: Caller) -> list[Bot]:
    """Return the bots whose people *caller* manages, by name."""
    bots = request.app[PARTS].registry.state.bots.values()
    return sorted((bot for bot in bots if caller.may(bot.id, "owner")), key=lambda bot: (bot.name, bot.id))
