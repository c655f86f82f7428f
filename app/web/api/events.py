"""
What happened, one by one: events of a bot, its users, one user, one conversation.

    GET /data/v1/bots/{bot}/events?from=&to=&user=&kind=&direction=&q=&limit=&cursor=     newest first
    GET /data/v1/bots/{bot}/users?limit=&cursor=                                          seen last first
    GET /data/v1/bots/{bot}/users/{user}
    GET /data/v1/bots/{bot}/conversations/{conversation}?limit=&cursor=

A cursor is the place of the last item, so pages stay whole while new events arrive.
"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from app.core.calendar import DAY_MS
from app.core.periods import parse_time
from app.core.registry import Bot
from app.core.shown import event_shown, row_shown
from app.core.times import END_MS
from app.web.api.asking import answer, bot_of, choice, cursor_of, number, parameters, to_cursor
from app.web.api.states import READER
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["attach", "range_of"]

_MOST: Final = 1000
_USER_FIELDS: Final = (
    "user_id", "first_at", "last_at", "first_active_at", "last_active_at", "events", "messages_in", "messages_out",
    "platform", "locale",
)  # fmt: skip
_KNOWN: Final = ("user_attributes", "emails", "phones", "languages")
_NOTHING: Final[dict[str, Any]] = {"user_attributes": {}, "emails": [], "phones": [], "languages": []}
_STRETCHES: Final = (DAY_MS, 30 * DAY_MS, 365 * DAY_MS, END_MS)
"""How far back is looked, until a page is full: what is new is cheap to find in what is new."""


def attach(app: web.Application) -> None:
    """Give *app* events, users and conversations."""
    base = "/data/v1/bots/{bot}"
    app.router.add_get(f"{base}/events", _events)
    app.router.add_get(f"{base}/users", _users)
    app.router.add_get(f"{base}/users/{{user:[^/]+}}", _user)
    app.router.add_get(f"{base}/conversations/{{conversation:[^/]+}}", _conversation)


def range_of(asked: dict[str, str], zone: str) -> tuple[int, int]:
    """Return the instants between which `from` and `to` are: everything where they are not said."""
    found = []
    for name, default in (("from", 0), ("to", END_MS)):
        at_ms = parse_time(asked[name], zone) if name in asked else default
        if at_ms is None:
            message = f"`{name}` is {asked[name][:40]!r}; write a date (2004-05-27) or a time (2004-05-27T12:00:00Z)."
            raise Fault(400, "bad_time", message, field=name)
        found.append(max(at_ms, 0))
    return found[0], found[1]


async def _events(request: web.Request) -> web.Response:
    bot = bot_of(request)
    asked = parameters(request, ("from", "to", "user", "kind", "direction", "q", "limit", "cursor"))
    choice(asked, "direction", ("", "in", "out", "none"), "")
    return answer(await _page(request, bot, asked))


async def _conversation(request: web.Request) -> web.Response:
    bot = bot_of(request)
    asked = parameters(request, ("limit", "cursor"))
    asked["conversation"] = request.match_info["conversation"]
    return answer({"conversation_id": asked["conversation"], **await _page(request, bot, asked)})


async def _users(request: web.Request) -> web.Response:
    bot = bot_of(request)
    asked = parameters(request, ("limit", "cursor"))
    limit = number(asked, "limit", 50, _MOST)
    place = cursor_of(asked, tuple[int, str]) or (-1, "")
    rows = await request.app[READER].rows(
        "users.page", bot=bot.id, user="", cursor_ms=place[0], cursor_user=place[1], limit=limit
    )
    following = to_cursor((rows[-1][2], rows[-1][0])) if len(rows) == limit else None
    return answer({"users": await _described(request, bot, rows), "next_cursor": following})


async def _user(request: web.Request) -> web.Response:
    bot = bot_of(request)
    asked = parameters(request, ("limit",))
    user = request.match_info["user"]
    rows = await request.app[READER].rows(
        "users.page", bot=bot.id, user=user, cursor_ms=-1, cursor_user="", limit=1
    )
    if not rows:
        raise Fault(404, "unknown_user", f"{bot.id} has no user {user[:60]!r}.")
    page = await _page(request, bot, {**asked, "user": user})
    [found] = await _described(request, bot, rows)
    return answer({**found, "recent": page["events"]})


async def _described(request: web.Request, bot: Bot, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return users with what is known of them, which is looked up for these only: it takes all their events."""
    users = [row[0] for row in rows]
    known = await request.app[READER].rows("users.attributes", bot=bot.id, users=users) if users else []
    of_user = {user: dict(zip(_KNOWN, values, strict=True)) for user, *values in known}
    return [row_shown(row, _USER_FIELDS) | of_user.get(row[0], _NOTHING) for row in rows]


async def _page(request: web.Request, bot: Bot, asked: dict[str, str]) -> dict[str, Any]:
    limit = number(asked, "limit", 50, _MOST)
    first_ms, end_ms = range_of(asked, bot.reporting.zone)
    place = cursor_of(asked, tuple[int, str, str])
    newest_ms = min(end_ms, request.app[PARTS].clock() + DAY_MS, place[0] + 1 if place else END_MS)
    rows: list[tuple[Any, ...]] = []
    for stretch_ms in _STRETCHES:
        rows = await request.app[READER].rows(
            "events.page",
            bot=bot.id,
            first_ms=max(first_ms, newest_ms - stretch_ms),
            end_ms=end_ms,
            user=asked.get("user", ""),
            conversation=asked.get("conversation", ""),
            kind=asked.get("kind", ""),
            direction=asked.get("direction", ""),
            text=asked.get("q", ""),
            cursor_ms=place[0] if place else -1,
            cursor_user=place[1] if place else "",
            cursor_event=place[2] if place else "",
            limit=limit,
        )
        if len(rows) == limit or newest_ms - stretch_ms <= first_ms:
            break
    following = to_cursor((rows[-1][2], rows[-1][1], rows[-1][0])) if len(rows) == limit else None
    return {"events": [event_shown(row) for row in rows], "next_cursor": following}
