"""raw-events while its broker is killed, frozen and started again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
import pytest_asyncio

from app.adapters.edge import BatchingEdge, Limits
from app.adapters.raw_log import RawLog
from app.adapters.topics import ensure_topics
from app.config import Settings
from app.core.deliveries import Delivery
from app.errors import BotpulseError
from app.local.kafka import Broker
from app.local.leash import leashed
from app.local.ports import LOOPBACK, free_port, listens
from app.ports import Unavailable
from tests.broker import prepared, started, unique
from tests.raw import deliveries_in
from tests.waiting import eventually

pytestmark = pytest.mark.kafka

DEADLINE_S = 120


class Own:
    """A broker that may be killed, and is there again for the next test."""

    def __init__(self, place: Broker) -> None:
        self.place = place
        self.process: subprocess.Popen[bytes] = started(place)

    def kill(self) -> None:
        """End it the hard way."""
        self.process.kill()
        self.process.wait()

    async def restart(self) -> None:
        """Start it again where it was."""
        # Not in another thread: its children would end with it.
        with (self.place.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(leashed(self.place.command), stdout=log, stderr=log)  # noqa: ASYNC220
        await eventually(lambda: listens(LOOPBACK, self.place.port), DEADLINE_S)

    def tell(self, number: signal.Signals) -> None:
        """Freeze it, or let it go on."""
        self.process.send_signal(number)


class World:
    """An edge on that broker, and clients that send numbers until they are stopped."""

    def __init__(self, broker: Own, timeout_s: float) -> None:
        self.broker = broker
        self.settings = Settings(kafka=broker.place.address, ingest_timeout_s=timeout_s)
        self.log = RawLog(self.settings)
        self.edge = BatchingEdge(self.log, Limits.of(self.settings))
        self.bot = unique("bot")
        self.accepted: set[int] = set()
        self.refused: set[int] = set()
        self._next = 0
        self._clients: list[asyncio.Task[None]] = []

    async def send(self, count: int = 20) -> None:
        """Start clients."""
        self._clients += [asyncio.create_task(self._client()) for _ in range(count)]

    async def hush(self) -> None:
        """Stop the clients; what they have sent is answered."""
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def found(self) -> Counter[int]:
        """Count what is in raw-events."""
        ours = [one for one in await deliveries_in(self.settings.kafka) if one.bot == self.bot]
        return Counter(int(bytes(item)) for one in ours for item in one.items)

    async def _client(self) -> None:
        while True:
            self._next += 1
            await asyncio.shield(self._one(self._next))

    async def _one(self, number: int) -> None:
        try:
            await self.edge.accept(Delivery(self.bot, "native", 1, [msgspec.Raw(b"%d" % number)]))
        except Unavailable:
            self.refused.add(number)
            await asyncio.sleep(0.05)
        else:
            self.accepted.add(number)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """A broker with its topics."""
    place = prepared(tmp_path_factory.mktemp("own") / "kafka")
    own = Own(place)
    ensure_topics(Settings(kafka=place.address))
    yield own
    own.kill()


@pytest_asyncio.fixture
async def world(own: Own, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A world that waits 1.5 s for the broker, or as long as the test says."""
    world = World(own, getattr(request, "param", 1.5))
    await world.edge.start()
    yield world
    await world.hush()
    own.tell(signal.SIGCONT)
    await world.edge.stop()


async def check(world: World) -> None:
    """Every accepted number is there once, every other at most once."""
    found = await world.found()
    assert set() == world.accepted - set(found)
    assert [] == [number for number, times in found.items() if times > 1]


@pytest.mark.parametrize("world", [DEADLINE_S], indirect=True, ids=["patient"])
async def test_killed_and_back_within_the_timeout(world: World) -> None:
    """A broker that is killed and soon back costs nothing but time: no loss, no repeat."""
    await world.send()
    await eventually(lambda: len(world.accepted) > 500, DEADLINE_S)
    world.broker.kill()
    await world.broker.restart()
    so_far = len(world.accepted)
    await eventually(lambda: len(world.accepted) > so_far + 500, DEADLINE_S)
    await world.hush()

    assert set() == world.refused
    await check(world)


async def test_away_for_longer(world: World) -> None:
    """Away beyond the timeout: refused, then refused without waiting, then taken again, none lost and none twice."""
    await world.send()
    await eventually(lambda: len(world.accepted) > 500, DEADLINE_S)
    world.broker.kill()
    await eventually(lambda: not world.log.is_open, DEADLINE_S)
    # 20 clients that had to wait 1.5 s each would need minutes for this many.
    await eventually(lambda: len(world.refused) > 2_000, DEADLINE_S)
    await world.broker.restart()
    so_far = len(world.accepted)
    await eventually(lambda: len(world.accepted) > so_far + 500, DEADLINE_S)
    await world.hush()

    await check(world)


async def test_frozen(world: World) -> None:
    """A broker that is frozen with requests in hand: refused in time, and what it does later counts nothing twice."""
    await world.send()
    await eventually(lambda: len(world.accepted) > 500, DEADLINE_S)
    world.broker.tell(signal.SIGSTOP)
    await eventually(lambda: not world.log.is_open, DEADLINE_S)
    world.broker.tell(signal.SIGCONT)
    so_far = len(world.accepted)
    await eventually(lambda: len(world.accepted) > so_far + 500, DEADLINE_S)
    await world.hush()

    await check(world)


async def test_stop_while_it_is_away(world: World) -> None:
    """A process can leave in time though the broker does not answer."""
    await world.send(1)
    await eventually(lambda: len(world.accepted) > 5, DEADLINE_S)
    world.broker.tell(signal.SIGSTOP)
    await eventually(lambda: world.refused, DEADLINE_S)
    await world.hush()

    async with asyncio.timeout(DEADLINE_S / 2):
        await world.edge.stop()


async def test_no_broker_is_said_at_once() -> None:
    """A start without a broker is one clear sentence."""
    settings = Settings(kafka=f"127.0.0.1:{free_port()}", ingest_timeout_s=2)
    with pytest.raises(BotpulseError, match="no broker answers"):
        await BatchingEdge(RawLog(settings), Limits.of(settings)).start()
