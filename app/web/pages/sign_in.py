"""The sign-in form. It posts to /login (see auth); what is refused there comes back to this form."""

from __future__ import annotations

from aiohttp import web

from app.web.auth import onward, reader_of
from app.web.auth.forms import typed_in
from app.web.pages.rendering import page

__all__ = ["attach", "sign_in_page"]


def attach(app: web.Application) -> None:
    """Give *app* the form."""
    app.router.add_get("/login", _sign_in)


async def sign_in_page(request: web.Request, status: int = 200, refusal: str = "") -> web.Response:
    """Return the form, with what was typed before except the password."""
    typed = typed_in(request) if request.method == "POST" else request.query
    email, following = typed.get("email"), typed.get("next")
    return page(
        request,
        "login.html",
        status,
        refusal=refusal,
        email=email if isinstance(email, str) else "",
        following=onward(following),
    )


async def _sign_in(request: web.Request) -> web.StreamResponse:
    if reader_of(request) is not None:
        raise web.HTTPSeeOther(onward(request.query.get("next")))
    return await sign_in_page(request)
