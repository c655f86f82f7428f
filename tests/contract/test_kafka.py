"""The ports on a real broker keep the contracts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.adapters.edge import BatchingEdge, Limits
from app.adapters.links import KafkaLinks
from app.adapters.raw_log import RawLog
from app.adapters.registry import KafkaRegistry, load
from app.adapters.topics import ensure_topics
from app.config import Settings
from app.core.deliveries import Delivery
from app.core.registry import Bot, Fact, State
from tests.broker import unique
from tests.contract.edge import EdgeContract, Harness
from tests.contract.links import LinksContract
from tests.contract.registry import RegistryContract
from tests.raw import deliveries_in

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(broker: str) -> Settings:
    """Settings for the broker, whose topics are there."""
    settings = Settings(kafka=broker)
    ensure_topics(settings)
    return settings


class TestEdge(EdgeContract):
    """The edge on raw-events."""

    @pytest_asyncio.fixture
    async def harness(self, settings: Settings) -> AsyncIterator[Harness]:
        """An edge that writes to the broker."""
        edge = BatchingEdge(RawLog(settings), Limits.of(settings))
        await edge.start()

        async def read() -> list[Delivery]:
            return await deliveries_in(settings.kafka)

        yield Harness(edge, read, edge.stop)
        await edge.stop()


class TestRegistry(RegistryContract):
    """The registry in its topic."""

    @pytest_asyncio.fixture
    async def registry(self, settings: Settings) -> AsyncIterator[KafkaRegistry]:
        """A registry that follows the topic."""
        registry = KafkaRegistry(settings.kafka)
        await registry.start()
        yield registry
        await registry.stop()


class _Learnt:
    """Waits until a bot is known."""

    def __init__(self, bot: str) -> None:
        self._bot = bot
        self._known = asyncio.Event()

    def look(self, state: State) -> None:
        if self._bot in state.bots:
            self._known.set()

    async def wait(self) -> None:
        await asyncio.wait_for(self._known.wait(), timeout=10)


async def test_another_process_learns_of_it(settings: Settings) -> None:
    """A fact of one registry reaches another that was there before, and one that comes later."""
    bot = unique("bot")
    here, there, later = (KafkaRegistry(settings.kafka) for _ in range(3))
    await here.start()
    await there.start()
    learnt = _Learnt(bot)
    there.on_change(learnt.look)
    await here.append(Fact("bot_created", 1, "test", Bot(bot, "Pizza", "generic", 1)))
    await learnt.wait()
    await later.start()

    assert (bot in there.state.bots, bot in later.state.bots) == (True, True)
    for registry in (here, there, later):
        await registry.stop()


def test_load_reads_everything(settings: Settings) -> None:
    """A command sees what processes have written."""
    assert load(settings.kafka).skipped == 0


class TestLinks(LinksContract):
    """Links in their topic."""

    @pytest_asyncio.fixture
    async def links(self, settings: Settings) -> AsyncIterator[KafkaLinks]:
        """Links that follow the topic."""
        links = KafkaLinks(settings.kafka)
        await links.start()
        yield links
        await links.stop()
