"""A request's body, read as far as it may go: neither more bytes than are wanted, nor for ever."""

from __future__ import annotations

import asyncio

from aiohttp import web

from app.config import KIB
from app.web.errors import Fault

__all__ = ["TIME_LIMIT_S", "read_at_most"]

TIME_LIMIT_S = 30.0


async def read_at_most(request: web.Request, most_bytes: int) -> bytes:
    """Return the body; refuse one that is larger, whether or not it says so, or that takes too long to come."""
    if (request.content_length or 0) > most_bytes:
        raise _too_large(most_bytes)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Fault(415, "encoded", "Send this body as it is, without Content-Encoding.")
    content = bytearray()
    try:
        async with asyncio.timeout(TIME_LIMIT_S):
            while len(content) <= most_bytes and not request.content.at_eof():
                content += await request.content.read(most_bytes + 1 - len(content))
    except TimeoutError as error:
        message = f"The body did not come within {TIME_LIMIT_S:g} s; send it at once."
        raise Fault(408, "too_slow", message) from error
    if len(content) > most_bytes:
        raise _too_large(most_bytes)
    return bytes(content)


def _too_large(most_bytes: int) -> Fault:
    return Fault(413, "too_large", f"This takes a body of at most {most_bytes // KIB} KiB.")
