"""
Short links: `/to/<slug>` leads one user of a bot to an address, so that following it tells who did.

The slug is made of what the link is for: asking for the same link again gives the same one, and nothing new to keep.
"""

from __future__ import annotations

import hashlib
from typing import Final
from urllib.parse import quote, urlsplit

from app.core.platforms.building import MAX_ID
from app.core.refusal import Refusal
from app.core.registry import ShortLink, State

__all__ = ["MOST_SHORT_LINKS", "create_short_link", "location_of", "slug_of"]

MOST_SHORT_LINKS: Final = 100_000
"""Every process keeps all of them in memory."""

_LONGEST_URL: Final = 2048
_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = 16


def create_short_link(state: State, link: ShortLink) -> ShortLink | Refusal:
    """Return the note that *link* leads somewhere from now on."""
    if len(state.short_links) >= MOST_SHORT_LINKS:
        return Refusal(
            "too_many_links", f"There are {MOST_SHORT_LINKS} short links already; send the address itself."
        )
    if len(link.user) > MAX_ID:
        return Refusal("bad_user", f"user_id has {len(link.user)} characters; send at most {MAX_ID}.")
    if not _is_web_address(link.url):
        return Refusal(
            "bad_url", f"url must be an http or https address of at most {_LONGEST_URL} characters."
        )

    return link


def slug_of(bot: str, user: str, url: str) -> str:
    """Return the slug of the link that leads *user* of *bot* to *url*."""
    whole = "".join(f"{len(part)}:{part}" for part in (bot, user, url))
    number = int.from_bytes(hashlib.sha256(whole.encode("utf-8", "replace")).digest(), "big")
    digits = []
    for _ in range(_DIGITS):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])

    return "".join(digits)


def location_of(url: str) -> str:
    """Return *url* as a header may hold it."""
    return quote(url, safe=_PRINTABLE)


_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


def _is_web_address(url: str) -> bool:
    # browsers drop control characters and read a backslash as a slash: neither may tell them another host than us
    if len(url) > _LONGEST_URL or "\\" in url or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in url):
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises for what is no port
    except ValueError:
        return False

    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
