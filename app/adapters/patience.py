"""Waits for what is away for now, and says so once when that begins and once when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from app.ports import Unavailable

__all__ = ["patiently"]

T = TypeVar("T")

_RETRY_S: Final = 1.0

_log = structlog.get_logger(__name__)


async def patiently(ask: Callable[[], Awaitable[T]], who: str, retry_s: float = _RETRY_S) -> T:
    """Return the answer of *ask*, asked anew until it is not Unavailable; *who* is the name in the log."""
    is_waiting = False
    while True:
        try:
            answer = await ask()
        except Unavailable as error:
            if not is_waiting:
                _log.info("waiting", who=who, reason=error.message)
            is_waiting = True
            await asyncio.sleep(retry_s)
            continue
        if is_waiting:
            _log.info("going_on", who=who)
        return answer
