"""What the read API must say about simulated events, counted the slow and obvious way."""

from __future__ import annotations

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clickhouse_driver import Client

from app.config import Settings
from app.core.events import BotEvent, Reporting, is_activity, is_message
from tests.core.oracle import Numbers, expected, once
from tests.core.test_shard import BASE, DAY, make_events

__all__ = ["BOT", "FIRST", "LAST", "NOW_MS", "SIMULATED", "ZONES", "Stocked", "local", "own", "period_of"]

BOT = "b1"
ZONES = [Reporting("UTC"), Reporting("America/Los_Angeles", "sunday", 1800)]
NOW_MS = BASE + 30 * DAY
FIRST, LAST = date(2023, 11, 1), date(2024, 2, 15)


def _simulated() -> list[BotEvent]:
    events = make_events(random.Random(7), 1500)
    users = random.Random(8)
    for event in {id(event): event for event in events}.values():
        # More people than the maker's four, and sessions named by the client that end within a day
        event.user_id = f"u{int(event.event_id[1:]) % 60}" if users.random() < 0.5 else event.user_id
        if event.session_id:
            event.session_id += f"-{event.at // DAY}"
    return events


SIMULATED = _simulated()


class Stocked(NamedTuple):
    """A filled database and the settings its numbers are cut by."""

    settings: Settings
    client: Client
    reporting: Reporting

    @property
    def numbers(self) -> Numbers:
        """Return the oracle's numbers, the same object every time."""
        return _numbers(self.reporting)


@cache
def _numbers(reporting: Reporting) -> Numbers:
    return expected(SIMULATED, reporting)


def own(bot: str = BOT) -> list[BotEvent]:
    """Return the bot's events, each once."""
    return once(event for event in SIMULATED if event.bot_id == bot)


def local(at_ms: int, reporting: Reporting) -> datetime:
    """Return an instant in the bot's zone."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(reporting.zone))


def period_of(window: str, at_ms: int, reporting: Reporting) -> str:
    """Return the name of the period an instant lies in."""
    then = local(at_ms, reporting)
    if window == "minute":
        return then.replace(second=0, microsecond=0).isoformat()
    if window == "hour":
        return then.replace(minute=0, second=0, microsecond=0).isoformat()
    return day_in(window, then.date(), reporting).isoformat()


def day_in(window: str, day: date, reporting: Reporting) -> date:
    """Return the first day of the period *day* is in."""
    if window == "month":
        return day.replace(day=1)
    if window == "week":
        past = day.weekday() if reporting.week_start == "monday" else (day.weekday() + 1) % 7
        return day - timedelta(past)
    return day


def from_cells(
    numbers: Numbers, measure: str, window: str, reporting: Reporting, dim: str = "", key: str = ""
) -> Counter[str]:
    """Return period -> number of the oracle; weeks and months summed from its days, but for users."""
    found: Counter[str] = Counter()
    has_own = window in ("hour", "day") or measure == "active_users"
    for (bot, name, own_dim, own_window, start, own_key), value in numbers.items():
        if (bot, name, own_dim, own_key) != (BOT, measure, dim, key):
            continue
        if own_window == (window if has_own else "day"):
            if window == "hour":
                found[local(start * 1000, reporting).isoformat()] += value
            else:
                day = date(1970, 1, 1) + timedelta(seconds=start)
                found[day_in(window, day, reporting).isoformat()] += value
    return +found


def per_period(
    window: str, reporting: Reporting, events: Iterable[BotEvent], what: Callable[[BotEvent], object] = id
) -> dict[str, int]:
    """Return period -> number of distinct things."""
    found: defaultdict[str, set[object]] = defaultdict(set)
    for event in events:
        found[period_of(window, event.at, reporting)].add(what(event))
    return {name: len(things) for name, things in found.items()}


def active_users(window: str, reporting: Reporting) -> dict[str, int]:
    """Return period -> distinct active users."""
    return per_period(window, reporting, filter(is_activity, own()), lambda event: event.user_id)


def session_medians(window: str, reporting: Reporting) -> dict[str, float]:
    """Return period -> median length of its sessions, in seconds."""
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for event in filter(is_message, own()):
        if event.user_id:
            groups[event.user_id, event.session_id].append(event.at)
    lengths: defaultdict[str, list[float]] = defaultdict(list)
    for (_, name), times in groups.items():
        times.sort()
        start = last = times[0]
        for at in [*times[1:], None]:
            if at is not None and (name or at - last <= reporting.session_gap_s * 1000):
                last = at
                continue
            lengths[period_of(window, start, reporting)].append(last - start)
            start = last = at or 0
    return {name: statistics.median(values) / 1000 for name, values in lengths.items()}


def response_medians(window: str, reporting: Reporting) -> dict[str, float]:
    """Return period -> median time to the first answer within a day, in seconds."""
    waits: defaultdict[str, list[float]] = defaultdict(list)
    messages = [event for event in own() if is_message(event) and event.user_id]
    for one in messages:
        if one.direction != "in":
            continue
        answers = [
            m.at for m in messages if m.direction == "out" and m.user_id == one.user_id and m.at >= one.at
        ]
        if answers and min(answers) - one.at <= DAY:
            waits[period_of(window, one.at, reporting)].append(min(answers) - one.at)
    return {name: statistics.median(values) / 1000 for name, values in waits.items()}
