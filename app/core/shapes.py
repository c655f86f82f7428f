"""
Which groups (app/core/groups.py) an event counts in, by its shape: worked out once for each shape, not for each event.

An event has two: what it is, in the totals and dimensions, and which dashboards it hit.  The second is empty for most.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

from app.core.events import CUSTOM, MESSAGE_KINDS, BotEvent
from app.core.groups import name_of, unit_of
from app.core.measures import DASHBOARD, HITS

__all__ = ["Groups", "Shape", "groups_of_hits", "groups_of_shape", "shape_of"]

Shape = tuple[str, ...]
"""Direction, kind, platform, locale, intent and event name; or the dashboards, as `id@version`."""

Groups = tuple[tuple[bytes, int], ...]
"""Names of groups, and what one event adds to each."""


def shape_of(event: BotEvent, intent: str) -> Shape:
    """Return what *event* is, as if its intent were *intent*."""
    return (event.direction, event.kind, event.platform, event.locale, intent, event.event_name)


@lru_cache(maxsize=10_000)
def groups_of_shape(shape: Shape) -> Groups:
    """Return the groups that an event of this shape counts in, and what it adds to each."""
    sums: defaultdict[bytes, int] = defaultdict(int)
    for measure, dim, key in _cells_of_shape(shape):
        sums[name_of(measure, dim, key)] += unit_of(measure, dim)

    return tuple(sums.items())


@lru_cache(maxsize=10_000)
def groups_of_hits(dashboards: Shape) -> Groups:
    """Return the groups that an event counts in which hit these dashboards."""
    unit = unit_of(HITS, DASHBOARD)

    return tuple((name_of(HITS, DASHBOARD, dashboard), unit) for dashboard in dashboards)


def _cells_of_shape(shape: Shape) -> list[tuple[str, str, str]]:
    direction, kind, platform, locale, intent, event_name = shape
    names = [("events", "", ""), ("events", "platform", platform), ("events", "kind", kind)]
    names.append(("events", "direction", direction))
    if kind == CUSTOM:
        names.append(("events", "event", event_name))
    if kind in MESSAGE_KINDS and direction != "none":
        for measure in ("messages", f"messages_{direction}"):
            names += [(measure, "", ""), (measure, "platform", platform), (measure, "kind", kind)]
            names.append((measure, "locale", locale))
        names.append(("messages", "direction", direction))
        if direction == "in" and intent:
            names += [("intents", "", ""), ("intents", "intent", intent)]

    return names
