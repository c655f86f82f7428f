"""
The webhook scheme of Meta's platforms: Messenger, Instagram, WhatsApp.

Of the bot's secrets those written `verify:TOKEN` are verify tokens, which only the handshake asks for; all others are
app secrets, which sign what is delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.core.platforms.platform import Answer, Hook, Request
from app.core.platforms.schemes import equals_any, signed_by_any

__all__ = ["META_HOOK"]

_VERIFY: Final = "verify:"


def _verify(request: Request, secrets: Sequence[str], _document: bytes) -> str:
    app_secrets = [secret for secret in secrets if not secret.startswith(_VERIFY)]
    given = request.headers.get("x-hub-signature-256", "")

    return signed_by_any(app_secrets, request.body, given.removeprefix("sha256="))


def _handshake(request: Request, secrets: Sequence[str]) -> Answer | None:
    if request.method != "GET" or request.query.get("hub.mode") != "subscribe":
        return None
    tokens = [secret.removeprefix(_VERIFY) for secret in secrets if secret.startswith(_VERIFY)]
    if equals_any(tokens, request.query.get("hub.verify_token", "")):
        return None

    return Answer(request.query.get("hub.challenge", "").encode(), "text/plain; charset=utf-8")


META_HOOK: Final = Hook(_verify, _handshake)
