"""The alerts as the registry has them now, followed live by the alert stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from app.adapters.registry import Follower
from app.config import Settings
from app.core.alerts.definitions import Definitions
from app.core.registry import Alert, State

__all__ = ["Registered"]


class Registered:
    """`definitions` are current once `ready` is set; `on_change` is called when there are new ones."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._follower = Follower(settings.kafka)
        self.definitions = Definitions(State(), settings.partitions)
        self.ready = asyncio.Event()
        self._moved = asyncio.Event()
        self.on_change: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Follow until cancelled."""
        self._follower.on_change(self._take)
        await self._follower.start()
        try:
            await self._follower.ready()
            self.ready.set()
            await asyncio.Event().wait()
        finally:
            await self._follower.stop()

    async def alert(self, name: str, patience_s: float) -> Alert | None:
        """Return an alert, also one that somebody else learned of a moment before us."""
        await self.ready.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while name not in self.definitions.state.alerts:
                    self._moved.clear()
                    await self._moved.wait()
        return self.definitions.state.alerts.get(name)

    def _take(self, state: State) -> None:
        old = self.definitions.state
        if (old.alerts, old.dashboards, old.bots) == (state.alerts, state.dashboards, state.bots):
            return
        self.definitions = Definitions(state, self._settings.partitions)
        self._moved.set()
        self.on_change()
