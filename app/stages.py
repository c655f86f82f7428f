"""
Put a stage together and run it until it is told to stop: the composition root of the workers.

A stage is crash-only.  SIGTERM finishes what was read, anything unexpected ends the process at once (app/crash.py),
and either way the next start goes on exactly where the last acknowledged write was.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections import ChainMap
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import faust
import mode.loop
import stamina
import structlog

from app.adapters import rasa
from app.adapters.heartbeat import Heartbeat, beat
from app.adapters.topics import ALERT_INPUTS, BOT_EVENTS, COUNTERS, RAW_EVENTS
from app.agents.normalise import Normalise
from app.agents.rules import Rules
from app.agents.sequence import Sequence
from app.agents.track import Track
from app.collector import calm_collector
from app.config import Settings
from app.tables.state import ShardStore
from app.worker import BinaryTopic, StageApp, build

__all__ = ["STAGES", "run_stage"]

_log = structlog.get_logger(__name__)


def run_stage(settings: Settings, stage: str, instance: str) -> None:
    """Run *stage* in this process until SIGTERM or SIGINT. Does not return before everything read is written."""
    calm_collector()
    _wait_for_broker(settings.kafka)
    mode.loop.use("uvloop")
    STAGES[stage](settings, instance)


def _wait_for_broker(bootstrap: str) -> None:
    """Return when one of the brokers listens: a stage that starts before them has nothing to crash about."""
    addresses = [address.strip().rpartition(":") for address in bootstrap.split(",")]
    for attempt in stamina.retry_context(on=OSError, attempts=None, timeout=None, wait_max=1):
        with attempt:
            _connect_to_any([(host.strip("[]"), int(port)) for host, _, port in addresses])


def _connect_to_any(addresses: list[tuple[str, int]]) -> None:
    for n, address in enumerate(addresses):
        try:
            socket.create_connection(address, timeout=5).close()
        except OSError:
            if n + 1 == len(addresses):
                raise
        else:
            return


def _run_normalise(settings: Settings, instance: str) -> None:
    app = build(settings, "normalise", instance)
    body = Normalise(settings, app.outbox, Sequence(app))
    app.companions.append(Rules(settings.kafka, body.apply))
    app.finish = body.finish
    app.on_partitions_revoked.connect(_on_signal(body.quiesce), weak=False)
    app.agent(app.topic(RAW_EVENTS, **BinaryTopic), name="normalise")(body.run)
    app.task(_beating(app, "normalise", instance, body.figures))
    _run_faust(app)


def _run_track(settings: Settings, instance: str) -> None:
    app = build(settings, "track", instance)
    table: Any = app.Table("state", key_type=bytes, value_type=bytes, partitions=settings.partitions)
    store: ShardStore = table.data
    store.bootstrap = settings.kafka
    body = Track(settings, store, app.outbox, Sequence(app), table.changelog_topic_name)
    app.finish = body.finish
    app.on_partitions_revoked.connect(_on_signal(body.quiesce), weak=False)
    app.on_rebalance_complete.connect(_on_signal(store.build), weak=False)
    app.agent(app.topic(BOT_EVENTS, **BinaryTopic), name="track")(body.run)
    app.task(body.tick)
    app.task(_beating(app, "track", instance, body.figures))
    _run_faust(app)


def _run_alert(settings: Settings, instance: str) -> None:
    from app.agents import alerting  # noqa: PLC0415 - ClickHouse and mail are not needed by the other stages

    app = build(settings, "alert", instance)
    table: Any = app.Table("state", key_type=bytes, value_type=bytes, partitions=settings.partitions)
    store: ShardStore = table.data
    store.bootstrap = settings.kafka
    parts = alerting.parts(settings, app, store, table.changelog_topic_name, instance)
    app.finish = parts.finish
    app.agent(app.topic(COUNTERS, **BinaryTopic), name="watch")(parts.watcher.run)
    app.agent(app.topic(ALERT_INPUTS, **BinaryTopic), name="judge")(parts.judge.run)
    for work in parts.beside:
        app.task(work)
    app.task(_beating(app, "alert", instance, *parts.figures, also=parts.is_ready))
    _run_faust(app)


def _run_store(settings: Settings, instance: str) -> None:
    from app.agents import store  # noqa: PLC0415 - ClickHouse is not needed by the other stages

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await store.run(settings, stop, instance)

    asyncio.run(main())


def _run_rasa(settings: Settings, instance: str) -> None:
    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await rasa.run(settings, stop, instance)

    asyncio.run(main())


STAGES: Final[dict[str, Callable[[Settings, str], None]]] = {
    "normalise": _run_normalise,
    "track": _run_track,
    "alert": _run_alert,
    "store": _run_store,
    "rasa": _run_rasa,
}


def _run_faust(app: StageApp) -> None:
    for name in ("faust", "mode", "aiokafka", "app.worker"):
        logging.getLogger(name).setLevel(logging.WARNING)
    Path(app.conf.datadir).parent.mkdir(parents=True, exist_ok=True)
    worker = faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False, override_logging=False)
    worker.execute_from_commandline()


def _on_signal(act: Callable[[], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def handler(*_: Any, **__: Any) -> None:
        await act()

    return handler


def _beating(
    app: StageApp,
    stage: str,
    instance: str,
    *figures: dict[str, int],
    also: Callable[[], bool] = lambda: True,
) -> Callable[[], Any]:
    started_at = time.time_ns() // 1_000_000

    def word() -> Heartbeat:
        now = time.time_ns() // 1_000_000

        return Heartbeat(
            stage,
            instance,
            os.getpid(),
            now,
            started_at,
            app.is_ready and also(),
            version("botpulse"),
            dict(ChainMap(*figures)),
        )

    async def heartbeat() -> None:
        await beat(word, app.outbox.post)

    return heartbeat
