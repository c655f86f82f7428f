"""
How long a changed rule takes until events are held against it; a table of `python -m benchmarks.rules`.

A real broker and one normalise process, with a trickle of events of one bot.  One of its dashboards after the other gets a new rule that
every event matches.  Measured: until the change is acknowledged to whoever made it, from there until the first event in
bot-events names the new version, and both together.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import threading
import time
from pathlib import Path

from app.adapters.registry import KafkaRegistry, transact
from app.adapters.topics import BOT_EVENTS
from app.core.commands.dashboards import change_dashboard
from app.core.dashboards.hits import hit_of
from app.core.events import decode_batches
from app.core.registry import Bot, Dashboard, Fact, State
from app.core.rules.language import Rule
from benchmarks.report import table
from tests.broker import own_broker
from tests.pipeline.rig import Rig, rig
from tests.waiting import eventually, until

__all__ = ["measure_effect", "print_effect"]

_BOT = "bot-1"
_CHANGES = 30
_EVENTS_PER_S = 200
_LIMIT_S = 2.0
_STEPS = {
    "ack": "of that, until it is acknowledged",
    "seen": "of that, from there to the first event",
}


def measure_effect(rules: dict[str, Rule]) -> dict[str, float]:
    """Change some of *rules*, all of one bot, while its events come; return milliseconds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        own_broker(Path(folder) / "kafka") as bootstrap,
        rig(bootstrap, Path(folder) / "home") as own,
    ):
        transact(bootstrap, lambda state: _facts(state, rules), "bench")
        own.start("normalise")
        until(lambda: own.is_ready("normalise"), 60, 0.1, "normalise to be ready")
        measured = asyncio.run(_measure(own, list(rules)[: _CHANGES + 1]))
    took = dict(zip(("ack", "seen", "both"), zip(*measured, strict=True), strict=True))

    return {
        "rules": len(rules),
        "events_per_s": _EVENTS_PER_S,
        "changes": len(measured),
        **{f"{name}_ms": statistics.median(times) * 1000 for name, times in took.items()},
        **{f"{name}_worst_ms": max(times) * 1000 for name, times in took.items()},
    }


def print_effect(figures: dict[str, float]) -> None:
    """Print the table of what `measure_effect` returned."""
    rows = [("rule change to effect, p50", f"{figures['both_ms']:.0f} ms", f"limit {_LIMIT_S:.0f} s")]
    rows.append(("rule change to effect, worst", f"{figures['both_worst_ms']:.0f} ms", ""))
    for name, what in _STEPS.items():
        rows.append(
            (f"{what}, p50", f"{figures[f'{name}_ms']:.0f} ms", f"worst {figures[f'{name}_worst_ms']:.0f} ms")
        )
    title = "time from rule change to effect, {changes} changes, {rules} rules, {events_per_s} events/s"
    table(title.format(**figures), rows)


def _facts(state: State, rules: dict[str, Rule]) -> list[Fact]:
    dashboards = [Dashboard(name, _BOT, name, 0, rule) for name, rule in rules.items()]

    return [
        state.fact("told", Bot(_BOT, _BOT, "generic", 0)),
        *(state.fact("dashboard_created", dashboard) for dashboard in dashboards),
    ]


async def _measure(own: Rig, dashboards: list[str]) -> list[tuple[float, float, float]]:
    """Return what each change took, without the first, which waits for the events to begin to flow."""
    seen: dict[str, float] = {}
    is_over = threading.Event()
    registry = KafkaRegistry(own.settings.kafka)
    await registry.start()
    trickle = asyncio.create_task(asyncio.to_thread(_trickle, own, seen, is_over))
    try:
        return [await _change(registry, dashboard, seen) for dashboard in dashboards][1:]
    finally:
        is_over.set()
        await trickle
        await registry.stop()


async def _change(registry: KafkaRegistry, id: str, seen: dict[str, float]) -> tuple[float, float, float]:
    rule = Rule(field="text", op="matches", value=f"order|{id}")
    begun = time.perf_counter()
    state = await registry.change(lambda state: change_dashboard(state, _BOT, id, {"rule": rule}), "bench")
    acknowledged = time.perf_counter()
    hit = hit_of(state.dashboards[id])
    await eventually(lambda: hit in seen, 30, what=f"an event with {hit}")

    return acknowledged - begun, seen[hit] - acknowledged, seen[hit] - begun


def _trickle(own: Rig, seen: dict[str, float], is_over: threading.Event) -> None:
    """Send single events, and note in *seen* when an event first named each version of a dashboard."""
    watcher = own.follow(BOT_EVENTS)
    begun, sent = time.perf_counter(), 0
    while not is_over.is_set():
        while sent < (time.perf_counter() - begun) * _EVENTS_PER_S:
            item: dict[str, object] = {"user": f"u{sent % 97}", "text": "Where is my order?"}
            own.send([item], bot=_BOT, received_at=time.time_ns() // 1_000_000, flush=False)
            sent += 1
        for record in watcher():
            now = time.perf_counter()
            for batch in decode_batches(record):
                for event in batch.events:
                    for hit in event.dashboards:
                        seen.setdefault(hit, now)
