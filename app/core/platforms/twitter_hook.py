"""
X's webhook scheme: a challenge to be signed, and deliveries signed the same way, with the app's consumer secret.

Of several active secrets the challenge is answered with the one that was added last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from app.core.platforms.platform import Answer, Hook, Request
from app.core.platforms.schemes import signature, signed_by_any

__all__ = ["TWITTER_HOOK"]

_PREFIX: Final = "sha256="
# Challenges are signed for whoever asks, with what signs bodies, too: so none may look like a body.
_CHALLENGE: Final = re.compile(r"[\w+/=.-]{1,200}", re.ASCII)


def _verify(request: Request, secrets: Sequence[str], _document: bytes) -> str:
    given = request.headers.get("x-twitter-webhooks-signature", "")

    return signed_by_any(secrets, request.body, given.removeprefix(_PREFIX), encoding="base64")


def _handshake(request: Request, secrets: Sequence[str]) -> Answer | None:
    challenge = request.query.get("crc_token", "")
    if request.method != "GET" or not _CHALLENGE.fullmatch(challenge) or not secrets:
        return None
    signed = signature(secrets[-1], challenge.encode("utf-8", "replace"), encoding="base64")

    return Answer(msgspec.json.encode({"response_token": _PREFIX + signed}))


TWITTER_HOOK: Final = Hook(_verify, _handshake)
