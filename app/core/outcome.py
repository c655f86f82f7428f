"""
What becomes of an item: bot events, or a rejection with a reason from the closed list.

Every contained event is accounted for.  A rejection goes to `dead-letters` with everything needed to replay it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from app.core.events import BotEvent

__all__ = ["DeadLetter", "Outcome", "Reason", "Rejection"]


class Reason(StrEnum):
    """Why an event was refused. Each is counted; each is documented in docs/reasons.md."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    WRONG_TYPE = "wrong_type"
    MISSING_FIELD = "missing_field"
    MISSING_USER = "missing_user"
    BAD_TIME = "bad_time"
    BAD_VALUE = "bad_value"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    UNKNOWN_DIALECT = "unknown_dialect"
    UNKNOWN_PLATFORM = "unknown_platform"
    UNKNOWN_SHAPE = "unknown_shape"
    READER_FAILED = "reader_failed"


class Rejection(msgspec.Struct, frozen=True):
    """One refused item or part of it: `reason`, a `message` that says what to do, and where (`path`, JSON path)."""

    reason: Reason
    message: str
    path: str = ""


class Outcome(msgspec.Struct, gc=False):
    """
    What reading an item gave. Both lists may be filled: a bad part costs only itself.

    `learned` are links that the item tells of (see links.py), name to value; `wanted` names those that it needed and
    its context did not have.
    """

    events: list[BotEvent] = []
    rejections: list[Rejection] = []
    learned: dict[str, str] = {}
    wanted: list[str] = []


class DeadLetter(msgspec.Struct, omit_defaults=True):
    """A record of `dead-letters`: the refused item, why, at which stage, and where it stands in raw-events."""

    bot_id: str
    reason: Reason
    message: str
    stage: str
    raw_partition: int
    raw_offset: int
    raw_index: int
    received_at: int
    body: str
    path: str = ""
    way: str = ""
    platform: str = ""
    type: str = ""
    sdk: str = ""
