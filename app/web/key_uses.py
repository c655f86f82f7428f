"""
When each key was last used: noted off the way of requests, at most once in a few minutes for each key.

`touch` costs a request one look into a dict and never fails it.  What is to be noted is written by a task of the process;
what cannot be written now is written after the key's next use.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import structlog
from aiohttp import web

from app.core.registry import KeyUse
from app.errors import BotpulseError
from app.ports import Registry
from app.web.parts import PARTS

__all__ = ["EVERY_MS", "KEY_USES", "KeyUses", "attach"]

EVERY_MS: Final = 5 * 60_000
"""So often one process notes that a key is in use."""

_log = structlog.get_logger(__name__)


class KeyUses:
    """Remembers which keys were used, and writes it down."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._due: dict[str, int] = {}
        self._waiting: dict[str, int] = {}
        self._woken = asyncio.Event()

    def touch(self, key: str, now_ms: int) -> None:
        """Say that *key* was used at *now_ms*."""
        if now_ms >= self._due.get(key, 0):
            self._due[key] = now_ms + EVERY_MS
            self._waiting[key] = now_ms
            self._woken.set()

    async def run(self) -> None:
        """Write what `touch` said, for as long as the process lives."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self.write()

    async def write(self) -> None:
        """Write what `touch` said so far."""
        while self._waiting:
            await self._note(*self._waiting.popitem())

    async def _note(self, key: str, at: int) -> None:
        state = self._registry.state
        known = state.key_uses.get(key)
        if key not in state.keys or (known is not None and at < known.at + EVERY_MS):
            return
        try:
            await self._registry.note(KeyUse(key, at))
        except BotpulseError as error:
            self._due.pop(key, None)
            _log.warning("key_use_not_noted", key=key, error=error.message)


KEY_USES: Final = web.AppKey("key_uses", KeyUses)


def attach(app: web.Application) -> None:
    """Give *app* the notes; before any area that looks at keys."""
    app[KEY_USES] = KeyUses(app[PARTS].registry)
    app.cleanup_ctx.append(_noting)


async def _noting(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[KEY_USES].run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
