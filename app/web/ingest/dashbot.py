"""
Dashbot's way in: `POST /track?platform=P&type=T&v=V&apiKey=K`, with our ingest key as the key.

Its clients read little: 200 with an object, or 400 with a list of errors, an unknown key included.  Pages post to it
too, so the content type says nothing.  An array or NDJSON is several bodies.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from aiohttp import web

from app.web.errors import Fault, next_request_id
from app.web.ingest.intake import Arrival, Intake, Taken, plain
from app.web.ingest.reply import JSON_HEADERS, Reply

__all__ = ["METHODS", "PATHS", "TYPES", "WAY", "receive", "refuse"]

WAY: Final = "dashbot"
PATHS: Final = ("/track", "/track/")
METHODS: Final = frozenset({"POST"})
TYPES: Final = frozenset({"incoming", "outgoing", "event", "connect", "all", "outgoingResponse"})

_PLATFORM: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_encode = msgspec.json.Encoder().encode


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Take the bodies of *request*."""
    query = request.rel_url.query
    bot = intake.bot_of(_key(query.get("apiKey")))
    kind = query.get("type", "")
    if kind not in TYPES:
        raise Fault(
            400,
            "unknown_type",
            f"unknown 'type'; it is one of {', '.join(sorted(TYPES))}",
        )
    platform = (query.get("platform") or bot.platform).lower()
    if not _PLATFORM.fullmatch(platform):
        raise Fault(
            400,
            "unknown_platform",
            "unknown 'platform'; it is a word like generic, facebook or slack",
        )
    items = await intake.read(request, is_ndjson=False)
    sdk = plain(query.get("v") or request.headers.get("User-Agent", ""))
    return _answer(await intake.take(Arrival(bot, WAY, platform, kind, f"dashbot {sdk}".strip()), items))


def refuse(fault: Fault) -> Reply:
    """Say no in Dashbot's shape; of a key that is missing, unknown or of no use only 400 is shown to people."""
    status = 400 if fault.status in (401, 403) else fault.status
    headers = {name: value for name, value in fault.headers.items() if name != "WWW-Authenticate"}
    return _refusal([fault.message], status, JSON_HEADERS | headers)


def _key(key: str | None) -> str:
    if not key:
        raise Fault(400, "no_key", "missing 'apiKey': put the bot's ingest key into the query")
    return key


def _answer(taken: Taken) -> Reply:
    if not taken.accepted:
        status = 413 if taken.is_too_large else 400
        return _refusal([one.message for _, one in taken.rejected], status, JSON_HEADERS)
    request_id = next_request_id()
    if not taken.rejected:
        return Reply(b'{"success":true,"request_id":"%b"}' % request_id.encode())
    rejected = [
        {"index": index, "reason": one.reason, "message": one.message} for index, one in taken.rejected
    ]
    return Reply(_encode({"success": True, "request_id": request_id, "rejected": rejected}))


def _refusal(messages: list[str], status: int, headers: dict[str, str]) -> Reply:
    errors = [{"message": message} for message in messages]
    return Reply(
        _encode({"success": False, "errors": errors, "request_id": next_request_id()}),
        status,
        headers,
    )
