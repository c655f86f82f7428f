"""An alert as people are shown it; the secrets of its webhooks are not."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import msgspec

from app.core.registry import Alert, Condition
from app.core.times import iso

__all__ = ["AlertShown", "ChannelShown", "alert_shown", "host_only"]


class ChannelShown(msgspec.Struct):
    """Where an alert is told. Of a webhook's address only editors see more than the host: the rest may open it."""

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


def alert_shown(alert: Alert, *, is_whole: bool = True) -> AlertShown:
    """Return *alert* for people; *is_whole* is for those who may change it."""
    return AlertShown(
        alert.id,
        alert.bot,
        alert.name,
        alert.measure,
        alert.window_s,
        alert.condition,
        alert.for_s,
        alert.cool_down_s,
        [
            ChannelShown(one.kind, one.to if is_whole else host_only(one.kind, one.to))
            for one in alert.channels
        ],
        alert.enabled,
        iso(alert.created_at),
    )


def host_only(kind: str, to: str) -> str:
    """Return where a channel leads without what may open it: the path of a webhook."""
    if kind != "webhook":
        return to
    parts = urlsplit(to)
    return f"{parts.scheme}://{parts.netloc}/..."
