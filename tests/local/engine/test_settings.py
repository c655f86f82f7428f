"""A setting sent with a query holds for that query and leaves no trace."""

from __future__ import annotations

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.engine import EngineServer, fresh_table

pytestmark = pytest.mark.clickhouse

LOOK = "SELECT groupArray((name, value)) FROM (SELECT name, value FROM system.settings WHERE changed ORDER BY name)"
MAKES_100 = "SELECT number FROM numbers(100)"


def changed(client: Client) -> list[tuple[str, str]]:
    """The settings that are not at their defaults, apart from the server's own."""
    [[settings]] = client.execute(LOOK)
    return [(name, value) for name, value in settings if name != "log_comment"]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"max_block_size": 1000}, id="a number"),
        pytest.param(
            {"max_execution_time": 5, "max_memory_usage": 10**9, "max_result_rows": 10**6}, id="limits"
        ),
        pytest.param({"readonly": 1}, id="readonly"),
        pytest.param(
            {"readonly": 2, "max_result_rows": 10**6, "result_overflow_mode": "break"},
            id="readonly and limits",
        ),
        pytest.param({"allow_ddl": 0}, id="no ddl"),
        pytest.param({"additional_table_filters": "{'system.one': 'dummy = 0'}"}, id="a map"),
        pytest.param({"compatibility": "23.1"}, id="a setting that changes others"),
        pytest.param({"insert_deduplication_token": "a"}, id="token"),
    ],
)
@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT throwIf(1)"], ids=["after success", "after failure"])
def test_nothing_leaks(client: Client, settings: dict[str, object], sql: str) -> None:
    """After a query with settings, failed or not, the connection is as it was."""
    before = changed(client)

    try:
        client.execute(sql, settings=settings)
    except ServerException as error:
        assert error.code == 395  # noqa: PT017 - only one of the two queries fails

    assert before == changed(client)
    client.execute("SET max_block_size = 50000")


def test_setting_holds(client: Client) -> None:
    """The value sent is the value in force."""
    assert [(123,)] == client.execute("SELECT getSetting('max_block_size')", settings={"max_block_size": 123})


def test_clients_settings_go_with_every_query(engine: EngineServer) -> None:
    """A client's own settings hold throughout, and give way to a query's."""
    client = engine.client(settings={"max_block_size": 5000})
    look = "SELECT getSetting('max_block_size')"

    values = [
        client.execute(look),
        client.execute(look, settings={"max_block_size": 100}),
        client.execute(look),
    ]

    assert [[(5000,)], [(100,)], [(5000,)]] == values


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        pytest.param({"max_result_rows": 10}, 396, id="rows"),
        pytest.param({"max_execution_time": 1, "max_block_size": 1}, 159, id="time"),
        pytest.param({"max_memory_usage": 5_000_000}, 241, id="memory"),
    ],
)
def test_limit(client: Client, settings: dict[str, object], code: int) -> None:
    """A limit stops the query with the server's code."""
    sql = (
        "SELECT length(groupArray(number)), sum(sleepEachRow(0.5)) FROM numbers(4)"
        if code == 159
        else MAKES_100
    )
    if code == 241:
        sql = "SELECT length(groupArray(number)) FROM numbers(20000000)"

    with pytest.raises(ServerException) as caught:
        client.execute(sql, settings=settings)

    assert code == caught.value.code


def test_overflow_mode(client: Client) -> None:
    """With result_overflow_mode = break the answer is cut and not refused."""
    settings = {"max_result_rows": 10, "result_overflow_mode": "break", "max_block_size": 10}

    assert 10 <= len(client.execute(MAKES_100, settings=settings)) < 100


def test_table_filter(client: Client) -> None:
    """additional_table_filters hides rows, and only for the query it came with."""
    table = fresh_table(client, "bot_id String")
    client.execute(f"INSERT INTO {table} VALUES", [("a",), ("b",)])
    settings = {"readonly": 1, "additional_table_filters": f"{{'default.{table}': 'bot_id in (\\'a\\')'}}"}

    assert [("a",)] == client.execute(f"SELECT bot_id FROM {table}", settings=settings)
    assert [("a",), ("b",)] == client.execute(f"SELECT bot_id FROM {table} ORDER BY bot_id")


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("SET max_threads = 1", id="set"),
        pytest.param("SELECT 1 SETTINGS max_threads = 1", id="settings clause"),
        pytest.param("CREATE TABLE x (a UInt8) ENGINE = Memory", id="create"),
        pytest.param("SELECT * FROM file('/etc/hostname', 'LineAsString')", id="file"),
    ],
)
def test_readonly(client: Client, sql: str) -> None:
    """What readonly = 1 forbids is refused with code 164."""
    with pytest.raises(ServerException) as caught:
        client.execute(sql, settings={"readonly": 1})

    assert 164 == caught.value.code


def test_readonly_insert(client: Client) -> None:
    """An INSERT under readonly is refused and writes nothing."""
    table = fresh_table(client, "a UInt8")

    with pytest.raises(ServerException) as caught:
        client.execute(f"INSERT INTO {table} VALUES", [(1,)], settings={"readonly": 1})

    assert 164 == caught.value.code
    assert [(0,)] == client.execute(f"SELECT count() FROM {table}")


def test_unknown_setting(client: Client, engine: EngineServer) -> None:
    """An unknown setting is passed over, unless the client calls its settings important."""
    assert [(1,)] == client.execute("SELECT 1", settings={"no_such_setting": 1})

    with pytest.raises(ServerException) as caught:
        engine.client(settings_is_important=True).execute("SELECT 1", settings={"no_such_setting": 1})
    assert 115 == caught.value.code


def test_setting_with_a_wrong_value(client: Client) -> None:
    """A value that cannot be read is an error of that query alone."""
    with pytest.raises(ServerException) as caught:
        client.execute("SELECT 1", settings={"max_block_size": "many"})

    assert 27 == caught.value.code
    assert [(1,)] == client.execute("SELECT 1")
