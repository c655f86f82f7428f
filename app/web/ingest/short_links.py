"""
Short links of Botmetrics: `shorten` makes one for a user of a bot, `GET /to/<slug>` follows it and counts the click.

They lead only where the bot's own key said.  Whoever follows one gets there even when nothing can be counted.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
import structlog
from aiohttp import web

from app.core.platforms import canonical
from app.core.refusal import Refusal
from app.core.registry import Bot, ShortLink
from app.core.short_links import create_short_link, location_of, slug_of
from app.ports import Unavailable
from app.web.errors import Fault, error_body, next_request_id
from app.web.ingest.intake import Arrival, Intake, plain
from app.web.ingest.reply import JSON_HEADERS, Reply
from app.web.parts import PARTS, SETTINGS

__all__ = ["METHODS", "PATHS", "WAY", "receive", "refuse", "shorten"]

WAY: Final = "botmetrics"
PATHS: Final = ("/to/{slug}", "/to/{slug}/")
METHODS: Final = frozenset({"GET", "HEAD"})

_PATIENCE_S: Final = 1.0
"""Longest that somebody who follows a link waits for the click to be durable."""

_log = structlog.get_logger(__name__)
_encode = msgspec.json.Encoder().encode
_counting: set[asyncio.Task[None]] = set()


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Lead on to where a short link goes."""
    assert isinstance(request, web.Request)
    state = request.app[PARTS].registry.state
    link = state.short_links.get(request.match_info["slug"])
    if link is None:
        raise Fault(404, "unknown_link", "There is no such link.")
    bot = state.bots.get(link.bot)
    if request.method == "GET" and bot is not None and bot.archived_at is None:
        task = asyncio.create_task(_count(request, link, bot, intake))
        _counting.add(task)
        task.add_done_callback(_counting.discard)
        await asyncio.wait({task}, timeout=_PATIENCE_S)

    return Reply(b"", 302, {"Location": location_of(link.url), "Cache-Control": "no-store"})


def refuse(fault: Fault) -> Reply:
    """Say no in our shape."""
    return Reply(
        error_body(fault.code, fault.message, next_request_id()), fault.status, JSON_HEADERS | fault.headers
    )


async def shorten(request: web.Request, user: str, url: str, bot: Bot) -> Reply:
    """Answer with a link that leads *user* to *url*, made now if there is none yet."""
    for name, value in (("user_id", user), ("url", url)):
        if not value:
            raise Fault(400, "missing_field", f"{name} is missing")
    parts = request.app[PARTS]
    slug = slug_of(bot.id, user, url)
    if slug not in parts.registry.state.short_links:
        link = ShortLink(slug, bot.id, user, url, parts.clock())
        note = create_short_link(parts.registry.state, link)
        if isinstance(note, Refusal):
            raise Fault(400, note.code, note.message)
        await parts.registry.note(note)
    base = request.app[SETTINGS].public_url.rstrip("/") or f"{request.scheme}://{request.host}"

    return Reply(_encode({"url": f"{base}/to/{slug}"}))


async def _count(request: web.Request, link: ShortLink, bot: Bot, intake: Intake) -> None:
    click = {"user": link.user, "slug": link.id, "url": link.url, "at": request.app[PARTS].clock()}
    client = plain(request.headers.get("User-Agent", ""))
    try:
        await intake.take(Arrival(bot, WAY, canonical(bot.platform), "click", client), [_encode(click)])
    except (Unavailable, Fault) as error:
        _log.warning("click_not_counted", bot=bot.id, slug=link.id, reason=str(error))
