"""The text of API keys, which is shown once, and what is kept of it."""

from __future__ import annotations

import hashlib
from typing import Final, get_args

from app.core.channel_keys import CHANNELS, channel_key_text
from app.core.registry import Key, Scope

__all__ = ["SCOPES", "digits", "hash_of", "key_text", "made_key"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def key_text(scope: Scope, bits: int) -> str:
    """Return a key whose beginning tells its scope; only letters and digits, as some SDKs do not encode it."""
    return f"bp{scope}" + digits(bits, _ALPHABET, 32)


def made_key(
    id: str, scope: Scope, bits: int, when: int, bot: str | None, channel: str = ""
) -> tuple[Key, str]:
    """Return a key whose secret is 256 *bits*, and its text, which is kept nowhere."""
    text = channel_key_text(channel, bits) if channel in CHANNELS else key_text(scope, bits)
    return Key(id, scope, hash_of(text), when, bot, channel=channel), text


def hash_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def digits(bits: int, alphabet: str, length: int) -> str:
    """Write the lowest digits of *bits*."""
    found = []
    for _ in range(length):
        bits, digit = divmod(bits, len(alphabet))
        found.append(alphabet[digit])
    return "".join(found)
