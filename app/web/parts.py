"""What every area of the web process may use, and the typed keys under which the application holds it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from app.adapters.memory import MemoryDocuments, MemoryMail
from app.adapters.seal import FernetSeal
from app.config import Settings
from app.core.links import LinkBook
from app.ports import Clock, Documents, Edge, Links, Mail, Registry, Seal

__all__ = ["PARTS", "SETTINGS", "Parts", "wall_clock"]


def wall_clock() -> int:
    """Return the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def _own_seal() -> FernetSeal:
    """Return a seal that only this process knows."""
    return FernetSeal([os.urandom(32)])


def _no_mail() -> MemoryMail:
    """Return what stands for no mail server."""
    return MemoryMail(is_set=False)


@dataclass(frozen=True)
class Parts:
    """The outside world of a web process; `session_key` signs cookies, `seal` opens the secrets of webhooks."""

    edge: Edge
    registry: Registry
    session_key: bytes
    clock: Clock = wall_clock
    links: Links = field(default_factory=LinkBook)
    seal: Seal = field(default_factory=_own_seal)
    documents: Documents = field(default_factory=MemoryDocuments)
    mail: Mail = field(default_factory=_no_mail)


SETTINGS: Final = web.AppKey("settings", Settings)
PARTS: Final = web.AppKey("parts", Parts)
