"""Webhook requests as platforms make them, for tests of their schemes."""

from __future__ import annotations

from typing import Final

from app.core.platforms.platform import Request

__all__ = ["NOW_MS", "asked"]

NOW_MS: Final = 1_085_659_200_123


def asked(
    body: bytes = b"", method: str = "POST", url: str = "https://b.example/hooks/p/b", **header: str
) -> Request:
    """Return a request; a header's name is written with underscores, the query stands in *url*."""
    query = dict(part.partition("=")[::2] for part in url.partition("?")[2].split("&") if part)
    headers = {name.replace("_", "-"): value for name, value in header.items()}

    return Request(method, url, query, headers, body, NOW_MS)
