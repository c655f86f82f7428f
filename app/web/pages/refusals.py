"""
What is refused to a person is said on a page, with the same words and status as in JSON.

A wrong password is said above the form it was typed into.  Under /data everything stays JSON, whoever asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from app.web.pages.rendering import page
from app.web.pages.sign_in import sign_in_page

__all__ = ["attach", "refusals_as_pages"]


def attach(app: web.Application) -> None:
    """Put this around everything else, so that it sees refusals after they have been put into words."""
    app.middlewares.insert(0, refusals_as_pages)


@web.middleware
async def refusals_as_pages(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Turn a refusal into a page, if a page was asked for."""
    response = await handler(request)
    if response.status < 400 or not isinstance(response, web.Response) or not _is_for_a_person(request):
        return response
    error = _error_of(response)
    if error is None:
        return response
    shown = await _shown(request, response.status, error)
    for name in ("Retry-After", "Allow"):
        if name in response.headers:
            shown.headers[name] = response.headers[name]
    return shown


def _is_for_a_person(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/data/")


def _error_of(response: web.Response) -> dict[str, Any] | None:
    if response.content_type != "application/json" or not isinstance(response.body, bytes):
        return None
    error: dict[str, Any] | None = msgspec.json.decode(response.body, type=dict[str, Any]).get("error")
    return error


async def _shown(request: web.Request, status: int, error: dict[str, Any]) -> web.Response:
    if request.path == "/login" and request.method == "POST" and status != 413:
        return await sign_in_page(request, status, error["message"])
    message = error["message"]
    if error["code"] == "not_found":
        message = "There is nothing at this address."
    return page(request, "refusal.html", status, code=status, message=message, request_id=error["request_id"])
