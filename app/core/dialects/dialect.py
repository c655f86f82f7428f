"""What a way in has to offer: a check for the web process and a reader for normalise."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.core.outcome import Outcome, Rejection
from app.core.platforms.context import Context

__all__ = ["Dialect"]


class Dialect(NamedTuple):
    """
    One way in.

    `check(item, platform, type)` is for the sender's ears, before anything is kept: it refuses an item of which
    `read(item, context)` would make nothing but rejections.
    """

    check: Callable[[bytes, str, str], Rejection | None]
    read: Callable[[bytes, Context], Outcome]
