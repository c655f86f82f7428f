"""
What a platform has to offer: readers for its bodies, the names of its secrets, and its webhook (`Hook`).

Everything about a platform is pure, its handshake and its signatures included: a request comes as a `Request`, and
what is to be answered goes back as an `Answer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from app.core.outcome import Outcome, Rejection
from app.core.platforms.context import Context
from app.core.platforms.unpacking import json_item

__all__ = ["OK", "Answer", "Hook", "Platform", "Reader", "Request"]

Reader = Callable[[dict[str, Any], Context], Outcome]


class Request(msgspec.Struct, frozen=True):
    """
    A webhook request as far as schemes look at it.

    `url` is the address the platform was told (public, with its query); `headers` has lower-case names; `body` is
    the raw bytes, on which signatures are made; `now_ms` is the time of receipt.
    """

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now_ms: int


class Answer(msgspec.Struct, frozen=True):
    """What the platform is told: an HTTP status, a body and its type."""

    body: bytes = b"{}"
    content_type: str = "application/json"
    status: int = 200


OK: Final = Answer()

Verify = Callable[[Request, Sequence[str], bytes], str]


class Hook(NamedTuple):
    """
    The webhook of a platform.

    `verify(request, secrets, document)` returns why a request is refused, empty if it is genuine.  It looks at the
    raw bytes, compares in constant time, and takes any of the bot's active secrets; without one it refuses.  None:
    the platform signs nothing, so the address must hold the bot's ingest key.
    `document(request)` names the public document (certificate chain, key set) that `verify` needs, empty to refuse;
    it is only fetched by https from one of `document_hosts`.
    `handshake(request, secrets)` answers a request that is no delivery; None: it is a delivery, or is no handshake.
    `decrypt(request, secrets)` returns the raw body of a verified request; None: bodies come in the clear.
    `unpack(body)` turns the raw body into the JSON object that is kept.
    """

    verify: Verify | None
    handshake: Callable[[Request, Sequence[str]], Answer | None] = lambda _request, _secrets: None
    unpack: Callable[[bytes], bytes | Rejection] = json_item
    answer: Answer = OK
    document: Callable[[Request], str] | None = None
    document_hosts: tuple[str, ...] = ()
    decrypt: Callable[[Request, Sequence[str]], bytes | Rejection] | None = None


class Platform(NamedTuple):
    """
    One platform.

    `read` reads the platform's own body, as it comes by its webhook.  `reported` reads what Dashbot's SDKs make of
    it, where that differs.  `secrets` are the paths of credentials in its bodies (see redact.py).  Without a `hook`
    it has no webhook of its own.
    """

    read: Reader
    reported: Reader | None = None
    secrets: tuple[str, ...] = ()
    hook: Hook | None = None
