"""Secrets in files: read, and made the first time, for nobody else to read."""

from __future__ import annotations

import os
from pathlib import Path

from app.errors import BotpulseError

__all__ = ["LEAST_BYTES", "read_or_make", "read_secret"]

LEAST_BYTES = 32


def read_secret(path: Path) -> bytes:
    """Return the content of an operator's file, long enough for a key."""
    secret = path.read_bytes().strip()
    if len(secret) < LEAST_BYTES:
        msg = f"{path} is too short for a key; write at least {LEAST_BYTES} random bytes into it"
        raise BotpulseError(msg, "secret")
    return secret


def read_or_make(path: Path) -> bytes:
    """Return the secret in *path*, made of random bits if there is none yet."""
    if not path.exists():
        _make(path, os.urandom(LEAST_BYTES).hex().encode())
    return read_secret(path)


def _make(path: Path, secret: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secret)
    # Two processes at their first start must end up with one secret: the first link stays.
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()
