"""Wait for a condition instead of sleeping for a while and hoping."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

__all__ = ["eventually", "until"]

T = TypeVar("T")


def until(probe: Callable[[], T], timeout_s: float = 30, every_s: float = 0.02, what: str = "") -> T:
    """Return the first truthy answer of *probe*; fail with *what* was awaited when *timeout_s* is over."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            msg = f"waited {timeout_s} s for {what or probe}; last answer: {answer!r}"
            raise AssertionError(msg)
        time.sleep(every_s)


async def eventually(
    probe: Callable[[], Awaitable[T] | T], timeout_s: float = 30, every_s: float = 0.02, what: str = ""
) -> T:
    """Do the same while everything else in the loop goes on; *probe* may be a coroutine function."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = probe()
        answer = cast("T", await found if inspect.isawaitable(found) else found)
        if answer:
            return answer
        if time.monotonic() > deadline:
            msg = f"waited {timeout_s} s for {what or probe}; last answer: {answer!r}"
            raise AssertionError(msg)
        await asyncio.sleep(every_s)
