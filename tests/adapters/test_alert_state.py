"""What a replay leaves of the state of alerts, on a broker of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka import KafkaProducer

from app.adapters.alert_state import forget_numbers
from app.adapters.topics import ALERT_STATE, ensure_topics
from app.config import Settings
from app.core.alerts.machine import Reading, step
from app.core.alerts.table import AlertTable
from app.core.alerts.watching import watches_of
from app.tables.state import Restore
from tests.broker import own_broker
from tests.core.alerts.made import NOON_MS, alert, cells

pytestmark = pytest.mark.kafka


async def test_numbers_go_and_what_fires_goes_on_firing(tmp_path: Path) -> None:
    """Cells, and from when on they are whole, are deleted from the changelog; where the alert stands is not."""
    table, watched = AlertTable(1, {}), alert()
    table.take(cells(NOON_MS // 1000, 6))
    table.set_whole(watches_of(watched, 0)[0], 0, NOON_MS)
    table.keep("a1", *step(table.state_of("a1"), watched, True, NOON_MS, Reading(6)), NOON_MS)
    with own_broker(tmp_path / "kafka") as bootstrap:
        settings = Settings(kafka=bootstrap, partitions=2)
        ensure_topics(settings)
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        for key, value in table.flush().entries:
            producer.send(ALERT_STATE, value, key=key, partition=1).get(30)
        producer.close()
        forget_numbers(settings)
        restore = Restore(ALERT_STATE, [1])
        await restore.run(bootstrap)

    assert {b"a|a1"} == set(restore.entries[1])
