"""
Hands a link over: by e-mail where there is a mail server, else to whoever may hold it and asks.

What is mailed leads to BOTPULSE_PUBLIC_URL, never to a host that the request names: that is anybody's word.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import structlog
from aiohttp import web

from app.core.commands.people import Authority, may_hold_link_of
from app.core.registry import Person
from app.core.times import iso
from app.errors import BotpulseError
from app.web.auth.links import Link, link_path, new_link
from app.web.parts import PARTS, SETTINGS
from app.web.place import public_base

__all__ = ["HandedOver", "attach", "hand_over", "post_later"]

_POSTING: Final = web.AppKey("posting", set[asyncio.Task[bool]])

_log = structlog.get_logger(__name__)


class HandedOver(msgspec.Struct):
    """What became of a link: mailed to the person, shown here to be passed on, or neither where it is not the caller's to hold."""

    mailed: bool
    link: str | None
    expires_at: str | None


def attach(app: web.Application) -> None:
    """Give *app* what posts while nobody waits."""
    app[_POSTING] = set()
    app.cleanup_ctx.append(_finishing)


async def hand_over(request: web.Request, person: Person, by: Authority) -> HandedOver:
    """Make a link for *person* and send it; show it to *by* where it cannot be sent."""
    mailed = _link_of(request.app, person)
    if await _post(request.app, person, mailed):
        return HandedOver(True, None, iso(mailed.expires_at))
    if not may_hold_link_of(person, by):
        return HandedOver(False, None, None)
    link = _link_of(request.app, person, is_passed_on=not by.is_admin)
    base = request.app[SETTINGS].public_url.rstrip("/") or f"{request.scheme}://{request.host}"
    return HandedOver(False, base + link_path(link), iso(link.expires_at))


def post_later(app: web.Application, person: Person) -> None:
    """Mail a link to *person* without anybody waiting: the time it takes would tell that somebody is known."""
    task = asyncio.create_task(_post(app, person, _link_of(app, person)))
    app[_POSTING].add(task)
    task.add_done_callback(app[_POSTING].discard)


async def _post(app: web.Application, person: Person, link: Link) -> bool:
    mail = app[PARTS].mail
    if not mail.is_set:
        return False
    until = datetime.fromtimestamp(link.expires_at / 1000, ZoneInfo(person.zone))
    subject, text = _words(person, public_base(app[SETTINGS]) + link_path(link), until)
    try:
        await mail.send(person.email, subject, text)
    except BotpulseError as error:
        _log.warning("link_not_mailed", person=person.id, error=error.message)
        return False
    return True


def _link_of(app: web.Application, person: Person, *, is_passed_on: bool = False) -> Link:
    return new_link(app[PARTS].session_key, person, app[PARTS].clock(), is_passed_on=is_passed_on)


def _words(person: Person, url: str, until: datetime) -> tuple[str, str]:
    greeting = f"Hello{f' {person.name}' if person.name else ''},\n\n"
    end = f"{until:%Y-%m-%d %H:%M} ({person.zone})"
    if person.password:
        return "Your new botpulse password", (
            f"{greeting}somebody, probably you, asked for a new password for {person.email}. Choose it here within 6 hours, until {end}:"
            f"\n\n{url}\n\nThe link works once. If it was not you, nothing has to be done: the password stays as it is.\n"
        )
    return "You are invited to botpulse", (
        f"{greeting}you are invited to botpulse as {person.email}. Choose a password here within 7 days, until {end}:"
        f"\n\n{url}\n\nThe link works once.\n"
    )


async def _finishing(app: web.Application) -> AsyncIterator[None]:
    yield
    for task in app[_POSTING]:
        task.cancel()
    await asyncio.gather(*app[_POSTING], return_exceptions=True)
