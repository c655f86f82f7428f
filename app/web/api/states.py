"""What the read API keeps open while the application lives: connections to ClickHouse, and followers of topics."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Coroutine
from importlib.metadata import version
from typing import Any, Final

import structlog
from aiohttp import web
from prometheus_client import Counter

from app.adapters.alerts import AlertLog
from app.adapters.announcer import announce
from app.adapters.heartbeat import Heartbeat
from app.adapters.lag import LagGauge
from app.adapters.live import Live
from app.adapters.pulse import Pulse, follow_pulse
from app.adapters.reader import Reader
from app.core.removal import removed_bots
from app.observe import EVENTS_ACCEPTED, EVENTS_REJECTED
from app.web.parts import PARTS, SETTINGS

__all__ = ["ALERTS", "LAG", "LIVE", "PULSE", "READER", "attach", "guarded"]

READER: Final = web.AppKey("reader", Reader)
PULSE: Final = web.AppKey("pulse", Pulse)
LIVE: Final = web.AppKey("live", Live)
LAG: Final = web.AppKey("lag", LagGauge)
ALERTS: Final = web.AppKey("alerts", AlertLog)

_log = structlog.get_logger(__name__)


def attach(app: web.Application) -> None:
    """Open everything with *app* and close it with *app*."""
    settings, parts = app[SETTINGS], app[PARTS]
    app[READER] = Reader(settings)
    app[PULSE] = Pulse(parts.clock)
    app[LAG] = LagGauge(settings.kafka)
    app[LIVE] = Live(settings.kafka, app[READER], lambda: list(parts.registry.state.bots), parts.clock)
    app[ALERTS] = AlertLog(settings.kafka, app[LIVE].tell)
    live, alerts = app[LIVE], app[ALERTS]
    parts.registry.on_change(live.follow)
    parts.registry.on_change(lambda state: alerts.forget(removed_bots(state)))
    app.on_shutdown.append(_say_goodbye)
    app.cleanup_ctx.append(_reading)
    if settings.kafka:
        app.cleanup_ctx.append(_beating)


async def guarded(name: str, work: Coroutine[Any, Any, None]) -> None:
    """Run *work*; should it fail, that is said, and reading goes on without it."""
    try:
        await work
    except Exception:  # noqa: BLE001 a defect here must not end a process that takes events in
        _log.exception("background_work_failed", work=name)


async def _reading(app: web.Application) -> AsyncIterator[None]:
    yield
    app[READER].close()


async def _beating(app: web.Application) -> AsyncIterator[None]:
    bootstrap, clock = app[SETTINGS].kafka, app[PARTS].clock
    started_at = clock()

    def word() -> Heartbeat:
        figures = {"accepted": _sum(EVENTS_ACCEPTED), "rejected": _sum(EVENTS_REJECTED)}
        name = f"{socket.gethostname()}-{os.getpid()}"
        return Heartbeat(
            "web",
            name,
            os.getpid(),
            clock(),
            started_at,
            ready=True,
            version=version("botpulse"),
            figures=figures,
        )

    tasks = [
        asyncio.create_task(guarded("live", app[LIVE].run())),
        asyncio.create_task(guarded("pulse", follow_pulse(bootstrap, app[PULSE], clock).run())),
        asyncio.create_task(guarded("alerts", app[ALERTS].run())),
        asyncio.create_task(guarded("announce", announce(bootstrap, word))),
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await app[LAG].close()


async def _say_goodbye(app: web.Application) -> None:
    app[LIVE].close()


def _sum(counter: Counter) -> int:
    samples = (sample for metric in counter.collect() for sample in metric.samples)
    return int(sum(sample.value for sample in samples if sample.name.endswith("_total")))
