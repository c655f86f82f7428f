"""Whether a request comes from our own pages: another site must not act in the name of somebody who has signed in here."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from app.web.errors import Fault
from app.web.parts import SETTINGS

__all__ = ["is_foreign", "refuse_foreign"]

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def is_foreign(request: web.Request) -> bool:
    """
    Tell whether a browser says that another site makes this request, which would change something.

    Browsers say so by Sec-Fetch-Site where the connection is trusted, and by Origin everywhere; programs say nothing.
    """
    if request.method in _READING:
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    own = {request.host, urlsplit(request.app[SETTINGS].public_url).netloc}
    return not origin.startswith(("http://", "https://")) or urlsplit(origin).netloc not in own


def refuse_foreign(request: web.Request) -> None:
    """Refuse what another site asks for."""
    if is_foreign(request):
        raise Fault(
            403,
            "foreign_origin",
            "Another site asked for this; do it on a page of botpulse. Behind a proxy, set BOTPULSE_PUBLIC_URL.",
        )
