"""The HTTP interface, asked with nothing but the standard library."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import urllib.parse
from collections.abc import Iterable

import pytest
import zstandard
from clickhouse_driver import Client

from tests.engine import EngineServer, fresh_table
from tests.waiting import until

pytestmark = pytest.mark.clickhouse

Answer = tuple[int, str, "http.client.HTTPMessage"]


def ask(
    engine: EngineServer,
    body: bytes | Iterable[bytes] | None = None,
    headers: dict[str, str] | None = None,
    path: str = "/",
    params: dict[str, str] | None = None,
) -> Answer:
    """One request with the right password, unless the headers say otherwise."""
    connection = http.client.HTTPConnection("127.0.0.1", engine.http_port, timeout=30)
    query = f"{path}?{urllib.parse.urlencode(params)}" if params else path
    sent = {"X-ClickHouse-Key": engine.password, **(headers or {})}
    connection.request("GET" if body is None else "POST", query, body, sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, answer.headers


@pytest.mark.parametrize("path", ["/ping", "/"])
def test_ping(engine: EngineServer, path: str) -> None:
    """Anybody may ask whether the server is there."""
    assert (200, "Ok.\n") == ask(engine, path=path, headers={"X-ClickHouse-Key": "wrong"})[:2]


@pytest.mark.parametrize(
    ("body", "params", "expected"),
    [
        pytest.param(None, {"query": "SELECT 1"}, "1\n", id="query in the address"),
        pytest.param(b"SELECT 1", {}, "1\n", id="query in the body"),
        pytest.param(b", 2", {"query": "SELECT 1"}, "1\t2\n", id="in both"),
        pytest.param(
            None, {"query": "SELECT 1 AS a FORMAT JSONEachRow"}, '{"a":1}\n', id="format in the query"
        ),
        pytest.param(
            None, {"query": "SELECT 1, 'a'", "default_format": "CSV"}, '1,"a"\n', id="default format"
        ),
        pytest.param(
            None, {"query": "SELECT getSetting('max_block_size')", "max_block_size": "7"}, "7\n", id="setting"
        ),
        pytest.param(None, {"query": "SELECT {x:String}", "param_x": "it's"}, "it\\'s\n", id="parameter"),
        pytest.param(
            None, {"query": "SELECT currentDatabase()", "database": "system"}, "system\n", id="database"
        ),
        pytest.param(b"CREATE DATABASE IF NOT EXISTS http_made", {}, "", id="ddl"),
    ],
)
def test_query(engine: EngineServer, body: bytes | None, params: dict[str, str], expected: str) -> None:
    """A query may come in any of the usual ways."""
    assert (200, expected) == ask(engine, body, params=params)[:2]


def test_format_header(engine: EngineServer) -> None:
    """The format may be asked for in a header."""
    text = ask(engine, b"SELECT 1 AS a", {"X-ClickHouse-Format": "JSON"})[1]

    assert [{"a": 1}] == json.loads(text)["data"]


@pytest.mark.parametrize("way", ["headers", "basic", "params"])
@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
def test_password(engine: EngineServer, way: str, is_right: bool) -> None:
    """The password may come in three ways and must be right in each."""
    password = engine.password if is_right else "wrong"
    headers, params = {"X-ClickHouse-Key": ""}, {"query": "SELECT 1"}
    if way == "headers":
        headers = {"X-ClickHouse-User": "default", "X-ClickHouse-Key": password}
    elif way == "basic":
        headers["Authorization"] = "Basic " + base64.b64encode(f"default:{password}".encode()).decode()
    else:
        params |= {"user": "default", "password": password}

    assert (200 if is_right else 403) == ask(engine, headers=headers, params=params)[0]


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        pytest.param("SELECT * FROM no_such_table", 404, "60", id="table"),
        pytest.param("SELEC 1", 400, "62", id="syntax"),
        pytest.param("SELECT 1; SELECT 2", 400, "62", id="two statements"),
        pytest.param("SELECT throwIf(1)", 500, "395", id="failure"),
        pytest.param("SELECT 1 INTO OUTFILE 'x'", 501, "48", id="file"),
    ],
)
def test_error(engine: EngineServer, sql: str, status: int, code: str) -> None:
    """An error has a status, a header with its code, and a text that begins with it."""
    got, text, headers = ask(engine, sql.encode())

    assert (status, code) == (got, headers["X-ClickHouse-Exception-Code"])
    assert text.startswith(f"Code: {code}. DB::Exception: ")


def test_unknown_setting(engine: EngineServer) -> None:
    """A parameter that is no setting is an error, as on a server."""
    assert (
        "115" == ask(engine, params={"query": "SELECT 1", "no_such": "1"})[2]["X-ClickHouse-Exception-Code"]
    )


@pytest.mark.parametrize("readonly", ["", "0", "1"])
def test_get_changes_nothing(engine: EngineServer, readonly: str) -> None:
    """GET is readonly, whatever it asks for."""
    params = {"query": "CREATE DATABASE nope"} | ({"readonly": readonly} if readonly else {})

    assert "164" == ask(engine, params=params)[2]["X-ClickHouse-Exception-Code"]


ROWS = b'{"k":1,"v":"a;b"}\n{"k":2,"v":"c"}\n'


@pytest.mark.parametrize(
    ("encode", "encoding"),
    [
        pytest.param(bytes, "", id="plain"),
        pytest.param(gzip.compress, "gzip", id="gzip"),
        pytest.param(zstandard.compress, "zstd", id="zstd"),
    ],
)
def test_insert_encoded(engine: EngineServer, client: Client, encode: type[bytes], encoding: str) -> None:
    """Rows may come compressed."""
    table = fresh_table(client, "k UInt64, v String")
    headers = {"Content-Encoding": encoding} if encoding else {}

    status, _, answer = ask(
        engine, encode(ROWS), headers, params={"query": f"INSERT INTO {table} FORMAT JSONEachRow"}
    )

    assert (200, {"written_rows": "2"}) == (status, json.loads(answer["X-ClickHouse-Summary"]))
    assert [(1, "a;b"), (2, "c")] == client.execute(f"SELECT * FROM {table} ORDER BY k")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"INSERT INTO {t} FORMAT JSONEachRow\n" + ROWS, id="statement and rows"),
        pytest.param(b"INSERT INTO {t} VALUES (1, 'a;b'), (2, 'c')", id="values"),
        pytest.param(b"INSERT INTO {t} FORMAT CSV\n1,a;b\n2,c\n", id="csv"),
    ],
)
def test_insert_in_one_body(engine: EngineServer, client: Client, body: bytes) -> None:
    """A statement and its rows may come together."""
    table = fresh_table(client, "k UInt64, v String")

    assert 200 == ask(engine, body.replace(b"{t}", table.encode()))[0]
    assert [(1, "a;b"), (2, "c")] == client.execute(f"SELECT * FROM {table} ORDER BY k")


def test_insert_in_chunks(engine: EngineServer, client: Client) -> None:
    """A body of unknown length is taken to its end."""
    table = fresh_table(client, "k UInt64")

    assert 200 == ask(engine, iter([b"1\n", b"2\n"]), params={"query": f"INSERT INTO {table} FORMAT CSV"})[0]
    assert [(2,)] == client.execute(f"SELECT count() FROM {table}")


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_half_a_body_writes_nothing(engine: EngineServer, client: Client, chunked: bool) -> None:
    """A client that goes away within its rows leaves none of them."""
    table = fresh_table(client, "k UInt64")
    query = urllib.parse.quote(f"INSERT INTO {table} FORMAT CSV")
    how = "Transfer-Encoding: chunked\r\n\r\n40\r\n1\n" if chunked else "Content-Length: 64\r\n\r\n1\n"
    with socket.create_connection(("127.0.0.1", engine.http_port)) as sock:
        sock.sendall(
            f"POST /?query={query} HTTP/1.1\r\nX-ClickHouse-Key: {engine.password}\r\n{how}".encode()
        )
        sock.shutdown(socket.SHUT_WR)
        answer = sock.recv(1000)

    assert b"" == answer
    assert [(0,)] == client.execute(f"SELECT count() FROM {table}")


def test_client_that_leaves(engine: EngineServer, client: Client) -> None:
    """The query of a client that went away is ended."""
    running = "SELECT count() FROM system.processes WHERE query LIKE '%http_leaver%' AND query NOT LIKE '%processes%'"
    query = urllib.parse.quote("SELECT count(), 'http_leaver' FROM system.numbers")
    with socket.create_connection(("127.0.0.1", engine.http_port)) as sock:
        sock.sendall(f"POST /?query={query} HTTP/1.1\r\nX-ClickHouse-Key: {engine.password}\r\n\r\n".encode())
        until(lambda: client.execute(running) == [(1,)], what="the query to run")

    until(lambda: client.execute(running) == [(0,)], what="the query to be gone")


def test_other_path(engine: EngineServer) -> None:
    """There is nothing elsewhere."""
    assert 404 == ask(engine, path="/play")[0]


def test_query_id_is_no_header(engine: EngineServer) -> None:
    """A query id cannot smuggle headers into the answer."""
    assert "X-Evil" not in ask(engine, params={"query": "SELECT 1", "query_id": "a\r\nX-Evil: 1"})[2]
