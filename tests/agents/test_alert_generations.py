"""What the alert stage gathers of a bot whose numbers are counted anew: both generations, where the bot's alerts are."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from app.adapters.topics import ALERT_INPUTS
from app.agents.alert_watch import Watcher
from app.config import Settings
from app.core.alerts.definitions import Definitions, home_of
from app.core.counters import CellBatch, decode_cells, encode_cells
from app.core.events import Reporting
from app.core.registry import Recounting
from tests.core.alerts.made import NOON_MS, alert, state_of

PARTITIONS = 16
COMING = Reporting("Asia/Tokyo", generation=1)


class Event:
    """A record of `counters`."""

    def __init__(self, value: bytes) -> None:
        self.message = SimpleNamespace(partition=0, offset=7, value=value)

    def confirm(self) -> None:
        """Stand in for the acknowledgement."""


class Outbox:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, CellBatch, int]] = []

    async def send(self, topic: str, value: bytes, partition: int) -> asyncio.Future[None]:
        """Keep a record; it is acknowledged at once."""
        self.sent.append((topic, decode_cells(value), partition))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


@pytest.mark.parametrize(
    ("passed_on", "bot"),
    [
        pytest.param(["pizza"], {}, id="before"),
        pytest.param(["pizza", "pizza~1"], {"recounting": Recounting(COMING, "w1", 1)}, id="being counted"),
        pytest.param(["pizza~1"], {"reporting": COMING}, id="shown"),
    ],
)
async def test_all_generations_meet_where_the_alerts_of_their_bot_are(
    passed_on: list[str], bot: dict[str, Any]
) -> None:
    """What is watched of the bot, whatever it is called, goes to the partition of the bot, under its own name."""
    assert home_of("pizza", PARTITIONS) != home_of("pizza~1", PARTITIONS)

    outbox, registered = (
        Outbox(),
        SimpleNamespace(definitions=Definitions(state_of(alert(), **bot), PARTITIONS)),
    )
    watcher = Watcher(Settings(partitions=PARTITIONS), outbox, None, registered, lambda: NOON_MS)  # type: ignore[arg-type]
    cells = [
        (name, "messages_in", "", "minute", NOON_MS // 1000, "", 3)
        for name in ("pizza", "pizza~1", "pizza~2")
    ]
    await watcher._pass_on(Event(encode_cells(CellBatch(2, 5, 9, [*cells]))))
    await watcher.finish()
    wanted = [cell for cell in cells if cell[0] in passed_on]

    assert [(ALERT_INPUTS, CellBatch(2, 5, 9, wanted), home_of("pizza", PARTITIONS))] == outbox.sent
