"""
What a rule finds: tried before it is kept, applied back over history, and who and what hit a dashboard.

    POST       /data/v1/bots/{bot}/dashboards/preview                  viewers
    GET, POST  /data/v1/bots/{bot}/dashboards/{dashboard}/backfill     viewers see how far it is, editors start it
    GET        /data/v1/bots/{bot}/dashboards/{dashboard}/users?from=&to=&limit=&cursor=
    GET        /data/v1/bots/{bot}/dashboards/{dashboard}/events?from=&to=&limit=&cursor=
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from aiohttp import web

from app.adapters.dashboards import events_of, preview, users_of
from app.core.commands.dashboards import rule_of
from app.core.refusal import Refusal
from app.core.rules.writing import write_rule
from app.core.shown import event_shown
from app.core.times import iso
from app.web.api import shapes
from app.web.api.asking import (
    answer,
    bot_of,
    caller_of,
    cursor_of,
    number,
    or_fault,
    parameters,
    to_cursor,
)
from app.web.api.backfills import BACKFILLS, BackfillShown, attach_backfills
from app.web.api.bodies import body_of
from app.web.api.changing import now_ms, why_of
from app.web.api.dashboards import dashboard_asked
from app.web.api.events import range_of
from app.web.api.states import READER
from app.web.errors import Fault

__all__ = ["HitPage", "HitUsers", "Previewed", "RuleAsked", "attach"]

_MOST: Final = 1000
_PAGE: Final = ("from", "to", "limit", "cursor")


class RuleAsked(msgspec.Struct, forbid_unknown_fields=True):
    """A rule to try, as JSON or as text."""

    rule: dict[str, Any] | None = None
    text: str | None = None


class Previewed(msgspec.Struct):
    """
    Of `events`, the newest of the bot, `hits` match, of `users` users; `samples` are the newest of these.

    `text` is the rule as it was understood.
    """

    text: str
    events: int
    hits: int
    users: int
    samples: list[shapes.EventShown]


class HitUserShown(msgspec.Struct):
    """A user whose events hit a dashboard."""

    user_id: str
    hits: int
    last_at: str | None


class HitUsers(msgspec.Struct):
    """Those with the newest hit first. Without `next_cursor` it was the last page."""

    users: list[HitUserShown]
    next_cursor: str | None


class HitPage(msgspec.Struct):
    """Events that hit a dashboard, the newest first."""

    events: list[shapes.EventShown]
    next_cursor: str | None


def attach(app: web.Application) -> None:
    """Give *app* what rules find."""
    attach_backfills(app)
    base = "/data/v1/bots/{bot}/dashboards"
    app.router.add_post(f"{base}/preview", _preview)
    app.router.add_get(f"{base}/{{dashboard}}/backfill", _backfill)
    app.router.add_post(f"{base}/{{dashboard}}/backfill", _start_backfill)
    app.router.add_get(f"{base}/{{dashboard}}/users", _users)
    app.router.add_get(f"{base}/{{dashboard}}/events", _events)


async def _preview(request: web.Request) -> web.Response:
    bot = bot_of(request)
    parameters(request, ())
    asked = await body_of(request, RuleAsked)
    rule = or_fault(rule_of(asked.rule, asked.text))
    found = await preview(request.app[READER], bot.id, rule, now_ms(request))
    return answer(
        {
            "text": write_rule(rule),
            "events": found.events,
            "hits": found.hits,
            "users": found.users,
            "samples": [event_shown(row) for row in found.samples],
        }
    )


async def _backfill(request: web.Request) -> web.Response:
    _, dashboard = dashboard_asked(request)
    parameters(request, ())
    return answer(request.app[BACKFILLS].shown(dashboard))


async def _start_backfill(request: web.Request) -> web.Response:
    _, dashboard = dashboard_asked(request, "editor")
    why = why_of(request)
    if dashboard.rule is None:
        refusal = Refusal(
            "no_rule", f"This dashboard shows {dashboard.measure}, which has all of history.", "dashboard"
        )
        raise Fault.because(refusal)
    shown: BackfillShown = request.app[BACKFILLS].begin(dashboard, caller_of(request).name, why)
    response = answer(shown)
    response.set_status(202)
    return response


async def _users(request: web.Request) -> web.Response:
    bot, dashboard = dashboard_asked(request)
    asked = parameters(request, _PAGE)
    limit, span = number(asked, "limit", 50, _MOST), range_of(asked, bot.reporting.zone)
    users, place = await users_of(
        request.app[READER], dashboard, limit, cursor_of(asked, tuple[int, str]), *span
    )
    shown = [HitUserShown(one.user_id, one.hits, iso(one.last_ms)) for one in users]
    return answer(HitUsers(shown, to_cursor(place) if place else None))


async def _events(request: web.Request) -> web.Response:
    bot, dashboard = dashboard_asked(request)
    asked = parameters(request, _PAGE)
    limit, span = number(asked, "limit", 50, _MOST), range_of(asked, bot.reporting.zone)
    rows, place = await events_of(
        request.app[READER], dashboard, limit, cursor_of(asked, tuple[int, str, str]), *span
    )
    following = to_cursor(place) if place else None
    return answer({"events": [event_shown(row) for row in rows], "next_cursor": following})
