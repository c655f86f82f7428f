"""What the registry says about alerts, sorted as the stage needs it: by partition of the bot, and by what is watched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core.alerts.judging import Known, judge
from app.core.alerts.machine import dismiss, step
from app.core.alerts.table import AlertTable
from app.core.alerts.watching import Watch, Watchlist, live_alerts, watched_generations, watches_of
from app.core.alerts.windows import oldest_start
from app.core.events import partition_of
from app.core.registry import Alert, State

__all__ = ["Definitions", "evaluate", "home_of"]


class Definitions:
    """The alerts of one state of the registry."""

    def __init__(self, state: State, partitions: int) -> None:
        self.state = state
        self.live = live_alerts(state)
        self.watchlist = Watchlist(watch for alert in self.live.values() for watch in self._watches(alert))
        self._by_partition: dict[int, list[Alert]] = {}
        for alert in state.alerts.values():
            self._by_partition.setdefault(home_of(alert.bot, partitions), []).append(alert)

    def alerts(self, partition: int, bots: set[str] | None = None) -> list[Alert]:
        """Return the alerts that are kept in *partition*, of these bots or of all."""
        own = self._by_partition.get(partition, [])
        return own if bots is None else [alert for alert in own if alert.bot in bots]

    def wanted(self, partition: int, now_ms: int) -> dict[Watch, int]:
        """Return what is watched in *partition*, and from which start on it is needed."""
        found: dict[Watch, int] = {}
        for alert in self.alerts(partition):
            judged = self.live.get(alert.id)
            if judged is not None:
                oldest = oldest_start(judged, now_ms)
                for watch in self._watches(judged):
                    found[watch] = min(found.get(watch, oldest), oldest)
        return found

    def _watches(self, alert: Alert) -> Iterator[Watch]:
        for generation in watched_generations(self.state, alert.bot):
            yield from watches_of(alert, generation)


def home_of(bot: str, partitions: int) -> int:
    """Return the partition in which the alerts of *bot* are kept, and told."""
    return partition_of(bot, "", partitions)


def evaluate(table: AlertTable, alerts: Iterable[Alert], definitions: Definitions, known: Known) -> None:
    """Judge *alerts* and note in *table* where they stand and what is to be told."""
    for alert in alerts:
        state = table.state_of(alert.id)
        judged = definitions.live.get(alert.id)
        if judged is not None:
            verdict = judge(judged, table, known)
            new, told = step(state, alert, verdict.holds, known.now_ms, verdict.reading)
        else:
            new, told = dismiss(state, alert, known.now_ms)
        if told is not None or new != state:
            table.keep(alert.id, new, told, known.now_ms)
