"""What was sent of an alert, as people are shown it."""

from __future__ import annotations

from typing import Literal

import msgspec

from app.core.alerts.deliveries import AlertDelivery, DeliveryState
from app.core.alerts.machine import TransitionType
from app.core.shown.alerts import host_only
from app.core.times import iso

__all__ = ["AttemptShown", "DeliveryShown", "delivery_shown"]


class AttemptShown(msgspec.Struct):
    """
    One try. `status` is that of HTTP or SMTP, 0 where nobody answered.

    `answer` is empty for those who may not change the alert: receivers like to repeat the path, which may be all that opens them.
    """

    at: str | None
    status: int
    ms: int
    answer: str


class DeliveryShown(msgspec.Struct):
    """A transition on its way to a channel; `id` is the `webhook-id`, the same on every try. `tries` counts all of them."""

    id: str
    type: TransitionType
    kind: Literal["webhook", "email"]
    to: str
    state: DeliveryState
    created_at: str | None
    tries: int
    attempts: list[AttemptShown]


def delivery_shown(one: AlertDelivery, *, is_whole: bool = True) -> DeliveryShown:
    """Return a delivery for people; *is_whole* is for those who may change the alert."""
    return DeliveryShown(
        one.id,
        one.transition.type,
        one.kind,
        one.to if is_whole else host_only(one.kind, one.to),
        one.state,
        iso(one.created_at),
        one.tries,
        [
            AttemptShown(iso(each.at), each.status, each.ms, each.answer if is_whole else "")
            for each in one.attempts
        ],
    )
