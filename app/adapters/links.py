"""
Links of all web processes: what one of them learns from a message, the others know a moment later, and after a restart.

Topic `links`, compacted by name, followed from its beginning.  What is new or changed is posted without waiting and
without a promise: a link that is lost is told again by the next message that names it.  Where two processes learn
different values at the same time, the last record of the topic holds in both.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from app.adapters.tail import Places, Record, Tail
from app.adapters.topics import LINKS
from app.core.links import MOST_LINKS, LinkBook
from app.observe import LINKS_DROPPED
from app.ports import Unavailable

__all__ = ["KafkaLinks", "Link"]

_START_S: Final = 30.0
_STOP_S: Final = 2.0
_RETRY_S: Final = 1.0
_TIMEOUT_MS: Final = 10_000
_MOST_WAITING: Final = 10_000
_BY: Final = "by"

_log = structlog.get_logger(__name__)


class Link(msgspec.Struct, frozen=True):
    """A record of `links`: what *bot* knows under *name*."""

    bot: str
    name: str
    value: str

    @property
    def place(self) -> tuple[str, str]:
        """What it is told about; the value apart."""
        return self.bot, self.name


_encode: Final = msgspec.json.Encoder().encode
_decoder: Final = msgspec.json.Decoder(Link)


class KafkaLinks:
    """Implements `ports.Links`. Only for the event loop it was started on."""

    def __init__(self, bootstrap: str, most: int = MOST_LINKS, most_waiting: int = _MOST_WAITING) -> None:
        self._bootstrap = bootstrap
        self._book = LinkBook(most)
        self._tail = Tail(bootstrap, LINKS, _from_the_beginning, self._take)
        self._by = secrets.token_hex(8).encode()
        self._waiting: asyncio.Queue[Link] = asyncio.Queue(most_waiting)
        self._under_way: Counter[tuple[str, str]] = Counter()
        """How many posts of ours are not in the topic yet, as far as we have read it."""
        self._untold: set[tuple[str, str]] = set()
        """What could not be posted; it is when it is told again."""

    async def start(self) -> None:
        """Return when everything written so far is known."""
        self._tasks = [asyncio.create_task(self._tail.run()), asyncio.create_task(self._post())]
        try:
            async with asyncio.timeout(_START_S):
                while not self._tail.is_caught_up:  # noqa: ASYNC110  once, for a moment
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            await self.stop()
            msg = f"The topic {LINKS} could not be read in time; look at the broker's log."
            raise Unavailable(msg) from error

    def learn(self, bot: str, links: Mapping[str, str]) -> None:
        """Remember *links*, and tell the others those that are new or changed."""
        known = self._book.find(bot, links)
        self._book.learn(bot, links)
        for name, value in links.items():
            if known.get(name) != value or (self._untold and (bot, name) in self._untold):
                self._tell(Link(bot, name, value))

    def find(self, bot: str, names: Iterable[str]) -> dict[str, str]:
        """Return those of *names* that are known."""
        return self._book.find(bot, names)

    async def stop(self) -> None:
        """Send what waits, if the broker takes it at once, and disconnect."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await self._waiting.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell(self, link: Link) -> None:
        try:
            self._waiting.put_nowait(link)
        except asyncio.QueueFull:
            self._drop(link, "too many wait")
        else:
            self._under_way[link.place] += 1
            self._untold.discard(link.place)

    async def _post(self) -> None:
        """Hand what waits to the producer until cancelled."""
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap, acks="all", linger_ms=20, request_timeout_ms=_TIMEOUT_MS
            )
            try:
                await producer.start()
                while True:
                    await self._hand_over(producer, await self._waiting.get())
            except (KafkaError, OSError) as error:
                _log.warning("links_not_posted", error=repr(error))
                await asyncio.sleep(_RETRY_S)
            finally:
                await producer.stop()

    async def _hand_over(self, producer: AIOKafkaProducer, link: Link) -> None:
        key = f"{link.bot}|{link.name}".encode("utf-8", "replace")
        try:
            sent = await producer.send(LINKS, _encode(link), key=key, partition=0, headers=[(_BY, self._by)])
        except (KafkaError, OSError) as error:
            self._settle(link, error)
        else:
            sent.add_done_callback(partial(self._settled, link))

    def _settled(self, link: Link, sent: asyncio.Future[object]) -> None:
        self._settle(link, None if sent.cancelled() else sent.exception())

    def _settle(self, link: Link, error: BaseException | None) -> None:
        self._waiting.task_done()
        if error is not None:
            self._arrived(link)
            self._drop(link, repr(error))

    def _drop(self, link: Link, why: str) -> None:
        LINKS_DROPPED.inc()
        if not self._untold:
            _log.warning("links_not_posted", error=why)
        if len(self._untold) < _MOST_WAITING:
            self._untold.add(link.place)

    def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            try:
                link = _decoder.decode(record.value or b"")
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # written by a later version, or by nobody of ours
            if (_BY, self._by) in record.headers:
                self._arrived(link)
            # where a post of ours is under way, it stands after this record and holds
            if link.place not in self._under_way:
                self._book.learn(link.bot, {link.name: link.value})

    def _arrived(self, link: Link) -> None:
        self._under_way[link.place] -= 1
        if self._under_way[link.place] <= 0:
            del self._under_way[link.place]


async def _from_the_beginning(_consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> Places:
    return {one.partition: 0 for one in partitions}
