"""How the notifier takes records over and lets them go, on a broker made of lists."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition

from app.adapters.topics import ALERT_DELIVERIES, ALERTS
from app.adapters.webhooks_out import Answer
from app.agents import notify
from app.agents.notify import Notifier
from app.agents.telling import Means, tell
from app.core.alerts.deliveries import AlertDelivery, deliveries_of
from app.core.alerts.machine import AlertState, Transition, step
from app.core.registry import Alert, Channel, Removed, State
from tests.core.alerts.made import NOON_MS, alert, state_of
from tests.waiting import eventually

CHANNEL = Channel("email", "ann@example.com")
WATCHED = alert(channels=(CHANNEL,))
NOT_UTF8 = b'{"id":"\xff"}'


def firing(of: Alert = WATCHED, kind: str = "firing", **fields: Any) -> Transition:
    """Return what is told of an alert."""
    _, told = step(AlertState(), of, True, NOON_MS)
    assert told is not None
    return msgspec.structs.replace(told, type=kind, **fields)


class Broker:
    """Topics of one partition; it is assigned, and its records come, within the same poll."""

    def __init__(self, **values: list[bytes | None]) -> None:
        self.topics = {ALERTS: values.get("alerts", []), ALERT_DELIVERIES: values.get("deliveries", [])}
        self.written: list[tuple[bytes | None, bytes | None]] = []
        self.committed: list[int] = []
        self.on_poll: Callable[[], None] = lambda: None

    def consumer(self, *_topics: str, **_settings: Any) -> Any:
        """Stand in for AIOKafkaConsumer."""
        return _Consumer(self)

    async def start(self) -> None:
        """Stand in for the outbox."""

    async def send(self, _topic: str, value: bytes, _partition: int, key: bytes) -> asyncio.Future[object]:
        """Note a record."""
        self.written.append((key, value))
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def write_entries(self, _topic: str, _partition: int, entries: list[Any]) -> None:
        """Note records."""
        self.written += entries

    @property
    def states(self) -> list[str]:
        """What became of deliveries, in their order."""
        return [
            msgspec.json.decode(value).get("state", "waiting") if value else "gone"
            for _, value in self.written
        ]


class _Consumer:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._place = TopicPartition(ALERTS, 0)
        self._at = 0
        self._listener: Any = None

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def seek_to_beginning(self, *_places: Any) -> None: ...

    def subscribe(self, _topics: list[str], listener: Any) -> None:
        self._listener = listener

    def assign(self, places: list[TopicPartition]) -> None:
        [self._place] = places

    async def end_offsets(self, _places: Any) -> dict[TopicPartition, int]:
        return {self._place: len(self._broker.topics[self._place.topic])}

    async def position(self, _place: TopicPartition) -> int:
        return self._at

    async def getmany(self, *_places: Any, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        if self._listener is not None and self._at == 0:
            await self._listener.on_partitions_assigned([self._place])
        await asyncio.sleep(0)
        self._broker.on_poll()
        values = self._broker.topics[self._place.topic]
        found = [
            SimpleNamespace(topic=self._place.topic, partition=0, offset=n, value=value, key=b"")
            for n, value in list(enumerate(values))[self._at :]
        ]
        self._at = max(len(values), 1)
        return {self._place: found} if found else {}

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self._broker.committed += offsets.values()


class Registered:
    """A registry of one state; it notes how long one would have waited for an alert."""

    def __init__(self, state: State) -> None:
        self.ready = asyncio.Event()
        self.ready.set()
        self.definitions = SimpleNamespace(state=state)
        self.waited: list[float] = []

    async def alert(self, name: str, patience_s: float) -> Alert | None:
        """Return an alert."""
        found = self.definitions.state.alerts.get(name)
        if found is None:
            self.waited.append(patience_s)
        return found


@pytest.fixture
def notifying(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a notifier on a broker; whatever it sends is taken."""

    async def taken(*_args: object) -> tuple[str, int, str]:
        return "delivered", 250, "ok"

    async def closed() -> None: ...

    @asynccontextmanager
    async def run(broker: Broker, registered: Registered, now_ms: int = NOON_MS) -> AsyncIterator[Notifier]:
        monkeypatch.setattr(notify, "AIOKafkaConsumer", broker.consumer)
        monkeypatch.setattr(notify, "tell", taken)
        means = Means(SimpleNamespace(close=closed), None, None)  # type: ignore[arg-type]
        own = Notifier("", "n", registered, broker, means, lambda: now_ms)  # type: ignore[arg-type]
        task = asyncio.create_task(own.run())
        yield own
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return run


async def test_what_comes_with_the_assignment_is_delivered(notifying: Any) -> None:
    """Records fetched by the same poll that brings the partition are noted, and then confirmed."""
    broker = Broker(alerts=[msgspec.json.encode(firing())])
    async with notifying(broker, Registered(state_of(WATCHED))):
        await eventually(lambda: broker.states == ["waiting", "delivered"])
        await eventually(lambda: broker.committed)

    assert [1] == broker.committed


