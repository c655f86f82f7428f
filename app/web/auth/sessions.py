"""
Who has signed in: a signed cookie with the person's id, epoch, a mark of the password's hash, and until when it holds.

A new password, a new e-mail, signing out everywhere and being disabled end every session; nothing is kept here of them.
"""

from __future__ import annotations

import hashlib
from typing import Final

from aiohttp import web
from itsdangerous import BadSignature, URLSafeSerializer

from app.adapters.secret_file import read_or_make, read_secret
from app.config import Settings
from app.core.api_keys import hash_of
from app.core.registry import Person, State
from app.errors import BotpulseError
from app.web.parts import PARTS, SETTINGS

__all__ = [
    "COOKIE",
    "begin",
    "end",
    "mark_of",
    "person_of",
    "present_session_key",
    "serializer",
    "session_key",
]

COOKIE: Final = "botpulse_session"

_MAX_AGE_S: Final = 14 * 24 * 3600


def session_key(settings: Settings) -> bytes:
    """Return the key that signs sessions and links: the operator's file, or one made here at the first start."""
    if settings.secret_file is not None:
        return read_secret(settings.secret_file)
    return read_or_make(settings.home / "secrets" / "session.key")


def present_session_key(settings: Settings) -> bytes:
    """Return the key that the web process signs with, which made it at its first start, or refuse to make one up."""
    path = settings.secret_file or settings.home / "secrets" / "session.key"
    if not path.exists():
        msg = (
            f"there is no {path}, with which the web process signs links; run this where it runs, or set "
            "BOTPULSE_SECRET_FILE to its key"
        )
        raise BotpulseError(msg, "no_session_key")
    return session_key(settings)


def serializer(key: bytes, purpose: str) -> URLSafeSerializer:
    """Return what signs texts for one *purpose*; they are no good for another."""
    return URLSafeSerializer(key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})


def begin(request: web.Request, response: web.StreamResponse, person: Person) -> None:
    """Let *response* sign *person* in."""
    parts = request.app[PARTS]
    until_ms = parts.clock() + _MAX_AGE_S * 1000
    response.set_cookie(
        COOKIE,
        _signer(request).dumps([person.id, person.epoch, mark_of(person), until_ms]),
        max_age=_MAX_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=request.app[SETTINGS].public_url.startswith("https:"),
        path="/",
    )


def end(response: web.StreamResponse) -> None:
    """Let *response* take the cookie away."""
    response.del_cookie(COOKIE, path="/")


def person_of(request: web.Request, state: State) -> Person | None:
    """Return who has signed in; None for nobody."""
    try:
        id_, epoch, mark, until_ms = _signer(request).loads(request.cookies.get(COOKIE, ""))
        is_over = request.app[PARTS].clock() >= until_ms
        person = None if is_over else state.people.get(id_)
    except (BadSignature, ValueError, TypeError):
        return None
    if person is None or person.disabled_at is not None or (person.epoch, mark_of(person)) != (epoch, mark):
        return None
    return person


def mark_of(person: Person) -> str:
    """Return what tells one password's hash from the next without telling the hash."""
    return hash_of(person.password)[:16]


def _signer(request: web.Request) -> URLSafeSerializer:
    return serializer(request.app[PARTS].session_key, "session")
