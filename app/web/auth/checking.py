"""Checks and makes passwords' hashes beside the loop, two at a time: each takes 64 MiB on purpose."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from aiohttp import web

from app.adapters.passwords import NOBODYS, hash_password, is_outdated, matches
from app.core.commands.people import rehash_password
from app.core.passwords import password_fault
from app.core.registry import Person
from app.ports import Refused, Unavailable
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["attach", "checked_new", "is_right", "renewed"]

_TURNS: Final = web.AppKey("password_turns", asyncio.Semaphore)


def attach(app: web.Application) -> None:
    """Give *app* its turns."""
    app[_TURNS] = asyncio.Semaphore(2)


async def is_right(request: web.Request, person: Person | None, password: str) -> bool:
    """Tell whether *password* is that of *person*; somebody unknown takes as long, so that nobody learns who is known."""
    can_sign_in = person is not None and bool(person.password) and person.disabled_at is None
    kept = person.password if person and can_sign_in else NOBODYS
    async with request.app[_TURNS]:
        return await asyncio.to_thread(matches, kept, password) and can_sign_in


async def checked_new(request: web.Request, person: Person, password: str) -> str:
    """Return the hash of a password that *person* chose, or refuse it."""
    fault = password_fault(password, (person.email, person.name))
    if fault:
        raise Fault.because(fault)
    async with request.app[_TURNS]:
        return await asyncio.to_thread(hash_password, password)


async def renewed(request: web.Request, person: Person, password: str) -> Person | None:
    """
    Return *person*, whose *password* was right, with it kept by today's parameters.

    None where it is right no more, or they were signed out everywhere, since *person* was looked at.
    """
    if is_outdated(person.password):
        await _keep_anew(request, person, password)
    now = request.app[PARTS].registry.state.people.get(person.id)
    if now is None or now.epoch != person.epoch:
        return None
    return now if now.password == person.password or await is_right(request, now, password) else None


async def _keep_anew(request: web.Request, person: Person, password: str) -> None:
    async with request.app[_TURNS]:
        anew = await asyncio.to_thread(hash_password, password)
    # signing in only reads; where this cannot be written it is kept anew another time
    with suppress(Unavailable, Refused):
        await request.app[PARTS].registry.change(
            lambda state: rehash_password(state, person, anew), f"person:{person.id}"
        )
