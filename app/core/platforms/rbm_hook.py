"""
The webhook scheme of RBM: the client token of the webhook is the secret.

Google signs the bytes that it packs as base64 into `message.data`; what has no such bytes is signed as it comes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from app.core.bodies import object_of
from app.core.outcome import Rejection
from app.core.platforms.fields import named, text
from app.core.platforms.platform import Answer, Hook, Request
from app.core.platforms.schemes import equals_any, signed_by_any

__all__ = ["RBM_HOOK"]


def _verify(request: Request, secrets: Sequence[str], _document: bytes) -> str:
    given = request.headers.get("x-goog-signature", "")

    return signed_by_any(secrets, _signed_bytes(request.body), given, "sha512", "base64")


def _handshake(request: Request, secrets: Sequence[str]) -> Answer | None:
    body = object_of(request.body)
    if isinstance(body, Rejection) or "clientToken" not in body or "message" in body:
        return None
    refused = equals_any(secrets, text(body.get("clientToken")))
    if refused:
        return Answer(b"clientToken is none of the bot's secrets", _TEXT, 403)

    return Answer(text(body.get("secret")).encode(), _TEXT)


_TEXT: Final = "text/plain; charset=utf-8"

RBM_HOOK: Final = Hook(_verify, _handshake)


def _signed_bytes(raw: bytes) -> bytes:
    body = object_of(raw)
    data = "" if isinstance(body, Rejection) else text(named(body.get("message")).get("data"))
    try:
        return base64.b64decode(data) if data else raw
    except ValueError:
        return raw
