"""
The closed list of measures: what can be asked for, by which dimensions, and how the answer is put together.

    sum      cells of `hour` and `day` (of events, messages and intents also `minute`) add up; weeks and months are
             sums of days
    users    distinct users, one cell each for `day`, `week` and `month`; they do not add up over time
    rolling  a difference array over days: the number is the sum of all cells up to and including the day
    derived  made from other measures at reading
    events   read from the event table
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

__all__ = [
    "COHORT",
    "DASHBOARD",
    "HITS",
    "MEASURES",
    "MINUTE_HORIZON_MS",
    "RETENTION",
    "Measure",
    "Source",
]

MINUTE_HORIZON_MS: Final = 48 * 3_600_000
"""An event older than this on arrival makes no minute cells; hours and days count it like any other."""

COHORT: Final = "cohort"
"""Dimension of retention cells: `key` is n, the number of periods since the cohort's."""

RETENTION: Final = ("retained", "retained_last", "retained_run")
"""
Retention measures, cells in windows day, week, month and rweek (weeks since each user's own first day).

`retained` n: users of the cohort active in period n.  `retained_last` n: users whose last active period is n, so
that "on or after n" is the sum from n on.  `retained_run` n: users active in each of the periods 0..n and not in
n + 1, so that "unbroken until n" is the sum from n on.
"""


HITS: Final = "hits"
"""Measure of dashboards' cells in windows minute, hour and day; asked for as `dashboard:<id>`."""

DASHBOARD: Final = "dashboard"
"""Dimension of hits: `key` is `<id>@<version>`."""


class Source(StrEnum):
    """How a measure's numbers are put together; see the module's table."""

    SUM = "sum"
    USERS = "users"
    ROLLING = "rolling"
    DERIVED = "derived"
    EVENTS = "events"


class Measure(msgspec.Struct, frozen=True):
    """One measure: where it comes from, its dimensions besides the total, its unit."""

    source: Source
    dims: tuple[str, ...] = ()
    unit: str = "count"
    about: str = ""


_MESSAGE_DIMS = ("platform", "kind", "locale")

MEASURES: Final[dict[str, Measure]] = {
    "events": Measure(
        Source.SUM, ("platform", "kind", "direction", "event"), about="everything a user or bot did"
    ),
    "messages": Measure(
        Source.SUM, (*_MESSAGE_DIMS, "direction"), about="events with content, both directions"
    ),
    "messages_in": Measure(Source.SUM, _MESSAGE_DIMS, about="messages of users"),
    "messages_out": Measure(Source.SUM, _MESSAGE_DIMS, about="messages of the bot or a human agent"),
    "active_users": Measure(Source.USERS, about="distinct users with a message in or a custom event"),
    "active_users_7d": Measure(
        Source.ROLLING, about="distinct users active in the 7 days that end with the day"
    ),
    "active_users_28d": Measure(
        Source.ROLLING, about="distinct users active in the 28 days that end with the day"
    ),
    "active_users_30d": Measure(
        Source.ROLLING, about="distinct users active in the 30 days that end with the day"
    ),
    "new_users": Measure(Source.SUM, about="users whose first active day it is (cells of days only)"),
    "returning_users": Measure(Source.DERIVED, about="active users less new users"),
    "stickiness": Measure(Source.DERIVED, unit="ratio", about="active_users / active_users_30d"),
    "sessions": Measure(Source.SUM, about="sessions that start in the period"),
    "session_ms": Measure(
        Source.SUM, unit="ms", about="total length of the sessions that start in the period"
    ),
    "session_messages": Measure(Source.SUM, about="messages of the sessions that start in the period"),
    "bounces": Measure(Source.SUM, about="sessions with exactly one incoming message"),
    "session_seconds_mean": Measure(Source.DERIVED, unit="s", about="session_ms / sessions / 1000"),
    "session_seconds_median": Measure(Source.EVENTS, unit="s", about="median length of sessions"),
    "intents": Measure(Source.SUM, ("intent",), about="incoming messages with an intent"),
    "not_handled": Measure(Source.SUM, about="turns that the bot did not understand"),
    "response_seconds_p50": Measure(Source.EVENTS, unit="s", about="median time to the first answer"),
    "revenue": Measure(
        Source.SUM, ("currency",), unit="amount/1000000", about="sum of amounts, in millionths"
    ),
    "late": Measure(Source.SUM, about="events more than an hour older than the newest counted for the bot"),
    "repeats": Measure(Source.SUM, about="events that arrived again and were not counted again"),
    "session_late": Measure(Source.SUM, about="messages too old to be put into a session"),
}
