"""One call of a Botmetrics client: whose, for which bot, with what; and how its items are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import web

from app.core.platforms import canonical
from app.core.registry import Bot
from app.web.errors import Fault
from app.web.ingest.intake import Arrival, Intake, plain

__all__ = ["WAY", "Call", "arrival", "encode", "keep"]

WAY: Final = "botmetrics"

encode: Final = msgspec.json.Encoder().encode


class Call(NamedTuple):
    """A call that may be answered: its key is one of the bot's. `who` names the key."""

    request: web.Request
    parameters: Mapping[str, object]
    bot: Bot
    who: str
    intake: Intake


def arrival(call: Call, platform: str, type: str) -> Arrival:
    """Return how an item came in."""
    client = plain(call.request.headers.get("User-Agent", ""))

    return Arrival(call.bot, WAY, platform, type, f"botmetrics {client}".strip())


async def keep(call: Call, type: str, item: dict[str, Any]) -> None:
    """Return when *item* is durable; raise a Fault that says what is wrong with it."""
    taken = await call.intake.take(arrival(call, canonical(call.bot.platform), type), [encode(item)])
    if taken.rejected:
        raise Fault(400, "bad_value", taken.rejected[0][1].message)
