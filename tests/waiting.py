"""Wait for a condition instead of sleeping for a while and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["until"]

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
