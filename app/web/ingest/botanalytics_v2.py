"""
Botanalytics' second way in: `POST /v2/messages` with a key whose channel says of what shape the messages are.

200 with a `request_id` as soon as one message was fit, with a line in `warnings` for each other one; `errors` if none was.
"""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web

from app.core.bodies import mend
from app.core.channel_keys import CHANNELS
from app.core.dialects.botanalytics_v2 import PATHS, split_messages
from app.web.errors import Fault
from app.web.ingest.body import MAX_REQUEST_ITEMS
from app.web.ingest.botanalytics import accepted, refusal, sdk_of, status_of, token_of
from app.web.ingest.intake import Arrival, Intake
from app.web.ingest.reply import Reply

__all__ = ["METHODS", "PATHS", "WAY", "receive", "refuse"]

WAY: Final = "botanalytics-v2"
METHODS: Final = frozenset({"POST"})

_MISSING: Final = "The key is missing; send the header Authorization: Bearer <key>."


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Take the messages of *request*."""
    bot, key = intake.holder_of(token_of(request, _MISSING), "botanalytics-v2")
    bodies = await intake.read(request, is_ndjson=False)
    items = [message for body in bodies for message in _messages(body)]
    if not items:
        raise Fault(400, "empty_body", 'There are no messages; send {"messages": [{"message": ...}]}.')
    if len(items) > MAX_REQUEST_ITEMS:
        raise Fault(
            413, "too_many", f"A request may hold at most {MAX_REQUEST_ITEMS} messages; send several."
        )
    arrival = Arrival(bot, WAY, CHANNELS[key.channel], sdk=sdk_of(request))
    taken = await intake.take(arrival, items)
    lines = [f"message {index}: {one.message}" for index, one in taken.rejected]
    return accepted(lines) if taken.accepted else refusal(lines, status_of(taken), {})


def refuse(fault: Fault) -> Reply:
    """Say no in Botanalytics' words, with ours after them; a key of another kind is no valid one."""
    status = 401 if fault.status == 403 else fault.status
    known = _DOCUMENTED.get(fault.code) or _DOCUMENTED.get(str(status))
    return refusal([known, fault.message] if known else [fault.message], status, fault.headers)


_DOCUMENTED: Final = {
    "401": "Request is missing a valid Authorization header.",
    "500": "Failed to process the request.",
    "empty_body": "Request payloads must be in JSON format.",
    "not_an_object": "Request payloads must be in JSON format.",
    "not_json": "Request payloads must be in JSON format.",
    "not_utf8": "Request payloads must be in JSON format.",
}


def _messages(body: bytes) -> list[bytes]:
    try:
        try:
            return split_messages(body)
        except msgspec.DecodeError:
            return split_messages(mend(body))
    except msgspec.DecodeError as error:
        raise Fault(400, "not_json", f"The body is not JSON: {error}.") from error
    except RecursionError as error:
        raise Fault(400, "too_deep", "The body is nested too deeply.") from error
