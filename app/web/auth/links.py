"""
Links that set a password: of somebody invited, and of somebody who forgot theirs.

A link is signed and names the person, the epoch and a mark of the password that there is; it expires.  Setting a password raises the
epoch, so of any number of links, and of two uses at the same time, the log of the registry lets one through.

One that an owner is shown says so, and names what its person may do: it is void once they may do something else.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec
from itsdangerous import BadSignature

from app.core.api_keys import hash_of
from app.core.commands.people import powers_of
from app.core.registry import Person, State
from app.web.auth.sessions import mark_of, serializer

__all__ = ["INVITATION_S", "RESET_S", "Link", "find", "link_path", "new_link"]

RESET_S: Final = 6 * 3600
INVITATION_S: Final = 7 * 24 * 3600

_PURPOSE: Final = "password link"


class Link(NamedTuple):
    """What a link carries, signed."""

    text: str
    expires_at: int


def new_link(key: bytes, person: Person, now_ms: int, *, is_passed_on: bool = False) -> Link:
    """Return a link of *person*, an invitation as long as there is no password; *is_passed_on*: an owner is shown it."""
    expires_at = now_ms + (RESET_S if person.password else INVITATION_S) * 1000
    content = [person.id, person.epoch, _mark_of(person, is_passed_on), expires_at, is_passed_on]
    return Link(serializer(key, _PURPOSE).dumps(content), expires_at)


def link_path(link: Link) -> str:
    """Return the address of the page that *link* opens."""
    return f"/set-password?link={quote(link.text)}"


def find(key: bytes, text: str, state: State, now_ms: int) -> Person | None:
    """
    Return whose link *text* is, `passed_on` as it is once the link is used.

    None where it is forged, expired, used, or was overtaken by another change.
    """
    try:
        id_, epoch, mark, expires_at, is_passed_on = serializer(key, _PURPOSE).loads(text)
        person = None if now_ms >= expires_at else state.people.get(id_)
    except (BadSignature, ValueError, TypeError):
        return None
    if person is None or person.disabled_at is not None:
        return None
    if (person.epoch, _mark_of(person, is_passed_on)) != (epoch, mark):
        return None
    return msgspec.structs.replace(person, passed_on=is_passed_on)


def _mark_of(person: Person, is_passed_on: bool) -> str:
    mark = mark_of(person)
    return hash_of(json.dumps([mark, *powers_of(person)]))[:16] if is_passed_on else mark
