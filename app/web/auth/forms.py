"""What was typed into the sign-in form, or sent as JSON: small, and whatever is odd about it is refused, not guessed."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from app.config import KIB
from app.web.errors import Fault
from app.web.reading import read_at_most

__all__ = ["LONGEST_EMAIL", "MOST_BYTES", "fields_of", "is_form", "typed_in"]

MOST_BYTES: Final = 4 * KIB
"""Of a sign-in, and of whatever else anybody may send without having signed in."""

LONGEST_EMAIL: Final = 254

_FORM: Final = "application/x-www-form-urlencoded"
_TYPED: Final = web.RequestKey("typed", dict[str, Any])


def is_form(request: web.Request) -> bool:
    """Tell whether a browser sends a form, which is answered with a page."""
    return request.content_type == _FORM


def typed_in(request: web.Request) -> dict[str, Any]:
    """Return what `fields_of` read, for the form to be shown again; nothing where it was refused."""
    typed: dict[str, Any] = request.get(_TYPED, {})
    return typed


async def fields_of(request: web.Request) -> dict[str, Any]:
    """Return the fields of the body."""
    if not is_form(request) and request.content_type != "application/json":
        raise Fault(415, "bad_type", f"Send application/json or {_FORM}.")
    content = await read_at_most(request, MOST_BYTES)
    fields: dict[str, Any] = _of_form(content) if is_form(request) else _of_json(content)
    request[_TYPED] = fields
    return fields


def _of_form(content: bytes) -> dict[str, Any]:
    text = content.decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True, errors="replace"))


def _of_json(content: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Fault(400, "not_json", 'Send {"email": ..., "password": ...}.') from error
