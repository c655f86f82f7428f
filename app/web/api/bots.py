"""
Bots: what there is, and for administrators and owners what it is to be.

    GET   /data/v1/bots                      POST /data/v1/bots              administrators
    GET   /data/v1/bots/{bot}                PATCH /data/v1/bots/{bot}       owners
    POST  /data/v1/bots/{bot}/archive        POST  .../restore               owners
    GET   /data/v1/bots/{bot}/instances      GET   .../history, .../instances/{instance}/history
"""

from __future__ import annotations

import secrets
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from app.adapters.ids import new_id
from app.adapters.recount_tables import loss
from app.core.api_keys import made_key
from app.core.commands.bots import archive_bot, bot_id, change_bot, create_bot, reporting_of, restore_bot
from app.core.commands.instances import instance_of
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, State
from app.core.shown import BotShown, InstanceShown, bot_shown, instance_shown
from app.web.api.asking import admin_of, answer, bot_of, caller_of, or_fault, or_refused, parameters
from app.web.api.bodies import body_of
from app.web.api.changing import change, created, given, history_of, now_ms, state_of, why_of
from app.web.api.states import READER

__all__ = ["BotChange", "BotList", "BotMade", "BotWanted", "InstanceList", "attach"]

T = TypeVar("T")
_FIELDS: Final = {"zone": "time_zone", "session_gap": "session_gap_s"}
_Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class BotWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A bot to be. Without an `id` one is made of the name."""

    name: str
    platform: str = "generic"
    more_platforms: list[str] = []
    time_zone: str = "UTC"
    week_start: Literal["monday", "sunday"] = "monday"
    session_gap_s: _Seconds = 900
    confidence_threshold: float | None = None
    id: str = ""
    why: str = ""


class BotChange(msgspec.Struct, forbid_unknown_fields=True):
    """
    What is to be another from now on; what is left out stays.

    Time zone, week start and session gap hold once all numbers were counted anew, from the events that are stored: where
    older ones were counted and are no longer, `accept_loss` says that their numbers may go.
    """

    name: str | UnsetType = UNSET
    platform: str | UnsetType = UNSET
    more_platforms: list[str] | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    week_start: Literal["monday", "sunday"] | UnsetType = UNSET
    session_gap_s: _Seconds | UnsetType = UNSET
    confidence_threshold: float | UnsetType | None = UNSET
    accept_loss: bool = False
    why: str = ""


class BotMade(msgspec.Struct):
    """The bot's id and its first keys, which are told only now."""

    bot: str
    ingest_key: str
    read_key: str


class BotList(msgspec.Struct):
    """The bots the caller may read."""

    bots: list[BotShown]


class InstanceList(msgspec.Struct):
    """Where a bot is installed, the newest first."""

    instances: list[InstanceShown]


def attach(app: web.Application) -> None:
    """Give *app* bots."""
    bot = "/data/v1/bots/{bot}"
    app.router.add_get("/data/v1/bots", _list)
    app.router.add_post("/data/v1/bots", _create)
    app.router.add_get(bot, _show)
    app.router.add_patch(bot, _change)
    app.router.add_post(f"{bot}/archive", _archive)
    app.router.add_post(f"{bot}/restore", _restore)
    app.router.add_get(f"{bot}/history", _history)
    app.router.add_get(f"{bot}/instances", _instances)
    app.router.add_get(f"{bot}/instances/{{instance}}/history", _instance_history)


async def _list(request: web.Request) -> web.Response:
    caller = caller_of(request)
    parameters(request, ())
    bots = state_of(request).bots.values()
    mine = sorted((bot for bot in bots if caller.may_read(bot.id)), key=lambda bot: (bot.created_at, bot.id))
    return answer(BotList([bot_shown(bot, state_of(request)) for bot in mine]))


async def _create(request: web.Request) -> web.Response:
    admin_of(request)
    parameters(request, ())
    asked = await body_of(request, BotWanted)
    gap = f"{asked.session_gap_s}s"
    reporting = or_fault(
        _renamed(reporting_of(asked.time_zone, gap, asked.week_start, asked.confidence_threshold))
    )
    id_ = asked.id or bot_id(asked.name, secrets.randbits(64))
    when = now_ms(request)
    bot = Bot(id_, asked.name, asked.platform, when, reporting, more_platforms=tuple(asked.more_platforms))
    ingest, ingest_text = made_key(new_id("k"), "ingest", secrets.randbits(256), when, id_)
    read, read_text = made_key(new_id("k"), "read", secrets.randbits(256), when, id_)
    await change(request, lambda state: create_bot(state, bot, (ingest, read)), asked.why)
    return created(BotMade(id_, ingest_text, read_text))


async def _show(request: web.Request) -> web.Response:
    bot = bot_of(request)
    parameters(request, ())
    return answer(bot_shown(bot, state_of(request)))


async def _change(request: web.Request) -> web.Response:
    bot = bot_of(request, "owner")
    parameters(request, ())
    asked = await body_of(request, BotChange)
    changes = given(asked)
    if "more_platforms" in changes:
        changes["more_platforms"] = tuple(changes["more_platforms"])
    if "time_zone" in changes:
        changes["zone"] = changes.pop("time_zone")
    is_loss_accepted = changes.pop("accept_loss")

    def decide(state: State) -> list[Fact] | Refusal:
        return _renamed(change_bot(state, bot.id, changes))

    or_refused(decide(state_of(request)))
    if not is_loss_accepted:
        or_fault(await loss(request.app[READER], bot, changes))

    after = await change(request, decide, asked.why)
    return answer(bot_shown(after.bots[bot.id], after))


async def _archive(request: web.Request) -> web.Response:
    bot, why, when = bot_of(request, "owner"), why_of(request), now_ms(request)
    after = await change(request, lambda state: archive_bot(state, bot.id, when), why)
    return answer(bot_shown(after.bots[bot.id], after))


async def _restore(request: web.Request) -> web.Response:
    bot, why = bot_of(request, "owner"), why_of(request)
    after = await change(request, lambda state: restore_bot(state, bot.id), why)
    return answer(bot_shown(after.bots[bot.id], after))


async def _history(request: web.Request) -> web.Response:
    return await history_of(request, "bot", bot_of(request).id)


async def _instances(request: web.Request) -> web.Response:
    bot = bot_of(request)
    parameters(request, ())
    own = [one for one in state_of(request).instances.values() if one.bot == bot.id]
    own.sort(key=lambda one: (-one.created_at, one.id))
    return answer(InstanceList([instance_shown(one) for one in own]))


async def _instance_history(request: web.Request) -> web.Response:
    bot = bot_of(request)
    found = or_refused(instance_of(state_of(request), bot.id, request.match_info["instance"]))
    return await history_of(request, "instance", found.id)


def _renamed(outcome: T | Refusal) -> T | Refusal:
    """Return a refusal with the field called as it is in the body."""
    if isinstance(outcome, Refusal) and outcome.field in _FIELDS:
        return msgspec.structs.replace(outcome, field=_FIELDS[outcome.field])
    return outcome
