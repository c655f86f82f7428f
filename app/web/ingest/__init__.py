"""
Every way in for events, and the short cut that leads to them.

`WAYS` is the list: another way in is one module with `WAY`, `PATHS`, `METHODS`, `receive`, `refuse`, and one entry.  `attach` gives
them routes; `short_cut` answers them before the application's router and middlewares are asked, which is a third of the
cost of a small request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol, cast

import structlog
from aiohttp import web

from app.observe import REQUESTS
from app.ports import Unavailable
from app.web.errors import Fault
from app.web.ingest import botanalytics_v1, botanalytics_v2, botmetrics, dashbot, hooks, native, short_links
from app.web.ingest.intake import Intake
from app.web.ingest.reply import Reply
from app.web.key_uses import KEY_USES
from app.web.parts import PARTS, SETTINGS

__all__ = ["WAYS", "Way", "attach", "short_cut"]


class Way(Protocol):
    """A module of this package that is a way in."""

    @property
    def WAY(self) -> str:  # noqa: N802 a constant of the module
        """Its name, which is its dialect's."""

    @property
    def PATHS(self) -> tuple[str, ...]:  # noqa: N802 a constant of the module
        """Where it is reached, with and without a slash at the end: nothing here redirects. May hold `{names}`."""

    @property
    def METHODS(self) -> frozenset[str]:  # noqa: N802 a constant of the module
        """Which methods `receive` takes; the others are refused, but for OPTIONS."""

    async def receive(self, request: web.BaseRequest, intake: Intake) -> Reply:
        """Answer a request. What is wrong with it is raised as a Fault."""

    def refuse(self, fault: Fault) -> Reply:
        """Say no in the shape its clients understand."""


WAYS: Final[tuple[Way, ...]] = (
    native,
    dashbot,
    botanalytics_v1,
    botanalytics_v2,
    botmetrics,
    short_links,
    hooks,
)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_HANDLERS: Final = web.AppKey("ingest_handlers", dict[str, Handler])
_PREFLIGHT: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, OPTIONS, PATCH, POST, PUT",
    "Access-Control-Allow-Headers": "Authorization, Content-Encoding, Content-Type, "
    "X-Botanalytics-Client-Id, X-Botanalytics-Client-Version",
    "Access-Control-Max-Age": "86400",
}

_log = structlog.get_logger(__name__)


def attach(app: web.Application) -> None:
    """Give *app* the routes of every way in."""
    intake = Intake(app[SETTINGS], app[PARTS], [way.WAY for way in WAYS], app[KEY_USES])
    handlers = {path: _handler(way, intake) for way in WAYS for path in way.PATHS}
    app[_HANDLERS] = handlers
    for path, handler in handlers.items():
        app.router.add_route("*", path, handler)


def short_cut(app: web.Application, others: Handler) -> Handler:
    """Return a handler that answers the ways in by itself and gives everything else to *others*."""
    # a path with names in it is for the router
    handlers = {path: handler for path, handler in app[_HANDLERS].items() if "{" not in path}

    def handle(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        return handlers.get(request.raw_path.partition("?")[0], others)(request)

    return cast("Handler", handle)


def _handler(way: Way, intake: Intake) -> Handler:
    counters = {status: REQUESTS.labels(way.WAY, str(status)) for status in (200, 400, 401, 503)}

    async def answer(request: web.BaseRequest) -> Reply:
        try:
            reply = (
                await way.receive(request, intake) if request.method in way.METHODS else _other(request, way)
            )
        except Fault as fault:
            reply = way.refuse(fault)
        except Unavailable as error:
            reply = way.refuse(Fault.of(error))
        except Exception:  # noqa: BLE001 the last net, below everything that is expected
            _log.exception("ingest_failed", way=way.WAY)
            reply = way.refuse(Fault(500, "internal", "This is a defect of botpulse; its log says more."))
        (counters.get(reply.status) or REQUESTS.labels(way.WAY, str(reply.status))).inc()
        return reply

    return cast("Handler", answer)


def _other(request: web.BaseRequest, way: Way) -> Reply:
    if request.method == "OPTIONS":
        return Reply(b"", 204, _PREFLIGHT)
    allowed = ", ".join(sorted({"OPTIONS", *way.METHODS}))
    return way.refuse(Fault(405, "method_not_allowed", f"This address takes {allowed}.", {"Allow": allowed}))
