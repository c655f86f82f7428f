"""Every type we store comes back through clickhouse-driver as it went in."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.engine import EngineServer, fresh_table

pytestmark = pytest.mark.clickhouse

LONG = "é" * 5000
AT = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
AT_MS = AT.replace(microsecond=678000)
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
VALUES: list[tuple[str, list[Any]]] = [
    ("String", ["", "a", LONG, "\0x", "x" * 127, "x" * 128]),
    ("FixedString(4)", ["abcd"]),
    ("LowCardinality(String)", ["a", "b", "a", ""]),
    ("LowCardinality(Nullable(String))", [None, "b", "a"]),
    ("UInt8", [0, 2**8 - 1]),
    ("UInt16", [0, 2**16 - 1]),
    ("UInt32", [0, 2**32 - 1]),
    ("UInt64", [0, 2**64 - 1]),
    ("UInt256", [2**200]),
    ("Int8", [-(2**7), 2**7 - 1]),
    ("Int16", [-(2**15), 2**15 - 1]),
    ("Int32", [-(2**31), 2**31 - 1]),
    ("Int64", [-(2**63), 2**63 - 1]),
    ("Float32", [0.5, -2.0]),
    ("Float64", [0.5, -1e300]),
    ("Bool", [True, False]),
    ("Date", [dt.date(2024, 2, 29)]),
    ("Date32", [dt.date(1950, 1, 1)]),
    ("DateTime('UTC')", [AT]),
    ("DateTime64(3, 'UTC')", [AT_MS]),
    ("Nullable(DateTime('UTC'))", [None, AT]),
    ("Array(DateTime('UTC'))", [[], [AT]]),
    ("Nullable(String)", [None, "", LONG]),
    ("Nullable(UInt64)", [None, 5]),
    ("Array(String)", [[], ["a", LONG], ["b"]]),
    ("Array(Array(Nullable(UInt8)))", [[], [[1, None], []]]),
    ("Array(LowCardinality(String))", [[], ["a", "a"], ["b"]]),
    ("Map(String, String)", [{}, {"a": "b", "c": LONG}]),
    ("Map(LowCardinality(String), Array(String))", [{}, {"a": ["b"]}]),
    ("Tuple(UInt8, String)", [(1, "x"), (2, LONG)]),
    ("Tuple(a UInt8, `b c` Nullable(String))", [(1, "x"), (2, None)]),
    ("Enum8('a' = 1, 'b,(\\'' = 2)", ["a", "b,('"]),
    ("Decimal(9, 2)", [Decimal("1.25")]),
    ("Decimal(18, 4)", [Decimal("-3.0001")]),
    ("Decimal(38, 10)", [Decimal("12345678901234567890.5")]),
    ("UUID", [ID]),
]


@pytest.mark.parametrize("compression", [False, "lz4"], ids=["plain", "lz4"])
@pytest.mark.parametrize(("kind", "values"), VALUES, ids=[kind for kind, _ in VALUES])
def test_round_trip(engine: EngineServer, kind: str, values: list[Any], compression: bool | str) -> None:
    """Rows come back equal and in number, compressed or not."""
    client = engine.client(compression=compression)
    table = fresh_table(client, f"k UInt32, v {kind}", "MergeTree ORDER BY k")

    count = client.execute(f"INSERT INTO {table} (k, v) VALUES", list(enumerate(values)))

    rows = client.execute(f"SELECT v FROM {table} ORDER BY k")
    assert (len(values), values) == (count, [row[0] for row in rows])


@pytest.mark.parametrize("kind", [kind for kind, _ in VALUES])
def test_empty_answer_has_types(client: Client, kind: str) -> None:
    """An answer of no rows still tells the column's type."""
    table = fresh_table(client, f"v {kind}")

    assert ([], [("v", kind)]) == client.execute(f"SELECT v FROM {table}", with_column_types=True)


def test_zone_survives_a_text_that_looks_like_a_column(client: Client) -> None:
    """Times stay aware when a text in the same block holds the very bytes of their column's header."""
    header = "\x02at\x08DateTime"

    rows = client.execute(
        "SELECT toDateTime('2024-01-02 03:04:05', 'UTC') AS at, %(text)s AS text", {"text": header}
    )

    assert [(AT, header)] == rows


def test_zones_in_every_block(client: Client) -> None:
    """Times are aware in all blocks of a long answer, next to texts."""
    rows = client.execute(
        "SELECT toDateTime(number, 'UTC') AS at, toString(number) FROM numbers(20000)",
        settings={"max_block_size": 3000},
    )

    assert [dt.timedelta(0)] * 20000 == [at.utcoffset() for at, _ in rows]
