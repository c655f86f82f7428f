"""The time of a site with a fake read API: it passes as always, but a run begins at noon of a certain Wednesday."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import web

__all__ = ["now", "now_ms", "tell_time"]

# A page follows its server, so every page is tried by a browser with a wrong clock, too. At noon UTC it is the same day in
# every zone the tests use, and no day ends meanwhile.
_BEGIN = datetime(2026, 3, 4, 12, tzinfo=UTC)
_SHIFT = _BEGIN - datetime.now(UTC)


def now() -> datetime:
    """Return what the site's clock shows, in UTC."""
    return datetime.now(UTC) + _SHIFT


def now_ms() -> int:
    """Return the same as Unix milliseconds."""
    return int(now().timestamp() * 1000)


async def tell_time(_: web.Request, response: web.StreamResponse) -> None:
    """Say the site's time with an answer (a signal of aiohttp), which is where pages read it."""
    response.headers["Date"] = format_datetime(now(), usegmt=True)
