"""
Deleting a bot for good, and how far that is.

    DELETE /data/v1/bots/{bot}?confirm=      owners; `confirm` repeats the bot's name or id, and it has to be archived
    GET    /data/v1/bots/{bot}/removal       administrators, as nobody has a role in a bot that is gone
"""

from __future__ import annotations

from aiohttp import web

from app.adapters.removing import kept_until
from app.core.commands.removal import remove_bot
from app.core.registry import State
from app.core.shown import RemovalShown, removal_shown
from app.web.api.asking import admin_of, answer, bot_of, or_refused, parameters
from app.web.api.changing import change, now_ms, state_of
from app.web.parts import SETTINGS

__all__ = ["attach"]


def attach(app: web.Application) -> None:
    """Give *app* the addresses."""
    app.router.add_delete("/data/v1/bots/{bot}", _remove)
    app.router.add_get("/data/v1/bots/{bot}/removal", _show)


async def _remove(request: web.Request) -> web.Response:
    bot = bot_of(request, "owner")
    asked = parameters(request, ("confirm", "why"))
    when = now_ms(request)
    until = kept_until(request.app[SETTINGS], when)
    after = await change(
        request,
        lambda state: remove_bot(state, bot.id, asked.get("confirm", ""), when, until),
        asked.get("why", ""),
    )
    response = answer(_shown(after, bot.id))
    response.set_status(202)
    return response


async def _show(request: web.Request) -> web.Response:
    admin_of(request)
    parameters(request, ())
    return answer(_shown(state_of(request), request.match_info["bot"]))


def _shown(state: State, bot: str) -> RemovalShown:
    return or_refused(removal_shown(state, bot))
