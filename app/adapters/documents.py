"""
Fetches the public documents that webhooks' signatures are checked with: certificate chains, key sets.

Over https only, from hosts that a platform names, without redirects, not large, not for long.  What came is kept as
long as its server says, a day at most; however many requests need a document, it is fetched once.  While its server
is away the copy of the last day is used.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import aiohttp
import structlog
from yarl import URL

from app.config import KIB
from app.ports import Unavailable

__all__ = ["HttpDocuments", "lifetime_s", "may_fetch"]

_MOST_BYTES: Final = 256 * KIB
_TIMEOUT_S: Final = 5.0
_DAY_S: Final = 24 * 3600
_DEFAULT_S: Final = 3600
_MOST_DOCUMENTS: Final = 64
_MOST_FETCHES: Final = 8
_MAX_AGE: Final = re.compile(r"(?i)(?:^|[,\s])max-age=\"?(\d{1,9})")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Copy:
    content: bytes
    fetched_s: float
    fresh_until_s: float


class HttpDocuments:
    """Implements `ports.Documents`. *connector* makes the way out."""

    def __init__(
        self,
        connector: Callable[[], aiohttp.BaseConnector] = aiohttp.TCPConnector,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._connector = connector
        self._timeout_s = timeout_s
        self._copies: dict[str, _Copy] = {}
        self._fetching: dict[str, asyncio.Task[bytes]] = {}
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str, hosts: Collection[str]) -> bytes:
        """Return the document at *url*; empty where it may not be fetched, Unavailable where it cannot be had."""
        if not may_fetch(url, hosts):
            return b""
        copy = self._copies.get(url)
        if copy is not None and asyncio.get_running_loop().time() < copy.fresh_until_s:
            return copy.content

        # shielded: who asked first may go away, others wait for the same answer
        return await asyncio.shield(self._flight(url))

    async def stop(self) -> None:
        """Give up what is under way and close connections."""
        for task in self._fetching.values():
            task.cancel()
        await asyncio.gather(*self._fetching.values(), return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _flight(self, url: str) -> asyncio.Task[bytes]:
        task = self._fetching.get(url)
        if task is None:
            if len(self._fetching) >= _MOST_FETCHES:
                raise Unavailable("Too many documents are being fetched; send it again.", retry_after_s=5)
            task = asyncio.get_running_loop().create_task(self._renew(url))
            self._fetching[url] = task
            task.add_done_callback(lambda done: self._landed(url, done))
        return task

    def _landed(self, url: str, task: asyncio.Task[bytes]) -> None:
        del self._fetching[url]
        if not task.cancelled():
            task.exception()  # seen, also when nobody waits any more

    async def _renew(self, url: str) -> bytes:
        now_s = asyncio.get_running_loop().time()
        try:
            content, age_s = await self._download(url)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            copy = self._copies.get(url)
            _log.warning("document_not_fetched", url=url, error=repr(error), has_copy=copy is not None)
            if copy is not None and now_s - copy.fetched_s < _DAY_S:
                return copy.content
            msg = f"The document that the signature is checked with cannot be had from {URL(url).host}; send it again."
            raise Unavailable(msg, retry_after_s=30) from error
        self._copies.pop(url, None)
        self._copies[url] = _Copy(content, now_s, now_s + age_s)
        while len(self._copies) > _MOST_DOCUMENTS:
            del self._copies[next(iter(self._copies))]
        return content

    async def _download(self, url: str) -> tuple[bytes, int]:
        async with (
            asyncio.timeout(self._timeout_s),
            self._opened().get(URL(url, encoded=True), allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                msg = f"answered {answer.status}"
                raise ValueError(msg)
            content = b""
            async for piece in answer.content.iter_any():
                content += piece
                if len(content) > _MOST_BYTES:
                    msg = f"more than {_MOST_BYTES} bytes"
                    raise ValueError(msg)
            if not content:
                msg = "empty"
                raise ValueError(msg)
            return content, lifetime_s(answer.headers.get("Cache-Control", ""))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connector(), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def may_fetch(url: str, hosts: Collection[str]) -> bool:
    """Tell whether *url* is https, on the usual port, of one of *hosts*, and nothing more."""
    try:
        address = URL(url, encoded=True)
        return (
            address.scheme == "https"
            and address.host in hosts
            and address.port == 443
            and address.user is None
            and address.password is None
            and url.isascii()
            and not re.search(r"[\s\\]", url)
        )
    except ValueError:
        return False


def lifetime_s(cache_control: str) -> int:
    """Return how long a document may be kept: what its server says, a minute at least, a day at most."""
    found = _MAX_AGE.search(cache_control)

    return min(max(int(found[1]), 60), _DAY_S) if found else _DEFAULT_S
