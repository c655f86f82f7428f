"""What every edge promises; `test_edge_memory` and `test_edge_kafka` run it on each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
import pytest

from app.core.deliveries import Delivery
from app.ports import Edge, Unavailable
from tests.broker import unique

__all__ = ["EdgeContract", "Harness", "delivery"]


@dataclass
class Harness:
    """A started edge, a way to read what is behind it, and a way to stop it."""

    edge: Edge
    read: Callable[[], Awaitable[list[Delivery]]]
    stop: Callable[[], Awaitable[None]]


def delivery(bot: str, *items: bytes) -> Delivery:
    """Return a delivery of *items*."""
    return Delivery(bot, "native", 1, [msgspec.Raw(item) for item in items])


class EdgeContract:
    """The promises. A subclass has the fixture `harness`."""

    async def test_accepted_is_there_as_it_was(self, harness: Harness) -> None:
        """What was accepted can be read back, byte for byte."""
        bot = unique("bot")
        item = '{"user":"zoë","text":"1e400 \\\\u00fc","n":1.50}'.encode()
        await harness.edge.accept(delivery(bot, item, b"{}"))

        [found] = await _of(bot, harness)
        assert [item, b"{}"] == [bytes(one) for one in found.items]

    async def test_many_at_once_are_there_once(self, harness: Harness) -> None:
        """However deliveries are gathered, each is there exactly once."""
        bot = unique("bot")
        await asyncio.gather(*(harness.edge.accept(delivery(bot, b"%d" % number)) for number in range(1000)))

        items = [int(bytes(item)) for found in await _of(bot, harness) for item in found.items]
        assert list(range(1000)) == sorted(items)

    async def test_a_large_delivery_goes_alone(self, harness: Harness) -> None:
        """A delivery larger than an envelope is accepted beside small ones."""
        bot = unique("bot")
        large = b'"%b"' % (b"x" * 3_000_000)
        await asyncio.gather(*(harness.edge.accept(delivery(bot, item)) for item in (b"1", large, b"2")))

        items = [bytes(item) for found in await _of(bot, harness) for item in found.items]
        assert sorted([b"1", large, b"2"]) == sorted(items)

    async def test_stop_answers_what_waits(self, harness: Harness) -> None:
        """A delivery handed over before the stop is answered and there."""
        bot = unique("bot")
        waiting = asyncio.create_task(harness.edge.accept(delivery(bot, b"1")))
        await asyncio.sleep(0)
        await harness.stop()

        await waiting
        assert 1 == len(await _of(bot, harness))

    async def test_stopped_takes_nothing(self, harness: Harness) -> None:
        """After the stop a delivery is refused with the time to wait."""
        await harness.stop()

        with pytest.raises(Unavailable) as refused:
            await harness.edge.accept(delivery("any", b"1"))
        assert refused.value.retry_after_s >= 1


async def _of(bot: str, harness: Harness) -> list[Delivery]:
    return [one for one in await harness.read() if one.bot == bot]
