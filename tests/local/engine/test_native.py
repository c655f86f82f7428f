"""clickhouse-driver gets from the embedded server what it gets from a real one."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from clickhouse_driver import Client, connect, errors
from clickhouse_driver.errors import ServerException

from tests.engine import EngineServer, fresh_table

pytestmark = pytest.mark.clickhouse

PAIRS = "k UInt64, v String"


def code_of(call: Callable[[], object]) -> int:
    """The code a call is refused with."""
    with pytest.raises(ServerException) as caught:
        call()
    code: int = caught.value.code
    return code


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param("SELECT 1 AS a, 'x' AS b", [(1, "x")], id="constants"),
        pytest.param("SELECT 1 WHERE 0", [], id="no rows"),
        pytest.param("SELECT 1;", [(1,)], id="semicolon"),
        pytest.param("SELECT 1 -- why", [(1,)], id="comment at the end"),
        pytest.param("(SELECT 1) UNION ALL (SELECT 1)", [(1,), (1,)], id="union"),
        pytest.param("FROM numbers(2) SELECT number", [(0,), (1,)], id="from first"),
        pytest.param("WITH 2 AS x SELECT x", [(2,)], id="with"),
        pytest.param("SELECT 1 FORMAT JSON", [(1,)], id="format is the client's business"),
        pytest.param("SELECT 1 FORMAT CSV SETTINGS max_threads = 1", [(1,)], id="format before settings"),
        pytest.param(
            "SELECT number AS format FROM numbers(2) ORDER BY format DESC",
            [(1,), (0,)],
            id="a column named format",
        ),
        pytest.param("SELECT 'x FORMAT JSON'", [("x FORMAT JSON",)], id="format in a text"),
        pytest.param("SELECT 'a; SELECT 2'", [("a; SELECT 2",)], id="semicolon in a text"),
        pytest.param("SELECT 1 /* INTO OUTFILE 'x' */", [(1,)], id="outfile in a comment"),
        pytest.param("SHOW TABLES LIKE 'there is none'", [], id="show nothing"),
        pytest.param("EXISTS TABLE system.one", [(1,)], id="exists"),
        pytest.param("SELECT count() FROM (SELECT * FROM numbers(300000))", [(300000,)], id="aggregate"),
    ],
)
def test_statement(client: Client, sql: str, expected: list[Any]) -> None:
    """A statement has the rows it has on a server."""
    assert expected == client.execute(sql)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        pytest.param("SELEC 1 FRM x", 62, id="syntax"),
        pytest.param("SELECT * FROM no_such_table", 60, id="table"),
        pytest.param("SELECT no_such_column", 47, id="column"),
        pytest.param("SELECT no_such_function(1)", 46, id="function"),
        pytest.param("SELECT 1 + 'a'", 43, id="types"),
        pytest.param(
            "SELECT throwIf(number = 500000) FROM numbers(1000000)", 395, id="in the middle of rows"
        ),
        pytest.param("CREATE TABLE system.one (a UInt8) ENGINE = Memory", 57, id="table exists"),
        pytest.param("SELECT toUInt8(unhex('FF'))", 6, id="with a message that is no text"),
        pytest.param("SELECT 1; SELECT 2", 62, id="two queries"),
        pytest.param("DROP TABLE IF EXISTS x; EXISTS TABLE x", 62, id="two statements"),
        pytest.param("SELECT 1 INTO OUTFILE 'x.csv'", 48, id="file for the client"),
        pytest.param("SHOW TABLES INTO/**/OUTFILE 'x.csv'", 48, id="file for the client, hidden"),
    ],
)
def test_error_code(client: Client, sql: str, code: int) -> None:
    """An error has the server's code, and the connection goes on."""
    assert code == code_of(lambda: client.execute(sql))
    assert [(1,)] == client.execute("SELECT 1")


def test_insert_into_missing_column(client: Client) -> None:
    """An INSERT into a column that is not there is refused with 16 before rows are sent."""
    table = fresh_table(client, PAIRS)

    assert 16 == code_of(lambda: client.execute(f"INSERT INTO {table} (zz) VALUES", [(1,)]))


@pytest.mark.parametrize("options", [{"password": "wrong"}, {"password": ""}, {"user": "root"}], ids=str)
def test_stranger(engine: EngineServer, options: dict[str, str]) -> None:
    """Nobody comes in with another name or password."""
    assert 516 == code_of(lambda: engine.client(**options).execute("SELECT 1"))


def test_unknown_database(engine: EngineServer) -> None:
    """A database that is not there is refused at the greeting."""
    assert 81 == code_of(lambda: engine.client(database="nowhere").execute("SELECT 1"))


def test_columnar(client: Client) -> None:
    """Columns go in and come out as columns."""
    table = fresh_table(client, PAIRS)

    assert 3 == client.execute(f"INSERT INTO {table} VALUES", [[1, 2, 3], ["a", "b", "c"]], columnar=True)
    assert [(1, 2, 3), ("a", "b", "c")] == client.execute(f"SELECT * FROM {table} ORDER BY k", columnar=True)


def test_defaults_apply(client: Client) -> None:
    """Columns left out of an INSERT get their defaults."""
    table = fresh_table(client, "k UInt64, v String, d UInt8 DEFAULT 7, m UInt8 MATERIALIZED 9")

    client.execute(f"INSERT INTO {table} (v, k) VALUES", [{"k": 1, "v": "x"}])

    assert [(1, "x", 7, 9)] == client.execute(f"SELECT k, v, d, m FROM {table}")


