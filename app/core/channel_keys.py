"""
Keys for Botanalytics v2: its SDKs look into their key for the channel before they send anything.

A key is a JSON web token whose claim `channel` must be the one of the client's class.  Nobody checks its signature:
like any other key it is known by its hash, and the random signature is what makes it a secret.  Some clients decode
only the plain base64 alphabet and others put keys into addresses as they are, so a nonce is counted up until neither
`-` nor `_` is left.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

import msgspec

__all__ = ["CHANNELS", "channel_key_text"]

CHANNELS: Final[dict[str, str]] = {
    "universal": "universal",
    "facebook-messenger": "facebook",
    "amazon-alexa": "alexa",
    "samsung-bixby": "bixby",
    "microsoft-bot-framework": "microsoft",
    "rasa": "rasa",
}
"""Channels as keys name them, and the platforms they are."""


def channel_key_text(channel: str, bits: int) -> str:
    """Return a key for *channel* whose secret is 256 *bits*."""
    secret = bits.to_bytes(32, "big")
    nonce = 0
    while True:
        claims = _segment(msgspec.json.encode({"channel": channel, "nonce": nonce}))
        signed = f"{_HEADER}.{claims}"
        key = f"{signed}.{_segment(hmac.digest(secret, signed.encode(), hashlib.sha256))}"
        if "-" not in key and "_" not in key:
            return key
        nonce += 1


def _segment(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


_HEADER: Final = _segment(b'{"alg":"HS256","typ":"JWT"}')
