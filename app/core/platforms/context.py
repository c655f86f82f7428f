"""What a reader knows besides the body: the bot, the way in, and what the caller said of the body."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Final

import msgspec

from app.core.deliveries import Delivery
from app.core.events import Direction

__all__ = ["Context", "context_for", "context_of"]


class Context(msgspec.Struct, frozen=True):
    """
    The facts of a delivery that its items share.

    `side` is the direction that the caller claims for the whole body; `none` leaves it to the body.  Readers that
    find the side in the body itself believe the body.  `links` are those known when the items came (see links.py).
    """

    bot_id: str
    received_at: int
    dialect: str = "native"
    platform: str = ""
    type: str = ""
    side: Direction = "none"
    sdk: str = ""
    confidence_threshold: float | None = None
    links: Mapping[str, str] = {}


def context_of(delivery: Delivery) -> Context:
    """Return what the readers of *delivery*'s items need to know."""
    return Context(
        bot_id=delivery.bot,
        received_at=delivery.received_at,
        dialect=intern(delivery.way),  # the very object that is an event's default is left out of its JSON
        platform=delivery.platform,
        type=delivery.type,
        side=_SIDES.get(delivery.type, "none"),
        sdk=delivery.sdk,
        confidence_threshold=delivery.reporting.confidence_threshold,
        links=delivery.links,
    )


def context_for(dialect: str, platform: str, type: str) -> Context:
    """Return a context for looking at a body before there is a delivery."""
    return Context("", 0, dialect, platform, type, _SIDES.get(type, "none"))


_SIDES: Final[dict[str, Direction]] = {"incoming": "in", "outgoing": "out"}
