"""The file's data -> shape. What is wrong is said with its place: `bots.pizza.dashboards.d1: there is no field `nmae``."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

from app.core.portable.shape import (
    Portable,
    PortableAlert,
    PortableBot,
    PortableDashboard,
    PortableHook,
    PortableInstance,
    PortableKey,
    PortablePerson,
)
from app.core.times import parse_at

__all__ = ["Misplaced", "instant", "read_portable"]

T = TypeVar("T")

_ID: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_PASSWORD: Final = re.compile(
    r"\$argon2id\$v=19\$m=[0-9]{1,7},t=[0-9]{1,2},p=[0-9]{1,2}\$[A-Za-z0-9+/]{8,128}\$[A-Za-z0-9+/]{16,128}"
)
_WHERE: Final = re.compile(r" - at `\$\.?([^`]*)`")
_TIMES: Final = ("created_at", "expires_at", "installed_at")
_OF_BOT: Final[dict[str, type]] = {
    "dashboards": PortableDashboard,
    "alerts": PortableAlert,
    "keys": PortableKey,
    "hooks": PortableHook,
    "instances": PortableInstance,
}


class Misplaced(msgspec.Struct, frozen=True):
    """What is wrong in a file, and where."""

    place: str
    message: str


class _Wrong(Exception):  # noqa: N818 carried to read_portable and no further
    def __init__(self, place: str, message: str) -> None:
        self.misplaced = Misplaced(place, message)


def read_portable(data: Any) -> Portable | Misplaced:
    """Return what *data*, as YAML or JSON have it, says."""
    try:
        _read_parts(data, "bots", PortableBot, "")
        _read_parts(data, "keys", PortableKey, "")
        _read_parts(data, "people", PortablePerson, "", _person)
        return _read(data, Portable, "")
    except _Wrong as error:
        return error.misplaced


def instant(text: str, otherwise: int) -> int:
    """Return the instant that *text* names; it was looked at when the file was read."""
    return (parse_at(text) if text else None) or otherwise


def _read_parts(data: Any, section: str, kind: type, above: str, look: Any = None) -> None:
    """Look at each part of a section by itself, so that its name can be said."""
    parts = data.get(section) if isinstance(data, dict) else None
    for name, part in parts.items() if isinstance(parts, dict) else ():
        place = f"{above}{section}.{name}"
        if not isinstance(name, str):
            raise _Wrong(place, f"{name!r} is read as {type(name).__name__}; put it into quotes")
        (look or _id)(name, place)
        if kind is PortableBot:
            for below, its_kind in _OF_BOT.items():
                _read_parts(part, below, its_kind, f"{place}.")
        _read(part, kind, place)


def _read(data: Any, kind: type[T], place: str) -> T:
    try:
        found = msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise _wrong(str(error), place) from error
    for name in _TIMES:
        text = getattr(found, name, "")
        if text and parse_at(text) is None:
            raise _Wrong(f"{place}.{name}", f"{text[:40]!r} is no time; write it as 2030-01-31T12:00:00Z")
    if isinstance(found, PortablePerson):
        _look_at_person(found, place)
    return found


def _look_at_person(person: PortablePerson, place: str) -> None:
    if person.id:
        _id(person.id, f"{place}.id")
    if person.password and not _PASSWORD.fullmatch(person.password):
        message = "this is no argon2id hash; leave it out, and they set a password by a link"
        raise _Wrong(f"{place}.password", message)


def _wrong(message: str, place: str) -> _Wrong:
    below = _WHERE.search(message)
    words = _WHERE.sub("", message)
    unknown = re.search(r"unknown field `(.*)`", words)
    if unknown:
        words = f"there is no field `{unknown[1]}`"
    return _Wrong(".".join(filter(None, (place, below[1] if below else ""))), words[0].lower() + words[1:])


def _id(name: str, place: str) -> None:
    if not _ID.fullmatch(name):
        raise _Wrong(place, "an id is 1 to 64 of a-z, 0-9 and '-', no '-' at the ends")


def _person(email: str, place: str) -> None:
    if "@" not in email:
        raise _Wrong(place, "people stand under their e-mail address")
