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
from app.core.commands.bots import change_bot, create_bot
from app.core.commands.dashboards import create_dashboard
from app.core.deliveries import Delivery
from app.core.refusal import Refusal
from app.core.registry import Bot, Dashboard, Fact, Person, State
from app.ports import Decide, Refused
from tests.broker import unique
from tests.contract.edge import EdgeContract, Harness
from tests.contract.links import LinksContract
from tests.contract.registry import RegistryContract
from tests.facts import saying
from tests.raw import deliveries_in
from tests.waiting import eventually

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


@pytest_asyncio.fixture
async def pair(settings: Settings) -> AsyncIterator[tuple[KafkaRegistry, KafkaRegistry]]:
    """Two registries, as two processes have them."""
    here, there = KafkaRegistry(settings.kafka), KafkaRegistry(settings.kafka)
    await asyncio.gather(here.start(), there.start())
    yield here, there
    await asyncio.gather(here.stop(), there.stop())


class _Learnt:
    """Waits until a bot is known."""

    def __init__(self, bot: str) -> None:
        self._bot = bot
        self._known = asyncio.Event()

    def look(self, state: State) -> None:
        if self._bot in state.bots:
            self._known.set()

    async def wait(self) -> None:
        await asyncio.wait_for(self._known.wait(), timeout=60)


async def test_another_process_learns_of_it(settings: Settings) -> None:
    """A fact of one registry reaches another that was there before, and one that comes later."""
    bot = unique("bot")
    here, there, later = (KafkaRegistry(settings.kafka) for _ in range(3))
    await here.start()
    await there.start()
    learnt = _Learnt(bot)
    there.on_change(learnt.look)
    await here.change(saying(Bot(bot, "Pizza", "generic", 1)), "test")
    await learnt.wait()
    await later.start()

    assert (bot in there.state.bots, bot in later.state.bots) == (True, True)
    for registry in (here, there, later):
        await registry.stop()


def test_load_reads_everything(settings: Settings) -> None:
    """A command sees what processes have written."""
    assert load(settings.kafka).skipped == 0


def _race(bot: str, number: int, who: str) -> tuple[str, Decide]:
    """Return what the loser of the race *number* is told, and the command of *who*: for an id, a name or an e-mail."""
    if number % 3 == 0:
        own = Bot(f"{bot}-{number}", who, "generic", 1)
        return "id_taken", lambda state: create_bot(state, own)
    if number % 3 == 1:
        dashboard = Dashboard(f"{bot}-{who}-{number}", bot, f"Name {number}", 1, measure="new_users")
        return "name_taken", lambda state: create_dashboard(state, dashboard)
    person = Person(f"{bot}-{who}-{number}", f"{bot}-{number}@example.org", "hash", 1)
    return "email_taken", lambda state: [state.fact("person_invited", person)]


async def _told(registry: KafkaRegistry, decide: Decide) -> str:
    try:
        await registry.change(decide, "test")
    except Refused as error:
        return error.refusal.code
    return "done"


async def test_two_processes_race(settings: Settings, pair: tuple[KafkaRegistry, KafkaRegistry]) -> None:
    """Of two that want the same id, name or e-mail at once one has it and the other is told; everybody agrees who."""
    bot = unique("bot")
    here, there = pair
    await here.change(saying(Bot(bot, "Pizza", "generic", 1)), "test")
    await eventually(lambda: bot in there.state.bots, what="the bot at the other")
    outcomes = []
    for number in range(50):
        expected, ours = _race(bot, number, "here")
        _, theirs = _race(bot, number, "there")
        found = await asyncio.gather(_told(here, ours), _told(there, theirs))
        outcomes.append((sorted(found), sorted(("done", expected))))
    later = KafkaRegistry(settings.kafka)
    await later.start()
    await later.stop()

    assert [expected for _, expected in outcomes] == [found for found, _ in outcomes]
    await eventually(lambda: here.state == there.state == later.state, what="one state for everybody")
    assert here.state.refused > 0, "nobody was late: this was no race"


async def test_everybody_counts_at_once(pair: tuple[KafkaRegistry, KafkaRegistry]) -> None:
    """Changes of one subject by several at the same time are all made, one after the other."""
    bot = unique("bot")
    here, there = pair
    await here.change(saying(Bot(bot, "0", "generic", 1)), "test")
    await eventually(lambda: bot in there.state.bots, what="the bot at the other")

    def more(state: State) -> list[Fact] | Refusal:
        return change_bot(state, bot, {"name": str(int(state.bots[bot].name) + 1)})

    await asyncio.gather(*(one.change(more, "test") for one in (here, there, here, there, here, there)))

    await eventually(lambda: here.state.bots[bot].name == "6", what="all changes")
    await eventually(lambda: there.state.bots[bot].name == "6", what="all changes at the other")


async def test_a_listener_that_fails_stops_nothing(pair: tuple[KafkaRegistry, KafkaRegistry]) -> None:
    """Whoever is called back and fails does not end the following."""
    here, _ = pair
    heard: list[State] = []

    def fail(_state: State) -> None:
        raise ValueError("listener")

    here.on_change(fail)
    here.on_change(heard.append)
    for bot in (unique("bot"), unique("bot")):
        assert bot in (await here.change(saying(Bot(bot, "Pizza", "generic", 1)), "test")).bots
    assert len(heard) >= 2


class TestLinks(LinksContract):
    """Links in their topic."""

    @pytest_asyncio.fixture
    async def links(self, settings: Settings) -> AsyncIterator[KafkaLinks]:
        """Links that follow the topic."""
        links = KafkaLinks(settings.kafka)
        await links.start()
        yield links
        await links.stop()
