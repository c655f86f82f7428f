"""
Botanalytics' first way in: `/v1/messages/facebook-messenger/` and many more, with our ingest key as the token.

Which platform a body is of stands in the path.  Its clients read `error_message` (npm, gem) or `errors` (Java) of a
refusal, and tell people of 400, 401 and 404 only.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

import msgspec
from aiohttp import web

from app.core.dialects.botanalytics_v1_routes import PREFIXES, route
from app.core.platforms import canonical
from app.web.errors import Fault, next_request_id
from app.web.ingest.intake import Arrival, Intake, Taken, plain
from app.web.ingest.reply import JSON_HEADERS, Reply

__all__ = ["METHODS", "PATHS", "WAY", "receive", "refuse"]

WAY: Final = "botanalytics-v1"
PATHS: Final = tuple(f"{prefix}{{path:.+}}" for prefix in PREFIXES)
METHODS: Final = frozenset({"POST", "PATCH", "PUT"})

_SCHEME: Final = re.compile(r"(?i:token|bearer)\s+")
_encode = msgspec.json.Encoder().encode


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Take the body of *request*."""
    found = route(request.path)
    if found is None:
        raise Fault(
            404, "not_found", f"There is nothing at {plain(request.path)}; see docs/sdks/botanalytics.md."
        )
    bot = intake.bot_of(_token(request))
    platform, endpoint = found
    items = await intake.read(request, is_ndjson=False)
    arrival = Arrival(bot, WAY, platform or canonical(bot.platform), endpoint, _sdk(request))
    return _answer(await intake.take(arrival, items))


def refuse(fault: Fault) -> Reply:
    """Say no in Botanalytics' shape; a token of another kind is a wrong one, which clients know as 401 only."""
    status = 401 if fault.status == 403 else fault.status
    return _refusal([fault.message], status, JSON_HEADERS | fault.headers)


def _token(request: web.BaseRequest) -> str:
    """Return the token of the header, which comes with `Token`, `Bearer` or bare, and escaped by some clients."""
    token = _SCHEME.sub("", request.headers.get("Authorization", "").strip(), count=1)
    if not token:
        raise Fault(401, "no_key", "The token is missing; send the header Authorization: Token <ingest key>.")
    return unquote(token)


def _sdk(request: web.BaseRequest) -> str:
    client = request.headers.get("X-Botanalytics-Client-Id")
    version = request.headers.get("X-Botanalytics-Client-Version", "")
    name = request.headers.get("User-Agent", "") if client is None else f"{client} {version}"
    return f"botanalytics {plain(name)}".strip()


def _answer(taken: Taken) -> Reply:
    messages = [one.message for _, one in taken.rejected]
    if not taken.accepted:
        return _refusal(messages, 413 if taken.is_too_large else 400, JSON_HEADERS)
    request_id = next_request_id()
    if not messages:
        return Reply(b'{"success":true,"request_id":"%b"}' % request_id.encode())
    return Reply(_encode({"success": True, "request_id": request_id, "warnings": messages}))


def _refusal(messages: list[str], status: int, headers: dict[str, str]) -> Reply:
    answer = {
        "success": False,
        "error_message": messages[0],
        "errors": messages,
        "warnings": [],
        "request_id": next_request_id(),
    }
    return Reply(_encode(answer), status, headers)
