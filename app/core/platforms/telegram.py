"""
Telegram: updates as the webhook brings them or `getUpdates` lists them, and messages that a call returns.

An update names its kind by its member (`message`, `callback_query`, ...).  Messages are read in
`telegram_message.py`, all else in `telegram_updates.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, add_intent, make_event, scoped_id
from app.core.platforms.context import Context
from app.core.platforms.fields import flat, text
from app.core.platforms.platform import Hook, Platform, Request
from app.core.platforms.schemes import equals_any
from app.core.platforms.telegram_message import read_message
from app.core.platforms.telegram_updates import UPDATES

__all__ = ["TELEGRAM", "read_telegram"]


def read_telegram(body: dict[str, Any], context: Context) -> Outcome:
    """Read an update, a list of them, or the message that a call returned."""
    outcome = Outcome()
    result = body.get("result")
    if "ok" in body and isinstance(result, (dict, list)):
        for place, one in enumerate(result if isinstance(result, list) else [result]):
            _read(one, f"result[{place}]" if isinstance(result, list) else "result", context, outcome)
    else:
        _read(body, "", context, outcome)
    for event in outcome.events:
        add_intent(event, body.get("intent"), context)

    return outcome


def _verify(request: Request, secrets: Sequence[str], _document: bytes) -> str:
    return equals_any(secrets, request.headers.get("x-telegram-bot-api-secret-token", ""))


TELEGRAM: Final = Platform(
    read_telegram,
    None,
    # what users send for an order or to prove who they are is none of ours
    ("**.passport_data", "**.shipping_address", "**.order_info"),
    Hook(_verify),
)


def _read(update: object, path: str, context: Context, outcome: Outcome) -> None:
    if not isinstance(update, dict):
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, "this must be an object", path))
        return
    name, part = _part(update)
    if name in _MESSAGES:
        event = read_message(part, context, outcome, is_edit=name.startswith("edited"))
    elif name in UPDATES:
        event = UPDATES[name](part, context)
    elif "update_id" in update:
        event = make_event(context, "unknown", "none", "", None)
    else:
        why = "this is no update of Telegram: none of its members is a kind of update, and `update_id` is missing"
        outcome.rejections.append(Rejection(Reason.UNKNOWN_SHAPE, why, path))
        return
    update_id = text(update.get("update_id"))
    if name != "message":
        event.attributes |= flat("update", name)
    if update_id and not event.repeats:
        event.event_id = scoped_id(f"{event.platform}:update", "", update_id)
        event.repeats = True
    add(outcome, event, f"{path}.{name}".strip("."))


_MESSAGES: Final = (
    "message", "edited_message", "channel_post", "edited_channel_post", "business_message", "edited_business_message",
)  # fmt: skip


def _part(update: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name and the content of an update; a part that stands alone is known by what it holds."""
    if "update_id" not in update:
        if "message_id" in update and "chat" in update:
            return "message", update
        if "from" in update and ("chat_instance" in update or "inline_message_id" in update):
            return "callback_query", update
    for name, part in update.items():
        if isinstance(part, dict):
            return name, part

    return "", {}
