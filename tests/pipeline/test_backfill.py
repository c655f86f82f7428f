"""A rule applied to history while events go on coming: none is missed between the two, and none counts twice."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from app.adapters.backfill import apply_to_history
from app.adapters.catching_up import catch_up
from app.adapters.clickhouse import connect
from app.adapters.reader import Reader
from app.adapters.registry import KafkaRegistry
from app.core.registry import Bot, Dashboard
from app.core.rules.language import Rule
from tests.broker import own_broker
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.facts import tell
from tests.pipeline.rig import Rig, rig
from tests.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

RULE = Rule(field="text", op="contains", value="salami")
CHANGED = Dashboard("d", "b1", "D", 0, RULE, version=2, counted_from=1)


@pytest.fixture
def system(tmp_path_factory: pytest.TempPathFactory, engine: EngineServer) -> Iterator[Rig]:
    """Stages on a broker and an engine of their own."""
    folder = tmp_path_factory.mktemp("history")
    tables = fresh_database(engine)
    places = {"clickhouse": tables.clickhouse, "clickhouse_password_file": tables.clickhouse_password_file}
    with own_broker(folder / "kafka") as bootstrap, rig(bootstrap, folder / "home", **places) as own:
        yield own


def now_ms() -> int:
    """Return the time."""
    return time.time_ns() // 1_000_000


def speak(own: Rig, stop: threading.Event) -> int:
    """Send a message after the other, every second one with salami, and return how many had it."""
    n = 0
    while not stop.wait(0.005) or n % 2:
        text = "tuna" if n % 2 else "salami"
        own.send([{"id": f"m{n}", "user": f"u{n % 50}", "text": text}], received_at=now_ms())
        n += 1

    return n // 2


async def apply(own: Rig) -> int:
    """Make a dashboard, change its rule and apply that to history at once; return from which version on it counts."""
    registry, reader = KafkaRegistry(own.settings.kafka), Reader(own.settings)
    await registry.start()
    try:
        before = Dashboard("d", "b1", "D", 0, Rule(field="kind", value="text"))
        await tell(registry, Bot("b1", "B1", "generic", 0), before, CHANGED)
        await apply_to_history(own.settings.kafka, reader, registry, "b1", "d", "test", now_ms)

        return registry.state.dashboards["d"].counted_from
    finally:
        await registry.stop()
        reader.close()


def test_no_event_falls_between_history_and_what_is_counted_on_arrival(system: Rig) -> None:
    """The rule is made and applied back at once, while messages come in without a pause."""
    for stage in ("normalise", "track", "store"):
        system.start(stage)
    until(lambda: all(system.is_ready(stage) for stage in ("normalise", "track", "store")), 60, 0.2)
    stop, sent = threading.Event(), list[int]()
    speaker = threading.Thread(target=lambda: sent.append(speak(system, stop)))
    speaker.start()
    try:
        with connect(system.settings) as client:
            until(lambda: client.execute("SELECT count() FROM events")[0][0] > 100, 60, 0.2)
            counted_from = asyncio.run(apply(system))
    finally:
        stop.set()
        speaker.join()
    catch_up(system.settings, lambda _group, _records: None)
    with connect(system.settings) as client:
        by_part = client.execute(
            "SELECT stream_partition = 4294967295 AS is_history, sum(value) FROM counter_parts FINAL"
            " WHERE measure = 'hits' AND key = 'd@2' AND window = 'day' GROUP BY is_history ORDER BY is_history"
        )
        listed = client.execute("SELECT uniqExact(event_id), count() FROM dashboard_hits WHERE version = 2")

    assert 2 == counted_from
    assert [0, 1] == [is_history for is_history, _ in by_part]
    assert sent == [sum(value for _, value in by_part)]
    assert [(sent[0], sent[0])] == listed
