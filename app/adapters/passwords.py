"""Passwords by argon2: what is kept of one, whether a typed one is it, and whether it was kept by older parameters."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.passwords import as_typed

__all__ = ["NOBODYS", "hash_password", "is_outdated", "matches"]

_HASHER: Final = PasswordHasher()


def hash_password(password: str) -> str:
    """Return what is kept of *password*; takes 64 MiB and some tens of milliseconds on purpose."""
    return _HASHER.hash(as_typed(password))


def matches(kept: str, password: str) -> bool:
    """Tell whether *password* is the one of which *kept* is kept; as slow where it is not."""
    try:
        return _HASHER.verify(kept, as_typed(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Tell whether *kept* was made with other parameters than are used now."""
    return _HASHER.check_needs_rehash(kept)


NOBODYS: Final = hash_password("nobody has this password")
"""For whoever is unknown, so that checking takes as long as for somebody known."""
