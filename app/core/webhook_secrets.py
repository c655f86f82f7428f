"""What webhooks of alerts are signed with, in the form of Standard Webhooks: `whsec_` and base64."""

from __future__ import annotations

import base64
import binascii
from typing import Final

__all__ = ["is_webhook_secret"]

_PREFIX: Final = "whsec_"
_LEAST, _MOST = 24, 64


def is_webhook_secret(text: str) -> bool:
    """Tell whether *text* is one: 24 to 64 bytes in base64, with `whsec_` before it or not."""
    try:
        noise = base64.b64decode(text.removeprefix(_PREFIX).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return False
    return _LEAST <= len(noise) <= _MOST
