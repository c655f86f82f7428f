"""When a rule changes: what is held against the new one, and when that is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from app.adapters.outbox import Outbox
from app.agents.normalise import Normalise
from app.agents.sequence import Sequence
from app.config import Settings
from app.core.dashboards.settling import READ_TO
from app.core.deliveries import Delivery, encode_delivery
from app.core.events import decode_batches
from app.core.registry import Bot, Dashboard, State
from app.core.rules.language import Rule
from tests.events import NOON_MS
from tests.facts import told
from tests.waiting import eventually


class Broker(Outbox):
    """Keeps what is sent and acknowledges it when told to."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.sent: list[tuple[bytes, asyncio.Future[object]]] = []
        self._acknowledges = False

    async def send(
        self, topic: str, value: bytes, partition: int, key: bytes | None = None
    ) -> asyncio.Future[object]:
        self.sent.append((value, asyncio.get_running_loop().create_future()))
        if self._acknowledges:
            self.acknowledge()
        return self.sent[-1][1]

    def acknowledge(self) -> None:
        """Let everything that was sent be durable, and what is sent from now on."""
        self._acknowledges = True
        for _, future in self.sent:
            if not future.done():
                future.set_result(None)

    @property
    def hits(self) -> list[list[str]]:
        """What the events that were sent hit, in their order."""
        return [
            one.dashboards
            for value, _ in self.sent
            for batch in decode_batches(value)
            for one in batch.events
        ]


class Stage:
    """The agent's body, fed by hand."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.body = Normalise(Settings(partitions=1), self.broker, _everything())
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._offset = 0
        self.task = asyncio.create_task(self.body.run(SimpleNamespace(events=self._events)))

    async def _events(self) -> AsyncIterator[Any]:
        while True:
            yield await self._queue.get()

    def send(self, text: str) -> None:
        """Let a message of somebody to `pizza` arrive."""
        delivery = Delivery(
            "pizza", "native", NOON_MS, [msgspec.Raw(b'{"user":"ann","text":"%s"}' % text.encode())]
        )
        message = SimpleNamespace(value=encode_delivery(delivery), partition=0, offset=self._offset, tp=None)
        self._queue.put_nowait(SimpleNamespace(message=message, confirm=lambda: None))
        self._offset += 1

    async def end(self) -> None:
        """Finish what was taken; a stage that is stopped half-way would end this process."""
        self.broker.acknowledge()
        await self.body.finish()
        self.task.cancel()

    async def sent(self, n: int) -> None:
        """Return when *n* records were sent."""

        async def there() -> bool:
            return len(self.broker.sent) == n

        await eventually(there)


def _everything() -> Sequence:
    async def admits(message: Any) -> bool:
        return True

    return SimpleNamespace(admits=admits)  # type: ignore[return-value]


def rules(version: int, value: str) -> State:
    """Return the registry with one dashboard, changed *version* times."""
    dashboards = [
        Dashboard("d", "pizza", "D", 0, Rule(field="text", op="contains", value=value), version=one)
        for one in range(1, version + 1)
    ]
    state = told(Bot("pizza", "Pizza", "generic", 0), *dashboards)
    return msgspec.structs.replace(state, read_to=version + 1)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A stage that nobody has sent anything to."""
    own = Stage()
    yield own
    await own.end()


async def test_the_rules_of_the_moment_are_held_against_an_event(stage: Stage) -> None:
    """Before there are any, under the first, and under the one that takes its place."""
    stage.send("salami")
    await stage.sent(1)
    stage.body.apply(rules(1, "salami"))
    stage.send("salami")
    await stage.sent(2)
    stage.body.apply(rules(2, "tuna"))
    stage.send("salami")
    stage.send("tuna")
    await stage.sent(3)

    assert [[], ["d@1"], [], ["d@2"]] == stage.broker.hits


async def test_a_rule_counts_as_known_when_nothing_older_is_under_way(stage: Stage) -> None:
    """What was read before it may still be on its way to the broker, and a back-fill has to wait for that."""
    stage.send("salami")
    await stage.sent(1)
    now = rules(1, "salami")
    stage.body.apply(now)
    stage.send("salami")
    await stage.sent(2)
    before = stage.body.figures[READ_TO]
    stage.broker.sent[0][1].set_result(None)

    async def said() -> bool:
        return stage.body.figures[READ_TO] == now.read_to

    await eventually(said)

    assert (0, True) == (before, not stage.broker.sent[1][1].done())
