"""
Server-Sent Events: numbers of a bot as they change, and lines of its conversations.

    GET /data/v1/bots/{bot}/live

    event: counters   {"updated_at", "generation", "cells": [{"measure","dim","key","window","start","value"}]}: first all that the
                      live view holds (core/live.py), then what changed, at most twice a second.  With another
                      `generation` the numbers were counted anew: all of them follow, those of before are void
    event: alert      {"id","alert","name","type","at","started_at","measure","value",...}: first what was last told of each
                      alert of the bot, then each change: pending, firing, resolved, or ok without having fired
    event: recounting {"time_zone","week_start","session_gap_s","events","of"}: the numbers are being counted anew with these
                      settings, and how far that is; null when that is over
    event: event      a message or custom event, at most five a second, only of what happens from now on

Rolling users and retention are not followed; ask for their series now and then.  `Last-Event-ID` brings what changed
since, as long as it is the same process; else everything again.  Who reads too slowly is sent away, not kept waiting for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import web

from app.adapters.live import Live, Watcher
from app.core.alerts.machine import Transition
from app.core.counters import Cell
from app.core.events import BotEvent, is_activity, is_message
from app.core.generations import counted_as
from app.core.periods import Period, label
from app.core.registry import Bot
from app.core.shown import RecountShown, recount_shown
from app.web.api.asking import bot_of, iso, parameters
from app.web.api.states import ALERTS, LIVE
from app.web.auth import reader_of
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["attach", "shown_alert"]

_MOST_WATCHERS: Final = 1000
_PAUSE_S: Final = 0.5
_QUIET_S: Final = 15.0
_PATIENCE_S: Final = 10.0
_LINES: Final = 2
"""Lines at a time: with two sendings a second no more than five a second."""

_encode: Final = msgspec.json.Encoder().encode


def attach(app: web.Application) -> None:
    """Give *app* the live stream."""
    app.router.add_get("/data/v1/bots/{bot}/live", _live)


async def _live(request: web.Request) -> web.StreamResponse:
    bot = bot_of(request)
    parameters(request, ())
    live = request.app[LIVE]
    if len(live.watchers) >= _MOST_WATCHERS:
        raise Fault(503, "too_many_watchers", "Too many pages are open; try again.", {"Retry-After": "10"})
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    with live.watching(bot.id) as watcher:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await response.prepare(request)
            watcher.alerts += request.app[ALERTS].past.of_bot(bot.id)
            stream = _Stream(live, watcher, response, lambda: _readable(request, bot.id))
            await stream.run(lambda bot: _since(live, bot, request))
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
    return response


class _Readable(NamedTuple):
    """A bot as it is now, how its numbers are counted anew, and when (by the loop) to ask again whether it may be read."""

    bot: Bot
    recount: RecountShown | None
    until: float


class _Stream:
    """One watcher's stream."""

    def __init__(
        self,
        live: Live,
        watcher: Watcher,
        response: web.StreamResponse,
        readable: Callable[[], _Readable | None],
    ) -> None:
        self._live = live
        self._watcher = watcher
        self._response = response
        self._readable = readable
        self._recount: RecountShown | None = None

    async def run(self, since: Callable[[Bot], int]) -> None:
        """
        Send until the client leaves, is too slow or may not read any more, or the process ends.

        *since* says up to which version the client knows a bot as it is.
        """
        sent, generation, until = 0, None, 0.0
        while not self._live.is_closing:
            is_woken = generation is None or await self._is_woken(until)
            found = self._readable()
            if found is None:
                return
            until = found.until
            if not is_woken:
                await self._write(b": still here\n\n")
                continue
            self._watcher.woken.clear()
            before, generation = generation, found.bot.reporting.generation
            if before != generation:
                sent = since(found.bot) if before is None else 0
            sent = await self._send_cells(found.bot, sent, even_if_none=before != generation)
            await self._send_recount(found.recount)
            await self._send_alerts()
            await self._send_lines()
            await asyncio.sleep(_PAUSE_S)

    async def _is_woken(self, until: float) -> bool:
        try:
            async with asyncio.timeout_at(until):
                await self._watcher.woken.wait()
        except TimeoutError:
            return False
        return True

    async def _send_recount(self, recount: RecountShown | None) -> None:
        if recount != self._recount:
            self._recount = recount
            await self._write(b"event: recounting\ndata: %s\n\n" % _encode(recount))

    async def _send_cells(self, bot: Bot, since: int, *, even_if_none: bool) -> int:
        """Send what changed after *since*; return the version up to which the client knows everything."""
        live, zone = self._live, bot.reporting.zone
        version, name = live.view.version, counted_as(bot.id, bot.reporting.generation)
        cells = [_shown(cell, number, zone) for cell, number in live.view.changes(name, since)]
        if cells or even_if_none:
            head = {"updated_at": iso(live.updated_ms or None), "generation": bot.reporting.generation}
            content = _encode({**head, "cells": cells})
            await self._write(
                b"id: %s-%d\nevent: counters\ndata: %s\n\n" % (_epoch(live, bot).encode(), version, content)
            )
        return version

    async def _send_lines(self) -> None:
        lines, self._watcher.lines = self._watcher.lines, []
        spoken = [line for line in lines if is_message(line) or is_activity(line)]
        for line in spoken[-_LINES:]:
            await self._write(b"event: event\ndata: %s\n\n" % _encode(_line(line)))

    async def _send_alerts(self) -> None:
        alerts, self._watcher.alerts = self._watcher.alerts, []
        for told in alerts:
            await self._write(b"event: alert\ndata: %s\n\n" % _encode(shown_alert(told)))

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            await self._response.write(data)


