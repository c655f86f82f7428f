"""Slack's webhook: signatures over time and body, the challenge of a new address, forms with a payload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from app.core.outcome import Rejection
from app.core.platforms.fields import named, text
from app.core.platforms.platform import Answer, Hook, Request
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, signed_by_any
from app.core.platforms.unpacking import form_item

__all__ = ["HOOK"]

_WINDOW_MS: Final = 300_000
_EMPTY: Final = Answer(b"", "text/plain")
"""What Slack is answered: it shows users any body of an answer to their command."""


def _verify(request: Request, secrets: Sequence[str], _document: bytes = b"") -> str:
    if not secrets:
        return NOT_SET
    sent_at = request.headers.get("x-slack-request-timestamp", "")
    if not sent_at:
        return NO_SIGNATURE
    if not (sent_at.isascii() and sent_at.isdecimal() and len(sent_at) <= _MOST_DIGITS):
        return "x-slack-request-timestamp is no whole number of seconds"
    if abs(request.now_ms - int(sent_at) * 1000) > _WINDOW_MS:
        return "the request is older than five minutes, or a clock is wrong"
    given = request.headers.get("x-slack-signature", "")

    return signed_by_any(secrets, b"v0:%b:%b" % (sent_at.encode(), request.body), given.removeprefix("v0="))


_MOST_DIGITS: Final = 12


def _handshake(request: Request, secrets: Sequence[str]) -> Answer | None:
    """Answer the challenge of a new address and the check of its certificate; both are signed like all the rest."""
    if b"challenge" not in request.body and b"ssl_check" not in request.body:
        return None
    item = form_item(request.body)
    if isinstance(item, Rejection) or _verify(request, secrets):
        return None
    try:
        body = named(msgspec.json.decode(item))
    except (ValueError, RecursionError):
        return None
    if body.get("type") == "url_verification":
        return Answer(text(body.get("challenge")).encode("utf-8", "replace"), "text/plain")

    return _EMPTY if body.get("ssl_check") == "1" else None


HOOK: Final = Hook(_verify, _handshake, form_item, _EMPTY)
