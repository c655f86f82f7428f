"""When envelopes are sent, how much may wait, and who is told what."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from app.adapters.edge import BatchingEdge, Limits
from app.adapters.memory import MemoryLog
from app.core.deliveries import MAX_ITEMS, Delivery
from app.ports import Unavailable

LIMITS = Limits(linger_s=60, timeout_s=60, buffer_bytes=1_000_000, silence_s=60)


class SlowLog(MemoryLog):
    """A log that acknowledges when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.acknowledge = asyncio.Event()
        self.given_up = 0

    async def append(self, record: bytes) -> None:
        try:
            await self.acknowledge.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        await super().append(record)


async def edge_on(log: MemoryLog, limits: Limits = LIMITS) -> BatchingEdge:
    """Return a started edge."""
    edge = BatchingEdge(log, limits)
    await edge.start()
    return edge


def delivery(items: int = 1, size_bytes: int = 0) -> Delivery:
    """Return a delivery of *items*, each a string of *size_bytes*."""
    return Delivery("bot", "native", 1, [msgspec.Raw(b'"%b"' % (b"x" * size_bytes))] * items)


async def test_company_travels_together() -> None:
    """Deliveries of the same moment are one record."""
    log = MemoryLog()
    edge = await edge_on(log, replace(LIMITS, silence_s=0.001))
    await asyncio.gather(*(edge.accept(delivery()) for _ in range(50)))

    assert (1, 50) == (len(log.records), len(log.deliveries))


async def test_one_alone_does_not_wait_for_the_linger() -> None:
    """When nothing more comes, the envelope goes with one event long before the linger is over."""
    log = MemoryLog()
    edge = await edge_on(log, replace(LIMITS, silence_s=0.001))
    await asyncio.wait_for(edge.accept(delivery()), timeout=30)

    assert 1 == len(log.deliveries)


async def test_the_linger_ends_an_envelope_that_never_falls_silent() -> None:
    """While company keeps coming, the linger sends what is there."""
    log = MemoryLog()
    edge = await edge_on(log, replace(LIMITS, linger_s=0.01, silence_s=60))
    await asyncio.wait_for(edge.accept(delivery()), timeout=30)

    assert 1 == len(log.deliveries)


@pytest.mark.parametrize(
    ("expected", "deliveries"),
    [
        pytest.param([MAX_ITEMS], [1] * MAX_ITEMS, id="full by count"),
        pytest.param([150, 200], [150, 100, 100], id="the next does not fit"),
        pytest.param([MAX_ITEMS, MAX_ITEMS], [MAX_ITEMS, MAX_ITEMS], id="two full ones"),
    ],
)
async def test_envelopes_are_cut_by_items(expected: list[int], deliveries: list[int]) -> None:
    """An envelope has at most so many items, and goes as soon as it has them."""
    log = MemoryLog()
    edge = await edge_on(log)
    await asyncio.gather(*(edge.accept(delivery(items)) for items in deliveries))

    lines = [record.split(b"\n") for record in log.records]
    assert expected == [sum(len(msgspec.json.decode(one)["items"]) for one in record) for record in lines]


async def test_envelopes_are_cut_by_bytes() -> None:
    """A delivery larger than an envelope goes alone, behind what was there before it."""
    log = MemoryLog()
    edge = await edge_on(log, replace(LIMITS, envelope_bytes=1000))
    await asyncio.gather(edge.accept(delivery()), edge.accept(delivery(1, 2000)))

    assert [1, 1] == [len(record.split(b"\n")) for record in log.records]


async def test_nothing_is_accepted_before_the_log_has_it() -> None:
    """The answer waits for the acknowledgement."""
    log = SlowLog()
    edge = await edge_on(log, replace(LIMITS, silence_s=0))
    waiting = asyncio.create_task(edge.accept(delivery()))
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    assert done == set()

    log.acknowledge.set()
    await waiting
    assert 1 == len(log.deliveries)


async def test_late_is_refused_and_given_up() -> None:
    """An envelope that is not acknowledged in time is refused, and the log may forget it."""
    log = SlowLog()
    edge = await edge_on(log, replace(LIMITS, silence_s=0, timeout_s=0.01))
    with pytest.raises(Unavailable):
        await edge.accept(delivery())

    assert 1 == log.given_up


async def test_the_buffer_is_bounded() -> None:
    """What would wait beyond the limit is refused at once, and taken again when there is room."""
    log = SlowLog()
    edge = await edge_on(log, replace(LIMITS, silence_s=0, buffer_bytes=10_000))
    waiting = asyncio.create_task(edge.accept(delivery(1, 9_000)))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await edge.accept(delivery(1, 9_000))

    log.acknowledge.set()
    await waiting
    await edge.accept(delivery(1, 9_000))
    assert 2 == len(log.deliveries)


async def test_a_delivery_larger_than_the_buffer_may_go_alone() -> None:
    """The limit is for what waits together; one delivery alone is never refused for its size."""
    log = MemoryLog()
    edge = await edge_on(log, replace(LIMITS, silence_s=0, buffer_bytes=1_000))
    await edge.accept(delivery(1, 9_000))

    assert 1 == len(log.deliveries)


async def test_a_closed_log_refuses_without_waiting() -> None:
    """While the broker is known to be away nothing piles up."""
    log = MemoryLog()
    edge = await edge_on(log)
    log.is_open = False

    with pytest.raises(Unavailable) as refused:
        await edge.accept(delivery())
    assert refused.value.retry_after_s > 0


async def test_a_client_that_leaves_takes_nobody_along() -> None:
    """A request that is cancelled leaves the others of its envelope alone."""
    log = SlowLog()
    edge = await edge_on(log, replace(LIMITS, silence_s=0))
    leaving, staying = (asyncio.create_task(edge.accept(delivery())) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    log.acknowledge.set()
    await staying

    assert leaving.cancelled() or leaving.cancelling()
    assert 2 == len(log.deliveries)
