"""
One request of the HTTP interface: who asks, what to run with which settings, and the answer with its headers.

Every request has a session of its own.  GET and HEAD may not change anything (``readonly = 2``).
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
import tempfile
import uuid
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import zstandard

from app.local.engine.engine import query_params
from app.local.engine.failure import Failure
from app.local.engine.sql import Insert, head_of_insert, parse_insert

if TYPE_CHECKING:
    from app.local.engine.server import Server
    from app.local.engine.session import Session

__all__ = ["HttpServer"]

_log = logging.getLogger(__name__)

_TIMEOUT_S = 300
_OWN_PARAMS = (
    "query database user password default_format query_id session_id session_timeout session_check quota_key role"
    " compress decompress stacktrace wait_end_of_query buffer_size client_protocol_version"
)
_NOT_SETTINGS = frozenset(_OWN_PARAMS.split())
_STATUS_OF_CODE = {
    **dict.fromkeys((26, 27, 36, 38, 43, 53, 62, 72, 115, 456, 457), 400),
    **dict.fromkeys((164, 194, 497, 516), 403),
    **dict.fromkeys((16, 46, 47, 60, 81), 404),
    **dict.fromkeys((48, 89), 501),
    159: 408,
}
_CANNOT_PARSE, _UNKNOWN_COMPRESSION = 27, 89


class HttpServer(ThreadingHTTPServer):
    """The listener; ``engine_server`` is set by the server it belongs to."""

    daemon_threads = True
    request_queue_size = 128
    engine_server: Server

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Tracebacks of clients that went away are of no use to anybody."""
        _log.debug("request from %s ended", client_address, exc_info=True)


class _Request(NamedTuple):
    params: dict[str, str]
    body: bytes
    output: str


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_S
    server: HttpServer

    def do_GET(self) -> None:
        """Answer /ping to anybody and queries to those with the password."""
        url = urlsplit(self.path)
        if url.path == "/ping" or (url.path == "/" and not url.query and self.command != "POST"):
            self._reply(200, b"Ok.\n", {"Content-Type": "text/html; charset=UTF-8"})
        elif url.path != "/":
            self.close_connection = True  # its body, if it has one, stays unread
            self._reply(404, b"There is no such path here. Use / with a query, or /ping.\n", {})
        else:
            self._answer(dict(parse_qsl(url.query, keep_blank_values=True)))

    do_POST = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing of a request: its address may hold the password."""

    def _answer(self, params: dict[str, str]) -> None:
        tag = f"http-{uuid.uuid4().hex}"
        query_id = params.get("query_id", "")
        common = {
            "X-ClickHouse-Query-Id": query_id if re.fullmatch(r"[\w.:-]+", query_id) else str(uuid.uuid4()),
            "X-ClickHouse-Timezone": self.server.engine_server.engine.timezone,
            "Content-Type": "text/plain; charset=UTF-8",
        }
        try:
            self._authenticate(params)
            output = self.headers.get("X-ClickHouse-Format") or params.get("default_format") or "TabSeparated"
            answer, written_rows = self._run(tag, _Request(params, self._read_body(), output))
            status, headers = 200, {"X-ClickHouse-Summary": json.dumps({"written_rows": str(written_rows)})}
        except Failure as failure:
            status, answer = (
                _STATUS_OF_CODE.get(failure.code, 500),
                f"Code: {failure.code}. {failure.text}\n".encode(),
            )
            headers = {"X-ClickHouse-Exception-Code": str(failure.code)}
        self._reply(status, answer, common | headers)

    def _authenticate(self, params: dict[str, str]) -> None:
        """Before the body is read; a refused client's connection is closed, as its body is still on the way."""
        basic = self.headers.get("Authorization", "").partition("Basic ")[2]
        try:
            user, _, password = base64.b64decode(basic).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user = password = ""
        try:
            self.server.engine_server.authenticate(
                user or self.headers.get("X-ClickHouse-User") or params.get("user", ""),
                password or self.headers.get("X-ClickHouse-Key") or params.get("password", ""),
            )
        except Failure:
            self.close_connection = True
            raise

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._read_chunks()
        else:
            body = self._read_exactly(int(self.headers.get("Content-Length") or 0))
        return _decode(body, self.headers.get("Content-Encoding", ""))

    def _read_chunks(self) -> bytes:
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self._read_exactly(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def _read_exactly(self, size: int) -> bytes:
        """Half an INSERT is none."""
        body = self.rfile.read(size)
        if len(body) < size:
            msg = "the client went away within a body"
            raise ConnectionError(msg)
        return body

    def _run(self, tag: str, request: _Request) -> tuple[bytes, int]:
        server = self.server.engine_server
        settings = {name: value for name, value in request.params.items() if name not in _NOT_SETTINGS}
        if self.command != "POST" and settings.get("readonly", "0") == "0":
            settings["readonly"] = "2"
        database = self.headers.get("X-ClickHouse-Database") or request.params.get("database", "")
        session = server.engine.connect(tag, database, settings, required=settings)
        try:
            with server.job(tag, self.connection) as job:
                sql, rows = _split(request)
                session.check(sql)
                insert = parse_insert(sql)
                if insert and (rows or insert.format):
                    return self._insert(session, insert, rows)
                with job.in_engine():
                    return self._query(session, sql, request.output, query_params(settings))
        finally:
            session.close()

    def _insert(self, session: Session, insert: Insert, rows: bytes) -> tuple[bytes, int]:
        with tempfile.TemporaryFile(dir=self.server.engine_server.scratch) as data:
            data.write(rows)
            return b"", session.insert(insert.target, insert.format or "Values", data, insert.settings)

    def _query(self, session: Session, sql: str, output: str, params: dict[str, str]) -> tuple[bytes, int]:
        answer = session.query(sql, output, params)
        return answer.bytes(), answer.rows_written()

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _split(request: _Request) -> tuple[str, bytes]:
    """Return the statement and, of an INSERT, its rows: the body may hold either or both."""
    sql, body = request.params.get("query", ""), request.body
    if sql and parse_insert(sql):
        return sql, body
    rows_at = 0 if sql else head_of_insert(body)
    if rows_at:
        return body[:rows_at].decode(errors="replace"), body[rows_at:]
    text = body.decode(errors="replace")
    return (f"{sql}\n{text}" if sql and text else sql or text), b""


def _decode(body: bytes, encoding: str) -> bytes:
    try:
        match encoding.lower():
            case "":
                return body
            case "gzip" | "deflate":
                return zlib.decompress(body, zlib.MAX_WBITS | 32)
            case "zstd":
                return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    except (zlib.error, zstandard.ZstdError) as error:
        raise Failure(_CANNOT_PARSE, f"The body is not {encoding}: {error}") from error
    raise Failure(_UNKNOWN_COMPRESSION, f"Unknown compression method {encoding}")
