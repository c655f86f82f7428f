"""Where a block ends and what a statement is, without an engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.local.engine.blocks import header, restore_zones, split_blocks, walk_block
from app.local.engine.failure import Failure
from app.local.engine.sql import Insert, changes_session, head_of_insert, is_select, parse_insert, quote
from app.local.engine.wire import ProtocolError, Reader, pack_frame, pack_string, pack_varint, unpack_frame


def reader(data: bytes) -> Reader:
    """A reader of *data* and nothing more."""
    return Reader(lambda: b"", data)


def block(columns: list[tuple[str, str, bytes]], rows: int) -> bytes:
    """A block from columns that are encoded already."""
    parts = [pack_string(name) + pack_string(kind) + values for name, kind, values in columns]
    return pack_varint(len(columns)) + pack_varint(rows) + b"".join(parts)


def strings(values: list[str]) -> bytes:
    """A column of strings."""
    return b"".join(map(pack_string, values))


@given(st.integers(0, 2**63 - 1))
def test_varint_round_trip(number: int) -> None:
    """A number comes back from its bytes."""
    assert number == reader(pack_varint(number)).varint()


@given(st.text())
def test_string_round_trip(text: str) -> None:
    """A text comes back from its bytes."""
    assert text == reader(pack_string(text)).string()


@given(st.binary(max_size=5000))
def test_frame_round_trip(data: bytes) -> None:
    """Data comes back from its compressed frame."""
    assert data == unpack_frame(reader(pack_frame(data)))


@given(st.binary(min_size=1, max_size=100), st.data())
def test_broken_frame(data: bytes, draw: st.DataObject) -> None:
    """A frame with one bit turned is refused."""
    frame = bytearray(pack_frame(data))
    frame[draw.draw(st.integers(0, 15))] ^= 1

    with pytest.raises(Failure, match="Checksum"):
        unpack_frame(reader(bytes(frame)))


@given(st.lists(st.text(max_size=300)), st.integers(1, 50))
def test_strings_in_pieces(values: list[str], piece: int) -> None:
    """A column of strings is walked to its end however the bytes arrive."""
    data = block([("s", "String", strings(values))], len(values))
    pieces = iter([data[at : at + piece] for at in range(0, len(data), piece)])
    pieced = Reader(lambda: next(pieces, b""))

    walk_block(pieced)

    assert data == pieced.cut()


@pytest.mark.parametrize(
    ("kind", "values", "rows"),
    [
        pytest.param("UInt8", b"12", 2, id="bytes"),
        pytest.param("DateTime64(3, 'UTC')", b"x" * 16, 2, id="times"),
        pytest.param("Enum8('a,(' = 1, 'it\\'s)' = 2)", b"12", 2, id="enum with brackets and quotes"),
        pytest.param("FixedString(3)", b"abcdef", 2, id="fixed"),
        pytest.param("Decimal(18, 4)", b"x" * 16, 2, id="decimal"),
        pytest.param("Nullable(UInt8)", b"\0\1ab", 2, id="nullable"),
        pytest.param(
            "Array(UInt8)", (2).to_bytes(8, "little") + (3).to_bytes(8, "little") + b"abc", 2, id="array"
        ),
        pytest.param("Map(String, UInt8)", (1).to_bytes(8, "little") + b"\1kv", 1, id="map"),
        pytest.param("Tuple(`a b` UInt8, c String)", b"1\1x", 1, id="tuple"),
        pytest.param(
            "LowCardinality(String)",
            b"\1"
            + b"\0" * 7
            + b"\0\6"
            + b"\0" * 6
            + b"\2"
            + b"\0" * 7
            + b"\0\1a"
            + b"\2"
            + b"\0" * 7
            + b"\1\1",
            2,
            id="dictionary",
        ),
    ],
)
def test_walk(kind: str, values: bytes, rows: int) -> None:
    """A column's end is found by its type, so the next block begins where it should."""
    one = block([("v", kind, values)], rows)

    assert [([("v", kind)], one)] * 2 == list(split_blocks(one + one))


