"""The rules of all bots' dashboards, kept as the registry says: there before the first record, and new within moments."""

from __future__ import annotations

from collections.abc import Callable

from app.adapters.registry import Follower
from app.core.registry import State

__all__ = ["Rules"]


class Rules:
    """Tells *take* what the registry says: once before `start` returns, then after each change."""

    def __init__(self, bootstrap: str, take: Callable[[State], None]) -> None:
        self._follower = Follower(bootstrap)
        self._take = take

    async def start(self) -> None:
        """Return when everything that was written so far has been taken."""
        await self._follower.start()
        await self._follower.ready()
        self._take(self._follower.state)
        self._follower.on_change(self._take)

    async def stop(self) -> None:
        """Follow no more."""
        await self._follower.stop()