def test_many_blocks_in_one_insert(client: Client) -> None:
    """A generator's rows all arrive, over many blocks."""
    table = fresh_table(client, PAIRS)

    rows = ((number, str(number)) for number in range(10_000))
    client.execute(f"INSERT INTO {table} VALUES", rows, settings={"insert_block_size": 777})

    assert [(10_000, 49_995_000, 10_000)] == client.execute(
        f"SELECT count(), sum(k), uniqExact(v) FROM {table}"
    )


def test_insert_of_nothing(client: Client) -> None:
    """An INSERT without rows writes none and is no error."""
    table = fresh_table(client, PAIRS)

    assert 0 == client.execute(f"INSERT INTO {table} VALUES", [])


def test_insert_with_rows_in_its_text(client: Client) -> None:
    """Rows within the statement are inserted, semicolons in them included."""
    table = fresh_table(client, PAIRS)

    client.execute(f"INSERT INTO {table} VALUES (1, 'a;b'), (2, 'c')")

    assert [(1, "a;b"), (2, "c")] == client.execute(f"SELECT * FROM {table} ORDER BY k")


def test_failed_insert_writes_nothing(client: Client) -> None:
    """A row that breaks a constraint fails the whole batch, with the server's code."""
    table = fresh_table(client, "k UInt64, CONSTRAINT c CHECK k < 99999")

    rows = [(number,) for number in range(100_000)]
    assert 469 == code_of(lambda: client.execute(f"INSERT INTO {table} VALUES", rows))
    assert [(0,)] == client.execute(f"SELECT count() FROM {table}")


def test_token_twice(client: Client) -> None:
    """A batch sent again with its token is acknowledged and not written again."""
    table = fresh_table(
        client, PAIRS, "MergeTree ORDER BY k SETTINGS non_replicated_deduplication_window = 10"
    )

    for token in ("a", "a", "b"):
        client.execute(
            f"INSERT INTO {table} VALUES", [(1, "x")], settings={"insert_deduplication_token": token}
        )

    assert [(2,)] == client.execute(f"SELECT count() FROM {table}")


def test_parameters(client: Client) -> None:
    """Values are put in by the driver, whatever they hold."""
    values = {"s": "it's \\ \n", "n": 5, "d": dt.date(2024, 1, 1), "l": [1, 2]}

    expected = [("it's \\ \n", 5, "2024-01-01", [1, 2])]
    assert expected == client.execute("SELECT %(s)s, %(n)s, %(d)s, %(l)s", values)


def test_server_side_parameter(client: Client) -> None:
    """A setting named param_x is the value of {x:Type}."""
    assert [(5,)] == client.execute("SELECT {x:UInt8}", settings={"param_x": "5"})


def test_iterating(client: Client) -> None:
    """execute_iter reads a long answer to its end."""
    rows = client.execute_iter("SELECT number FROM numbers(1000000)", settings={"max_block_size": 50_000})

    assert 499_999_500_000 == sum(row[0] for row in rows)


def test_progress(client: Client) -> None:
    """The driver is told how much was read."""
    client.execute("SELECT number FROM numbers(1000)")

    assert 1000 == client.last_query.progress.rows
    assert 1000 == client.last_query.profile_info.rows


def test_external_table(client: Client) -> None:
    """A table sent with a query is there for it, and gone after it."""
    tables = [{"name": "ext", "structure": [("a", "UInt64"), ("s", "String")], "data": [{"a": 2, "s": "y"}]}]

    assert [(2, "y")] == client.execute("SELECT * FROM ext", external_tables=tables)
    assert 60 == code_of(lambda: client.execute("SELECT * FROM ext"))


def test_session_state(engine: EngineServer, client: Client) -> None:
    """USE, SET and a temporary table last as long as the connection, and no longer."""
    client.execute("CREATE DATABASE IF NOT EXISTS other")
    client.execute("USE other")
    client.execute("SET max_block_size = 77")
    client.execute("CREATE TEMPORARY TABLE mine (a UInt8)")
    client.execute("INSERT INTO mine VALUES", [(3,)])

    look = "SELECT currentDatabase(), getSetting('max_block_size')"
    assert [(3,)] == client.execute("SELECT a FROM mine")
    assert [("other", 77)] == client.execute(look)
    assert [("other", 77)] == client.execute(look, settings={"max_execution_time": 9})
    assert [("default", 65409)] == engine.client().execute(look)


def test_ping_and_return(client: Client) -> None:
    """A connection answers pings, and a closed one is opened anew."""
    client.execute("SELECT 1")
    assert client.connection.ping()
    client.disconnect()

    assert [(2,)] == client.execute("SELECT 2")


def test_row_the_driver_refuses(client: Client) -> None:
    """A row the driver cannot encode writes nothing, and the client goes on."""
    table = fresh_table(client, PAIRS)

    with pytest.raises(errors.Error):
        client.execute(f"INSERT INTO {table} VALUES", [(1, "a"), ("bad", 5)])

    assert [(0,)] == client.execute(f"SELECT count() FROM {table}")


def test_dbapi(engine: EngineServer) -> None:
    """The driver's DB API works."""
    address = f"clickhouse://default:{engine.password}@127.0.0.1:{engine.tcp_port}/default"
    with connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS a, 'b' AS c")

        assert [(1, "b")] == cursor.fetchall()


def test_eight_clients_at_once(engine: EngineServer, client: Client) -> None:
    """Eight clients insert and select side by side, and every row of theirs is there."""
    table = fresh_table(client, PAIRS)
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            own = engine.client()
            for batch in range(10):
                first = number * 100_000 + batch * 100
                own.execute(f"INSERT INTO {table} VALUES", [(first + row, "x") for row in range(100)])
                own.execute(f"SELECT count(), max(k) FROM {table}", settings={"max_execution_time": 30})
        except errors.Error as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures
    assert [(8000, 8000)] == client.execute(f"SELECT count(), uniqExact(k) FROM {table}")
