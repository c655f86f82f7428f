"""
How the pipeline stands, gathered from heartbeats, the broker and ClickHouse; whoever is away is left out and named.

Asked for at most once a second, however many pages look.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
from aiohttp import web

from app.adapters.lag import Behind
from app.adapters.pulse import Instance
from app.ports import Unavailable
from app.web.api.asking import iso
from app.web.api.states import LAG, PULSE, READER
from app.web.parts import PARTS, SETTINGS

__all__ = ["STAGES", "Stage", "Standing", "StandingDesk"]

STAGES: Final = ("normalise", "track", "alert", "store")

_KEEP_MS: Final = 1000
_WORK: Final = {
    "web": "accepted",
    "normalise": "events",
    "track": "events",
    "alert": "cells",
    "store": "rows",
}
"""The figure of a stage that says how much it does."""


class Process(msgspec.Struct, frozen=True):
    """One process of a stage, `age_s` after its last word; `figures` since its start, `rates` per second."""

    instance: str
    pid: int
    alive: bool
    ready: bool
    age_s: float
    started_at: str | None
    version: str
    figures: dict[str, int]
    rates: dict[str, float]


class Stage(msgspec.Struct, frozen=True):
    """
    One stage and its processes.

    `lag_records` in all and by topic, `lag_events` judged by the records so far, `lag_seconds` the age of the oldest
    record that is not done; `rate` in events (alert: numbers, store: rows) per second.
    """

    stage: str
    alive: bool
    ready: bool
    rate: float
    lag_records: int | None
    lag_events: int | None
    lag_seconds: float | None
    lag_by_topic: dict[str, int]
    processes: list[Process]


class Disk(msgspec.Struct, frozen=True):
    """What ClickHouse holds, against its budget; `removed` is what had to go last."""

    used_bytes: int
    budget_bytes: int
    tables: dict[str, dict[str, int]]
    removed: list[dict[str, Any]]


class Standing(msgspec.Struct, frozen=True):
    """
    Everything at once.

    Accepted, refused (items, at the door) and normalised are counted since the start of the processes; rejected (dead
    letters, by reason), repeats and stored are what ClickHouse holds.  `away` names what did not answer; what that leaves unknown is null.
    """

    at: str | None
    stages: list[Stage]
    accepted: int
    refused: int
    normalised: int
    rejected: dict[str, int] | None
    repeats: int | None
    stored: int | None
    disk: Disk | None
    away: dict[str, str]


class StandingDesk:
    """Answers from memory while the answer is fresh."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._lock = asyncio.Lock()
        self._known: Standing | None = None
        self._until = 0.0

    async def read(self) -> Standing:
        """Return how things stand."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            if self._known is None or loop.time() >= self._until:
                self._known = await _gather(self._app)
                self._until = loop.time() + _KEEP_MS / 1000
            return self._known


async def _gather(app: web.Application) -> Standing:
    now_ms = app[PARTS].clock()
    pulse = app[PULSE]
    away: dict[str, str] = {}
    behind, held = await asyncio.gather(_behind(app, now_ms, away), _held(app, away))
    stages = [_stage(name, pulse.instances(name), behind.get(name)) for name in ("web", *STAGES)]
    sums = {stage.stage: stage for stage in stages}
    return Standing(
        at=iso(now_ms),
        stages=stages,
        accepted=_total(sums["web"], "accepted"),
        refused=_total(sums["web"], "rejected"),
        normalised=_total(sums["normalise"], "events"),
        away=away,
        **held,
    )


async def _behind(app: web.Application, now_ms: int, away: dict[str, str]) -> dict[str, Behind]:
    if not app[SETTINGS].kafka:
        away["kafka"] = "No broker is set."
        return {}
    try:
        return await app[LAG].read(now_ms)
    except Unavailable as error:
        away["kafka"] = error.message
        return {}


async def _held(app: web.Application, away: dict[str, str]) -> dict[str, Any]:
    reader, budget_bytes = app[READER], app[SETTINGS].disk_budget_bytes
    bots = list(app[PARTS].registry.state.bots) or [""]
    try:
        rejected, repeats, stored, removed = await asyncio.gather(
            reader.rows("pipeline.rejected"),
            reader.rows("pipeline.repeats", bots=bots),
            reader.rows("pipeline.stored"),
            reader.rows("pipeline.removed"),
        )
    except Unavailable as error:
        away["clickhouse"] = error.message
        return {"rejected": None, "repeats": None, "stored": None, "disk": None}
    tables = {table: {"rows": rows, "bytes": size} for table, rows, size in stored}
    reasons: dict[str, int] = {}
    for _, reason, items in rejected:
        reasons[reason] = reasons.get(reason, 0) + items
    used_bytes = sum(table["bytes"] for table in tables.values())
    gone = [
        {"at": iso(at), "table": table, "partition": part, "rows": rows, "bytes": size}
        for at, table, part, rows, size in removed
    ]
    return {
        "rejected": reasons,
        "repeats": repeats[0][0],
        "stored": tables.get("events", {}).get("rows", 0),
        "disk": Disk(used_bytes, budget_bytes, tables, gone),
    }


def _stage(name: str, instances: list[Instance], behind: Behind | None) -> Stage:
    alive = [one for one in instances if one.is_alive]
    records = sum(behind.records.values()) if behind else None
    oldest_ms = behind.oldest_ms if behind else None
    return Stage(
        stage=name,
        alive=bool(alive),
        ready=any(one.beat.ready for one in alive),
        rate=round(sum(one.rates.get(_WORK[name], 0) for one in alive), 3),
        lag_records=records,
        lag_events=None if records is None else _in_events(name, instances, records),
        lag_seconds=None if oldest_ms is None else oldest_ms / 1000,
        lag_by_topic=behind.records if behind else {},
        processes=[_process(one) for one in instances],
    )


def _in_events(name: str, instances: list[Instance], records: int) -> int:
    """Say records as events: as many each as a record had on average so far."""
    done = sum(one.beat.figures.get("records", 0) for one in instances)
    events = sum(one.beat.figures.get(_WORK[name], 0) for one in instances)
    return round(records * max(events / done, 1)) if done else records


def _process(one: Instance) -> Process:
    beat = one.beat
    return Process(
        instance=beat.instance,
        pid=beat.pid,
        alive=one.is_alive,
        ready=beat.ready and one.is_alive,
        age_s=one.age_ms / 1000,
        started_at=iso(beat.started_at),
        version=beat.version,
        figures=beat.figures,
        rates={figure: round(rate, 3) for figure, rate in one.rates.items()},
    )


def _total(stage: Stage, figure: str) -> int:
    return sum(process.figures.get(figure, 0) for process in stage.processes)
