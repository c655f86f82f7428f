"""What both of Botanalytics' ways in have in common: the token, the client's name, and the answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

import msgspec
from aiohttp import web

from app.web.errors import Fault, next_request_id
from app.web.ingest.intake import Taken, plain
from app.web.ingest.reply import JSON_HEADERS, Reply

__all__ = ["accepted", "refusal", "sdk_of", "status_of", "token_of"]

_SCHEME: Final = re.compile(r"(?i:token|bearer)\s+")
_encode = msgspec.json.Encoder().encode


def token_of(request: web.BaseRequest, missing: str) -> str:
    """
    Return the token of the header, which comes with `Token`, `Bearer` or bare, and escaped by some clients.

    Raises:
        Fault: 401 with the words *missing* where there is none.
    """
    token = _SCHEME.sub("", request.headers.get("Authorization", "").strip(), count=1)
    if not token:
        raise Fault(401, "no_key", missing)
    return unquote(token)


def sdk_of(request: web.BaseRequest) -> str:
    """Return the name and version of the client, as far as it tells."""
    client = request.headers.get("X-Botanalytics-Client-Id")
    version = request.headers.get("X-Botanalytics-Client-Version", "")
    name = request.headers.get("User-Agent", "") if client is None else f"{client} {version}"
    return f"botanalytics {plain(name)}".strip()


def accepted(warnings: list[str]) -> Reply:
    """Say yes, with a line for each item that was not fit."""
    request_id = next_request_id()
    if not warnings:
        return Reply(b'{"success":true,"request_id":"%b"}' % request_id.encode())
    return Reply(_encode({"success": True, "request_id": request_id, "warnings": warnings}))


def refusal(errors: list[str], status: int, headers: Mapping[str, str], **more: str) -> Reply:
    """Say no for each reason in *errors*; *more* is what one way's clients read besides."""
    said = {"success": False, **more, "errors": errors, "warnings": [], "request_id": next_request_id()}
    return Reply(_encode(said), status, {**JSON_HEADERS, **headers})


def status_of(taken: Taken) -> int:
    """Return the status of a request of which nothing was fit."""
    return 413 if taken.is_too_large else 400
