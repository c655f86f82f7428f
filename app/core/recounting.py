"""
What a recount is made of: stored events as batches for the next generation, and what no stored event tells.

    order      from here on the next generation counts, too, beside the one that is shown
    history    what was stored before the order, sent once more for the next generation alone
    arrivals   late events and repeats leave no trace in what is stored: what the old generation said of them is taken over
    order      the next generation is the one that is shown; the old one leaves

How a process does it is told in app/adapters/recounting.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from app.core.calendar import DAY_S, HOUR_MS, calendar_of
from app.core.counters import CellBatch
from app.core.dashboards.backfill import PARTITION
from app.core.events import NOWHERE, BotEvent, EventBatch, Recount, Reporting, pack, partition_of
from app.core.generations import counted_as
from app.core.registry import Bot
from app.core.users import MEMORY_HOURS

__all__ = ["ARRIVALS", "FIELDS", "arrivals", "history", "names_of", "order_batch", "order_of"]

ARRIVALS: Final = ("late", "repeats")
"""Measures of how events arrived; they have cells of hours and days."""

FIELDS: Final = (
    "user_id", "event_id", "at", "received_at", "kind", "direction", "platform", "intent", "not_handled", "session_id",
    "event_name", "amount", "currency", "locale", "warnings", "dashboards",
)  # fmt: skip
"""What numbers follow from."""

_RECEIVED: Final = FIELDS.index("received_at")
_MOST_EVENTS: Final = 1000
_MOST_HITS: Final = 10_000
_MOST_CELLS: Final = 5_000
_KNOWN_MS: Final = (MEMORY_HOURS + 1) * HOUR_MS


def names_of(bot: Bot) -> list[str]:
    """Return the names under which *bot* is counted: of what is shown, and of what is counted to be shown next."""
    return [counted_as(bot.id, one.generation) for one in (bot.reporting, bot.coming) if one is not None]


def order_of(bot: Bot, revision: int) -> Recount:
    """Return which generations of *bot* are to be counted, as revision *revision* of it has it."""
    return Recount(revision, bot.reporting, bot.coming)


def order_batch(bot: str, order: Recount) -> EventBatch:
    """Return what tells a partition of an order."""
    return EventBatch(NOWHERE, 0, 0, [], recounts={bot: order})


def history(
    bot: str, generation: int, rows: Iterable[Sequence[Any]], partitions: int, now_ms: int
) -> Iterator[tuple[int, EventBatch]]:
    """
    Yield stored events, whose *rows* are `FIELDS`, as batches for a generation of *bot*, each with its partition.

    Only those that may still be repeated are remembered: older repeats are new events to the shown generation, too.
    """
    name, known_ms = counted_as(bot, generation), now_ms - _KNOWN_MS
    by_partition: defaultdict[int, list[BotEvent]] = defaultdict(list)
    for row in rows:
        fields = dict(zip(FIELDS, row, strict=True))
        event = BotEvent(bot_id=name, repeats=row[_RECEIVED] >= known_ms, **fields)
        by_partition[partition_of(bot, event.user_id, partitions)].append(event)
    for partition, events in by_partition.items():
        for first in range(0, len(events), _MOST_EVENTS):
            yield partition, _batch(events[first : first + _MOST_EVENTS])


def arrivals(
    bot: str, reporting: Reporting, hours: Iterable[tuple[str, int, int]], now_ms: int
) -> Iterator[CellBatch]:
    """
    Yield cells of a generation for *hours*: measure, start and number, as another generation counted them.

    An hour that two local hours share, where the zones are not whole hours apart, goes to the first of them.
    """
    name, calendar = counted_as(bot, reporting.generation), calendar_of(reporting.zone, reporting.week_start)
    numbers: defaultdict[tuple[str, str, int], int] = defaultdict(int)
    for measure, start, number in hours:
        numbers[measure, "hour", calendar.hour_start(start * 1000)] += number
        numbers[measure, "day", calendar.day(start * 1000) * DAY_S] += number
    cells = [(name, measure, "", window, start, "", n) for (measure, window, start), n in numbers.items()]
    for first in range(0, len(cells), _MOST_CELLS):
        yield CellBatch(PARTITION, 0, now_ms, cells[first : first + _MOST_CELLS])


def _batch(events: list[BotEvent]) -> EventBatch:
    batch = EventBatch(NOWHERE, 0, 0, events, history=True)
    if sum(len(event.dashboards) for event in events) > _MOST_HITS:
        pack(batch)

    return batch
