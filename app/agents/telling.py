"""One try to tell of an alert, by webhook or by mail, and what came of it."""

from __future__ import annotations

from typing import Final, NamedTuple

from app.adapters.mail import Mailer, MailFailed
from app.adapters.webhooks_out import WebhookSender
from app.core.alerts.deliveries import AlertDelivery, DeliveryState, letter_of, payload_of
from app.core.registry import Channel
from app.errors import BotpulseError
from app.ports import Seal

__all__ = ["Means", "Outcome", "tell"]

_GONE: Final = 410
"""Ends this delivery; it is for the alert's editors to take the channel away."""

_SMTP_DONE: Final = 250

Outcome = tuple[DeliveryState, int, str]
"""`waiting` if another try may help; status and words of the answer"""


class Means(NamedTuple):
    """By what it is told, and how patiently: the first pause and the longest one, in seconds."""

    hooks: WebhookSender
    mailer: Mailer
    seal: Seal
    first_pause_s: float = 2.0
    longest_pause_s: float = 1800.0


async def tell(delivery: AlertDelivery, channel: Channel | None, means: Means) -> Outcome:
    """Try once. *channel* is what the alert has there now, None if it was taken away."""
    if channel is None:
        return "given_up", 0, "the alert no longer has this channel"
    send = _by_webhook if channel.kind == "webhook" else _by_mail
    return await send(delivery, channel, means)


async def _by_webhook(delivery: AlertDelivery, channel: Channel, means: Means) -> Outcome:
    try:
        secret = means.seal.unseal(channel.sealed)
    except BotpulseError as error:
        return "waiting", 0, error.message
    answer = await means.hooks.send(channel.to, secret, delivery.id, payload_of(delivery.transition))
    if answer.is_taken:
        return "delivered", answer.status, answer.text
    return "given_up" if answer.status == _GONE else "waiting", answer.status, answer.text


async def _by_mail(delivery: AlertDelivery, channel: Channel, means: Means) -> Outcome:
    subject, text = letter_of(delivery.transition)
    try:
        said = await means.mailer.send(channel.to, subject, text, delivery.id)
    except MailFailed as error:
        return "given_up" if error.is_final else "waiting", error.status, error.message
    return "delivered", _SMTP_DONE, said
