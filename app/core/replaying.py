"""From a dead letter back to a delivery, once what refused it has been mended."""

from __future__ import annotations

import msgspec

from app.core.deliveries import Delivery, compact
from app.core.normalise import STAGE
from app.core.outcome import DeadLetter
from app.core.refusal import Refusal
from app.core.registry import Bot

__all__ = ["delivery_of", "letter_id"]


def letter_id(letter: DeadLetter) -> str:
    """Return the name of *letter*: its place in raw-events."""
    return f"{letter.raw_partition}-{letter.raw_offset}-{letter.raw_index}"


def delivery_of(letter: DeadLetter, bot: Bot | None) -> Delivery | Refusal:
    """
    Return the item of *letter* as it came, for *bot* as it is now.

    It keeps its time of receipt: what has no time of its own happened then, not when it is sent again.
    """
    if letter.stage != STAGE or not letter.way:
        return Refusal(
            "no_item", f"{letter_id(letter)} is no item of a request but a record that {letter.stage} refused"
        )
    if bot is None or bot.archived_at is not None:
        return Refusal("unknown_bot", f"{letter_id(letter)} is for {letter.bot_id!r}, which takes no events")
    try:
        item = compact(letter.body.encode())
        msgspec.json.decode(item)
    except (ValueError, RecursionError):
        return Refusal("not_json", f"{letter_id(letter)} is not JSON and never will be")

    return Delivery(
        bot=bot.id,
        way=letter.way,
        received_at=letter.received_at,
        items=[msgspec.Raw(item)],
        platform=letter.platform,
        type=letter.type,
        sdk=letter.sdk,
        reporting=bot.reporting,
    )
