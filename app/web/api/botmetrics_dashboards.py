"""
A dashboard's numbers under Botmetrics' address: GET /bots/{uid}/dashboards/{id}/load_async.json?group_by=.

It takes a key of scope read or admin, bare or behind any word, or somebody who has signed in.  The ingest key is none of
these, though Botmetrics had one key for all: it stands in every bot's code, and no client of Botmetrics' asks for numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast
from urllib.parse import unquote

from aiohttp import web

from app.adapters.numbers import series
from app.core.api_keys import hash_of
from app.core.botmetrics_buckets import grouping_of, numbers_of, span_of_grouping
from app.core.calendar import calendar_of
from app.core.registry import Bot, Dashboard, State
from app.core.series import Query, ask_of
from app.ports import Unavailable
from app.web.api.asking import answer, or_fault
from app.web.api.states import READER
from app.web.auth import reader_of
from app.web.errors import Fault
from app.web.ingest.botmetrics import refuse
from app.web.ingest.intake import plain
from app.web.key_uses import KEY_USES
from app.web.parts import PARTS

__all__ = ["PATH", "attach"]

PATH: Final = "/bots/{uid}/dashboards/{id}/load_async.json"


def attach(app: web.Application) -> None:
    """Give *app* the address."""
    app.router.add_get(PATH, _load)


async def _load(request: web.Request) -> web.StreamResponse:
    try:
        return await _numbers(request)
    except Fault as fault:
        return _refused(fault)
    except Unavailable as error:
        return _refused(Fault.of(error))


def _refused(fault: Fault) -> web.StreamResponse:
    return cast("web.StreamResponse", refuse(fault))


async def _numbers(request: web.Request) -> web.Response:
    now_ms = request.app[PARTS].clock()
    state = request.app[PARTS].registry.state
    bot = _bot(request, state, now_ms)
    dashboard = _dashboard(request, state, bot)
    grouping = grouping_of(request.query.get("group_by", ""))
    calendar = calendar_of(bot.reporting.zone, bot.reporting.week_start)
    span = or_fault(span_of_grouping(grouping, now_ms, calendar))
    own: Mapping[str, Dashboard] = {dashboard.id: dashboard}
    ask = or_fault(ask_of(f"dashboard:{dashboard.id}", grouping.window, "", dashboards=own))
    found = or_fault(await series(request.app[READER], Query(bot.id, bot.reporting, ask, span, now_ms)))

    return answer(numbers_of(grouping, span, [int(value or 0) for value in found[""]]))


def _bot(request: web.Request, state: State, now_ms: int) -> Bot:
    """Return the bot if the caller may read it; another one looks like none."""
    name = request.match_info["uid"]
    if not _may_read(request, state, name, now_ms):
        raise Fault(404, "unknown_bot", f"There is no bot {plain(name)} that you may read.")
    bot = state.bots.get(name)
    if bot is None:
        raise Fault(404, "unknown_bot", f"There is no bot {plain(name)}.")

    return bot


def _may_read(request: web.Request, state: State, bot: str, now_ms: int) -> bool:
    """Tell whether the caller may read *bot*; refuse who shows nothing to read with."""
    words = request.headers.get("Authorization", "").split()
    text = unquote(words[-1]) if words else request.query.get("api_key")
    if not text:
        caller = reader_of(request)
        if caller is None:
            raise Fault(401, "no_key", "Send a read key: Authorization: bpread...")
        return caller.may_read(bot)
    key = state.key_by_hash.get(hash_of(text))
    if key is None or not key.is_valid(now_ms):
        raise Fault(401, "unknown_key", "This key is not known, or it was revoked.")
    if key.scope not in ("read", "admin"):
        raise Fault(
            401, "wrong_scope", f"This is a key of scope {key.scope}; reading needs one of scope read."
        )

    request.app[KEY_USES].touch(key.id, now_ms)
    return key.bot in (None, bot)


def _dashboard(request: web.Request, state: State, bot: Bot) -> Dashboard:
    found = state.dashboards.get(request.match_info["id"])
    if found is None or found.bot != bot.id or found.removed_at is not None:
        raise Fault(404, "unknown_dashboard", f"{bot.id} has no such dashboard.")

    return found
