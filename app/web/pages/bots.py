"""
The list of bots, and the live page of one.

    GET /             the only bot, or the list
    GET /bots         the list
    GET /bots/{bot}   one bot: its scripts read /data/v1/bots/{bot}/...
"""

from __future__ import annotations

from aiohttp import web

from app.core.registry import Bot
from app.web.api.asking import bot_of
from app.web.api.changing import state_of
from app.web.auth import Caller
from app.web.pages.rendering import page
from app.web.pages.visitors import somebody
from app.web.parts import PARTS, SETTINGS

__all__ = ["attach"]


def attach(app: web.Application) -> None:
    """Give *app* the list and the live page."""
    app.router.add_get("/", _first)
    app.router.add_get("/bots", _list)
    app.router.add_get("/bots/{bot}", _bot)


async def _first(request: web.Request) -> web.Response:
    bots = _bots_of(request, somebody(request))
    if len(bots) == 1:
        raise web.HTTPSeeOther(f"/bots/{bots[0].id}")
    return page(request, "bots.html", bots=bots, base=_base(request))


async def _list(request: web.Request) -> web.Response:
    return page(request, "bots.html", bots=_bots_of(request, somebody(request)), base=_base(request))


async def _bot(request: web.Request) -> web.Response:
    somebody(request)
    bot = bot_of(request)
    dashboards = len(state_of(request).dashboards_of(bot.id))
    return page(request, "bot.html", bot=bot, base=_base(request), dashboards=dashboards)


def _bots_of(request: web.Request, caller: Caller) -> list[Bot]:
    """Return the bots that *caller* may read: those in use first, the oldest first."""
    bots = request.app[PARTS].registry.state.bots.values()
    mine = (bot for bot in bots if caller.may_read(bot.id))
    return sorted(mine, key=lambda bot: (bot.archived_at is not None, bot.created_at, bot.id))


def _base(request: web.Request) -> str:
    """Return the address to show in examples."""
    return request.app[SETTINGS].public_url.rstrip("/") or f"{request.scheme}://{request.host}"
