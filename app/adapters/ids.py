"""Ids of what somebody makes: short, random, and fit for an address."""

from __future__ import annotations

import secrets

__all__ = ["new_id"]


def new_id(prefix: str) -> str:
    """Return an id nobody has."""
    return f"{prefix}{secrets.token_hex(6)}"
