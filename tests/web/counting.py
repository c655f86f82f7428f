"""What a site's requests come to: its log read by normalise and counted by track, without a broker."""

from __future__ import annotations

from app.core.events import BotEvent, EventBatch
from app.core.normalise import normalise
from app.core.shard import Shard
from tests.core.simulation import numbers_of, taken
from tests.web.site import Site

__all__ = ["events_of", "number", "transcript"]


def _batches(site: Site) -> list[list[EventBatch]]:
    read = [normalise(record, 0, offset, 1) for offset, record in enumerate(site.log.records)]
    assert [] == [letter for one in read for letter in one.dead_letters]

    return [list(one.batches.values()) for one in read]


def events_of(site: Site) -> list[BotEvent]:
    """Return every event in the order in which track sees them, repeats included."""
    return [event for record in _batches(site) for one in record for event in one.events]


def transcript(site: Site) -> list[BotEvent]:
    """Return the events as a transcript shows them: by time, at one instant incoming first."""
    return sorted(events_of(site), key=lambda event: (event.at, event.direction))


def number(site: Site, measure: str, dim: str = "", key: str = "", start_s: int | None = None) -> int:
    """Return what is counted in all days or in one, of a dimension's key or of all together."""
    shard = Shard(0, {})
    for offset, batches in enumerate(_batches(site)):
        shard.fold(offset, batches)

    return sum(
        value
        for (_, *name, start, of_key), value in numbers_of([*taken(shard).counters]).items()
        if (name, of_key) == ([measure, dim, "day"], key) and start_s in (None, start)
    )
