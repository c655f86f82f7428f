"""
Setting a password by a link, without having signed in.

    POST /data/v1/reset          {"email"}              the same answer whoever asks, a link by mail where there is somebody
    POST /data/v1/set-password   {"link", "password"}   once for each link; signs in
"""

from __future__ import annotations

import msgspec
from aiohttp import web

from app.core.commands.people import person_by_email, use_link
from app.core.registry import Person, email_key
from app.ports import Refused
from app.web.api import shapes
from app.web.api.asking import answer
from app.web.api.bodies import body_of
from app.web.auth.attempts import LINK_TRIES, RESETS
from app.web.auth.checking import checked_new
from app.web.auth.forms import LONGEST_EMAIL, MOST_BYTES
from app.web.auth.links import find
from app.web.auth.origins import refuse_foreign
from app.web.auth.posting import post_later
from app.web.auth.sessions import begin
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["PasswordWanted", "ResetAnswer", "ResetWanted", "attach"]


class ResetWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Whose password was forgotten."""

    email: str


class ResetAnswer(msgspec.Struct):
    """`mailed`: a link is on its way, if somebody has this e-mail; else there is no mail server, and an administrator can make one."""

    mailed: bool


class PasswordWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A password, and the link that lets it be chosen."""

    link: str
    password: str


def attach(app: web.Application) -> None:
    """Give *app* what works without having signed in."""
    app.router.add_post("/data/v1/reset", _reset)
    app.router.add_post("/data/v1/set-password", _set_password)


async def _reset(request: web.Request) -> web.Response:
    refuse_foreign(request)
    email = email_key((await body_of(request, ResetWanted, MOST_BYTES)).email.strip())
    if len(email) > LONGEST_EMAIL:
        raise Fault(400, "bad_email", f"An e-mail has at most {LONGEST_EMAIL} characters.", field="email")
    guard, parts = request.app[RESETS], request.app[PARTS]
    guard.check(request, email)
    guard.note(request, email)
    person = person_by_email(parts.registry.state, email)
    if person is not None and person.disabled_at is None and parts.mail.is_set:
        post_later(request.app, person)
    return answer(ResetAnswer(parts.mail.is_set))


async def _set_password(request: web.Request) -> web.Response:
    refuse_foreign(request)
    asked = await body_of(request, PasswordWanted, MOST_BYTES)
    guard, parts = request.app[LINK_TRIES], request.app[PARTS]
    guard.check(request, "")
    seen = find(parts.session_key, asked.link, parts.registry.state, parts.clock())
    if seen is None:
        guard.note(request, "")
        raise Fault(
            400,
            "link_used",
            "This link was used, has expired, or is of no use any more; ask for a new one.",
            field="link",
        )
    person = await _with_password(request, seen, asked.password)
    response = answer(shapes.Success(True))
    begin(request, response, person)
    return response


async def _with_password(request: web.Request, seen: Person, password: str) -> Person:
    kept = await checked_new(request, seen, password)
    try:
        state = await request.app[PARTS].registry.change(
            lambda state: use_link(state, seen, kept), f"person:{seen.id}"
        )
    except Refused:
        request.app[LINK_TRIES].note(request, "")
        raise
    return state.people[seen.id]
