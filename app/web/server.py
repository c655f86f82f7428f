"""
The web process: `build` puts the application together, `serve` opens its port, `run` is the whole life of the process.

On SIGTERM it stops accepting, answers what it has, sends what is gathered, and leaves with 0.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Final

import structlog
import uvloop
from aiohttp import web

from app.adapters.documents import HttpDocuments
from app.adapters.edge import BatchingEdge, Limits
from app.adapters.links import KafkaLinks
from app.adapters.mail import Mailer
from app.adapters.raw_log import RawLog
from app.adapters.recount_log import RecountLog
from app.adapters.recount_tables import RecountTables
from app.adapters.recounting import Recounter
from app.adapters.registry import KafkaRegistry
from app.adapters.removing import Remover
from app.adapters.seal import seal_of
from app.adapters.traces import Traces
from app.collector import calm_collector
from app.config import KIB, Settings
from app.errors import BotpulseError
from app.observe import set_up_logs
from app.web import api, auth, ingest, key_uses, pages
from app.web.errors import errors_as_json
from app.web.parts import PARTS, SETTINGS, Parts, wall_clock
from app.web.place import forget_place, record_place

__all__ = ["AREAS", "build", "run", "serve"]

AREAS: Final[tuple[Callable[[web.Application], None], ...]] = (
    key_uses.attach,
    ingest.attach,
    auth.attach,
    api.attach,
    pages.attach,
)
"""What gives the application its routes, in this order."""

_MAX_LINE_BYTES: Final = 64 * KIB

_log = structlog.get_logger(__name__)


def build(settings: Settings, parts: Parts) -> web.Application:
    """Return the application, not started."""
    app = web.Application(middlewares=[errors_as_json], client_max_size=settings.max_request_bytes)
    app[SETTINGS] = settings
    app[PARTS] = parts
    app.router.add_get("/healthz", _healthz)
    for attach in AREAS:
        attach(app)
    return app


async def serve(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Start *app* on *host* and *port* (0: a free one); `addresses` of the runner says where."""
    settings = app[SETTINGS]
    runner = web.AppRunner(
        app,
        access_log=None,
        # Ingest decompresses by itself, with a limit and with answers that say what is wrong.
        auto_decompress=False,
        # Some clients put whole webhook bodies into the query.
        max_line_size=_MAX_LINE_BYTES,
        keepalive_timeout=75,
        shutdown_timeout=settings.ingest_timeout_s + 2,
    )
    await runner.setup()
    server = runner.server
    assert server is not None
    server.request_handler = ingest.short_cut(app, server.request_handler)
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
    except OSError as error:
        await runner.cleanup()
        msg = f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port, 0 takes a free one"
        raise BotpulseError(msg, "port") from error
    return runner


def run(settings: Settings) -> None:
    """Run a web process until it is told to stop."""
    set_up_logs(settings.log_format)
    if not settings.kafka:
        msg = "no broker is set; set BOTPULSE_KAFKA=host:port, or let `botpulse up` start everything"
        raise BotpulseError(msg, "settings")
    calm_collector()
    uvloop.run(_live(settings))


async def _live(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    registry = KafkaRegistry(settings.kafka)
    edge = BatchingEdge(RawLog(settings), Limits.of(settings))
    links = KafkaLinks(settings.kafka)
    documents = HttpDocuments()
    remover = Remover(Traces(settings), registry, edge, wall_clock)
    recounter = Recounter(
        RecountLog(settings), RecountTables(settings), registry, settings.partitions, wall_clock
    )
    await registry.start()
    try:
        await links.start()
        await edge.start()
        remover.start()
        recounter.start()
        parts = Parts(
            edge,
            registry,
            auth.session_key(settings),
            links=links,
            seal=seal_of(settings),
            documents=documents,
            mail=Mailer(settings),
        )
        app = build(settings, parts)
        runner = await serve(app, settings.host, settings.port)
        _log.info("listening", url=record_place(settings, runner.addresses[0][1]))
        await stopped.wait()
        await runner.cleanup()
    finally:
        await recounter.stop()
        await remover.stop()
        await edge.stop()
        await documents.stop()
        await links.stop()
        await registry.stop()
        forget_place(settings)


async def _healthz(_request: web.Request) -> web.Response:
    return web.json_response({"alive": True})
