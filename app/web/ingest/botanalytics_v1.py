"""
Botanalytics' first way in: `/v1/messages/facebook-messenger/` and many more, with our ingest key as the token.

Which platform a body is of stands in the path.  Its clients read `error_message` (npm, gem) or `errors` (Java) of a
refusal, and tell people of 400, 401 and 404 only.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from app.core.dialects.botanalytics_v1_routes import PREFIXES, route
from app.core.platforms import canonical
from app.web.errors import Fault
from app.web.ingest.botanalytics import accepted, refusal, sdk_of, status_of, token_of
from app.web.ingest.intake import Arrival, Intake, plain
from app.web.ingest.reply import Reply

__all__ = ["METHODS", "PATHS", "WAY", "receive", "refuse"]

WAY: Final = "botanalytics-v1"
PATHS: Final = tuple(f"{prefix}{{path:.+}}" for prefix in PREFIXES)
METHODS: Final = frozenset({"POST", "PATCH", "PUT"})

_MISSING: Final = "The token is missing; send the header Authorization: Token <ingest key>."


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Take the body of *request*."""
    found = route(request.path)
    if found is None:
        raise Fault(
            404, "not_found", f"There is nothing at {plain(request.path)}; see docs/sdks/botanalytics.md."
        )
    bot = intake.bot_of(token_of(request, _MISSING))
    platform, endpoint = found
    items = await intake.read(request, is_ndjson=False)
    arrival = Arrival(bot, WAY, platform or canonical(bot.platform), endpoint, sdk_of(request))
    taken = await intake.take(arrival, items)
    messages = [one.message for _, one in taken.rejected]
    return accepted(messages) if taken.accepted else _refusal(messages, status_of(taken), {})


def refuse(fault: Fault) -> Reply:
    """Say no in Botanalytics' shape; a token of another kind is a wrong one, which clients know as 401 only."""
    status = 401 if fault.status == 403 else fault.status
    return _refusal([fault.message], status, fault.headers)


def _refusal(messages: list[str], status: int, headers: dict[str, str]) -> Reply:
    return refusal(messages, status, headers, error_message=messages[0])
