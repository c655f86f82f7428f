"""
Botanalytics' second way in: `POST /v2/messages` with a key whose channel says of what shape the messages are.

200 with a `request_id` as soon as one message was fit, with a line in `warnings` for each other one; `errors` if none was.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

import msgspec
from aiohttp import web

from app.core.bodies import mend
from app.core.channel_keys import CHANNELS
from app.core.dialects.botanalytics_v2 import PATHS, split_messages
from app.web.errors import Fault, next_request_id
from app.web.ingest.body import MAX_REQUEST_ITEMS
from app.web.ingest.intake import Arrival, Intake, Taken, plain
from app.web.ingest.reply import JSON_HEADERS, Reply

__all__ = ["METHODS", "PATHS", "WAY", "receive", "refuse"]

WAY: Final = "botanalytics-v2"
METHODS: Final = frozenset({"POST"})

_SCHEME: Final = re.compile(r"(?i:token|bearer)\s+")
_encode = msgspec.json.Encoder().encode


async def receive(request: web.BaseRequest, intake: Intake) -> Reply:
    """Take the messages of *request*."""
    bot, key = intake.holder_of(_token(request), "botanalytics-v2")
    bodies = await intake.read(request, is_ndjson=False)
    items = [message for body in bodies for message in _messages(body)]
    if not items:
        raise Fault(400, "empty_body", 'There are no messages; send {"messages": [{"message": ...}]}.')
    if len(items) > MAX_REQUEST_ITEMS:
        raise Fault(
            413, "too_many", f"A request may hold at most {MAX_REQUEST_ITEMS} messages; send several."
        )
    arrival = Arrival(bot, WAY, CHANNELS[key.channel], sdk=_sdk(request))
    return _answer(await intake.take(arrival, items))


def refuse(fault: Fault) -> Reply:
    """Say no in Botanalytics' words, with ours after them; a key of another kind is no valid one."""
    status = 401 if fault.status == 403 else fault.status
    known = _DOCUMENTED.get(fault.code) or _DOCUMENTED.get(str(status))
    return _refusal(
        [known, fault.message] if known else [fault.message], status, JSON_HEADERS | fault.headers
    )


_DOCUMENTED: Final = {
    "401": "Request is missing a valid Authorization header.",
    "500": "Failed to process the request.",
    "empty_body": "Request payloads must be in JSON format.",
    "not_an_object": "Request payloads must be in JSON format.",
    "not_json": "Request payloads must be in JSON format.",
    "not_utf8": "Request payloads must be in JSON format.",
}


def _token(request: web.BaseRequest) -> str:
    """Return the key of the header: the SDKs write `Bearer`, the documentation `Token`."""
    token = _SCHEME.sub("", request.headers.get("Authorization", "").strip(), count=1)
    if not token:
        raise Fault(401, "no_key", "The key is missing; send the header Authorization: Bearer <key>.")
    return unquote(token)


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


def _sdk(request: web.BaseRequest) -> str:
    client = request.headers.get("X-Botanalytics-Client-Id")
    version = request.headers.get("X-Botanalytics-Client-Version", "")
    name = request.headers.get("User-Agent", "") if client is None else f"{client} {version}"
    return f"botanalytics {plain(name)}".strip()


def _answer(taken: Taken) -> Reply:
    lines = [f"message {index}: {one.message}" for index, one in taken.rejected]
    if not taken.accepted:
        return _refusal(lines, 413 if taken.is_too_large else 400, JSON_HEADERS)
    request_id = next_request_id()
    if not lines:
        return Reply(b'{"success":true,"request_id":"%b"}' % request_id.encode())
    return Reply(_encode({"success": True, "request_id": request_id, "warnings": lines}))


def _refusal(errors: list[str], status: int, headers: dict[str, str]) -> Reply:
    answer = {"success": False, "errors": errors, "warnings": [], "request_id": next_request_id()}
    return Reply(_encode(answer), status, headers)
