"""
Waits until a new rule is held against every event, and all events before that are in ClickHouse.

Then it can be applied back over history, and no event between the two is missed.

    every normaliser says that it knows the rule, and has passed on what it read without it
    -> bot-events ends here -> the store is there

A normaliser that is silent may stand still, with events in its hands that it read without the rule, so it is waited for until
it has been silent for a minute: by then others have its work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiokafka.errors import KafkaError

from app.adapters.ends import ends_of, has_come_to
from app.adapters.pulse import FORGET_MS, Pulse, follow_pulse
from app.adapters.reader import Reader
from app.adapters.topics import BOT_EVENTS
from app.core.dashboards.settling import is_settled
from app.core.registry import State
from app.ports import Clock, Unavailable

__all__ = ["until_settled", "until_stored"]

_EVERY_S: Final = 0.2
_PATIENCE_S: Final = 60.0
_PATIENCE_WITH_SILENT_S: Final = FORGET_MS / 1000 + 30


async def until_settled(
    bootstrap: str, reader: Reader, state: State, clock: Clock, patience_s: float = _PATIENCE_WITH_SILENT_S
) -> None:
    """
    Return when all that was normalised without the rules of *state* is stored.

    Raises Unavailable when it is not normalised within *patience_s*, or not stored, as `until_stored` does.
    """
    async with _patience(
        patience_s, "some events were not yet held against the rule; look whether normalise works"
    ):
        await _until_known(bootstrap, state.read_to, clock)
    await until_stored(bootstrap, reader, BOT_EVENTS)


async def until_stored(bootstrap: str, reader: Reader, topic: str, patience_s: float = _PATIENCE_S) -> None:
    """Return when ClickHouse has all that *topic* holds now."""
    async with _patience(patience_s, f"not all of {topic} is stored yet; look whether store works"):
        ends = await ends_of(bootstrap, topic)

        async def stored() -> bool:
            return has_come_to(ends, await reader.rows("live.positions", topic=topic))

        await _until(stored)


@asynccontextmanager
async def _patience(patience_s: float, why: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(patience_s):
            yield
    except TimeoutError as error:
        raise Unavailable(f"After {patience_s:.0f} s {why}, and try again.", retry_after_s=10) from error
    except KafkaError as error:
        raise Unavailable("The broker does not answer; try again.", retry_after_s=5) from error


async def _until_known(bootstrap: str, read_to: int, clock: Clock) -> None:
    pulse = Pulse(clock)
    tail = follow_pulse(bootstrap, pulse, clock, FORGET_MS)
    following = asyncio.create_task(tail.run())

    async def known() -> bool:
        workers = [one.beat.figures for one in pulse.instances("normalise")]
        return tail.is_caught_up and is_settled(read_to, workers)

    try:
        await _until(known)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await holds():
            return
        await asyncio.sleep(_EVERY_S)