def _readable(request: web.Request, bot: str) -> _Readable | None:
    """Return the bot as it is now, if the key or session with which the stream was asked for still opens it."""
    caller, parts = reader_of(request), request.app[PARTS]
    state = parts.registry.state
    if caller is None or not caller.may_read(bot) or bot not in state.bots:
        return None
    wait_s = _QUIET_S
    if caller.expires_at is not None:
        wait_s = min(wait_s, (caller.expires_at - parts.clock() + 1) / 1000)
    until = asyncio.get_running_loop().time() + wait_s
    return _Readable(state.bots[bot], recount_shown(state.bots[bot], state), until)


def _epoch(live: Live, bot: Bot) -> str:
    """Return what a version belongs to: this process, and the generation that is shown."""
    return f"{live.epoch}.{bot.reporting.generation}"


def _since(live: Live, bot: Bot, request: web.Request) -> int:
    epoch, _, version = request.headers.get("Last-Event-ID", "").partition("-")
    is_ours = epoch == _epoch(live, bot) and version.isascii() and version.isdigit() and len(version) < 19
    return int(version) if is_ours else 0


def _shown(cell: Cell, number: int, zone: str) -> dict[str, Any]:
    return {
        "measure": cell.measure,
        "dim": cell.dim,
        "key": cell.key,
        "window": cell.window,
        "start": label(cell.window, Period(cell.start, cell.start), zone),
        "value": number,
    }


def shown_alert(told: Transition) -> dict[str, Any]:
    """Return what became of an alert, as readers see it."""
    condition = told.condition
    return {
        "id": told.id,
        "alert": told.alert,
        "bot": told.bot,
        "name": told.name,
        "type": told.type,
        "at": iso(told.at),
        "started_at": iso(told.started_at),
        "measure": told.measure,
        "window_s": told.window_s,
        "condition": {"op": condition.op, "threshold": condition.threshold, "against": condition.against},
        "value": told.value,
        "base": told.base,
        "change_percent": told.change,
        "reason": told.reason or None,
    }


def _line(event: BotEvent) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "user_id": event.user_id,
        "at": iso(event.at),
        "direction": event.direction,
        "kind": event.kind,
        "text": event.text,
        "intent": event.intent,
        "not_handled": event.not_handled,
        "platform": event.platform,
        "event_name": event.event_name,
    }
