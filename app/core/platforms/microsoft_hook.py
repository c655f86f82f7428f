"""
The Bot Framework's webhook: each request brings a token, signed with one of the keys that Microsoft publishes.

The bot's secrets are the ids of its app registrations, for which the tokens are made out (`aud`).
`jwt` is imported by what uses it: workers load this file with the platform's reader and never verify.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from app.core.platforms.fields import listed, named, text
from app.core.platforms.platform import Hook, Request
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET

__all__ = ["HOOK", "KEYS_URL"]

KEYS_URL: Final = "https://login.botframework.com/v1/.well-known/keys"
_ISSUER: Final = "https://api.botframework.com"
_SKEW_S: Final = 300


def _verify(request: Request, secrets: Sequence[str], document: bytes) -> str:
    import jwt

    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if not secrets:
        return NOT_SET
    if scheme.lower() != "bearer" or not token:
        return NO_SIGNATURE
    try:
        key = _key(jwt.get_unverified_header(token).get("kid"), document)
        if key is None:
            return "the token is signed with none of Microsoft's keys"
        claims = jwt.decode(
            token.strip(),
            jwt.PyJWK(key, "RS256"),
            algorithms=["RS256"],
            audience=list(secrets),
            issuer=_ISSUER,
            # against the time of receipt, below
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp"]},
        )
    except (jwt.PyJWTError, ValueError) as error:
        return f"the token is not valid: {type(error).__name__}"

    return _late(claims, request.now_ms // 1000) or _misdirected(claims, request.body)


def _key(kid: object, document: bytes) -> dict[str, Any] | None:
    try:
        keys = listed(named(msgspec.json.decode(document)).get("keys"))
    except (ValueError, RecursionError):
        return None

    return next((key for key in map(named, keys) if kid and key.get("kid") == kid), None)


def _late(claims: dict[str, Any], now_s: int) -> str:
    until, since = claims.get("exp"), claims.get("nbf", 0)
    if type(until) is not int or type(since) is not int:
        return "the token's times are no whole numbers"

    return "" if since - _SKEW_S <= now_s <= until + _SKEW_S else "the token is not valid at this time"


def _misdirected(claims: dict[str, Any], body: bytes) -> str:
    """A token is made out for one service: with another in the activity, it was taken from elsewhere."""
    service = text(claims.get("serviceurl") or claims.get("serviceUrl"))
    if not service:
        return ""
    try:
        told = named(msgspec.json.decode(body)).get("serviceUrl")
    except (ValueError, RecursionError):
        told = None

    return "" if told == service else "the token is for another serviceUrl than the activity"


HOOK: Final = Hook(_verify, document=lambda _request: KEYS_URL, document_hosts=("login.botframework.com",))
