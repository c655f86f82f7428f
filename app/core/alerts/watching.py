"""
Which numbers can be watched, and which cells (app/core/counters.py) they are made of.

    minutes   sums over the minutes of the window: counts, hits of a dashboard, the share of turns not handled
    days      active and new users of a calendar day of the bot: distinct users do not add up over minutes
    asked     what no cell says, asked of ClickHouse every few seconds
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from app.core.generations import counted_as
from app.core.registry import Alert, State

__all__ = [
    "DAILY",
    "DASHBOARD",
    "DASHBOARD_USERS",
    "NOT_HANDLED_SHARE",
    "Watch",
    "Watchlist",
    "dashboard_watched",
    "is_asked",
    "is_watchable",
    "keys_of",
    "live_alerts",
    "shown_generation",
    "watched_generations",
    "watches_of",
]

DASHBOARD: Final = "dashboard:"
DASHBOARD_USERS: Final = "dashboard_users:"
NOT_HANDLED_SHARE: Final = "not_handled_share"
"""not_handled / messages_in, from 0 to 1; without a message there is no share."""

DAILY: Final = frozenset({"active_users", "new_users"})
_BY_MINUTE: Final = frozenset({"events", "messages", "messages_in", "messages_out", "intents", "not_handled"})
_ASKED: Final = frozenset({"response_seconds_p50", "new_error_reasons"})

_Cell = tuple[str, str, str, str, int, str, int]


class Watch(NamedTuple):
    """Cells of one measure that are watched: totals, or with *dashboard* its hits. `bot` is the name of a generation."""

    bot: str
    measure: str
    window: str
    dashboard: str = ""


class Watchlist:
    """Everything that is watched, to tell quickly whether a cell is."""

    def __init__(self, watches: Iterable[Watch] = ()) -> None:
        self._dashboards: dict[tuple[str, str, str], set[str]] = {}
        for watch in watches:
            self._dashboards.setdefault((watch.bot, watch.measure, watch.window), set()).add(watch.dashboard)

    def wants(self, cell: _Cell) -> bool:
        """Tell whether an alert looks at *cell*."""
        bot, measure, dim, window, _, key, _ = cell
        dashboards = self._dashboards.get((bot, measure, window))
        if dashboards is None:
            return False
        if not dim:
            return "" in dashboards
        return dim == "dashboard" and key.rpartition("@")[0] in dashboards


def is_watchable(measure: str) -> bool:
    """Tell whether there can be an alert on *measure*; whether the dashboard exists is not asked here."""
    return (
        measure in _BY_MINUTE
        or measure in DAILY
        or measure == NOT_HANDLED_SHARE
        or measure.startswith(DASHBOARD)
        or is_asked(measure)
    )


def dashboard_watched(measure: str) -> str:
    """Return the id of the dashboard that an alert on *measure* watches; empty for none."""
    kind, _, name = measure.partition(":")

    return name if f"{kind}:" in (DASHBOARD, DASHBOARD_USERS) else ""


def is_asked(measure: str) -> bool:
    """Tell whether only ClickHouse knows *measure*."""
    return measure in _ASKED or measure.startswith(DASHBOARD_USERS)


def shown_generation(state: State, bot: str) -> int:
    """Return which generation of *bot* is shown, and judged."""
    return state.bots[bot].reporting.generation


def watched_generations(state: State, bot: str) -> list[int]:
    """Return the generations of *bot* that are watched: the one that is shown, and the one that will be next."""
    coming = state.bots[bot].coming

    return [shown_generation(state, bot), *([coming.generation] if coming is not None else [])]


def watches_of(alert: Alert, generation: int) -> tuple[Watch, ...]:
    """Return what *alert* looks at in a generation of its bot; nothing where ClickHouse is asked."""
    measure, name = alert.measure, counted_as(alert.bot, generation)
    if measure == NOT_HANDLED_SHARE:
        return Watch(name, "not_handled", "minute"), Watch(name, "messages_in", "minute")
    if measure.startswith(DASHBOARD):
        return (Watch(name, "hits", "minute", measure.removeprefix(DASHBOARD)),)
    if measure in DAILY:
        return (Watch(name, measure, "day"),)
    return (Watch(name, measure, "minute"),) if measure in _BY_MINUTE else ()


def keys_of(watch: Watch, state: State) -> list[str]:
    """Return the keys of the cells whose sum is the number: of a dashboard its versions as far as they are shown."""
    if not watch.dashboard:
        return [""]
    dashboard = state.dashboards.get(watch.dashboard)
    if dashboard is None:
        return []
    versions = range(dashboard.counted_from, dashboard.version + 1)
    return [f"{dashboard.id}@{version}" for version in versions]


def live_alerts(state: State) -> Mapping[str, Alert]:
    """
    Return the alerts that are to be judged now, by id: enabled, of a bot that takes events, of a dashboard that counts.

    Where a dashboard is but another name of a measure, the alert returned is one on that measure.
    """
    live = ((alert.id, _as_judged(alert, state)) for alert in state.alerts.values())
    return {name: alert for name, alert in live if alert is not None}


def _as_judged(alert: Alert, state: State) -> Alert | None:
    bot = state.bots.get(alert.bot)
    if not alert.enabled or alert.removed_at is not None or bot is None or bot.archived_at is not None:
        return None
    kind, _, name = alert.measure.partition(":")
    if f"{kind}:" not in (DASHBOARD, DASHBOARD_USERS):
        return alert if is_watchable(alert.measure) else None
    found = state.dashboards.get(name)
    if found is None or found.bot != alert.bot or not found.enabled or found.removed_at is not None:
        return None
    if not found.measure:
        return alert
    is_same = f"{kind}:" == DASHBOARD or found.measure in DAILY
    return msgspec.structs.replace(alert, measure=found.measure) if is_same else None