def test_unknown_type() -> None:
    """A type whose values cannot be walked is an error with a code, not a guess."""
    with pytest.raises(Failure, match="JSON") as caught:
        walk_block(reader(block([("v", "JSON", b"x")], 1)))

    assert 48 == caught.value.code


@pytest.mark.parametrize(
    "text", ["", "\x02at\x08DateTime", "\x02at\x08DateTime\x02at\x08DateTime"], ids=["none", "one", "two"]
)
def test_zones(text: str) -> None:
    """A zone is put back into a column's type and nowhere else."""
    before = block([("s", "String", pack_string(text)), ("at", "DateTime", b"1234")], 1)
    after = block([("s", "String", pack_string(text)), ("at", "DateTime('UTC')", b"1234")], 1)

    assert after == restore_zones(before, [("s", "String"), ("at", "DateTime('UTC')")])


def test_header() -> None:
    """A header is a block of no rows."""
    assert ([("a", "UInt8")], 0) == walk_block(reader(header([("a", "UInt8")])))


@pytest.mark.parametrize(
    "data", [b"\xff" * 11, b"\xff\xff\xff\xff\x7f", b"\x05ab"], ids=["endless", "huge", "cut off"]
)
def test_nonsense(data: bytes) -> None:
    """Lengths that cannot be are refused."""
    with pytest.raises(ProtocolError):
        reader(data).string()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param("INSERT INTO t VALUES", Insert("t", "", "", ""), id="shortest"),
        pytest.param("insert into d.t (a, b) values ", Insert("d.t", "a, b", "", ""), id="columns"),
        pytest.param(
            "INSERT INTO `d 1`.`t` FORMAT Native;", Insert("`d 1`.`t`", "", "", "Native"), id="quoted"
        ),
        pytest.param("/* x */ INSERT INTO t -- y\n VALUES", Insert("t", "", "", ""), id="comments"),
        pytest.param(
            "INSERT INTO t (a) SETTINGS x = 'y' VALUES",
            Insert("t", "a", "SETTINGS x = 'y'", ""),
            id="settings",
        ),
        pytest.param("INSERT INTO t VALUES (1)", None, id="rows in the text"),
        pytest.param("INSERT INTO t SELECT 1", None, id="from a query"),
        pytest.param("SELECT 'INSERT INTO t VALUES'", None, id="a text"),
    ],
)
def test_parse_insert(sql: str, expected: Insert | None) -> None:
    """An INSERT is taken apart if its rows come separately."""
    assert expected == parse_insert(sql)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        pytest.param(b"INSERT INTO t FORMAT CSV\n1,2", b"1,2", id="csv"),
        pytest.param(b'INSERT INTO t FORMAT JSONEachRow {"a":1}', b'{"a":1}', id="json on the same line"),
        pytest.param(
            b"INSERT INTO t VALUES (1)", b"INSERT INTO t VALUES (1)", id="values stay with the statement"
        ),
    ],
)
def test_head_of_insert(body: bytes, rows: bytes) -> None:
    """Statement and rows are told apart."""
    assert rows == body[head_of_insert(body) :]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", True),
        ("-- x\n(with a as (select 1) select 1)", True),
        ("SHOW TABLES", False),
        ("SELECTED", False),
    ],
)
def test_is_select(sql: str, expected: bool) -> None:
    """Only what the engine can stream counts."""
    assert expected == is_select(sql)


@pytest.mark.parametrize(("sql", "expected"), [("SET a = 1", True), ("/**/use x", True), ("SELECT 1", False)])
def test_changes_session(sql: str, expected: bool) -> None:
    """SET and USE are meant to last."""
    assert expected == changes_session(sql)


def test_quote() -> None:
    """Quotes and backslashes cannot end a literal."""
    assert r"'it\'s \\'" == quote("it's \\")
