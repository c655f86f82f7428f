"""Who asks for which bot, and the parameters of the address: read, checked, and refused with a reason."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from app.core.refusal import Refusal
from app.core.registry import Bot, Role
from app.core.times import iso
from app.web.auth import COOKIE, Caller, reader_of, refuse_foreign
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = [
    "admin_of",
    "answer",
    "bot_of",
    "caller_of",
    "choice",
    "cursor_of",
    "demand",
    "iso",
    "judge_again",
    "number",
    "or_fault",
    "or_refused",
    "parameters",
    "to_cursor",
    "values_of",
]

T = TypeVar("T")
_DEMANDS: Final = web.RequestKey("demands", list[Callable[[], object]])
_encode: Final = msgspec.json.Encoder().encode
_LONGEST: Final = 1000
_NOT_AVAILABLE: Final = {
    "filter": "`filter` is available for series only; ask `/data/v1/sql` with a WHERE.",
    "segment": "`segment` is not available: nothing keeps segments yet. "
    "Use `filter` of a series (filter=platform=facebook), or ask `/data/v1/sql` for chosen users.",
}


def demand(request: web.Request, judge: Callable[[web.Request], T]) -> T:
    """Return what *judge* returns, which refuses who may not; `judge_again` asks it once more."""
    if _DEMANDS not in request:
        request[_DEMANDS] = []
    request[_DEMANDS].append(lambda: judge(request))
    return judge(request)


def judge_again(request: web.Request) -> Caller:
    """Return who asks, if they still may do what was demanded so far: a body takes its time, and roles end meanwhile."""
    for judge in request.get(_DEMANDS, []):
        judge()
    return _caller_of(request)


def caller_of(request: web.Request) -> Caller:
    """Return who asks, or refuse."""
    return demand(request, _caller_of)


def _caller_of(request: web.Request) -> Caller:
    caller = reader_of(request)
    if caller is None:
        if COOKIE in request.cookies:
            refuse_foreign(request)
        message = "Sign in, or send a read key: Authorization: Bearer bpread..."
        raise Fault(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})
    return caller


def admin_of(request: web.Request) -> Caller:
    """Return an administrator who asks, or refuse."""
    return demand(request, _admin_of)


def _admin_of(request: web.Request) -> Caller:
    caller = _caller_of(request)
    if not caller.is_admin:
        raise Fault(
            403, "not_allowed", "This is for administrators; ask one, or use an admin key for all bots."
        )
    return caller


def bot_of(request: web.Request, role: Role = "viewer") -> Bot:
    """Return the bot in the address, if the caller has *role* there; a bot that is not theirs looks like none."""
    return demand(request, lambda request: _bot_of(request, role))


def _bot_of(request: web.Request, role: Role) -> Bot:
    caller = _caller_of(request)
    name = request.match_info["bot"]
    bot = request.app[PARTS].registry.state.bots.get(name)
    if bot is None or not caller.may_read(name):
        raise Fault(404, "unknown_bot", f"There is no bot {name[:60]!r} that you may read.")
    if not caller.may(name, role):
        raise Fault(403, "not_allowed", f"This needs the role {role} in {name}; ask an owner of it.")
    return bot


def parameters(request: web.Request, known: Iterable[str], several: Iterable[str] = ()) -> dict[str, str]:
    """
    Return the query's parameters; one nobody knows is refused, as leaving it out would answer another question.

    Those of *several* may be there more than once; only their length is looked at here.
    """
    found: dict[str, str] = {}
    names = (*known, *several)
    for name, value in request.query.items():
        if name in _NOT_AVAILABLE and name not in names:
            raise Fault(400, "not_available", _NOT_AVAILABLE[name], field=name)
        if name not in names:
            known_ones = f"there are {', '.join(names)}" if names else "this address takes none"
            message = f"There is no parameter {name[:40]!r}; {known_ones}."
            raise Fault(400, "unknown_parameter", message, field=_whole(name[:40]))
        if name in found and name not in several:
            raise Fault(400, "repeated_parameter", f"`{name}` is there twice; send it once.", field=name)
        if len(value) > _LONGEST:
            raise Fault(400, "too_long", f"`{name}` has more than {_LONGEST} characters.", field=name)
        found[name] = _whole(value)
    return found


def values_of(request: web.Request, name: str) -> list[str]:
    """Return every value of a parameter that may be repeated."""
    return list(map(_whole, request.query.getall(name, [])))


def choice(asked: dict[str, str], name: str, possible: Iterable[str], default: str) -> str:
    """Return one of the possible values."""
    value, names = asked.get(name, default), tuple(possible)
    if value not in names:
        raise Fault(
            400, "bad_value", f"`{name}` is {value[:40]!r}; it can be {', '.join(names)}.", field=name
        )
    return value


def number(asked: dict[str, str], name: str, default: int, most: int) -> int:
    """Return a whole number from 1 to *most*."""
    text = asked.get(name, str(default))
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= value <= most:
        raise Fault(
            400, "bad_value", f"`{name}` is {text[:40]!r}; write a whole number from 1 to {most}.", field=name
        )
    return value


def cursor_of(asked: dict[str, str], kind: type[T]) -> T | None:
    """Return the place where the page before ended."""
    text = asked.get("cursor")
    if text is None:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=kind)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        message = "This is no `cursor` of ours; take `next_cursor` of the page before."
        raise Fault(400, "bad_cursor", message, field="cursor") from error


def to_cursor(place: Any) -> str:
    """Return *place* as a caller may hand it back."""
    return base64.urlsafe_b64encode(_encode(place)).rstrip(b"=").decode()


def or_fault(outcome: T | Refusal) -> T:
    """Return *outcome*, or refuse with its reason."""
    if isinstance(outcome, Refusal):
        raise Fault(400, outcome.code, outcome.message, field=outcome.field)
    return outcome


def or_refused(outcome: T | Refusal) -> T:
    """Return *outcome*, or refuse as a command is refused: what is not there is 404."""
    if isinstance(outcome, Refusal):
        raise Fault.because(outcome)
    return outcome


def answer(content: Any) -> web.Response:
    """Return *content* as JSON; numbers of people are nobody's cache's business."""
    return web.Response(
        body=_encode(content), content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _whole(text: str) -> str:
    """Return *text* without what UTF-8 cannot say."""
    return text.encode("utf-8", "replace").decode()
