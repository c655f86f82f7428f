"""Whoever looks at a page: strangers sign in first and come back."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from app.core.registry import Person
from app.web.auth import Caller, reader_of
from app.web.parts import PARTS

__all__ = ["may_manage_people", "person_of", "somebody"]


def somebody(request: web.Request) -> Caller:
    """Return who reads; whoever has not signed in does that first and comes back."""
    caller = reader_of(request)
    if caller is None:
        raise web.HTTPSeeOther(f"/login?{urlencode({'next': request.path_qs})}")
    return caller


def person_of(request: web.Request, caller: Caller) -> Person | None:
    """Return who has signed in; None for a key."""
    return request.app[PARTS].registry.state.people.get(caller.person)


def may_manage_people(caller: Caller | None) -> bool:
    """Tell whether there is anybody whom *caller* could invite."""
    return caller is not None and (caller.is_admin or bool(caller.authority.owned))
