"""
Signing in and out.

    POST /login    {"email", "password"} as JSON or form -> a cookie; a form goes on to its `next`
    POST /logout   the cookie is gone; a form goes on to /login
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from aiohttp import web

from app.core.commands.people import person_by_email
from app.observe import SIGN_INS as COUNTED
from app.web.auth.attempts import SIGN_INS
from app.web.auth.checking import is_right, renewed
from app.web.auth.origins import refuse_foreign
from app.web.auth.sessions import begin, end
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["attach", "onward"]

_MAX_FORM_BYTES: Final = 4096
_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-~]*")


def attach(app: web.Application) -> None:
    """Give *app* sign-in and sign-out."""
    app.router.add_post("/login", _sign_in)
    app.router.add_post("/logout", _sign_out)


def onward(path: object) -> str:
    """Return where to go after signing in: *path*, if it is one of our own."""
    return path if isinstance(path, str) and _OWN_PATH.fullmatch(path) else "/"


async def _sign_in(request: web.Request) -> web.StreamResponse:
    refuse_foreign(request)
    email, password = await _credentials(request)
    guard = request.app[SIGN_INS]
    try:
        guard.check(request, email)
    except Fault:
        COUNTED.labels("limited").inc()
        raise
    person = person_by_email(request.app[PARTS].registry.state, email)
    if not await is_right(request, person, password) or person is None:
        guard.note(request, email)
        COUNTED.labels("refused").inc()
        raise Fault(401, "wrong_login", "E-mail or password is wrong.")
    COUNTED.labels("accepted").inc()
    following = (await request.post()).get("next") if _is_form(request) else None
    response = _done(request, onward(following))
    begin(request, response, await renewed(request, person, password))
    return response


async def _sign_out(request: web.Request) -> web.StreamResponse:
    refuse_foreign(request)
    response = _done(request, "/login")
    end(response)
    return response


def _done(request: web.Request, following: str) -> web.Response:
    if _is_form(request):
        return web.Response(status=303, headers={"Location": following})
    return web.json_response({"success": True})


def _is_form(request: web.Request) -> bool:
    return request.content_type == "application/x-www-form-urlencoded"


async def _credentials(request: web.Request) -> tuple[str, str]:
    if (request.content_length or 0) > _MAX_FORM_BYTES:
        raise Fault(413, "too_large", f"A sign-in has at most {_MAX_FORM_BYTES} bytes.")
    fields: dict[str, Any]
    if request.content_type == "application/json":
        try:
            fields = msgspec.json.decode(await request.read(), type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError) as error:
            raise Fault(400, "not_json", 'Send {"email": ..., "password": ...}.') from error
    else:
        fields = dict(await request.post())
    email, password = fields.get("email"), fields.get("password")
    if not isinstance(email, str) or not isinstance(password, str) or not email or not password:
        raise Fault(400, "missing_field", "Send the fields email and password.")
    return email.strip().casefold(), password
