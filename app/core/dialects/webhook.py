"""
`POST /hooks/{platform}/{bot}`: the platform's own webhook body, in the platform's own shape.

Platforms do not correct what they send, and stop sending when they are refused too often.  So every JSON object is
taken; one that no reader understands becomes a dead letter, to be replayed once a reader does.
"""

from __future__ import annotations

from typing import Final

from app.core.bodies import object_of
from app.core.dialects.dialect import Dialect, check_by_reading
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import PLATFORMS
from app.core.platforms.context import Context

__all__ = ["WEBHOOK"]


def read(item: bytes, context: Context) -> Outcome:
    """Read one webhook body."""
    platform = PLATFORMS.get(context.platform)
    if platform is None:
        known = ", ".join(PLATFORMS)
        why = f"there is no platform {context.platform!r}; there are {known}"
        return Outcome([], [Rejection(Reason.UNKNOWN_PLATFORM, why, "platform")])
    body = object_of(item)
    if isinstance(body, Rejection):
        return Outcome([], [body])

    return platform.read(body, context)


_UNFIT: Final = frozenset({Reason.NOT_JSON, Reason.NOT_AN_OBJECT, Reason.TOO_DEEP, Reason.UNKNOWN_PLATFORM})

WEBHOOK: Final = Dialect(check_by_reading(read, "webhook", _UNFIT), read)
