"""
Signing in and out.

    POST /login    {"email", "password"} as JSON or form -> a cookie; a form goes on to its `next`
    POST /logout   the cookie is gone; a form goes on to /login
"""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from app.core.commands.people import person_by_email
from app.core.registry import Person, email_key
from app.observe import SIGN_INS as COUNTED
from app.web.auth.attempts import SIGN_INS
from app.web.auth.checking import is_right, renewed
from app.web.auth.forms import LONGEST_EMAIL, fields_of, is_form, typed_in
from app.web.auth.origins import refuse_foreign
from app.web.auth.sessions import begin, end
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["attach", "onward"]

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
    this = guard.note(request, email)
    person = await _signing_in(request, email, password)
    if person is None:
        COUNTED.labels("refused").inc()
        raise Fault(401, "wrong_login", "E-mail or password is wrong.")
    guard.take_back(this)
    COUNTED.labels("accepted").inc()
    response = _done(request, onward(typed_in(request).get("next")))
    begin(request, response, person)
    return response


async def _signing_in(request: web.Request, email: str, password: str) -> Person | None:
    person = person_by_email(request.app[PARTS].registry.state, email)
    if not await is_right(request, person, password) or person is None:
        return None
    return await renewed(request, person, password)


async def _sign_out(request: web.Request) -> web.StreamResponse:
    refuse_foreign(request)
    response = _done(request, "/login")
    end(response)
    return response


def _done(request: web.Request, following: str) -> web.Response:
    if is_form(request):
        return web.Response(status=303, headers={"Location": following})
    return web.json_response({"success": True})


async def _credentials(request: web.Request) -> tuple[str, str]:
    fields = await fields_of(request)
    email, password = fields.get("email"), fields.get("password")
    for name, value in (("email", email), ("password", password)):
        if not isinstance(value, str) or not value:
            raise Fault(400, "missing_field", "Send the fields email and password.", field=name)
    email, password = email_key(str(email).strip()), str(password)
    if len(email) > LONGEST_EMAIL:
        raise Fault(400, "bad_email", f"An e-mail has at most {LONGEST_EMAIL} characters.", field="email")
    return email, password
