"""What every area of the web process may use, and the typed keys under which the application holds it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from app.config import Settings
from app.ports import Clock, Edge, Registry

__all__ = ["PARTS", "SETTINGS", "Parts", "wall_clock"]


def wall_clock() -> int:
    """Return the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Parts:
    """The outside world of a web process; `session_key` signs cookies."""

    edge: Edge
    registry: Registry
    session_key: bytes
    clock: Clock = wall_clock


SETTINGS: Final = web.AppKey("settings", Settings)
PARTS: Final = web.AppKey("parts", Parts)
