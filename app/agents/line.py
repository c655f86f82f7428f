"""
Patience with ClickHouse: work on it runs in a thread and is tried again for as long as ClickHouse is away.

It is said once that ClickHouse is away and once that it is back; in between the lag says enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import stamina
import structlog

from app.adapters.clickhouse import AWAY, UNFIT, words_of
from app.adapters.sink import Sink
from app.config import Settings

__all__ = ["Line"]

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class Line:
    """A sink and the thread it works in, one piece of work at a time."""

    def __init__(self, settings: Settings) -> None:
        self._sink = Sink(settings)
        self._lock = asyncio.Lock()
        self._is_away = False

    async def run(self, work: Callable[[Sink], T]) -> T:
        """Return the result of *work*, however long that takes; an error that waiting does not cure is raised."""
        async with self._lock:
            async for attempt in stamina.retry_context(
                on=_can_wait, attempts=None, timeout=None, wait_initial=0.1, wait_max=5
            ):
                with attempt:
                    return await asyncio.to_thread(self._try, work)
        raise AssertionError

    def close(self) -> None:
        """Disconnect."""
        self._sink.close()

    def _try(self, work: Callable[[Sink], T]) -> T:
        try:
            result = work(self._sink)
        except Exception as error:
            self._sink.close()
            if _can_wait(error) and not self._is_away:
                _log.warning(
                    "clickhouse_away",
                    error=words_of(error),
                )
                self._is_away = True
            raise
        if self._is_away:
            _log.info("clickhouse_back")
            self._is_away = False
        return result


def _can_wait(error: Exception) -> bool:
    return isinstance(error, AWAY) and not isinstance(error, UNFIT)
