"""
Alerts: which numbers of a bot are watched, and who is told.

    GET, POST           /data/v1/bots/{bot}/alerts            viewers, editors
    GET, PATCH, DELETE  /data/v1/bots/{bot}/alerts/{alert}
    GET                 /data/v1/bots/{bot}/alerts/{alert}/history

Where they stand and how telling went is in alert_log.py.  The secret of a webhook is kept sealed: it is told once, when it is made here.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from app.adapters.emails import email_address
from app.adapters.ids import new_id
from app.adapters.webhooks_out import new_secret
from app.core.alerts.machine import Phase
from app.core.commands.alerts import alert_of, change_alert, create_alert, remove_alert
from app.core.refusal import Refusal
from app.core.registry import Alert, Bot, Channel, Condition, Role
from app.core.shown import AlertShown, alert_shown
from app.core.times import iso
from app.core.webhook_secrets import is_webhook_secret
from app.web.api.asking import answer, bot_of, caller_of, or_refused, parameters
from app.web.api.bodies import body_of
from app.web.api.changing import change, created, given, history_of, now_ms, state_of, why_of
from app.web.api.states import ALERTS
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = ["AlertChange", "AlertList", "AlertMade", "AlertStanding", "AlertWanted", "alert_asked", "attach"]


class ConditionWanted(msgspec.Struct, forbid_unknown_fields=True):
    """When a number is bad: above or below a threshold, or a change of per cent against another window."""

    op: Literal["above", "below", "rises_by", "falls_by"]
    threshold: float
    against: Literal["before", "day", "week"] = "before"


class ChannelWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Where to tell. Without a `secret` a new webhook gets one, and one that is there keeps its own."""

    kind: Literal["webhook", "email"]
    to: str
    secret: str = ""


class AlertWanted(msgspec.Struct, forbid_unknown_fields=True):
    """
    An alert to be.

    `measure` is one of docs/alerts.md; `new_error_reasons` counts reasons of dead letters, items that were accepted and then found
    unreadable: what is refused at the door is told to its sender at once, and counted in `/metrics` and `/data/v1/pipeline`.
    """

    name: str
    measure: str
    condition: ConditionWanted
    window_s: int = 3600
    for_s: int = 0
    cool_down_s: int = 300
    channels: list[ChannelWanted] = []
    enabled: bool = True
    why: str = ""


class AlertChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be another from now on; what is left out stays."""

    name: str | UnsetType = UNSET
    measure: str | UnsetType = UNSET
    condition: ConditionWanted | UnsetType = UNSET
    window_s: int | UnsetType = UNSET
    for_s: int | UnsetType = UNSET
    cool_down_s: int | UnsetType = UNSET
    channels: list[ChannelWanted] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    why: str = ""


class AlertStanding(AlertShown):
    """An alert and where it stands: `since` when, and the number that made it so; both empty until it is told of."""

    phase: Phase
    since: str | None
    value: float | None


class SecretMade(msgspec.Struct):
    """What a webhook is signed with (Standard Webhooks), told only now."""

    to: str
    secret: str


class AlertMade(AlertShown):
    """An alert, and the secrets that were made for its webhooks."""

    secrets: list[SecretMade]


class AlertList(msgspec.Struct):
    """The alerts of a bot, the oldest first."""

    alerts: list[AlertStanding]


def attach(app: web.Application) -> None:
    """Give *app* alerts."""
    base = "/data/v1/bots/{bot}/alerts"
    app.router.add_get(base, _list)
    app.router.add_post(base, _create)
    app.router.add_get(f"{base}/{{alert}}", _show)
    app.router.add_patch(f"{base}/{{alert}}", _change)
    app.router.add_delete(f"{base}/{{alert}}", _remove)
    app.router.add_get(f"{base}/{{alert}}/history", _history)


def alert_asked(request: web.Request, role: Role = "viewer") -> tuple[Bot, Alert]:
    """Return the alert of the address and its bot, if the caller has *role* there."""
    bot = bot_of(request, role)
    return bot, or_refused(alert_of(state_of(request), bot.id, request.match_info["alert"]))


async def _list(request: web.Request) -> web.Response:
    bot = bot_of(request)
    parameters(request, ())
    return answer(AlertList([_standing(request, one) for one in state_of(request).alerts_of(bot.id)]))


async def _create(request: web.Request) -> web.Response:
    bot = bot_of(request, "editor")
    parameters(request, ())
    asked = await body_of(request, AlertWanted)
    channels, made = _channels(request, asked.channels, ())
    wanted = Alert(
        new_id("a"),
        bot.id,
        asked.name,
        asked.measure,
        asked.window_s,
        _condition(asked.condition),
        now_ms(request),
        asked.for_s,
        asked.cool_down_s,
        channels,
        asked.enabled,
    )
    after = await change(request, lambda state: create_alert(state, wanted), asked.why)
    return created(_made(after.alerts[wanted.id], made))


async def _show(request: web.Request) -> web.Response:
    _, alert = alert_asked(request)
    parameters(request, ())
    return answer(_standing(request, alert))


async def _change(request: web.Request) -> web.Response:
    bot, alert = alert_asked(request, "editor")
    parameters(request, ())
    asked = await body_of(request, AlertChange)
    changes, made = given(asked), list[SecretMade]()
    if isinstance(asked.condition, ConditionWanted):
        changes["condition"] = _condition(asked.condition)
    if isinstance(asked.channels, list):
        changes["channels"], made = _channels(request, asked.channels, alert.channels)
    after = await change(request, lambda state: change_alert(state, bot.id, alert.id, changes), asked.why)
    return answer(_made(after.alerts[alert.id], made))


async def _remove(request: web.Request) -> web.Response:
    bot, alert = alert_asked(request, "editor")
    why, when = why_of(request), now_ms(request)
    after = await change(request, lambda state: remove_alert(state, bot.id, alert.id, when), why)
    return answer(alert_shown(after.alerts[alert.id]))


async def _history(request: web.Request) -> web.Response:
    """Answer also for one that was removed."""
    bot, id_ = bot_of(request), request.match_info["alert"]
    found = state_of(request).alerts.get(id_)
    if found is None or found.bot != bot.id:
        raise Fault(404, "unknown_alert", f"There is no alert {id_[:60]!r} in this bot.", field="alert")
    return await history_of(request, "alert", id_)


def _channels(
    request: web.Request, wanted: list[ChannelWanted], before: tuple[Channel, ...]
) -> tuple[tuple[Channel, ...], list[SecretMade]]:
    """Return the channels as they are kept, and the secrets that were made for them."""
    kept = {channel.to: channel.sealed for channel in before if channel.kind == "webhook"}
    seal, found, made = request.app[PARTS].seal, list[Channel](), list[SecretMade]()
    for number, one in enumerate(wanted):
        if one.secret and (one.kind == "email" or not is_webhook_secret(one.secret)):
            message = "A secret is for webhooks: `whsec_` and 24 to 64 bytes in base64; leave it out and one is made."
            raise Fault(400, "bad_secret", message, field=f"channels[{number}].secret")
        sealed = "" if one.kind == "email" else kept.get(one.to, "")
        if one.kind == "webhook" and (one.secret or not sealed):
            secret = one.secret or new_secret()
            sealed = seal.seal(secret)
            if not one.secret:
                made.append(SecretMade(one.to, secret))
        to = one.to if one.kind == "webhook" else _address(one.to, f"channels[{number}].to")
        found.append(Channel(one.kind, to, sealed))

    return tuple(found), made


def _address(text: str, field: str) -> str:
    found = email_address(text)
    if isinstance(found, Refusal):
        raise Fault(400, "bad_address", found.message, field=field)
    return found


def _condition(asked: ConditionWanted) -> Condition:
    return Condition(asked.op, asked.threshold, asked.against)


def _made(alert: Alert, secrets_made: list[SecretMade]) -> AlertMade:
    return AlertMade(**msgspec.structs.asdict(alert_shown(alert)), secrets=secrets_made)


def _standing(request: web.Request, alert: Alert) -> AlertStanding:
    past = request.app[ALERTS].past
    last = past.last(alert.id)
    is_whole = caller_of(request).may(alert.bot, "editor")
    return AlertStanding(
        **msgspec.structs.asdict(alert_shown(alert, is_whole=is_whole)),
        phase=past.phase(alert.id),
        since=iso(last.at) if last else None,
        value=last.value if last else None,
    )
