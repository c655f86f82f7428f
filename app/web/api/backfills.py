"""
Dashboards' rules applied back over history, in the background: begun by a request, asked after by others.

How far a run is, only the process knows that runs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Literal

import msgspec
import structlog
from aiohttp import web

from app.adapters.backfill import apply_to_history
from app.adapters.reader import Reader
from app.config import Settings
from app.core.registry import Dashboard
from app.core.times import iso
from app.errors import BotpulseError
from app.ports import Unavailable
from app.web.errors import Fault
from app.web.parts import PARTS, SETTINGS, Parts

__all__ = ["BACKFILLS", "BackfillShown", "Backfills", "attach_backfills"]

_AT_ONCE: Final = 2
_REMEMBERED: Final = 1000

_log = structlog.get_logger(__name__)


class BackfillShown(msgspec.Struct):
    """
    How far the rule of a dashboard, at `version`, is applied to what was before it.

    `never`: this process was not asked.  Of `events` looked at, `hits` match.
    """

    state: Literal["never", "waiting", "running", "done", "failed"]
    version: int
    events: int = 0
    hits: int = 0
    started_at: str | None = None
    ended_at: str | None = None
    error: str = ""


class Backfills:
    """The runs of this process."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self._reader = Reader(settings, _AT_ONCE)
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._runs: dict[str, BackfillShown] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def shown(self, dashboard: Dashboard) -> BackfillShown:
        """Return how far *dashboard* is."""
        run = self._runs.get(dashboard.id)
        return run if run and run.version == dashboard.version else BackfillShown("never", dashboard.version)

    def begin(self, dashboard: Dashboard, who: str, why: str = "") -> BackfillShown:
        """Begin to apply the rule of *dashboard*; refuse while it is being done."""
        if not self._settings.kafka:
            raise Unavailable("There is no broker to write the numbers to; try again.", retry_after_s=5)
        before = self._runs.get(dashboard.id)
        if before is not None and before.state in ("waiting", "running"):
            raise Fault(409, "running", "This is being done already; look how far it is.", field="dashboard")
        run = BackfillShown("waiting", dashboard.version, started_at=iso(self._parts.clock()))
        self._runs.pop(dashboard.id, None)
        self._runs[dashboard.id] = run
        while len(self._runs) > _REMEMBERED:
            del self._runs[next(iter(self._runs))]
        task = asyncio.get_running_loop().create_task(self._run(dashboard, who, why, run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run

    async def stop(self) -> None:
        """Leave what is under way; it may be begun again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._reader.close()

    async def _run(self, dashboard: Dashboard, who: str, why: str, run: BackfillShown) -> None:
        def tell(events: int, hits: int) -> None:
            run.events, run.hits = events, hits

        async with self._free:
            run.state = "running"
            parts = self._parts
            try:
                done = await apply_to_history(
                    self._settings.kafka,
                    self._reader,
                    parts.registry,
                    dashboard.bot,
                    dashboard.id,
                    who,
                    parts.clock,
                    why,
                    tell,
                )
                run.events, run.hits, run.state = done.events, done.hits, "done"
            except BotpulseError as error:
                run.state, run.error = "failed", error.message
            except Exception:  # noqa: BLE001 a defect here must not end silently as "running"
                _log.exception("backfill_failed", dashboard=dashboard.id)
                run.state, run.error = "failed", "This is a defect of botpulse; its log says more."
            run.ended_at = iso(parts.clock())


BACKFILLS: Final = web.AppKey("backfills", Backfills)


def attach_backfills(app: web.Application) -> None:
    """Give *app* the runs."""
    app[BACKFILLS] = Backfills(app[SETTINGS], app[PARTS])
    app.cleanup_ctx.append(_stopping)


async def _stopping(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[BACKFILLS].stop()
