"""
Sends webhooks, signed as Standard Webhooks has it: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.

A redirect is an answer like any other and not followed: it would carry what was signed for one place to another.
Whoever makes an alert chooses the address and sees what is answered, so only public addresses are connected to, and those
of networks that the operator allows; it is the address that is connected to which counts, not what a name led to before.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec
from standardwebhooks import Webhook

from app.core.networks import Network, may_be_reached
from app.ports import Clock

__all__ = ["Answer", "WebhookSender", "new_secret"]

_TIMEOUT_S: Final = 15.0
_SECRET_BYTES: Final = 24
_MOST_BYTES: Final = 1024


class Answer(NamedTuple):
    """What came back: `status` is 0 and `text` says why where nobody answered."""

    status: int
    ms: int
    text: str

    @property
    def is_taken(self) -> bool:
        """Tell whether the receiver has it."""
        return 200 <= self.status < 300


def new_secret() -> str:
    """Return a secret as receivers' libraries take it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


class _NotAllowed(OSError):  # noqa: N818 the answer to whoever chose the address
    def __init__(self) -> None:
        super().__init__(
            "webhooks are sent to public addresses only; BOTPULSE_WEBHOOK_NETWORKS allows others"
        )


class WebhookSender:
    """One session for all."""

    def __init__(self, clock: Clock, networks: Sequence[Network] = (), timeout_s: float = _TIMEOUT_S) -> None:
        """Send to public addresses and into *networks*."""
        self._clock = clock
        self._networks = networks
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, url: str, secret: str, message_id: str, content: Mapping[str, object]) -> Answer:
        """Send *content* once and return what was answered; *message_id* must be the same on every try."""
        began_ms = self._clock()
        signed = _signed(secret, message_id, began_ms, content)
        try:
            status, text = await self._post(url, signed)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            status, text = 0, _words(error)
        return Answer(status, self._clock() - began_ms, text)

    async def close(self) -> None:
        """Disconnect."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, url: str, signed: tuple[bytes, dict[str, str]]) -> tuple[int, str]:
        body, headers = signed
        async with self._opened().post(url, data=body, headers=headers, allow_redirects=False) as response:
            read = await response.content.read(_MOST_BYTES)
            return response.status, read.decode("utf-8", "replace")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(socket_factory=self._socket),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _socket(self, place: tuple[Any, ...]) -> socket.socket:
        """Make the socket that is to be connected to *place*, one of those that a name was resolved to."""
        family, type_, protocol, _, address = place
        if not may_be_reached(address[0], self._networks):
            raise _NotAllowed
        return socket.socket(family, type_, protocol)


def _signed(
    secret: str, message_id: str, now_ms: int, content: Mapping[str, object]
) -> tuple[bytes, dict[str, str]]:
    body = msgspec.json.encode(content)
    at = datetime.fromtimestamp(now_ms // 1000, UTC)
    headers = {
        "content-type": "application/json",
        "user-agent": f"botpulse/{version('botpulse')}",
        "webhook-id": message_id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": Webhook(secret).sign(message_id, at, body.decode()),
    }
    return body, headers


def _words(error: Exception) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _NotAllowed):
        return str(error.os_error)
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return "not an address that can be sent to"
    return str(error) or type(error).__name__
