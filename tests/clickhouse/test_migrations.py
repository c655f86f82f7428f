"""The numbered files make the tables, once, and say when they cannot."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from clickhouse_driver import Client

from app.adapters.clickhouse import connect, insert
from app.adapters.migrations import FOLDER, migrate
from app.config import Settings
from app.core.counters import CellBatch
from app.core.events import MESSAGE_KINDS
from app.core.rows import counter_rows, event_rows
from app.errors import BotpulseError
from tests.databases import empty_database, fresh_database, on_engine
from tests.engine import EngineServer
from tests.events import NOON_MS, event, stream_record

pytestmark = pytest.mark.clickhouse

Clients = Callable[[Settings], Client]
FILES = sorted(path.name for path in FOLDER.glob("*.sql"))


@pytest.fixture
def clients() -> Iterator[Clients]:
    """Connects to databases of other settings and disconnects at the end."""
    with ExitStack() as stack:
        yield lambda settings: stack.enter_context(connect(settings))


def test_an_empty_database_gets_every_file_in_order(engine: EngineServer) -> None:
    """All files are applied to a database that does not exist, in the order of their numbers."""
    assert FILES == migrate(empty_database(engine))


def test_a_second_run_does_nothing(settings: Settings) -> None:
    """What was applied is not applied again."""
    assert [] == migrate(settings)


@pytest.mark.parametrize("name", FILES, ids=FILES)
def test_every_file_can_be_run_twice(name: str, client: Client) -> None:
    """A start killed half-way, or two at once, run statements again: each must stand that."""
    text = re.sub(r"^--.*$", "", (FOLDER / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    statements = [one for one in text.split(";\n") if one.strip()]
    for statement in statements:
        client.execute(statement)

    assert statements


def test_two_at_once_are_safe(engine: EngineServer) -> None:
    """Two processes that migrate at the same time both succeed and leave one complete database."""
    settings = empty_database(engine)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: migrate(settings), range(2)))

    assert [] == migrate(settings)


def test_an_edited_file_is_refused(engine: EngineServer, tmp_path: Path) -> None:
    """A file that was changed after it was applied is named, and nothing is run."""
    settings, folder = empty_database(engine), tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    migrate(settings, folder)
    with (folder / FILES[0]).open("a") as file:
        file.write("-- one more word\n")

    with pytest.raises(BotpulseError, match=f"{FILES[0]} was edited after it was applied"):
        migrate(settings, folder)


def test_a_database_of_a_newer_version_is_refused(engine: EngineServer, tmp_path: Path) -> None:
    """An older botpulse does not touch tables it does not know."""
    settings, folder = empty_database(engine), tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    (folder / "0999_later.sql").write_text("SELECT 1;\n")
    migrate(settings, folder)

    with pytest.raises(BotpulseError, match="migration 999, which this version does not know"):
        migrate(settings)


def test_a_server_that_is_away_is_named() -> None:
    """The message has the address and what to do."""
    settings = Settings(clickhouse="clickhouse://default@127.0.0.1:1/botpulse")

    with pytest.raises(BotpulseError, match=r"does not answer at 127\.0\.0\.1:1: .*start it"):
        migrate(settings, timeout_s=0)


def test_every_table_has_a_comment(client: Client) -> None:
    """`SHOW TABLES` explains itself."""
    silent = client.execute(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND comment = ''"
    )

    assert [] == silent


def test_every_column_has_a_comment(client: Client) -> None:
    """`DESCRIBE` explains itself."""
    silent = client.execute(
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = ''"
    )

    assert [] == silent


@pytest.mark.parametrize(
    ("view", "table", "differ"),
    [
        pytest.param("bot_events", "events", {"event_id"}, id="an event id is there once in the view"),
        pytest.param("counters", "counter_parts", {"value"}, id="the view sums up parts"),
        pytest.param("dead_letters", "dead_letter_rows", set(), id="dead letters"),
        pytest.param(
            "dashboard_hits", "backfilled_hits", {"dashboard"}, id="the view takes id and version apart"
        ),
    ],
)
def test_a_view_explains_columns_as_its_table_does(
    client: Client, view: str, table: str, differ: set[str]
) -> None:
    """Comments stand in both, as each file of SQL is to be read by itself; they say the same."""
    rows = client.execute(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table IN %(both)s"
        " GROUP BY name HAVING uniqExact(comment) > 1",
        {"both": [view, table]},
    )

    assert differ == {name for (name,) in rows}


def test_sql_and_python_agree_on_what_a_message_is(client: Client) -> None:
    """`is_message` in SQL lists the kinds of `MESSAGE_KINDS`."""
    ((expression,),) = client.execute(
        "SELECT default_expression FROM system.columns"
        " WHERE database = currentDatabase() AND table = 'events' AND name = 'is_message'"
    )
    kinds = set(re.findall(r"'(\w+)'", expression)) - {"none"}

    assert MESSAGE_KINDS == kinds


def test_retention_follows_the_settings(engine: EngineServer, settings: Settings, client: Client) -> None:
    """Another number of days changes the TTL of the tables there are."""
    migrate(on_engine(engine, client.connection.database, event_retention_days=400, minute_retention_days=7))

    assert {"events": 400, "backfilled_hits": 400, "dead_letter_rows": 400, "counter_parts": 7} == _ttl_days(
        client
    )


def test_a_retention_of_centuries_keeps_everything(engine: EngineServer, clients: Clients) -> None:
    """A time beyond what DateTime can hold is not taken for 1970."""
    client = clients(fresh_database(engine, event_retention_days=200_000, minute_retention_days=200_000))
    insert(client, event_rows([stream_record(0, [event("a"), event("b", at=4_102_444_800_000)])]), "e")
    insert(client, counter_rows([CellBatch(0, 1, 1, [("b", "events", "", "minute", 60, "", 1)])]), "c")
    for table in ("events", "counter_parts"):
        client.execute(f"OPTIMIZE TABLE {table} FINAL")

    assert [(2, 1)] == client.execute(
        "SELECT (SELECT count() FROM events), (SELECT count() FROM counter_parts)"
    )


def test_what_is_older_than_the_retention_goes(engine: EngineServer, clients: Clients) -> None:
    """Events by their receipt, however old what they tell is, and of the counters only the minutes."""
    client = clients(fresh_database(engine, event_retention_days=1, minute_retention_days=2))
    long_ago = NOON_MS - 400 * 86_400_000
    gone = event("gone", at=long_ago, received_at=long_ago)
    imported = event("imported", at=long_ago, received_at=4_102_444_800_000)
    insert(client, event_rows([stream_record(0, [gone, imported])]), "e")
    cells = [("b", "events", "", window, 86_400, "", 1) for window in ("minute", "hour", "day")]
    insert(client, counter_rows([CellBatch(0, 1, 1, cells)]), "c")
    for table in ("events", "counter_parts"):
        client.execute(f"OPTIMIZE TABLE {table} FINAL")

    assert [(1, 2)] == client.execute(
        "SELECT (SELECT count() FROM events), (SELECT count() FROM counter_parts)"
    )


def test_unchanged_retention_is_left_alone(settings: Settings, client: Client) -> None:
    """A change of TTL rewrites all parts, so there is none without need."""
    before = _changed_at(client)
    migrate(settings)

    assert before == _changed_at(client)


def _changed_at(client: Client) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = client.execute(
        "SELECT name, metadata_modification_time, metadata_version FROM system.tables"
        " WHERE database = currentDatabase() ORDER BY name"
    )

    return rows


def _ttl_days(client: Client) -> dict[str, float]:
    rows = client.execute(
        "SELECT name, extract(engine_full, 'TTL .*toUnixTimestamp[^+]+\\\\+ (\\\\d+)')"
        " FROM system.tables WHERE database = currentDatabase() AND engine_full LIKE '%TTL%'"
    )

    return {name: int(seconds) / 86_400 for name, seconds in rows}
