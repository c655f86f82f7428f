"""An alert as people are shown it; the secrets of its webhooks are not."""

from __future__ import annotations

from typing import Literal

import msgspec

from app.core.registry import Alert, Condition
from app.core.times import iso

__all__ = ["AlertShown", "ChannelShown", "alert_shown"]


class ChannelShown(msgspec.Struct):
    """Where an alert is told."""

    kind: Literal["webhook", "email"]
    to: str


class AlertShown(msgspec.Struct):
    """A number that is watched, how, and where it is told."""

    id: str
    bot: str
    name: str
    measure: str
    window_s: int
    condition: Condition
    for_s: int
    cool_down_s: int
    channels: list[ChannelShown]
    enabled: bool
    created_at: str | None


def alert_shown(alert: Alert) -> AlertShown:
    """Return *alert* for people."""
    return AlertShown(
        alert.id,
        alert.bot,
        alert.name,
        alert.measure,
        alert.window_s,
        alert.condition,
        alert.for_s,
        alert.cool_down_s,
        [ChannelShown(channel.kind, channel.to) for channel in alert.channels],
        alert.enabled,
        iso(alert.created_at),
    )
