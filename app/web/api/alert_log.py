"""
What became of an alert, and of telling.

    GET   /data/v1/bots/{bot}/alerts/{alert}/transitions?limit=    when it fired and resolved
    GET   /data/v1/bots/{bot}/alerts/{alert}/deliveries?limit=     what was sent to whom, and what was answered
    POST  /data/v1/bots/{bot}/alerts/{alert}/test                  editors: tell every channel now, once
"""

from __future__ import annotations

import asyncio
import math
import secrets
from typing import Any, Final, Literal

import msgspec
from aiohttp import web

from app.adapters.webhooks_out import WebhookSender
from app.core.alerts.machine import TransitionType
from app.core.networks import networks_of
from app.core.rates import Rates
from app.core.registry import Alert, Channel, Condition
from app.core.shown import DeliveryShown, delivery_shown
from app.core.times import iso
from app.errors import BotpulseError
from app.web.api.alerts import alert_asked
from app.web.api.asking import answer, caller_of, number, parameters
from app.web.api.changing import now_ms
from app.web.api.live import shown_alert
from app.web.api.states import ALERTS
from app.web.errors import Fault
from app.web.parts import PARTS, SETTINGS

__all__ = ["DeliveryList", "TestDone", "TransitionList", "attach"]

_MOST: Final = 500
_TEST_TIMEOUT_S: Final = 10.0
_ANSWER_CHARS: Final = 200
_CHANNELS_PER_S: Final = 0.2
_TESTS: Final = web.AppKey("tests", Rates)


class TransitionShown(msgspec.Struct):
    """An alert went from one phase to another: `pending`, `firing`, `resolved`, or `ok` without having fired."""

    id: str
    alert: str
    bot: str
    name: str
    type: TransitionType
    at: str | None
    started_at: str | None
    measure: str
    window_s: int
    condition: Condition
    value: float | None
    base: float | None
    change_percent: float | None
    reason: str | None


class TransitionList(msgspec.Struct):
    """What was told of an alert, the newest first."""

    transitions: list[TransitionShown]


class DeliveryList(msgspec.Struct):
    """What was sent of an alert, the newest first."""

    deliveries: list[DeliveryShown]


class Tested(msgspec.Struct):
    """What a channel answered."""

    kind: Literal["webhook", "email"]
    to: str
    is_taken: bool
    status: int
    ms: int
    answer: str


class TestDone(msgspec.Struct):
    """What every channel answered; these tries are in no log."""

    channels: list[Tested]


def attach(app: web.Application) -> None:
    """Give *app* what became of alerts."""
    app[_TESTS] = Rates(_CHANNELS_PER_S)
    base = "/data/v1/bots/{bot}/alerts/{alert}"
    app.router.add_get(f"{base}/transitions", _transitions)
    app.router.add_get(f"{base}/deliveries", _deliveries)
    app.router.add_post(f"{base}/test", _test)


async def _transitions(request: web.Request) -> web.Response:
    _, alert = alert_asked(request)
    limit = number(parameters(request, ("limit",)), "limit", 50, _MOST)
    found = request.app[ALERTS].past.transitions(alert.id)[:limit]
    return answer({"transitions": [shown_alert(one) for one in found]})


async def _deliveries(request: web.Request) -> web.Response:
    bot, alert = alert_asked(request)
    limit = number(parameters(request, ("limit",)), "limit", 50, _MOST)
    found = request.app[ALERTS].past.deliveries(alert.id)[:limit]
    is_whole = caller_of(request).may(bot.id, "editor")
    return answer(DeliveryList([delivery_shown(one, is_whole=is_whole) for one in found]))


async def _test(request: web.Request) -> web.Response:
    bot, alert = alert_asked(request, "editor")
    parameters(request, ())
    if not alert.channels:
        raise Fault(400, "no_channels", "This alert has no channels to tell.", field="channels")
    wait_s = request.app[_TESTS].take(bot.id, len(alert.channels), now_ms(request) / 1000)
    if wait_s:
        message = "This bot's alerts were tested a moment ago; wait a little."
        raise Fault(429, "too_many_tests", message, {"Retry-After": str(math.ceil(wait_s))})
    networks = networks_of(request.app[SETTINGS].webhook_networks)
    sender = WebhookSender(request.app[PARTS].clock, networks, _TEST_TIMEOUT_S)
    try:
        tested = await asyncio.gather(*(_told(request, sender, alert, one) for one in alert.channels))
    finally:
        await sender.close()
    return answer(TestDone(tested))


async def _told(request: web.Request, sender: WebhookSender, alert: Alert, channel: Channel) -> Tested:
    parts = request.app[PARTS]
    began_ms = now_ms(request)
    name = " ".join(alert.name.split())
    try:
        if channel.kind == "webhook":
            secret = parts.seal.unseal(channel.sealed)
            said = await sender.send(
                channel.to, secret, f"test-{secrets.token_hex(8)}", _payload(alert, began_ms)
            )
            text = said.text[:_ANSWER_CHARS]
            return Tested(channel.kind, channel.to, said.is_taken, said.status, said.ms, text)
        words = f"This is a test of the alert {name} of {alert.bot}. Nothing is wrong.\n"
        await parts.mail.send(channel.to, f"[test] {name} ({alert.bot})", words)
    except BotpulseError as error:
        return Tested(channel.kind, channel.to, False, 0, now_ms(request) - began_ms, error.message)
    return Tested(channel.kind, channel.to, True, 250, now_ms(request) - began_ms, "")


def _payload(alert: Alert, at: int) -> dict[str, Any]:
    data = {"alert": alert.id, "name": alert.name, "bot": alert.bot, "measure": alert.measure}
    return {"type": "alert.test", "timestamp": iso(at), "data": data}
