"""
The read API: `attach` gives the application everything under /data/v1, and what operators and tools ask for.

    series  retention     numbers of a bot                 asking      who asks, and for what
    events                events, users, conversations     states      what a live web process keeps open
    live                  Server-Sent Events
    sql                   an analyst's own query
    explain               what would be read from a body
    pipeline              how far each stage is            openapi     the description of all of it
"""

from __future__ import annotations

from aiohttp import web

from app.web import openapi
from app.web.api import events, explain, live, pipeline, retention, series, sql, states

__all__ = ["attach"]


def attach(app: web.Application) -> None:
    """Give *app* the read API."""
    for area in (states, series, retention, events, live, sql, explain, pipeline, openapi):
        area.attach(app)
