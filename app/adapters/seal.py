"""
Seals what must be readable again but never lie about in clear: the secrets of webhooks, in the registry.

The key comes from the operator's file (`BOTPULSE_SEAL_KEY_FILE`) or is made in HOME/secrets at the first start.  Each
line of the file is a key: the first one seals, all of them open, so a new line on top changes the key.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.adapters.secret_file import LEAST_BYTES, read_or_make, read_secret
from app.config import Settings
from app.errors import BotpulseError

__all__ = ["FernetSeal", "Unsealable", "present_seal", "seal_of"]


class Unsealable(BotpulseError):  # noqa: N818  a state, not a mishap
    """Sealed with a key that is not there."""

    def __init__(self) -> None:
        super().__init__(
            "a webhook secret was sealed with another key; set BOTPULSE_SEAL_KEY_FILE to the file it was sealed "
            "with, or add the secret again with `botpulse hooks add`",
            "unsealable",
        )


class FernetSeal:
    """Implements `ports.Seal`."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in keys])
        # the same few secrets are opened for every request
        self.unseal = lru_cache(maxsize=4096)(self._unseal)

    def seal(self, secret: str) -> str:
        """Return *secret* as only `unseal` can read it."""
        return self._fernet.encrypt(secret.encode()).decode()

    def _unseal(self, sealed: str) -> str:
        """Return what was sealed; raise Unsealable where the key is not there."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Unsealable from error


def seal_of(settings: Settings) -> FernetSeal:
    """Return the seal of this system; its key is made if there is none."""
    path = settings.seal_key_file
    return _seal(path, read_secret(path) if path else read_or_make(_made_at(settings)))


def present_seal(settings: Settings) -> FernetSeal:
    """Return the seal of a system that runs elsewhere: what a key made here would seal, it could not open."""
    path = settings.seal_key_file or _made_at(settings)
    if not path.exists():
        msg = f"there is no key in {path}; name the folder of the running system with --home, or set BOTPULSE_SEAL_KEY_FILE"
        raise BotpulseError(msg, "no_seal_key")
    return _seal(path, read_secret(path))


def _made_at(settings: Settings) -> Path:
    return settings.home / "secrets" / "seal-key"


def _seal(path: Path | None, content: bytes) -> FernetSeal:
    keys = [line.strip() for line in content.splitlines() if line.strip()]
    if any(len(key) < LEAST_BYTES for key in keys):
        msg = f"a line of {path} is too short for a key; write at least {LEAST_BYTES} random characters into each"
        raise BotpulseError(msg, "secret")

    return FernetSeal(keys)


def _fernet_key(key: bytes) -> bytes:
    """Return any long text in the form that Fernet asks for."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"botpulse seal\0" + key).digest())
