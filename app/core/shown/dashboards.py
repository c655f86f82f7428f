"""A dashboard as people are shown it, its rule as JSON and as text."""

from __future__ import annotations

import msgspec

from app.core.registry import Dashboard
from app.core.rules.language import Rule
from app.core.rules.writing import write_rule
from app.core.times import iso

__all__ = ["DashboardShown", "dashboard_shown"]


class DashboardShown(msgspec.Struct):
    """
    A dashboard: events that match its rule, counted as `dashboard:<id>`; or a measure under a name of its own.

    `text` is the rule again, short.  `version` grows with each change of the rule; numbers are of the versions from
    `counted_from` on.  `default` is its type where it came with the bot.
    """

    id: str
    bot: str
    name: str
    rule: Rule | None
    text: str
    measure: str
    version: int
    counted_from: int
    default: str
    enabled: bool
    created_at: str | None


def dashboard_shown(dashboard: Dashboard) -> DashboardShown:
    """Return *dashboard* for people."""
    return DashboardShown(
        dashboard.id,
        dashboard.bot,
        dashboard.name,
        dashboard.rule,
        write_rule(dashboard.rule) if dashboard.rule else "",
        dashboard.measure,
        dashboard.version,
        dashboard.counted_from,
        dashboard.default,
        dashboard.enabled,
        iso(dashboard.created_at),
    )
