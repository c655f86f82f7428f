"""A request's JSON body as a typed object; what is wrong with it is said with the field at fault."""

from __future__ import annotations

import re
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from app.config import KIB
from app.web.errors import Fault
from app.web.reading import read_at_most

__all__ = ["MOST_BYTES", "body_of", "read_as"]

T = TypeVar("T")

MOST_BYTES: Final = 256 * KIB
"""Of one body: a rule of many conditions fits by far."""

_NAMED: Final = re.compile(r"field `([^`]*)`")
_PLACED: Final = re.compile(r" - at `\$\.?([^`]*)`")


async def body_of(request: web.Request, kind: type[T], most_bytes: int = MOST_BYTES) -> T:
    """Return the body as *kind*, a Struct that forbids unknown fields; or refuse, naming the field."""
    return read_as(await read_at_most(request, most_bytes), kind)


def read_as(content: bytes, kind: type[T]) -> T:
    """Return *content* as *kind*; or refuse, naming the field."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Fault(400, "not_json", f"The body is no JSON: {error}. Send a JSON object.") from error


def _misfit(message: str) -> Fault:
    """Say where *message*, which is msgspec's, finds its fault."""
    place, name = _PLACED.search(message), _NAMED.search(message)
    parts = [place[1] if place else "", name[1] if name else ""]
    field = ".".join(part for part in parts if part)
    words = _PLACED.sub("", message)
    if "unknown field" in message:
        return Fault(400, "unknown_field", f"There is no field `{field}` here; leave it out.", field=field)
    if "missing required field" in message:
        return Fault(400, "missing_field", f"The field `{field}` is missing.", field=field)
    where = f"`{field}`" if field else "The body"
    return Fault(400, "bad_value", f"{where} cannot be read: {words[0].lower()}{words[1:]}.", field=field)
