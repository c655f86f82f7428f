"""What the store knows of the registry: the table `bots` is kept as it is, and of bots that were deleted nothing is stored."""

from __future__ import annotations

import asyncio
from functools import partial

from app.adapters.registry import Follower
from app.adapters.sink import Sink
from app.agents.line import Line
from app.config import Settings
from app.core.registry import Bot, State
from app.core.removal import removed_bots

__all__ = ["BotsTable"]


class BotsTable:
    """Follows the registry; `removed` are the bots that were deleted."""

    def __init__(self, settings: Settings) -> None:
        self.removed: frozenset[str] = frozenset()
        self._follower, self._line = Follower(settings.kafka), Line(settings)
        self._changed = asyncio.Event()

    async def start(self) -> None:
        """Return when everything that was written so far is known."""
        await self._follower.start()
        await self._follower.ready()
        self._take(self._follower.state)
        self._follower.on_change(self._take)

    async def run(self) -> None:
        """Write every bot that is new or has changed, until cancelled, so that SQL knows its time zone and session gap."""
        known: dict[str, Bot] = {}
        while True:
            await self._changed.wait()
            self._changed.clear()
            new = _differing(self._follower.state, known)
            if new:
                await self._line.run(partial(Sink.write_bots, bots=new))
                known |= {bot.id: bot for bot in new}

    async def stop(self) -> None:
        """Follow no more."""
        await self._follower.stop()
        self._line.close()

    def _take(self, state: State) -> None:
        self.removed = removed_bots(state)
        self._changed.set()


def _differing(state: State, known: dict[str, Bot]) -> list[Bot]:
    return [bot for bot in state.bots.values() if known.get(bot.id) != bot]
