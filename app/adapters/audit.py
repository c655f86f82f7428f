"""Recomputes a bot's numbers from its events by SQL and compares them with the counters."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from clickhouse_driver import Client

from app.adapters.queries import query
from app.core.audit import AUDITED, Bounds, Cells, Difference, bounds_of, cells_of, differences, rolled_up
from app.core.events import Reporting

__all__ = ["Days", "audit", "compared"]

Days = tuple[date, date]
"""First and last day."""

_FROM_EVENTS: Final = ("audit.counts", "audit.users", "audit.sessions", "audit.not_handled", "audit.hits")
_ROLLING_TAIL: Final = timedelta(30)


def audit(client: Client, bot: str, days: Days | None = None) -> list[Difference]:
    """Return every number of *bot* within *days*, or of all days, that is not what its events say."""
    return differences(*compared(client, bot, days))


def compared(client: Client, bot: str, days: Days | None = None) -> tuple[Cells, Cells]:
    """Return the numbers from the events and those from the counters."""
    zone, week_start = _cut(client, bot)
    span = days or _span(client, bot, zone)
    if span is None:
        return {}, {}
    first, last = span
    bounds = bounds_of(first, last, zone, week_start)
    names = {
        "bot": bot,
        "zone": zone,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "week_shift": 3 if week_start == "monday" else 4,
    }
    from_events: Cells = {}
    for name in _FROM_EVENTS:
        from_events |= cells_of(client.execute(query(name), names))

    return from_events, rolled_up(
        cells_of(client.execute(query("audit.counters"), _limits(bot, bounds))), bounds
    )


def _limits(bot: str, bounds: Bounds) -> dict[str, Any]:
    return {
        "bot": bot,
        "measures": AUDITED,
        "day_start": bounds.day,
        "week_start": bounds.week,
        "month_start": bounds.month,
        "last_start": bounds.last,
        "from": bounds.from_s,
        "until": bounds.until_s,
    }


def _cut(client: Client, bot: str) -> tuple[str, str]:
    default = Reporting()
    rows = client.execute(query("audit.bot"), {"bot": bot})

    return rows[0] if rows else (default.zone, default.week_start)


def _span(client: Client, bot: str, zone: str) -> Days | None:
    ((first, last, n),) = client.execute(query("audit.span"), {"bot": bot, "zone": zone})

    return (date.fromisoformat(first), date.fromisoformat(last) + _ROLLING_TAIL) if n else None
