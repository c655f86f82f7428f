"""Keeps the table `bots` as the registry is, so that SQL knows each bot's time zone and session gap."""

from __future__ import annotations

import asyncio
from functools import partial

from app.adapters.registry import Follower
from app.adapters.sink import Sink
from app.agents.line import Line
from app.config import Settings
from app.core.registry import Bot, State

__all__ = ["keep_bots"]


async def keep_bots(settings: Settings) -> None:
    """Write every bot that is new or has changed, until cancelled."""
    changed = asyncio.Event()
    follower, line = Follower(settings.kafka), Line(settings)
    follower.on_change(lambda _state: changed.set())
    await follower.start()
    known: dict[str, Bot] = {}
    try:
        while True:
            await changed.wait()
            changed.clear()
            new = _differing(follower.state, known)
            if new:
                await line.run(partial(Sink.write_bots, bots=new))
                known |= {bot.id: bot for bot in new}
    finally:
        await follower.stop()
        line.close()


def _differing(state: State, known: dict[str, Bot]) -> list[Bot]:
    return [bot for bot in state.bots.values() if known.get(bot.id) != bot]
