"""
What every way in does alike: whose key is it, which items are fit to keep, and wait until they are durable.

A way in reads its own kind of request, calls `bot_of`, `read`, `take`, and answers in its own shape.  This runs for
every event there is: one event of one request takes the short way through `take`.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import msgspec
from aiohttp import web

from app.config import KIB, Settings
from app.core.api_keys import hash_of
from app.core.deliveries import MAX_ITEMS, Delivery
from app.core.events import Reporting
from app.core.normalise import read_item
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.context import context_for
from app.core.rates import Rates
from app.core.redact import prepare
from app.core.registry import Bot, Key, Scope
from app.observe import EVENTS_ACCEPTED, EVENTS_REJECTED, SECRETS_REMOVED
from app.web.errors import Fault
from app.web.ingest.body import read_body, split
from app.web.key_uses import KeyUses
from app.web.parts import Parts

__all__ = ["Arrival", "Intake", "Taken", "bearer_of", "plain"]

_DELIVERY_BYTES: Final = 512 * KIB
_DEFAULT_REPORTING: Final[Reporting] = Delivery("", "", 0, []).reporting


class Arrival(msgspec.Struct):
    """Which way a request came, for which bot, and what it says of its body."""

    bot: Bot
    way: str
    platform: str
    type: str = ""
    sdk: str = ""


class Taken(msgspec.Struct):
    """What became of the items of a request. `rejected` goes by their place in it, counted from 0."""

    accepted: int = 0
    rejected: list[tuple[int, Rejection]] = []

    @property
    def is_too_large(self) -> bool:
        """Tell whether nothing was wrong but the size."""
        return bool(self.rejected) and all(one.reason is Reason.TOO_LARGE for _, one in self.rejected)


class Intake:
    """The shared part of ingest, once for the application."""

    def __init__(self, settings: Settings, parts: Parts, ways: Iterable[str], uses: KeyUses) -> None:
        self._event_bytes = settings.max_event_bytes
        self._request_bytes = settings.max_request_bytes
        self._edge = parts.edge
        self._registry = parts.registry
        self._clock = parts.clock
        self._rates = Rates(settings.ingest_rate) if settings.ingest_rate else None
        self._links = parts.links
        self._uses = uses
        self._accepted = {way: EVENTS_ACCEPTED.labels(way) for way in ways}

    def bot_of(self, key: str | None) -> Bot:
        """Return the bot whose ingest key this is; raise a Fault that says why not."""
        return self.holder_of(key, "ingest")[0]

    def holder_of(self, key: str | None, scope: Scope) -> tuple[Bot, Key]:
        """Return the bot of a key of *scope*, and the key; raise a Fault that says why not."""
        if not key:
            raise Fault(
                401,
                "no_key",
                "An ingest key is needed: Authorization: Bearer <key>.",
                _CHALLENGE,
            )
        state = self._registry.state
        known, now_ms = state.key_by_hash.get(hash_of(key)), self._clock()
        if known is None or not known.is_valid(now_ms):
            raise Fault(
                401,
                "unknown_key",
                "This key is not known, or it was revoked.",
                _CHALLENGE,
            )
        bot = state.bots.get(known.bot or "")
        if known.scope != scope or bot is None:
            raise Fault(
                403,
                "wrong_scope",
                f"This is a key of scope {known.scope}; sending here needs one of scope {scope}.",
            )
        if bot.archived_at is not None:
            raise Fault(
                403,
                "bot_archived",
                f"The bot {bot.id} is archived and takes no events any more.",
            )
        self._uses.touch(known.id, now_ms)
        return bot, known

    async def read(self, request: web.BaseRequest, *, is_ndjson: bool) -> list[bytes]:
        """Return the items of *request*."""
        return split(await self.body_of(request), is_ndjson=is_ndjson)

    async def body_of(self, request: web.BaseRequest) -> bytes:
        """Return the body of *request* as it is, decompressed."""
        return await read_body(request, self._request_bytes)

    async def take(self, arrival: Arrival, items: list[bytes]) -> Taken:
        """Return when every fit item is durable. Nothing is promised when it raises."""
        if self._rates is not None:
            self._hold_back(self._rates, arrival.bot.id, len(items))
        taken = Taken()
        fit: list[bytes] = []
        links: dict[str, str] = {}
        for start in range(0, len(items), MAX_ITEMS):
            if start:
                await asyncio.sleep(0)
            self._sift(arrival, start, items[start : start + MAX_ITEMS], fit, links, taken.rejected)
        if len(fit) <= MAX_ITEMS and sum(map(len, fit)) <= _DELIVERY_BYTES:
            if fit:
                await self._edge.accept(self._delivery(arrival, fit, links))
        else:
            await self._accept_all([self._delivery(arrival, part, links) for part in _parts(fit)])
        taken.accepted = len(fit)
        self._accepted[arrival.way].inc(len(fit))
        return taken

    def _hold_back(self, rates: Rates, bot: str, events: int) -> None:
        wait_s = math.ceil(rates.take(bot, events, self._clock() / 1000))
        if wait_s:
            message = f"{bot} may send {rates.per_s} events a second and has sent more; go on in {wait_s} s."
            raise Fault(429, "too_many_events", message, {"Retry-After": str(wait_s)})

    def _sift(
        self,
        arrival: Arrival,
        start: int,
        items: list[bytes],
        fit: list[bytes],
        links: dict[str, str],
        rejected: list[tuple[int, Rejection]],
    ) -> None:
        way, platform, kind, limit = arrival.way, arrival.platform, arrival.type, self._event_bytes
        for index, item in enumerate(items, start):
            outcome = (
                prepare(way, platform, item, kind) if len(item) <= limit else _too_large(len(item), limit)
            )
            if isinstance(outcome, Rejection):
                rejected.append((index, outcome))
                EVENTS_REJECTED.labels(way, outcome.reason).inc()
                continue
            fit.append(outcome.item)
            if outcome.outcome is not None:
                self._link(arrival, outcome.item, outcome.outcome, links)
            if outcome.removed:
                SECRETS_REMOVED.labels(way).inc(len(outcome.removed))

    def _link(self, arrival: Arrival, item: bytes, read: Outcome, links: dict[str, str]) -> None:
        """
        Remember what an item told, and look up what it needs, in the order of the items.

        What is found may change how the item reads (an account turns out to be the bot's, so its channel's user is
        asked for), hence it is read again until nothing more is found.
        """
        bot, known = arrival.bot.id, dict[str, str]()
        while read.wanted and (found := self._links.find(bot, read.wanted)).keys() - known.keys():
            known |= found
            context = context_for(arrival.way, arrival.platform, arrival.type)
            read = read_item(item, msgspec.structs.replace(context, links=known))
        links.update(known)
        if read.learned:
            self._links.learn(bot, read.learned)

    def _delivery(self, arrival: Arrival, items: list[bytes], links: dict[str, str]) -> Delivery:
        bot = arrival.bot
        # The default is left out of the JSON only when it is the very object.
        reporting = _DEFAULT_REPORTING if bot.reporting == _DEFAULT_REPORTING else bot.reporting
        return Delivery(
            bot.id,
            arrival.way,
            self._clock(),
            [msgspec.Raw(item) for item in items],
            arrival.platform,
            arrival.type,
            arrival.sdk,
            "",
            reporting,
            links,
        )

    async def _accept_all(self, deliveries: list[Delivery]) -> None:
        """Wait for all of them even if one fails: the client must not be told before everything is decided."""
        answers = await asyncio.gather(*map(self._edge.accept, deliveries), return_exceptions=True)
        for answer in answers:
            if answer is not None:
                raise answer


_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}


def bearer_of(request: web.BaseRequest) -> str | None:
    """Return the key of the Authorization header, decoded as some SDKs send it."""
    scheme, _, key = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    return unquote(key.strip()) if "%" in key else key.strip()


@lru_cache(maxsize=1024)
def plain(text: str, length: int = 64) -> str:
    """Return *text* fit for a log and a label: printable ASCII, not too long."""
    return re.sub(r"[^\x20-\x7e]", "?", text[:length]).strip()


def _too_large(size_bytes: int, limit_bytes: int) -> Rejection:
    message = f"An event may have at most {limit_bytes} bytes; this one has {size_bytes}."
    return Rejection(Reason.TOO_LARGE, message)


def _parts(items: list[bytes]) -> Iterator[list[bytes]]:
    """Cut *items* so that no delivery is larger than it needs to be."""
    part: list[bytes] = []
    size_bytes = 0
    for item in items:
        if part and (len(part) == MAX_ITEMS or size_bytes + len(item) > _DELIVERY_BYTES):
            yield part
            part, size_bytes = [], 0
        part.append(item)
        size_bytes += len(item)
    yield part
