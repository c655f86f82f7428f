"""
Bots, and a number of one of them over time.

    GET /data/v1/bots
    GET /data/v1/bots/{bot}/series?measure=M&window=day&from=&to=&by=&filter=
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from app.adapters.numbers import series, updated_at
from app.core.calendar import calendar_of
from app.core.filters import filter_of
from app.core.periods import WINDOWS, span_of
from app.core.registry import Bot
from app.core.series import Query, ask_of, points
from app.web.api.asking import answer, bot_of, caller_of, choice, iso, or_fault, parameters, values_of
from app.web.api.states import READER
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["attach"]


def attach(app: web.Application) -> None:
    """Give *app* bots and series."""
    app.router.add_get("/data/v1/bots", _bots)
    app.router.add_get("/data/v1/bots/{bot}/series", _series)


async def _bots(request: web.Request) -> web.Response:
    caller = caller_of(request)
    parameters(request, ())
    bots = request.app[PARTS].registry.state.bots.values()
    mine = sorted((bot for bot in bots if caller.may_read(bot.id)), key=lambda bot: (bot.created_at, bot.id))
    return answer({"bots": [_shown(bot) for bot in mine]})


async def _series(request: web.Request) -> web.Response:
    bot = bot_of(request)
    asked = parameters(request, ("measure", "window", "from", "to", "by"), several=("filter",))
    if "measure" not in asked:
        raise Fault(
            400, "missing_parameter", "`measure` is missing; say which number, such as measure=active_users."
        )
    window = choice(asked, "window", WINDOWS, "day")
    conditions = or_fault(filter_of(values_of(request, "filter")))
    ask = or_fault(ask_of(asked["measure"], window, asked.get("by", ""), conditions))
    now_ms = request.app[PARTS].clock()
    calendar = calendar_of(bot.reporting.zone, bot.reporting.week_start)
    span = or_fault(span_of(window, asked.get("from"), asked.get("to"), now_ms, calendar))
    query = Query(bot.id, bot.reporting, ask, span, now_ms)
    reader = request.app[READER]
    numbers, stored_ms = await asyncio.gather(series(reader, query), updated_at(reader))

    found = or_fault(numbers)
    head: dict[str, Any] = {
        "measure": ask.measure,
        "window": window,
        "zone": calendar.zone,
        "updated_at": iso(stored_ms or None),
    }
    if ask.filter:
        head["filter"] = dict(ask.filter)
    if ask.by:
        groups = [{"key": key, "points": points(values, span, now_ms)} for key, values in found.items()]
        return answer({**head, "by": ask.by, "groups": groups})
    return answer({**head, "points": points(found[""], span, now_ms)})


def _shown(bot: Bot) -> dict[str, Any]:
    reporting = bot.reporting
    return {
        "bot": bot.id,
        "name": bot.name,
        "platform": bot.platform,
        "time_zone": reporting.zone,
        "week_start": reporting.week_start,
        "session_gap_s": reporting.session_gap_s,
        "confidence_threshold": reporting.confidence_threshold,
        "created_at": iso(bot.created_at),
        "archived_at": iso(bot.archived_at),
    }
