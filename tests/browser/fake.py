"""The read API with numbers a test chooses, in the shapes of app/web/api; `tell`, `say` and `warn` speak to open pages."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from app.adapters.alerts import AlertLog
from app.core.alerts.machine import Transition
from app.web.api import alerts, dashboards
from app.web.api.asking import answer, bot_of, caller_of
from app.web.api.live import shown_alert
from app.web.api.states import ALERTS
from app.web.errors import Fault
from tests.browser.clock import now

__all__ = ["FakeApi", "line", "stage", "standing"]

Value = Callable[[str, str, int], int]
"""(measure, window, how many periods ago) -> number"""


def standing(**changed: Any) -> dict[str, Any]:
    """Return a pipeline at rest."""
    return {
        "at": "2026-01-01T00:00:00.000Z",
        "stages": [stage("web"), stage("normalise"), stage("track"), stage("store")],
        "accepted": 1_204_332,
        "refused": 12,
        "normalised": 1_204_332,
        "rejected": {"missing_field": 3, "unknown_type": 9},
        "repeats": 41,
        "stored": 1_204_291,
        "disk": {"used_bytes": 812_331_008, "budget_bytes": 21_474_836_480, "tables": {}, "removed": []},
        "away": {},
    } | changed


def stage(name: str, **changed: Any) -> dict[str, Any]:
    """Return one stage that does its work."""
    is_web = name == "web"
    return {
        "stage": name,
        "alive": True,
        "ready": True,
        "rate": 182.4,
        "lag_records": None if is_web else 0,
        "lag_events": None if is_web else 0,
        "lag_seconds": None,
        "lag_by_topic": {},
        "processes": [],
    } | changed


def line(number: int, **changed: Any) -> dict[str, Any]:
    """Return one event as lists and the stream show it."""
    return {
        "event_id": f"e{number}",
        "user_id": f"user-{number % 40:03}",
        "at": now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "direction": "in" if number % 2 == 0 else "out",
        "kind": "text",
        "text": f"line {number}",
        "intent": "order" if number % 2 == 0 else "",
        "not_handled": False,
        "platform": "generic",
        "event_name": "",
    } | changed


@dataclass
class FakeApi:
    """Holds what is to be answered; a `fault` is raised instead of any number."""

    value: Value = lambda *_: 0
    groups: dict[str, int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    cohort: Callable[[int, int], int] = lambda *_: 0
    pipeline: dict[str, Any] = field(default_factory=standing)
    fault: Fault | None = None
    live_fault: Fault | None = None
    snapshot: list[dict[str, Any]] = field(default_factory=list)
    streams: list[asyncio.Queue[bytes | None]] = field(default_factory=list)
    generation: int = 0
    alert_log: AlertLog = field(default_factory=lambda: AlertLog("", lambda _: None))
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    def attach(self, app: web.Application) -> None:
        """Answer like the read API; dashboards and alerts are those of the registry."""
        app[ALERTS] = self.alert_log
        dashboards.attach(app)
        alerts.attach(app)
        app.router.add_get("/data/v1/bots/{bot}/series", self._series)
        app.router.add_get("/data/v1/bots/{bot}/retention", self._retention)
        app.router.add_get("/data/v1/bots/{bot}/events", self._events)
        app.router.add_get("/data/v1/bots/{bot}/live", self._live)
        app.router.add_get("/data/v1/pipeline", self._pipeline)

    def tell(self, *cells: dict[str, Any]) -> None:
        """Send changed cells to every open page."""
        self._send("counters", self._counters(list(cells)))

    def recount(self, standing: dict[str, Any] | None) -> None:
        """Tell how far numbers are counted anew; None when they no longer are."""
        self._send("recounting", standing)

    def say(self, *lines: dict[str, Any]) -> None:
        """Send lines of conversations."""
        for one in lines:
            self._send("event", one)

    def warn(self, *told: Transition) -> None:
        """Tell what became of alerts."""
        for one in told:
            self.alert_log.past.take(one)
            self._send("alert", shown_alert(one))

    def hang_up(self) -> None:
        """End every stream."""
        for queue in self.streams:
            queue.put_nowait(None)

    def _send(self, name: str, content: Any) -> None:
        for queue in self.streams:
            queue.put_nowait(self._frame(name, content))

    def _counters(self, cells: list[dict[str, Any]]) -> dict[str, Any]:
        return {"updated_at": now().isoformat(), "generation": self.generation, "cells": cells}

    def _frame(self, name: str, content: Any) -> bytes:
        return f"id: fake-{next(self._ids)}\nevent: {name}\ndata: {json.dumps(content)}\n\n".encode()

    async def _series(self, request: web.Request) -> web.Response:
        zone, asked = self._asked(request)
        window, measure = asked.get("window", "day"), asked["measure"]
        starts = _starts(window, asked.get("from"), zone)
        head = {"measure": measure, "window": window, "zone": zone, "updated_at": None}
        if "by" not in asked:
            return answer({**head, "points": _points(starts, lambda ago: self.value(measure, window, ago))})
        ranked = sorted(self.groups.items(), key=lambda item: -item[1])[:100]
        groups = [{"key": key, "points": _only_today(starts, most)} for key, most in ranked]
        return answer({**head, "by": asked["by"], "groups": groups})

    async def _retention(self, request: web.Request) -> web.Response:
        zone, asked = self._asked(request)
        starts = _starts(asked["period"], asked.get("from"), zone)
        last = len(starts) - 1
        periods = range(int(asked["periods"]))
        cohorts = [
            {
                "start": start,
                "size": self.cohort(last - i, 0),
                "retained": [self.cohort(last - i, n) if n <= last - i else 0 for n in periods],
                "complete": [n < last - i for n in periods],
            }
            for i, start in enumerate(starts)
        ]
        overall = [_mean(cohorts, n) for n in periods]
        head = {"period": asked["period"], "mode": asked["mode"], "zone": zone, "updated_at": None}
        return answer({**head, "cohorts": cohorts, "overall": overall})

    async def _events(self, request: web.Request) -> web.Response:
        self._asked(request)
        return answer({"events": self.events, "next_cursor": None})

    async def _pipeline(self, request: web.Request) -> web.Response:
        caller_of(request)
        return answer(self.pipeline)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        bot_of(request)
        if self.live_fault:
            raise self.live_fault
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        await response.write(self._frame("counters", self._counters(self.snapshot)))
        for told in self.alert_log.past.of_bot(request.match_info["bot"]):
            await response.write(self._frame("alert", shown_alert(told)))
        self.streams.append(queue)
        try:
            while (frame := await queue.get()) is not None:
                await response.write(frame)
        except ConnectionError:
            pass
        finally:
            self.streams.remove(queue)
        return response

    def _asked(self, request: web.Request) -> tuple[str, dict[str, str]]:
        bot = bot_of(request)
        if self.fault:
            raise self.fault
        return bot.reporting.zone, dict(request.query)


def _starts(window: str, after: str | None, zone: str) -> list[str]:
    here = now().astimezone(ZoneInfo(zone))
    if window == "minute":
        this = here.replace(second=0, microsecond=0)
        return [(this - timedelta(minutes=ago)).isoformat() for ago in range(59, -1, -1)]
    first = date.fromisoformat(after) if after else here.date() - timedelta(days=29)
    days = [first + timedelta(days=i) for i in range((here.date() - first).days + 1)]
    return [start.isoformat() for start in dict.fromkeys(_begin(window, day) for day in days)]


def _begin(window: str, day: date) -> date:
    if window == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if window == "week" else day


def _only_today(starts: list[str], value: int) -> list[dict[str, Any]]:
    return _points(starts, lambda ago: 0 if ago else value)


def _points(starts: list[str], value: Callable[[int], int]) -> list[dict[str, Any]]:
    last = len(starts) - 1
    return [
        {"start": start, "value": value(last - i), "complete": i < last} for i, start in enumerate(starts)
    ]


def _mean(cohorts: list[dict[str, Any]], n: int) -> dict[str, Any]:
    done = [one for one in cohorts if one["complete"][n]]
    users, retained = sum(one["size"] for one in done), sum(one["retained"][n] for one in done)
    return {"n": n, "users": users, "retained": retained, "rate": retained / users if users else None}
