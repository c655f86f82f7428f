"""
What a dashboard's number is made of: a rule tried on the newest events, and who and what hit a dashboard.

Events are rows of `events.page`, with its columns in their order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from app.adapters.reader import Reader, Row
from app.core.calendar import DAY_MS
from app.core.events import BotEvent
from app.core.registry import Dashboard
from app.core.rules.evaluation import matches
from app.core.rules.language import Rule
from app.core.times import END_MS

__all__ = ["PREVIEWED", "HitUser", "Preview", "events_of", "preview", "users_of"]

PREVIEWED: Final = 1000
"""So many of the newest events a rule is tried on."""

_SAMPLES: Final = 10
_STRETCHES: Final = (DAY_MS, 30 * DAY_MS, 365 * DAY_MS, END_MS)
"""How far back is looked until there are enough: what is new is cheap to find in what is new."""
_FIELDS: Final = (
    "event_id", "user_id", "at", "received_at", "direction", "kind", "text", "intent", "intent_confidence",
    "not_handled", "platform", "conversation_id", "session_id", "message_id", "event_name", "amount", "currency",
    "locale", "attributes", "user_attributes",
)  # fmt: skip


class Preview(NamedTuple):
    """Of `events`, the newest of the bot, `hits` match the rule, of `users` users; `samples` are the newest of these."""

    events: int
    hits: int
    users: int
    samples: list[Row]


class HitUser(NamedTuple):
    """A user whose events hit a dashboard `hits` times, at `last_ms` for the last time."""

    user_id: str
    hits: int
    last_ms: int


async def preview(reader: Reader, bot: str, rule: Rule, now_ms: int) -> Preview:
    """Try *rule* on the newest events of *bot*."""
    rows = await _newest(reader, bot, now_ms)
    found = await asyncio.to_thread(_matching, bot, rule, rows)
    users = {user for row in found if (user := row[1])}

    return Preview(len(rows), len(found), len(users), found[:_SAMPLES])


async def users_of(
    reader: Reader,
    dashboard: Dashboard,
    limit: int,
    cursor: tuple[int, str] | None = None,
    first_ms: int = 0,
    end_ms: int = END_MS,
) -> tuple[list[HitUser], tuple[int, str] | None]:
    """Return users with hits from *first_ms* on and before *end_ms*, the newest first, and the cursor of the next page."""
    before_ms, user = cursor or (-1, "")
    rows = await reader.rows(
        "dashboards.users",
        **_asked(dashboard, first_ms, end_ms),
        limit=limit,
        cursor_ms=before_ms,
        cursor_user=user,
    )
    users = [HitUser(*row) for row in rows]

    return users, (users[-1].last_ms, users[-1].user_id) if len(users) == limit else None


async def events_of(
    reader: Reader,
    dashboard: Dashboard,
    limit: int,
    cursor: tuple[int, str, str] | None = None,
    first_ms: int = 0,
    end_ms: int = END_MS,
) -> tuple[list[Row], tuple[int, str, str] | None]:
    """Return events that hit *dashboard*, the newest first, and the cursor of the next page."""
    before_ms, user, event = cursor or (-1, "", "")
    hits = await reader.rows(
        "dashboards.hits",
        **_asked(dashboard, first_ms, end_ms),
        limit=limit,
        cursor_ms=before_ms,
        cursor_user=user,
        cursor_event=event,
    )
    if not hits:
        return [], None
    places = [(user_id, event_id) for _, user_id, event_id in hits]
    rows = await reader.rows("dashboards.events", bot=dashboard.bot, places=places)

    at_ms, user, event = hits[-1]

    return rows, (at_ms, user, event) if len(hits) == limit else None


def _asked(dashboard: Dashboard, first_ms: int, end_ms: int) -> dict[str, Any]:
    return {
        "bot": dashboard.bot,
        "dashboard": dashboard.id,
        "counted_from": dashboard.counted_from,
        "first_ms": first_ms,
        "end_ms": end_ms,
    }


async def _newest(reader: Reader, bot: str, now_ms: int) -> list[Row]:
    asked = dict.fromkeys(
        ("user", "conversation", "kind", "direction", "text", "cursor_user", "cursor_event"), ""
    )
    rows: list[Row] = []
    for stretch_ms in _STRETCHES:
        first_ms = max(now_ms - stretch_ms, 0)
        rows = await reader.rows(
            "events.page", bot=bot, first_ms=first_ms, end_ms=END_MS, cursor_ms=-1, limit=PREVIEWED, **asked
        )
        if len(rows) == PREVIEWED:
            break

    return rows


def _matching(bot: str, rule: Rule, rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if matches(rule, _event(bot, row))]


def _event(bot: str, row: Row) -> BotEvent:
    return BotEvent(bot_id=bot, **dict(zip(_FIELDS, row, strict=False)))
