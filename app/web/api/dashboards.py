"""
Dashboards: what is counted of a bot by a rule.

    GET, POST           /data/v1/bots/{bot}/dashboards              viewers, editors
    GET, PATCH, DELETE  /data/v1/bots/{bot}/dashboards/{id}
    GET                 /data/v1/bots/{bot}/dashboards/{id}/history
    GET                 /data/v1/rules/schema                       what a rule looks like, as JSON Schema

What a rule finds is in dashboard_events.py.
"""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from app.adapters.ids import new_id
from app.core.commands.dashboards import (
    change_dashboard,
    create_dashboard,
    dashboard_of,
    remove_dashboard,
    rule_of,
)
from app.core.registry import Bot, Dashboard, Role
from app.core.rules.schema import rule_schema
from app.core.shown import DashboardShown, dashboard_shown
from app.web.api.asking import answer, bot_of, caller_of, or_fault, or_refused, parameters
from app.web.api.bodies import body_of
from app.web.api.changing import change, created, given, history_of, now_ms, state_of, why_of
from app.web.errors import Fault

__all__ = [
    "DashboardChange",
    "DashboardList",
    "DashboardWanted",
    "attach",
    "dashboard_asked",
]


class DashboardWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A dashboard to be: by a rule, as JSON or as text, or of a measure."""

    name: str
    rule: dict[str, Any] | None = None
    text: str | None = None
    measure: str = ""
    enabled: bool = True
    why: str = ""


class DashboardChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be another from now on; what is left out stays. Another rule is a new version."""

    name: str | UnsetType = UNSET
    rule: dict[str, Any] | UnsetType = UNSET
    text: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    why: str = ""


class DashboardList(msgspec.Struct):
    """The dashboards of a bot, the oldest first."""

    dashboards: list[DashboardShown]


def attach(app: web.Application) -> None:
    """Give *app* dashboards."""
    base = "/data/v1/bots/{bot}/dashboards"
    app.router.add_get(base, _list)
    app.router.add_post(base, _create)
    app.router.add_get(f"{base}/{{dashboard}}", _show)
    app.router.add_patch(f"{base}/{{dashboard}}", _change)
    app.router.add_delete(f"{base}/{{dashboard}}", _remove)
    app.router.add_get(f"{base}/{{dashboard}}/history", _history)
    app.router.add_get("/data/v1/rules/schema", _schema)


def dashboard_asked(request: web.Request, role: Role = "viewer") -> tuple[Bot, Dashboard]:
    """Return the dashboard of the address and its bot, if the caller has *role* there."""
    bot = bot_of(request, role)
    return bot, or_refused(dashboard_of(state_of(request), bot.id, request.match_info["dashboard"]))


async def _list(request: web.Request) -> web.Response:
    bot = bot_of(request)
    parameters(request, ())
    return answer(DashboardList([dashboard_shown(one) for one in state_of(request).dashboards_of(bot.id)]))


async def _create(request: web.Request) -> web.Response:
    bot = bot_of(request, "editor")
    parameters(request, ())
    asked = await body_of(request, DashboardWanted)
    is_ruled = not asked.measure or asked.rule is not None or asked.text is not None
    rule = or_fault(rule_of(asked.rule, asked.text)) if is_ruled else None
    wanted = Dashboard(
        new_id("d"), bot.id, asked.name, now_ms(request), rule, asked.measure, enabled=asked.enabled
    )
    after = await change(request, lambda state: create_dashboard(state, wanted), asked.why)
    return created(dashboard_shown(after.dashboards[wanted.id]))


async def _show(request: web.Request) -> web.Response:
    _, dashboard = dashboard_asked(request)
    parameters(request, ())
    return answer(dashboard_shown(dashboard))


async def _change(request: web.Request) -> web.Response:
    bot, dashboard = dashboard_asked(request, "editor")
    parameters(request, ())
    asked = await body_of(request, DashboardChange)
    changes = given(asked)
    rule, text = changes.pop("rule", None), changes.pop("text", None)
    if rule is not None or text is not None:
        changes["rule"] = or_fault(rule_of(rule, text))
    after = await change(
        request, lambda state: change_dashboard(state, bot.id, dashboard.id, changes), asked.why
    )
    return answer(dashboard_shown(after.dashboards[dashboard.id]))


async def _remove(request: web.Request) -> web.Response:
    bot, dashboard = dashboard_asked(request, "editor")
    why, when = why_of(request), now_ms(request)
    after = await change(request, lambda state: remove_dashboard(state, bot.id, dashboard.id, when), why)
    return answer(dashboard_shown(after.dashboards[dashboard.id]))


async def _history(request: web.Request) -> web.Response:
    """Answer also for one that was removed: who removed it is a question, too."""
    bot, id_ = bot_of(request), request.match_info["dashboard"]
    found = state_of(request).dashboards.get(id_)
    if found is None or found.bot != bot.id:
        raise Fault(404, "unknown_dashboard", f"There is no dashboard {id_[:60]!r} in this bot.")
    return await history_of(request, "dashboard", id_)


async def _schema(request: web.Request) -> web.Response:
    caller_of(request)
    parameters(request, ())
    return answer(rule_schema())
