"""Parts of webhook schemes that several platforms share: signatures over raw bytes, tokens, windows of time."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

__all__ = ["NOT_SET", "NO_SIGNATURE", "WRONG_SIGNATURE", "equals_any", "signature", "signed_by_any"]

NOT_SET: Final = "no secret is set for this bot and platform; add it with `botpulse hooks add`"
NO_SIGNATURE: Final = "the signature is missing"
WRONG_SIGNATURE: Final = "the signature does not match any active secret"


def signature(secret: str, message: bytes, algorithm: str = "sha256", encoding: str = "hex") -> str:
    """Return the HMAC of *message* as lower-case `hex` or `base64` text."""
    digest = hmac.new(secret.encode(), message, getattr(hashlib, algorithm)).digest()

    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def signed_by_any(
    secrets: Sequence[str], message: bytes, given: str, algorithm: str = "sha256", encoding: str = "hex"
) -> str:
    """Return why *given* is not the HMAC of *message* by any of *secrets*; empty if it is."""
    if not secrets:
        return NOT_SET
    if not given:
        return NO_SIGNATURE

    return equals_any([signature(secret, message, algorithm, encoding) for secret in secrets], given)


def equals_any(wanted: Sequence[str], given: str) -> str:
    """Return why *given* is none of *wanted*, compared in constant time; empty if it is."""
    if not wanted:
        return NOT_SET
    if not given:
        return NO_SIGNATURE
    # all are compared, so that the time does not tell which one it was
    matches = [hmac.compare_digest(one.encode(), given.encode("utf-8", "replace")) for one in wanted]

    return "" if any(matches) else WRONG_SIGNATURE
