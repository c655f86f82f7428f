"""Webhooks that we send: signed so that the receiver's library takes them, and every answer is one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook, WebhookVerificationError

from app.adapters.webhooks_out import WebhookSender, new_secret
from app.core.networks import networks_of

SECRET = new_secret()


def now_ms() -> int:
    """Return the time."""
    return time.time_ns() // 1_000_000


class Receiver:
    """Answers as it is told, and keeps what came."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.status, self.text, self.pause_s = 200, "thank you", 0.0

    async def take(self, request: web.Request) -> web.Response:
        """Take one request."""
        self.came.append((dict(request.headers), await request.read()))
        await asyncio.sleep(self.pause_s)
        return web.Response(status=self.status, text=self.text, headers={"Location": "/elsewhere"})


@pytest.fixture
def receiver() -> Receiver:
    """Somebody who gets webhooks."""
    return Receiver()


@pytest.fixture
async def url(receiver: Receiver) -> AsyncIterator[str]:
    """Where."""
    app = web.Application()
    app.router.add_post("/{any:.*}", receiver.take)
    async with TestServer(app) as server:
        yield str(server.make_url("/hook"))


@pytest.fixture
async def sender() -> AsyncIterator[WebhookSender]:
    """A sender without much patience."""
    sender = WebhookSender(now_ms, networks_of("127.0.0.0/8"), timeout_s=0.5)
    yield sender
    await sender.close()


async def test_the_receivers_library_takes_it(url: str, receiver: Receiver, sender: WebhookSender) -> None:
    """Body and headers pass the check of Standard Webhooks, under the id that was given."""
    answer = await sender.send(url, SECRET, "a1-1-firing-x", {"type": "alert.firing", "name": "Übermaß"})
    [(headers, body)] = receiver.came

    assert (200, "thank you", True) == (answer.status, answer.text, answer.is_taken)
    assert {"type": "alert.firing", "name": "Übermaß"} == Webhook(SECRET).verify(body, headers)
    assert ("a1-1-firing-x", "application/json") == (headers["webhook-id"], headers["Content-Type"])


async def test_another_secret_does_not_fit(url: str, receiver: Receiver, sender: WebhookSender) -> None:
    """What was signed with one secret is refused with another."""
    await sender.send(url, SECRET, "id", {})
    [(headers, body)] = receiver.came

    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_anything_but_2xx_is_not_taken(
    url: str, receiver: Receiver, sender: WebhookSender, status: int
) -> None:
    """A refusal is an answer; a redirect is not followed."""
    receiver.status = status
    answer = await sender.send(url, SECRET, "id", {})

    assert (status, False, 1) == (answer.status, answer.is_taken, len(receiver.came))


async def test_an_answer_without_an_end_is_read_a_little(
    url: str, receiver: Receiver, sender: WebhookSender
) -> None:
    """A receiver cannot fill our memory."""
    receiver.text = "x" * 1_000_000

    assert len((await sender.send(url, SECRET, "id", {})).text) <= 1024


async def test_silence_is_no_answer(url: str, receiver: Receiver, sender: WebhookSender) -> None:
    """Who does not answer in time has not taken it."""
    receiver.pause_s = 5
    answer = await sender.send(url, SECRET, "id", {})

    assert (0, "no answer in time", False) == (answer.status, answer.text, answer.is_taken)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "nonsense", "ftp://example.com/"])
async def test_nobody_there(sender: WebhookSender, url: str) -> None:
    """A place that cannot be reached, or is none, is said in words, not raised."""
    answer = await sender.send(url, SECRET, "id", {})

    assert (0, True) == (answer.status, bool(answer.text))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_nothing_is_sent_into_inner_networks(url: str, receiver: Receiver, host: str) -> None:
    """However the address is written: who chooses it has no business there, unless the operator allows it."""
    sender = WebhookSender(now_ms, timeout_s=5)
    answer = await sender.send(url.replace("127.0.0.1", host), SECRET, "id", {})
    await sender.close()

    assert ([], 0) == (receiver.came, answer.status)
    assert "BOTPULSE_WEBHOOK_NETWORKS" in answer.text


def test_secrets_differ() -> None:
    """Each is new, and as long as the libraries ask."""
    made: Any = {new_secret() for _ in range(10)}

    assert 10 == len(made)
    assert all(one.startswith("whsec_") and len(one) >= 38 for one in made)
