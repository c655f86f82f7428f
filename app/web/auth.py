"""
Who is reading? An API key in the Authorization header, or a person who has signed in.

    POST /login    {"email", "password"} as JSON or form -> a signed cookie; a form goes on to its `next`
    POST /logout   the cookie is gone; a form goes on to /login

The cookie holds the person's id and a mark of the password's hash, so a new password ends every session.  Failed tries
are limited by address and by account.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from aiohttp import web
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.adapters.secret_file import read_or_make, read_secret
from app.config import Settings
from app.core.bots import hash_of
from app.core.registry import Key, Person, State
from app.observe import SIGN_INS
from app.web.errors import Fault
from app.web.ingest.intake import bearer_of
from app.web.parts import PARTS, SETTINGS

__all__ = ["COOKIE", "Attempts", "Caller", "attach", "onward", "reader_of", "session_key"]

COOKIE: Final = "botpulse_session"

_MAX_AGE_S: Final = 14 * 24 * 3600
_MAX_FORM_BYTES: Final = 4096
_HASHER: Final = PasswordHasher()
_NOBODY: Final = _HASHER.hash("nobody has this password")
_SIGNER: Final = web.AppKey("session_signer", URLSafeTimedSerializer)
_READING: Final = ("read", "admin")
_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-~]*")


@dataclass(frozen=True)
class Caller:
    """Somebody who may read; without `bots` they may read all of them."""

    name: str
    bots: frozenset[str] | None
    is_admin: bool

    def may_read(self, bot: str) -> bool:
        """Tell whether *bot* is one of theirs."""
        return self.bots is None or bot in self.bots


@dataclass
class Attempts:
    """Failed tries of the last minutes by who tries; the least recent are forgotten when there are too many."""

    most: int = 5
    period_ms: int = 5 * 60_000
    tracked: int = 10_000
    _failed: OrderedDict[str, deque[int]] = field(default_factory=OrderedDict)

    def wait_s(self, who: str, now_ms: int) -> int:
        """Return how long *who* has to wait before the next try."""
        times = self._failed.get(who, deque())
        while times and times[0] <= now_ms - self.period_ms:
            times.popleft()
        return 0 if len(times) < self.most else (times[0] + self.period_ms - now_ms) // 1000 + 1

    def note(self, who: str, now_ms: int) -> None:
        """Remember that *who* failed."""
        self._failed.setdefault(who, deque(maxlen=self.most)).append(now_ms)
        self._failed.move_to_end(who)
        while len(self._failed) > self.tracked:
            self._failed.popitem(last=False)


def attach(app: web.Application) -> None:
    """Give *app* sign-in and sign-out."""
    app[_SIGNER] = URLSafeTimedSerializer(app[PARTS].session_key, salt="session")
    desk = _Desk()
    app.router.add_post("/login", desk.sign_in)
    app.router.add_post("/logout", _sign_out)


def reader_of(request: web.Request) -> Caller | None:
    """Return who is reading, by key or by session; None for nobody, and for a key that is not for reading."""
    state = request.app[PARTS].registry.state
    if "Authorization" in request.headers:
        return _by_key(state, bearer_of(request))
    return _by_cookie(request, state)


def onward(path: object) -> str:
    """Return where to go after signing in: *path*, if it is one of our own."""
    return path if isinstance(path, str) and _OWN_PATH.fullmatch(path) else "/"


def session_key(settings: Settings) -> bytes:
    """Return the key that signs sessions: the operator's file, or one made here at the first start."""
    if settings.secret_file is not None:
        return read_secret(settings.secret_file)
    return read_or_make(settings.home / "secrets" / "session.key")


class _Desk:
    """Signs people in, two at a time: checking a password takes 64 MiB on purpose."""

    def __init__(self) -> None:
        self._by_account = Attempts()
        self._by_address = Attempts(most=20)
        self._checking = asyncio.Semaphore(2)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        email, password = await _credentials(request)
        now_ms = request.app[PARTS].clock()
        address = request.remote or "unknown"
        wait_s = max(self._by_account.wait_s(email, now_ms), self._by_address.wait_s(address, now_ms))
        if wait_s:
            SIGN_INS.labels("limited").inc()
            message = f"Too many failed tries; wait {wait_s} s."
            raise Fault(429, "too_many_tries", message, {"Retry-After": str(wait_s)})
        person = await self._checked(request.app[PARTS].registry.state, email, password)
        if person is None:
            self._by_account.note(email, now_ms)
            self._by_address.note(address, now_ms)
            SIGN_INS.labels("refused").inc()
            raise Fault(401, "wrong_login", "E-mail or password is wrong.")
        SIGN_INS.labels("accepted").inc()
        following = (await request.post()).get("next") if _is_form(request) else None
        return _signed_in(request, person, onward(following))

    async def _checked(self, state: State, email: str, password: str) -> Person | None:
        person = next((one for one in state.people.values() if one.email.lower() == email), None)
        # Somebody unknown takes as long as somebody known, so that nobody learns who has an account.
        async with self._checking:
            is_right = await asyncio.to_thread(_matches, person.password if person else _NOBODY, password)
        return person if is_right else None


async def _sign_out(request: web.Request) -> web.StreamResponse:
    response = _done(request, "/login")
    response.del_cookie(COOKIE, path="/")
    return response


def _signed_in(request: web.Request, person: Person, following: str) -> web.StreamResponse:
    response = _done(request, following)
    response.set_cookie(
        COOKIE,
        request.app[_SIGNER].dumps([person.id, _mark(person)]),
        max_age=_MAX_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=request.app[SETTINGS].public_url.startswith("https:"),
        path="/",
    )
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
    return email.strip().lower(), password


def _by_key(state: State, text: str | None) -> Caller | None:
    key = state.key_by_hash.get(hash_of(text)) if text else None
    if key is None or key.revoked_at is not None or key.scope not in _READING:
        return None
    return Caller(f"key:{key.id}", _bots_of(key), is_admin=key.scope == "admin")


def _by_cookie(request: web.Request, state: State) -> Caller | None:
    try:
        person_id, mark = request.app[_SIGNER].loads(request.cookies.get(COOKIE, ""), max_age=_MAX_AGE_S)
    except (BadSignature, ValueError, TypeError):
        return None
    person = state.people.get(person_id)
    if person is None or _mark(person) != mark:
        return None
    return Caller(f"person:{person.id}", None, is_admin=person.admin)


def _bots_of(key: Key) -> frozenset[str] | None:
    return None if key.bot is None else frozenset({key.bot})


def _mark(person: Person) -> str:
    return hash_of(person.password)[:16]


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
