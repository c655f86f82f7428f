"""
The read API: `attach` gives the application everything under /data/v1, and what operators and tools ask for.

    series  retention     numbers of a bot                 asking      who asks, and for what
    events                events, users, conversations     states      what a live web process keeps open
    live                  Server-Sent Events
    sql                   an analyst's own query
    explain               what would be read from a body
    pipeline              how far each stage is            openapi     the description of all of it
    bots  keys  hooks     what is configured               changing    what all of it has in common
    dashboards  alerts    rules and what is watched        registry    how the log of it is
    dashboard_events      what rules find                  backfills   rules applied to what was before them
    alert_log             what became of alerts
    people  roles  me     who may do what                  links       how a password is set
    botmetrics_dashboards a dashboard's numbers, as Botmetrics answers them
"""

from __future__ import annotations

from aiohttp import web

from app.web import openapi
from app.web.api import (
    alert_log,
    alerts,
    botmetrics_dashboards,
    bots,
    dashboard_events,
    dashboards,
    events,
    explain,
    hooks,
    keys,
    links,
    live,
    me,
    people,
    pipeline,
    registry,
    removal,
    retention,
    roles,
    series,
    sql,
    states,
)

__all__ = ["attach"]


def attach(app: web.Application) -> None:
    """Give *app* the read API."""
    for area in (
        states,
        bots,
        removal,
        keys,
        hooks,
        dashboards,
        dashboard_events,
        alerts,
        alert_log,
        registry,
        series,
        retention,
        events,
        live,
        sql,
        explain,
        pipeline,
        botmetrics_dashboards,
        me,
        people,
        roles,
        links,
        openapi,
    ):
        area.attach(app)
