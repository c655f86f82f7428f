"""The events of a universal message (`fallback`, `escalated`, `purchase_completed`, ...): what each is to us."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from app.core.events import CUSTOM, MAX_AMOUNT
from app.core.platforms.building import MAX_ID
from app.core.platforms.fields import flat, named, number, text

__all__ = ["ABOUT_A_MESSAGE", "KINDS", "Signal", "signals_of"]

KINDS: Final = {
    "conversation_started": "session_start",
    "conversation_ended": "session_end",
    "escalated": "handover",
    "fallback": "system",
    "handover": "handover",
    "message_read": "read",
    "message_delivered": "delivery",
    "message_reaction_added": "reaction",
    "message_reaction_removed": "reaction",
    "message_edited": "edit",
    "message_deleted": "delete",
    "message_highlighted": "system",
    "referral": "referral",
    "optin": "optin",
    "game_started": CUSTOM,
    "game_completed": CUSTOM,
    "missing_input": "system",
    "slot_reset": "system",
    "slot_unset": "system",
    "authentication_requested": "system",
    "authentication_succeeded": "account_link",
    "purchase_completed": CUSTOM,
}
"""Events of v2 and their kinds; one that is not here is a custom event. Attribute `event` keeps the name of each."""

ABOUT_A_MESSAGE: Final = frozenset(
    {
        "message_read", "message_delivered", "message_reaction_added", "message_reaction_removed", "message_edited",
        "message_deleted", "message_highlighted",
    }
)  # fmt: skip
"""Events that tell of another message: content beside them is that message's, not a new one."""


class Signal(msgspec.Struct):
    """Something that happened. `message_id` is the message that it is about."""

    kind: str
    event_name: str
    message_id: str
    not_handled: bool
    amount: float | None
    currency: str
    attributes: dict[str, str]


def signals_of(happened: dict[str, Any]) -> Iterator[Signal]:
    """Yield what happened; normally it is one thing."""
    for name, value in happened.items():
        kind = KINDS.get(name, CUSTOM)
        detail = named(value)
        amount, currency = _total(detail)
        yield Signal(
            kind,
            name[:MAX_ID] if kind == CUSTOM else "",
            text(detail.get("platform_message_id")),
            name == "fallback",
            amount,
            currency,
            {"event": name} | _attributes(detail) | ({} if detail else flat("value", _plain(value))),
        )


_OWN_COLUMNS: Final = ("platform_message_id", "total", "currency", "token")


def _attributes(detail: dict[str, Any]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name, value in detail.items():
        if name not in _OWN_COLUMNS:
            attributes |= flat(name, value)

    return attributes


def _plain(value: object) -> object:
    """A bare `true` or an empty object says no more than that it happened."""
    return None if value is True or isinstance(value, dict) else value


def _total(detail: dict[str, Any]) -> tuple[float | None, str]:
    """Return what was paid: a number, or an object of amount and currency."""
    total = named(detail.get("total"))
    amount = number(total.get("amount", total.get("value")) if total else detail.get("total"))
    if amount is None or not -MAX_AMOUNT <= amount <= MAX_AMOUNT:
        return None, ""

    return amount, text(total.get("currency")) or text(detail.get("currency"))
