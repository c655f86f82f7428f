"""A template as an answer: what every page is told, and the headers that keep anything foreign out of it."""

from __future__ import annotations

from typing import Any, Final

import aiohttp_jinja2
from aiohttp import web
from jinja2 import PackageLoader, StrictUndefined

from app.web.auth import reader_of
from app.web.pages.about import ABOUT
from app.web.pages.assets import ASSETS
from app.web.pages.visitors import may_manage_people
from app.web.parts import PARTS

__all__ = ["HEADERS", "attach", "page"]

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def attach(app: web.Application) -> None:
    """Make templates known to *app*."""
    aiohttp_jinja2.setup(
        app,
        loader=PackageLoader("app.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    aiohttp_jinja2.get_env(app).globals |= {"asset": app[ASSETS].url, "ABOUT": ABOUT}


def page(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """Return *template* filled in."""
    reader = reader_of(request)
    told = {
        "is_signed_in": reader is not None,
        "may_manage_people": may_manage_people(reader),
        "now_ms": request.app[PARTS].clock(),
        **context,
    }
    response = aiohttp_jinja2.render_template(template, request, told, status=status)
    response.headers.update(HEADERS)
    return response
