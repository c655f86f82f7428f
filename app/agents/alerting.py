"""Puts the alert stage together: agents, what they need besides the stream, and the notifier."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from app.adapters.mail import Mailer
from app.adapters.seal import seal_of
from app.adapters.webhooks_out import WebhookSender
from app.agents.alert import Judge
from app.agents.alert_sources import Sources
from app.agents.alert_watch import Watcher
from app.agents.notify import GROUP, Notifier
from app.agents.registered import Registered
from app.agents.sequence import Sequence
from app.agents.telling import Means
from app.config import Settings
from app.core.alerts.table import AlertTable
from app.core.networks import networks_of
from app.tables.state import ShardStore

__all__ = ["Parts", "parts"]


class Parts(NamedTuple):
    """What the stage runs: two agents, and *beside* them tasks without an end."""

    watcher: Watcher
    judge: Judge
    beside: list[Callable[[], Awaitable[None]]]
    figures: list[dict[str, int]]
    is_ready: Callable[[], bool]
    finish: Callable[[], Awaitable[None]]


def parts(settings: Settings, app: Any, store: ShardStore, changelog: str, instance: str) -> Parts:
    """Return the parts of one process, with *store* made to hold what alerts keep."""
    store.make = AlertTable
    registered, sequence = Registered(settings), Sequence(app)
    sources = Sources(settings, registered, lambda: store.partitions, _now_ms)
    watcher = Watcher(settings, app.outbox, sequence, registered, _now_ms)
    judge = Judge(
        store, app.outbox, sequence, registered, sources, changelog, lambda: bool(app.is_ready), _now_ms
    )
    sources.load, sources.set_whole = judge.load, judge.set_whole
    means = Means(
        WebhookSender(_now_ms, networks_of(settings.webhook_networks)), Mailer(settings), seal_of(settings)
    )
    notifier = Notifier(settings.kafka, f"{GROUP}-{instance}", registered, app.outbox, means, _now_ms)

    async def finish() -> None:
        await watcher.finish()
        await judge.finish()

    return Parts(
        watcher,
        judge,
        [registered.run, sources.run, notifier.run, judge.tick, judge.stay_awake],
        [watcher.figures, judge.figures, sources.figures, notifier.figures],
        lambda: registered.ready.is_set() and notifier.is_ready,
        finish,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
