"""
An answer whose head is made once: ingest answers ten thousand times a second, always with the same few headers.

It has what aiohttp's server calls on a response (`prepare`, `write_eof`, `keep_alive`) and writes head and body at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp import HttpVersion11, web

__all__ = ["JSON_HEADERS", "Reply"]

JSON_HEADERS: Final = {
    "Content-Type": "application/json",
    "Access-Control-Allow-Origin": "*",
}


class Reply:
    """Status, body and headers of an answer that is ready to be written."""

    __slots__ = ("body", "headers", "keep_alive", "status")

    def __init__(self, body: bytes, status: int = 200, headers: Mapping[str, str] = JSON_HEADERS) -> None:
        self.body = body
        self.status = status
        self.headers = headers
        self.keep_alive = True

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write everything. A client that has gone is no error."""
        self.keep_alive = request.keep_alive
        transport = request.transport
        if transport is None or transport.is_closing():
            return
        connection = (
            "" if self.keep_alive and request.version == HttpVersion11 else _connection(self.keep_alive)
        )
        if self.headers is JSON_HEADERS:
            head = _json_head(self.status, connection)
        else:
            head = _head(self.status, self.headers, connection)
        if self.status != HTTPStatus.NO_CONTENT:
            head = b"%bContent-Length: %d\r\n" % (head, len(self.body))
        body = b"" if request.method == "HEAD" else self.body
        transport.write(b"%b%b%b" % (head, _date(int(time.time())), body))

    async def write_eof(self) -> None:
        """Nothing is left to write."""


@lru_cache(maxsize=256)
def _json_head(status: int, connection: str) -> bytes:
    return _head(status, JSON_HEADERS, connection)


def _head(status: int, headers: Mapping[str, str], connection: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if connection:
        lines.append(f"Connection: {connection}")
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1", "replace")


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    """Return the last header and the blank line after it."""
    return f"Date: {formatdate(second, usegmt=True)}\r\n\r\n".encode()


def _connection(keep_alive: bool) -> str:
    return "keep-alive" if keep_alive else "close"
