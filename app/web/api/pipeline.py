"""
How the system is, for people, for whoever starts it, and for Prometheus.

    GET /data/v1/pipeline   per stage: alive, ready, lag, rate; what was accepted, refused, stored; disk
    GET /readyz             200 when every stage consumes and this process can answer, else 503 and why
    GET /metrics            this process's own metrics, and the pipeline's
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from app.ports import Unavailable
from app.web.api.asking import answer, caller_of, parameters
from app.web.api.standing import STAGES, Standing, StandingDesk
from app.web.api.states import LIVE, PULSE, READER
from app.web.parts import PARTS

__all__ = ["attach"]

_DESK: Final = web.AppKey("standing", StandingDesk)


def attach(app: web.Application) -> None:
    """Give *app* the pipeline's standing."""
    app[_DESK] = StandingDesk(app)
    app.router.add_get("/data/v1/pipeline", _pipeline)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)


async def _pipeline(request: web.Request) -> web.Response:
    caller_of(request)
    parameters(request, ())
    return answer(await request.app[_DESK].read())


async def _readyz(request: web.Request) -> web.Response:
    reasons = await _reasons(request.app)
    response = answer({"ready": not reasons, "reasons": reasons})
    response.set_status(503 if reasons else 200)
    return response


async def _reasons(app: web.Application) -> list[str]:
    """Say what is not ready yet."""
    pulse, registry = app[PULSE], app[PARTS].registry
    found = [f"{stage} has not said that it is ready" for stage in STAGES if not pulse.is_ready(stage)]
    if not getattr(registry, "is_ready", True):
        found.append("the registry is still being read")
    if not app[LIVE].is_ready:
        found.append("the live view is still being read")
    try:
        await app[READER].rows("pipeline.ready")
    except Unavailable as error:
        found.append(error.message)
    return found


async def _metrics(request: web.Request) -> web.Response:
    registry = CollectorRegistry()
    registry.register(_Pipeline(await request.app[_DESK].read()))
    return web.Response(
        body=generate_latest() + generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


class _Pipeline(Collector):
    """The standing as gauges. What is not known is left out."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every gauge."""
        standing = self._standing
        for name, about in (
            ("alive", "1 while a process of the stage sends heartbeats."),
            ("ready", "1 while a process of the stage has its state and consumes."),
            ("rate", "Events (store: rows) per second."),
            ("lag_records", "Records between the stage and the end of its topics."),
            ("lag_seconds", "Age of the oldest record the stage has not done."),
        ):
            gauge = GaugeMetricFamily(f"botpulse_stage_{name}", about, labels=["stage"])
            for stage in standing.stages:
                value = getattr(stage, name)
                if value is not None:
                    gauge.add_metric([stage.stage], float(value))
            yield gauge
        yield from self._held()

    def _held(self) -> Iterator[GaugeMetricFamily]:
        standing = self._standing
        if standing.disk is not None:
            yield GaugeMetricFamily("botpulse_disk_used_bytes", "Of ClickHouse.", standing.disk.used_bytes)
            yield GaugeMetricFamily("botpulse_disk_budget_bytes", "Allowed.", standing.disk.budget_bytes)
        if standing.stored is not None:
            yield GaugeMetricFamily("botpulse_stored_rows", "Rows of events in ClickHouse.", standing.stored)
        rejected = GaugeMetricFamily("botpulse_rejected_items", "Dead letters held.", labels=["reason"])
        for reason, items in (standing.rejected or {}).items():
            rejected.add_metric([reason], items)
        yield rejected
