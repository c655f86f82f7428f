"""
Our own way in: `POST /v1/events` with an ingest key; one object, an array, or NDJSON.

200 as soon as one event was fit, with the others under `rejected`; 400 (413 for size alone) when none was.
"""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web

from app.web.errors import Fault, error_body, next_request_id
from app.web.ingest.intake import Arrival, Intake, Taken, bearer_of, plain
from app.web.ingest.reply import JSON_HEADERS, Reply

__all__ = ["METHODS", "PATHS", "WAY", "receive", "refuse"]

WAY: Final = "native"
PATHS: Final = ("/v1/events", "/v1/events/")
METHODS: Final = frozenset({"POST"})

_NDJSON: Final = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
)
_encode = msgspec.json.Encoder().encode


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Take the events of *request*."""
    bot = intake.bot_of(bearer_of(request))
    is_ndjson = request.headers.get("Content-Type", "").partition(";")[0].strip().lower() in _NDJSON
    items = await intake.read(request, is_ndjson=is_ndjson)
    sdk = plain(request.headers.get("User-Agent", ""))
    return _answer(await intake.take(Arrival(bot, WAY, bot.platform, sdk=sdk), items))


def refuse(fault: Fault) -> Reply:
    """Say no in our shape."""
    body = error_body(fault.code, fault.message, next_request_id())
    return Reply(
        body,
        fault.status,
        JSON_HEADERS | fault.headers if fault.headers else JSON_HEADERS,
    )


def _answer(taken: Taken) -> Reply:
    request_id = next_request_id()
    if not taken.rejected:
        return Reply(
            b'{"success":true,"accepted":%d,"request_id":"%b"}' % (taken.accepted, request_id.encode())
        )
    rejected = [
        {"index": index, "reason": one.reason, "message": one.message} for index, one in taken.rejected
    ]
    if taken.accepted:
        answer = {
            "success": True,
            "accepted": taken.accepted,
            "rejected": rejected,
            "request_id": request_id,
        }
        return Reply(_encode(answer))
    first = taken.rejected[0][1]
    message = first.message if len(rejected) == 1 else f"None of the {len(rejected)} events can be taken."
    error = {"code": first.reason, "message": message, "request_id": request_id}
    return Reply(
        _encode({"error": error, "rejected": rejected}),
        413 if taken.is_too_large else 400,
    )
