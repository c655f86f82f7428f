"""
Brute force: every number of docs/metrics from a plain list of events, the slow and obvious way.

Nothing here shares code with `app.core` but the event type: local days come from `datetime`, sets are sets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from app.core.events import BotEvent, Reporting, is_activity, is_message

__all__ = ["Numbers", "expected", "once"]

Numbers = Counter[tuple[str, str, str, str, int, str]]
"""(bot, measure, dim, window, start s, key) -> value; rolling measures as numbers, not as difference arrays."""

Name = tuple[str, str, str]
"""measure, dim, key"""

Moment = tuple[int, date]
"""the start of an hour of the bot's zone, in s, and the day there"""

_EPOCH = date(1970, 1, 1)


def expected(events: Iterable[BotEvent], reporting: Reporting = Reporting()) -> Numbers:
    """Count *events*, in order of arrival; of repeats the first, with what the first rich one of them says."""
    numbers: Numbers = Counter()
    by_user: defaultdict[tuple[str, str], list[BotEvent]] = defaultdict(list)
    alike: Counter[tuple[str, Moment, tuple[Name, ...]]] = Counter()
    for event in once(events):
        by_user[event.bot_id, event.user_id].append(event)
        alike[event.bot_id, _local(event.at, reporting), _names(event)] += 1
        _revenue(numbers, event, reporting)
    for (bot, moment, names), n in alike.items():
        for name in names:
            _hour_and_day(numbers, bot, name, moment, n)
    for (bot, user), own in by_user.items():
        if not user:
            continue
        _users(numbers, bot, own, reporting)
        _sessions(numbers, bot, own, reporting)
        _turns(numbers, bot, own, reporting)

    return +numbers


def once(events: Iterable[BotEvent]) -> list[BotEvent]:
    """Return each event once, with what the first rich one of its repeats says."""
    found: dict[object, BotEvent] = {}
    for event in events:
        key = (event.bot_id, event.user_id, event.event_id) if event.repeats else object()
        first = found.setdefault(key, event)
        is_rich, was_rich = (bool(one.intent) or one.not_handled for one in (event, first))
        if is_rich and not was_rich and not event.warnings:
            said = {name: getattr(event, name) for name in ("intent", "not_handled", "dashboards")}
            found[key] = msgspec.structs.replace(first, **said)

    return list(found.values())


def _names(event: BotEvent) -> tuple[Name, ...]:
    """Return every (measure, dimension, key) that counts an event as one."""
    names = [("events", "", ""), ("events", "kind", event.kind), ("events", "platform", event.platform)]
    names.append(("events", "direction", event.direction))
    names += [("hits", "dashboard", dashboard) for dashboard in event.dashboards]
    if event.kind == "custom":
        names.append(("events", "event", event.event_name))
    if is_message(event):
        names.append(("messages", "direction", event.direction))
        for measure in ("messages", "messages_" + event.direction):
            names += [(measure, "", ""), (measure, "kind", event.kind), (measure, "platform", event.platform)]
            names.append((measure, "locale", event.locale))
        if event.direction == "in" and event.intent:
            names += [("intents", "", ""), ("intents", "intent", event.intent)]

    return tuple(names)


def _revenue(numbers: Numbers, event: BotEvent, reporting: Reporting) -> None:
    if event.amount is not None:
        name = ("revenue", "currency", event.currency)
        micros = round(event.amount * 10**6)
        _hour_and_day(numbers, event.bot_id, name, _local(event.at, reporting), micros)


def _hour_and_day(numbers: Numbers, bot: str, name: Name, moment: Moment, n: int) -> None:
    measure, dim, key = name
    hour, day = moment
    numbers[bot, measure, dim, "hour", hour, key] += n
    numbers[bot, measure, dim, "day", _label(day), key] += n


def _users(numbers: Numbers, bot: str, events: list[BotEvent], reporting: Reporting) -> None:
    days = {_local(event.at, reporting)[1] for event in events if is_activity(event)}
    if not days:
        return
    first = min(days)
    numbers[bot, "new_users", "", "day", _label(first), ""] += 1
    for day in days:
        numbers[bot, "active_users", "", "day", _label(day), ""] += 1
    for width in (7, 28, 30):
        for day in {day + timedelta(n) for day in days for n in range(width)}:
            numbers[bot, f"active_users_{width}d", "", "day", _label(day), ""] += 1
    week0, month0 = _week(first, reporting), first.replace(day=1)
    periods = {
        "day": (first, {(day - first).days for day in days}),
        "week": (week0, {(_week(day, reporting) - week0).days // 7 for day in days}),
        "rweek": (week0, {(day - first).days // 7 for day in days}),
        "month": (month0, {(day.year - month0.year) * 12 + day.month - month0.month for day in days}),
    }
    for week in {_week(day, reporting) for day in days}:
        numbers[bot, "active_users", "", "week", _label(week), ""] += 1
    for month in {day.replace(day=1) for day in days}:
        numbers[bot, "active_users", "", "month", _label(month), ""] += 1
    for window, (start, active) in periods.items():
        for n in active:
            numbers[bot, "retained", "cohort", window, _label(start), str(n)] += 1
        numbers[bot, "retained_last", "cohort", window, _label(start), str(max(active))] += 1
        run = next(n for n in range(max(active) + 2) if n + 1 not in active)
        numbers[bot, "retained_run", "cohort", window, _label(start), str(run)] += 1


def _sessions(numbers: Numbers, bot: str, events: list[BotEvent], reporting: Reporting) -> None:
    groups: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
    for event in events:
        if is_message(event):
            groups[event.session_id].append((event.at, event.direction == "in"))
    sessions = [sorted(own) for name, own in groups.items() if name]
    plain = sorted(groups.get("", []))
    cuts = [i + 1 for i, (a, b) in enumerate(pairwise(plain)) if b[0] - a[0] > reporting.session_gap_s * 1000]
    sessions += [plain[a:b] for a, b in pairwise([0, *cuts, len(plain)])]
    for session in sessions:
        if not session:
            continue
        start, length = session[0][0], session[-1][0] - session[0][0]
        for measure, n in (
            ("sessions", 1),
            ("session_ms", length),
            ("session_messages", len(session)),
            ("bounces", int(sum(is_in for _, is_in in session) == 1)),
        ):
            _hour_and_day(numbers, bot, (measure, "", ""), _local(start, reporting), n)


def _turns(numbers: Numbers, bot: str, events: list[BotEvent], reporting: Reporting) -> None:
    messages = [event for event in events if is_message(event)]
    starts = sorted({event.at for event in messages if event.direction == "in"})
    flags = sorted(event.at for event in events if event.not_handled)
    turns = {max((s for s in starts if s <= flag), default=None) for flag in flags}
    for start in turns:
        at = flags[0] if start is None else start
        _hour_and_day(numbers, bot, ("not_handled", "", ""), _local(at, reporting), 1)


def _local(at: int, reporting: Reporting) -> Moment:
    return _moment(at // 1000, reporting.zone)


@lru_cache(1 << 16)
def _moment(at_s: int, zone: str) -> Moment:
    local = datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(zone))
    hour = local.replace(minute=0, second=0, microsecond=0)

    return int(hour.timestamp()), local.date()


def _week(day: date, reporting: Reporting) -> date:
    past = day.weekday() if reporting.week_start == "monday" else (day.weekday() + 1) % 7
    return day - timedelta(past)


@lru_cache(1 << 16)
def _label(day: date) -> int:
    return (day - _EPOCH).days * 86_400
