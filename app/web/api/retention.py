"""
Who came back.

    GET /data/v1/bots/{bot}/retention?period=day&mode=on&from=&to=&periods=30&weeks=calendar
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from app.adapters.numbers import retained, updated_at
from app.core.calendar import calendar_of
from app.core.periods import span_of
from app.core.retention import MODES, MOST_CELLS, WIDTH_MS, Grid, cohorts, overall
from app.web.api.asking import answer, bot_of, choice, iso, number, or_fault, parameters
from app.web.api.states import READER
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["attach"]

_MOST_PERIODS = 2000
_USUAL_COHORTS = 30


def attach(app: web.Application) -> None:
    """Give *app* retention."""
    app.router.add_get("/data/v1/bots/{bot}/retention", _retention)


async def _retention(request: web.Request) -> web.Response:
    bot = bot_of(request)
    asked = parameters(request, ("period", "mode", "from", "to", "periods", "weeks"))
    period = choice(asked, "period", WIDTH_MS, "day")
    mode = choice(asked, "mode", MODES, "on")
    relative = choice(asked, "weeks", ("calendar", "relative"), "calendar") == "relative"
    periods = number(asked, "periods", 30, _MOST_PERIODS)
    now_ms = request.app[PARTS].clock()
    calendar = calendar_of(bot.reporting.zone, bot.reporting.week_start)
    span = or_fault(
        span_of(period, asked.get("from"), asked.get("to"), now_ms, calendar, usual=_USUAL_COHORTS)
    )
    if len(span.periods) * periods > MOST_CELLS:
        message = f"That is more than {MOST_CELLS:,} cells; ask for fewer cohorts or `periods`."
        raise Fault(400, "too_many_cells", message, field="periods")
    grid = Grid(span, periods, mode, relative)
    reader = request.app[READER]
    cells, stored_ms = await asyncio.gather(
        retained(reader, bot.id, bot.reporting.generation, grid), updated_at(reader)
    )
    found = cohorts(grid, cells, now_ms)
    head = {"period": period, "mode": mode, "zone": calendar.zone, "updated_at": iso(stored_ms or None)}
    return answer({**head, "cohorts": found, "overall": overall(grid, found)})
