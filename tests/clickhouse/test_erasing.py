"""Deleting a bot's rows: from every table that has any, for good, and as often as one likes."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from clickhouse_driver import Client

from app.adapters.clickhouse import connect
from app.adapters.erasing import count_rows, erase_rows
from app.adapters.sink import Sink
from app.config import Settings
from app.core.registry import Bot
from tests.core.test_shard import BASE, make_events
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.web.api.stock import stock

pytestmark = pytest.mark.clickhouse

NAMED = """
SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'bot_id' AND table IN
    (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')
"""

DAYS = "SELECT * FROM counter_parts FINAL WHERE bot_id = 'b2' AND `window` = 'day' ORDER BY ALL"


@pytest.fixture
def settings(engine: EngineServer) -> Settings:
    """A database with the events of two bots."""
    return fresh_database(engine)


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    """A client on it."""
    with connect(settings) as client:
        stock(client, make_events(random.Random(1), 400))
        for bot in ("b1", "b2"):
            client.execute(
                "INSERT INTO backfilled_hits (bot_id, dashboard, user_id, event_id, at, received_at) "
                "SELECT %(bot)s, 'd@1', 'u1', 'e1', now64(), now64()",
                {"bot": bot},
            )
            client.execute(
                "INSERT INTO dead_letter_rows (bot_id, reason, received_at) SELECT %(bot)s, 'x', now64()",
                {"bot": bot},
            )
        sink = Sink(settings)
        sink.write_bots([Bot("b1", "One", "generic", BASE), Bot("b2", "Two", "generic", BASE)])
        sink.close()
        yield client


def _rows(client: Client, bot: str, final: str = "") -> dict[str, int]:
    return {
        table: client.execute(f"SELECT count() FROM `{table}` {final} WHERE bot_id = '{bot}'")[0][0]
        for (table,) in client.execute(NAMED)
        if table != "counter_parts"
    }


def test_every_table_is_counted(settings: Settings, client: Client) -> None:
    """The report names every table that knows of bots, so also one that is added later."""
    client.execute("CREATE TABLE later (bot_id String) ENGINE = ReplacingMergeTree ORDER BY bot_id")
    client.execute("CREATE TABLE plain (bot_id String) ENGINE = MergeTree ORDER BY bot_id")
    client.execute("INSERT INTO plain VALUES ('b1'), ('b1')")
    rows, users = count_rows(settings, "b1")
    client.execute("DROP TABLE plain")

    assert 2 == rows.pop("plain")
    assert rows.pop("counter_parts")  # those of minutes are so old that ClickHouse is removing them
    assert _rows(client, "b1", "FINAL").items() >= rows.items()
    assert {"events", "backfilled_hits", "dead_letter_rows", "bots", "later"} <= set(rows)
    assert (0, 4) == (rows["later"], users)


def test_rows_go_from_every_table(settings: Settings, client: Client) -> None:
    """All of the bot's, and none of another's; a second time there is nothing to do."""
    before, others = count_rows(settings, "b1")[0], _rows(client, "b2", "FINAL")
    days = client.execute(DAYS)

    assert sum(before.values()) - before["counter_parts"] < erase_rows(settings, ["b1"])
    assert {0} == set(count_rows(settings, "b1")[0].values())
    assert others == _rows(client, "b2", "FINAL")
    assert all(others[table] for table in ("events", "backfilled_hits", "dead_letter_rows"))
    assert days
    assert days == client.execute(DAYS)
    assert 0 == erase_rows(settings, ["b1"])
    assert 0 == erase_rows(settings, [])


def test_they_leave_the_disk(settings: Settings, client: Client) -> None:
    """Nothing is only marked: no part holds a deleted row any more."""
    held = "SELECT sum(rows) FROM system.parts WHERE database = currentDatabase() AND table = 'events' AND active"
    total = client.execute(held)[0][0]
    own = _rows(client, "b1")["events"]
    erase_rows(settings, ["b1"])

    assert total - own == client.execute(held)[0][0]
    assert [(0,)] == client.execute(
        "SELECT countIf(not is_done) FROM system.mutations WHERE database = currentDatabase()"
    )