async def test_what_was_taken_away_is_not_confirmed(notifying: Any) -> None:
    """A partition that goes while its records are on their way is left as it was: the next one reads them again."""
    broker = Broker(alerts=[msgspec.json.encode(firing())])
    async with notifying(broker, Registered(state_of(WATCHED))) as own:
        broker.on_poll = lambda: (own._unplaced.clear(), own._drop([0]))  # type: ignore[assignment]
        await eventually(lambda: own.is_ready)
        broker.topics[ALERTS].append(None)
        polls: list[int] = []
        broker.on_poll = lambda: polls.append(1)
        await eventually(lambda: len(polls) > 3)

    assert ([], []) == (broker.written, broker.committed)


async def test_a_record_that_cannot_be_read_stops_nobody(notifying: Any) -> None:
    """Neither one of `alerts` nor one of `alert-deliveries`: what comes after it is delivered."""
    broker = Broker(alerts=[NOT_UTF8, None, msgspec.json.encode(firing())], deliveries=[NOT_UTF8])
    async with notifying(broker, Registered(state_of(WATCHED))) as own:
        await eventually(lambda: broker.states == ["waiting", "delivered"])
        figures = own.figures

    assert 3 == figures["unreadable_alerts"]


@pytest.mark.parametrize(
    ("kind", "age_s", "expected"),
    [
        pytest.param("firing", 0, [5.0], id="just-told"),
        pytest.param("firing", 60, [0.0], id="told-long-ago"),
        pytest.param("pending", 0, [], id="nobody-is-told"),
    ],
)
async def test_an_alert_nobody_knows_holds_up_nothing(
    notifying: Any, kind: str, age_s: int, expected: list[float]
) -> None:
    """Only of what was told a moment ago the registry may not have heard yet."""
    broker, registered = Broker(alerts=[msgspec.json.encode(firing(kind=kind))]), Registered(State())
    async with notifying(broker, registered, NOON_MS + age_s * 1000):
        await eventually(lambda: broker.committed)

    assert expected == registered.waited


async def test_what_is_gone_gives_up_one_delivery(notifying: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not tried again; that it is over is told there all the same, as the channel is still the alert's."""
    broker = Broker(
        alerts=[msgspec.json.encode(firing(kind=kind, id=kind)) for kind in ("firing", "resolved")]
    )
    tried: list[str] = []

    class Hooks:
        async def send(self, _url: str, _secret: str, id: str, _content: object) -> Answer:
            tried.append(id.partition("-")[0])
            return Answer(410, 1, "Gone")

        async def close(self) -> None: ...

    means = Means(Hooks(), None, SimpleNamespace(unseal=str), 0.001, 0.001)  # type: ignore[arg-type]
    hooked = alert(channels=(Channel("webhook", "https://example.org/hook", "sealed"),))
    async with notifying(broker, Registered(state_of(hooked))) as own:
        monkeypatch.setattr(notify, "tell", tell)
        own._means = means
        await eventually(lambda: broker.states.count("given_up") == 2)

    assert ["firing", "resolved"] == sorted(tried)


async def test_a_bot_whose_receivers_hang_holds_up_no_other(
    notifying: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of its deliveries wait for an answer, or for their turn, another bot's is told."""
    channels = tuple(Channel("email", f"{n}@example.com") for n in range(100))
    hanging, other = alert(channels=channels), alert(id="a2", bot="other", channels=(CHANNEL,))
    broker = Broker(alerts=[msgspec.json.encode(firing(one)) for one in (hanging, other)])
    tried: list[str] = []

    async def told(delivery: AlertDelivery, *_args: object) -> tuple[str, int, str]:
        tried.append(delivery.transition.bot)
        if delivery.transition.bot == "pizza":
            await asyncio.Event().wait()
        return "delivered", 250, "ok"

    async with notifying(broker, Registered(state_of(hanging, other))):
        monkeypatch.setattr(notify, "tell", told)
        await eventually(lambda: "delivered" in broker.states)

    assert ["waiting"] * 101 + ["delivered"] == broker.states
    assert 1 < tried.count("pizza") < 50


async def test_deliveries_of_a_deleted_bot_leave_the_log(notifying: Any) -> None:
    """They name people; those of other bots stay."""
    other = alert(id="a2", bot="other", channels=(CHANNEL,))
    gone, kept = (deliveries_of(firing(one), one.channels, NOON_MS)[0] for one in (WATCHED, other))
    broker = Broker(deliveries=[msgspec.json.encode(one) for one in (gone, kept)])
    broker.topics[ALERTS] = []
    state = State(removed={"pizza": Removed("bot", "pizza", 1)}, alerts={"a2": other})
    async with notifying(broker, Registered(state)):
        await eventually(lambda: "gone" in broker.states)

    assert [(gone.id.encode(), None)] == [entry for entry in broker.written if entry[1] is None]
