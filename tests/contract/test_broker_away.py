"""The registry while its broker is away, and with what nobody can read in its topic."""

from __future__ import annotations

import subprocess
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from app.adapters.registry import KafkaRegistry, Writer
from app.adapters.topics import ensure_topics
from app.config import Settings
from app.core.registry import Bot, Key
from app.local.kafka import Broker
from app.ports import Decide, Unavailable
from tests.broker import prepared, started, unique
from tests.facts import saying
from tests.waiting import eventually

pytestmark = pytest.mark.kafka


class Fragile:
    """A broker that can be killed and comes back with what it had."""

    def __init__(self, place: Broker) -> None:
        self.address = place.address
        self._place = place
        self._process: subprocess.Popen[bytes] = started(place)

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()

    def come_back(self) -> None:
        """Start it again."""
        self._process = started(self._place)


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fragile]:
    """A broker of this module's own, with our topics."""
    broker = Fragile(prepared(tmp_path_factory.mktemp("fragile")))
    ensure_topics(Settings(kafka=broker.address))
    yield broker
    broker.kill()


@pytest_asyncio.fixture
async def registry(fragile: Fragile) -> AsyncIterator[KafkaRegistry]:
    """A registry on that broker."""
    registry = KafkaRegistry(fragile.address)
    await registry.start()
    yield registry
    await registry.stop()


def several(bot: str) -> Decide:
    """Return the command that makes a bot and nine keys in one change."""
    keys = [Key(unique("k"), "read", uuid.uuid4().hex * 2, 1, bot) for _ in range(9)]
    return saying(Bot(bot, "Pizza", "generic", 1), *keys)


async def test_what_nobody_can_read_stops_nothing(fragile: Fragile, registry: KafkaRegistry) -> None:
    """Records that are broken, or of a later version, are skipped and counted here and by whoever comes later."""
    writer = Writer(fragile.address)
    await writer.start()
    await writer.write((b"change:broken", b"\x00\xff"))
    await writer.write((b"change:later", b'{"type":"snapshot","id":"later"}'))
    await writer.stop()
    bot = unique("bot")
    await registry.change(saying(Bot(bot, "Pizza", "generic", 1)), "test")
    later = KafkaRegistry(fragile.address)
    await later.start()
    await later.stop()

    assert (2, 2) == (registry.state.skipped, later.state.skipped)
    assert ["change:broken", "change:later"] == [one.key for one in registry.state.lost]
    assert (True, True) == (bot in registry.state.bots, bot in later.state.bots)


async def test_without_a_broker(
    fragile: Fragile, registry: KafkaRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads go on; a change says when to try again, and is there as a whole or not at all once the broker is back."""
    known, half, after = (unique("bot") for _ in range(3))
    await registry.change(several(known), "test")
    monkeypatch.setattr("app.adapters.registry._TIMEOUT_S", 1.0)
    fragile.kill()
    with pytest.raises(Unavailable) as unavailable:
        await registry.change(several(half), "test")
    seen_meanwhile = known in registry.state.bots, half in registry.state.bots
    fragile.come_back()
    monkeypatch.undo()

    async def changed() -> bool:
        try:
            return after in (await registry.change(several(after), "test")).bots
        except Unavailable:
            return False

    assert (True, False) == seen_meanwhile
    assert unavailable.value.retry_after_s >= 1
    came_back: bool = await eventually(changed, 60, what="a change after the broker came back")
    assert came_back
    later = KafkaRegistry(fragile.address)
    await later.start()
    await later.stop()
    for state in (registry.state, later.state):
        keys = Counter(key.bot for key in state.keys.values())
        assert {known: 9, after: 9, **({half: 9} if half in state.bots else {})} == dict(keys)
