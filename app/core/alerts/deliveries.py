"""
What is sent when an alert fires or resolves, to whom, and how that went: records of the topic `alert-deliveries`.

One delivery for each transition and channel; its id stays the same however often it is tried.  After each try the delivery is
written anew, so that whoever goes on after a crash knows what is done and how long there is left to try.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final, Literal

import msgspec

from app.core.alerts.machine import Transition
from app.core.registry import Channel

__all__ = [
    "ANSWER_CHARS",
    "GIVE_UP_MS",
    "TOLD",
    "AlertDelivery",
    "Attempt",
    "DeliveryState",
    "deliveries_of",
    "letter_of",
    "noted",
    "payload_of",
]

ANSWER_CHARS: Final = 200
GIVE_UP_MS: Final = 24 * 3_600_000
"""How long a delivery is tried."""

_MOST_ATTEMPTS: Final = 20
TOLD: Final = ("firing", "resolved")
"""What somebody is told of."""

DeliveryState = Literal["waiting", "delivered", "given_up"]


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try: when, what was answered (`status` of HTTP or SMTP, 0 where nobody answered), how long that took."""

    at: int
    status: int
    ms: int
    answer: str = ""


class AlertDelivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A transition on its way to a channel, `kind` and `to`; the secret of a webhook is looked up when it is sent.

    `tries` counts them all, `attempts` holds the last ones.
    """

    id: str
    transition: Transition
    kind: Literal["webhook", "email"]
    to: str
    created_at: int
    state: DeliveryState = "waiting"
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()

    @property
    def left_ms(self) -> int:
        """How long it may still be tried: what passed since the last try, when nobody was there to try, does not count."""
        last = self.attempts[-1].at if self.attempts else self.created_at
        return self.created_at + GIVE_UP_MS - last


def deliveries_of(transition: Transition, channels: Iterable[Channel], now_ms: int) -> list[AlertDelivery]:
    """Return what is to be delivered of *transition*; being pending is nobody's business yet."""
    if transition.type not in TOLD:
        return []
    found = {_id_of(transition, channel): channel for channel in channels}
    return [
        AlertDelivery(name, transition, channel.kind, channel.to, now_ms) for name, channel in found.items()
    ]


def noted(delivery: AlertDelivery, attempt: Attempt, state: DeliveryState) -> AlertDelivery:
    """Return *delivery* after a try."""
    attempts = (*delivery.attempts, attempt)[-_MOST_ATTEMPTS:]
    return msgspec.structs.replace(delivery, state=state, tries=delivery.tries + 1, attempts=attempts)


def payload_of(transition: Transition) -> dict[str, Any]:
    """Return the body of a webhook: of one transition always the same."""
    condition = transition.condition
    return {
        "type": f"alert.{transition.type}",
        "timestamp": _iso(transition.at),
        "data": {
            "id": transition.id,
            "alert": transition.alert,
            "name": transition.name,
            "bot": transition.bot,
            "measure": transition.measure,
            "window_s": transition.window_s,
            "condition": condition.op,
            "threshold": condition.threshold,
            "against": condition.against if condition.op in ("rises_by", "falls_by") else None,
            "value": transition.value,
            "base": transition.base,
            "change_percent": transition.change,
            "started_at": _iso(transition.started_at),
            "resolved_at": _iso(transition.at) if transition.type == "resolved" else None,
            "reason": transition.reason or None,
        },
    }


def letter_of(transition: Transition) -> tuple[str, str]:
    """Return subject and text of an e-mail."""
    word = "FIRING" if transition.type == "firing" else "resolved"
    name = " ".join(transition.name.split())
    lines = [
        f"{name}: {word}",
        "",
        f"Bot        {transition.bot}",
        f"Watched    {transition.measure}, window of {_length(transition.window_s)}",
        f"Condition  {_words(transition)}",
        f"Now        {_number(transition.value)}",
    ]
    if transition.base is not None:
        lines.append(f"Before     {_number(transition.base)}")
    if transition.change is not None:
        lines.append(f"Change     {transition.change:+.1f} %")
    lines.append(f"Since      {_iso(transition.started_at)}")
    if transition.type == "resolved":
        lines.append(
            f"Resolved   {_iso(transition.at)}{f' ({transition.reason})' if transition.reason else ''}"
        )
    return f"[{word}] {name} ({transition.bot})", "\n".join(lines) + "\n"


def _id_of(transition: Transition, channel: Channel) -> str:
    """Name the delivery by what it is and where it goes, so that the order of channels does not matter."""
    place = blake2b(f"{channel.kind} {channel.to}".encode(), digest_size=6).hexdigest()
    return f"{transition.id}-{place}"


def _words(transition: Transition) -> str:
    condition = transition.condition
    if condition.op in ("above", "below"):
        return f"{condition.op} {_number(condition.threshold)}"
    against = {
        "before": "the window before",
        "day": "the same window a day before",
        "week": "the same window a week before",
    }
    word = condition.op.replace("_", " ")
    return f"{word} {_number(condition.threshold)} % against {against[condition.against]}"


def _number(value: float | None) -> str:
    return "no number" if value is None else f"{value:,.10g}"


def _length(seconds: int) -> str:
    for unit_s, unit in ((3600, "h"), (60, "min")):
        if seconds % unit_s == 0:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
