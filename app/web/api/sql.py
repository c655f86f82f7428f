"""
An analyst's own SQL, over the caller's bots only.

    POST /data/v1/sql  {"query": "SELECT ...", "format": "JSON" | "JSONEachRow" | "CSV" | "TSV"}
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec
from aiohttp import web

from app.adapters.analyst import Answer, ask, too_large
from app.adapters.reader import Reader
from app.config import KIB
from app.core.confinement import Limits
from app.core.refusal import Refusal
from app.core.tabular import FORMATS, written
from app.web.api.asking import caller_of
from app.web.errors import Fault
from app.web.parts import SETTINGS
from app.web.reading import read_at_most

__all__ = ["SqlRequest", "attach"]

_ANALYSTS: Final = web.AppKey("analysts", Reader)
_THREADS: Final = 3
_MOST_BYTES: Final = 128 * KIB


class SqlRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body: one SELECT, and how the answer is written."""

    query: str
    format: str = "JSON"


def attach(app: web.Application) -> None:
    """Give *app* SQL, with connections of its own: a long query must not keep pages waiting."""
    app[_ANALYSTS] = Reader(app[SETTINGS], _THREADS)
    app.cleanup_ctx.append(_closing)
    app.router.add_post("/data/v1/sql", _sql)


async def _sql(request: web.Request) -> web.Response:
    caller = caller_of(request)
    asked = await _body(request)
    settings = request.app[SETTINGS]
    limits = Limits(settings.sql_timeout_s, settings.sql_memory_bytes, settings.sql_rows, settings.sql_bytes)
    outcome: tuple[bytes, bool] | Refusal = await request.app[_ANALYSTS].run(
        lambda client: _text(ask(client, asked.query, caller.bots, limits), asked.format, limits)
    )
    if isinstance(outcome, Refusal):
        raise Fault(400, outcome.code, outcome.message)
    body, truncated = outcome
    headers = {"Cache-Control": "no-store", "X-Botpulse-Truncated": str(truncated).lower()}
    return web.Response(body=body, content_type=FORMATS[asked.format], charset="utf-8", headers=headers)


def _text(answer: Answer | Refusal, form: str, limits: Limits) -> tuple[bytes, bool] | Refusal:
    """Write the answer in the reader's thread: on the loop everybody would wait for it."""
    if isinstance(answer, Refusal):
        return answer
    body = bytearray()
    for piece in written(answer.columns, answer.rows, form, truncated=answer.truncated):
        body += piece
        if len(body) > limits.bytes:
            return too_large(limits)
    return bytes(body), answer.truncated


async def _body(request: web.Request) -> SqlRequest:
    content = await read_at_most(request, _MOST_BYTES)
    try:
        asked = msgspec.json.decode(content, type=SqlRequest)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        message = f'Send {{"query": "SELECT ...", "format": "JSON"}}: {error}.'
        raise Fault(400, "not_readable", message) from error
    if not asked.query.strip() or "\0" in asked.query:
        raise Fault(
            400, "bad_value", "`query` is one SELECT statement, without NUL characters.", field="query"
        )
    if asked.format not in FORMATS:
        raise Fault(
            400,
            "bad_value",
            f"`format` is {asked.format[:40]!r}; it can be {', '.join(FORMATS)}.",
            field="format",
        )
    return asked


async def _closing(app: web.Application) -> AsyncIterator[None]:
    yield
    app[_ANALYSTS].close()
