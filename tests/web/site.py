"""A web process for a test: the real server on a free port, with edge and registry in memory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from app.adapters.edge import Limits
from app.adapters.memory import MemoryLog, MemoryMail, MemoryRegistry, memory_edge
from app.adapters.passwords import hash_password
from app.config import MIB, Settings
from app.core.api_keys import hash_of, key_text
from app.core.events import Reporting
from app.core.registry import Bot, Key, Person, Scope, Subject
from app.ports import Mail
from app.web.parts import Parts
from app.web.server import build, serve
from tests.facts import tell

__all__ = [
    "ADMIN_KEY",
    "EMAIL",
    "INGEST_KEY",
    "NOW_MS",
    "PASSWORD",
    "PASSWORD_HASH",
    "READ_KEY",
    "SESSION_KEY",
    "Site",
    "key",
    "running",
    "tell",
]

NOW_MS = 1_700_000_000_000
INGEST_KEY, READ_KEY, ADMIN_KEY = key_text("ingest", 1), key_text("read", 2), key_text("admin", 3)
EMAIL, PASSWORD = "anna@example.org", "correct horse"

PASSWORD_HASH = hash_password(PASSWORD)
SESSION_KEY = b"k" * 32


@dataclass
class Site:
    """A running server, a client for it, and what is behind it."""

    url: str
    port: int
    client: aiohttp.ClientSession
    log: MemoryLog
    registry: MemoryRegistry
    app: web.Application

    async def post(
        self, path: str, body: bytes | str, key: str = INGEST_KEY, **headers: str
    ) -> tuple[int, Any]:
        """Post *body* with an ingest key; return status and answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"Authorization": f"Bearer {key}"} if key else {}
        async with self.client.post(self.url + path, data=body, headers=named) as answer:
            return answer.status, await answer.json()

    async def raw(self, request: bytes) -> bytes:
        """Send bytes as they are; return the answer, what goes before it included, or all there is at the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            answer = b""
            while not _is_whole(answer):
                more = await asyncio.wait_for(reader.read(65_536), timeout=10)
                answer += more
                if not more:
                    break
            return answer
        finally:
            writer.close()

    @property
    def items(self) -> list[bytes]:
        """Every item that arrived in the log, in order."""
        return [bytes(item) for delivery in self.log.deliveries for item in delivery.items]


@asynccontextmanager
async def running(
    clock: Any = lambda: NOW_MS, buffer_bytes: int = 64 * MIB, mail: Mail | None = None, **settings: Any
) -> AsyncIterator[Site]:
    """Run a server with one bot `pizza`, an archived bot `old`, keys of each scope and one person."""
    registry = MemoryRegistry()
    await tell(registry, *_subjects())
    edge, log = memory_edge(Limits(linger_s=0, timeout_s=1, buffer_bytes=buffer_bytes))
    await edge.start()
    app = build(
        Settings(**settings), Parts(edge, registry, SESSION_KEY, clock, mail=mail or MemoryMail(is_set=False))
    )
    runner = await serve(app, "127.0.0.1", 0)
    port = runner.addresses[0][1]
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            yield Site(f"http://127.0.0.1:{port}", port, client, log, registry, app)
    finally:
        await runner.cleanup()
        await edge.stop()


def key(identifier: str, scope: Scope, text: str, bot: str | None, revoked_at: int | None = None) -> Key:
    """Return a key with the text *text*."""
    return Key(identifier, scope, hash_of(text), NOW_MS, bot, revoked_at)


def _is_whole(answer: bytes) -> bool:
    last = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, found, body = last.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(found) and (length is None or len(body) >= int(length[1]))


def _subjects() -> list[Subject]:
    return [
        Bot("pizza", "Pizza", "facebook", NOW_MS, Reporting("Europe/Rome")),
        Bot("plain", "Plain", "generic", NOW_MS),
        Bot("old", "Old", "generic", NOW_MS, archived_at=NOW_MS),
        key("k1", "ingest", INGEST_KEY, "pizza"),
        key("k2", "read", READ_KEY, "pizza"),
        key("k3", "admin", ADMIN_KEY, None),
        key("k4", "ingest", "bpingestOLD", "old"),
        key("k5", "ingest", "bpingestREVOKED", "pizza", revoked_at=NOW_MS),
        key("k6", "ingest", "bpingestPLAIN", "plain"),
        Person("p1", EMAIL, PASSWORD_HASH, NOW_MS, admin=True),
    ]
