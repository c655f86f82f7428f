"""
A number of a bot over time.

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
from app.core.series import Query, ask_of, points
from app.web.api.asking import answer, bot_of, choice, iso, or_fault, parameters, values_of
from app.web.api.states import READER
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["attach"]


def attach(app: web.Application) -> None:
    """Give *app* series."""
    app.router.add_get("/data/v1/bots/{bot}/series", _series)


async def _series(request: web.Request) -> web.Response:
    bot = bot_of(request)
    asked = parameters(request, ("measure", "window", "from", "to", "by"), several=("filter",))
    if "measure" not in asked:
        raise Fault(
            400,
            "missing_parameter",
            "`measure` is missing; say which number, such as measure=active_users.",
            field="measure",
        )
    window = choice(asked, "window", WINDOWS, "day")
    conditions = or_fault(filter_of(values_of(request, "filter")))
    dashboards = {one.id: one for one in request.app[PARTS].registry.state.dashboards_of(bot.id)}
    ask = or_fault(ask_of(asked["measure"], window, asked.get("by", ""), conditions, dashboards))
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
