"""
What would be read from a body, without storing it.

    POST /data/v1/explain?way=webhook&platform=slack   the body as it would come
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
from aiohttp import web

from app.core.dialects import DIALECTS
from app.core.explaining import explain
from app.web.api.asking import answer, caller_of, choice, parameters
from app.web.errors import Fault
from app.web.ingest.body import read_body
from app.web.parts import PARTS, SETTINGS

__all__ = ["Explanation", "attach"]

_PARAMETERS: Final = ("way", "platform", "type", "path")


class Explained(msgspec.Struct, frozen=True):
    """Why a body or a part of it is refused, and where; `path` is empty for the whole."""

    reason: str
    message: str
    path: str


class Explanation(msgspec.Struct, frozen=True):
    """What is read from a body: events with the columns of `bot_events`, and paths of secrets that are cut out."""

    events: list[dict[str, Any]]
    rejections: list[Explained]
    removed: list[str]
    warnings: list[str]


def attach(app: web.Application) -> None:
    """Give *app* explanations."""
    app.router.add_post("/data/v1/explain", _explain)


async def _explain(request: web.Request) -> web.Response:
    caller = caller_of(request)
    asked = parameters(request, _PARAMETERS)
    if "way" not in asked:
        raise Fault(
            400, "missing_parameter", f"`way` is missing; it can be {', '.join(DIALECTS)}.", field="way"
        )
    way = choice(asked, "way", DIALECTS, "")
    body = await read_body(request, request.app[SETTINGS].max_event_bytes)
    [bot] = caller.bots if caller.bots and len(caller.bots) == 1 else [""]
    words = (asked.get("platform") or "generic", asked.get("type", ""), asked.get("path", ""))
    # a large body takes longer than others should wait
    report = await asyncio.to_thread(explain, way, *words, body, bot, request.app[PARTS].clock())
    return answer(report)
