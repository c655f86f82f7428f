"""
Blocks of columns as the native protocol carries them: where one ends, and what its columns are.

A block has no length, so finding its end means walking its columns by type.  On the wire it is an eight-byte
BlockInfo and then exactly what FORMAT Native reads and writes, as long as the protocol revision agreed on is
below 54454 (from there on each column carries a byte about its serialisation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.local.engine.failure import Failure
from app.local.engine.wire import ProtocolError, Reader, pack_string, pack_varint

__all__ = ["BLOCK_INFO", "Column", "header", "restore_zones", "skip_block_info", "split_blocks", "walk_block"]

Column = tuple[str, str]

BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_BLOCK_INFO_FIELD_BYTES = {1: 1, 2: 4}
_NOT_IMPLEMENTED = 48

_WIDTHS = {
    1: "Int8 UInt8 Bool Enum8 Nothing",
    2: "Int16 UInt16 Enum16 Date BFloat16",
    4: "Int32 UInt32 Float32 Date32 DateTime IPv4 Decimal32 Time",
    8: "Int64 UInt64 Float64 DateTime64 Decimal64 Time64",
    16: "UUID IPv6 Int128 UInt128 Decimal128",
    32: "Int256 UInt256 Decimal256",
}
_FIXED = {name: width for width, names in _WIDTHS.items() for name in names.split()}
_DECIMALS = [(4, 9), (8, 18), (16, 38)]
_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[(),]|[^'`(),]+")
_ELEMENT_NAME = re.compile(r"\A(?:`(?:[^`\\]|\\.)*`|\w+)\s+(?=\w)")


class _Shape(NamedTuple):
    """How the values of a type lie in a column."""

    kind: str
    width: int = 0
    parts: tuple[_Shape, ...] = ()


def header(columns: Sequence[Column]) -> bytes:
    """Return a block of no rows, which tells a client names and types."""
    names = b"".join(pack_string(name) + pack_string(kind) for name, kind in columns)
    return pack_varint(len(columns)) + pack_varint(0) + names


def skip_block_info(reader: Reader) -> None:
    """Pass over the fields in front of a block."""
    while field := reader.varint():
        if field not in _BLOCK_INFO_FIELD_BYTES:
            msg = f"unknown field {field} in front of a block"
            raise ProtocolError(msg)
        reader.skip(_BLOCK_INFO_FIELD_BYTES[field])


def walk_block(reader: Reader) -> tuple[list[Column], int]:
    """Pass over one block; return its columns and how many rows it has."""
    count, rows = reader.varint(), reader.varint()
    columns = []
    for _ in range(count):
        name, kind = reader.string(), reader.string()
        columns.append((name, kind))
        _skip_values(reader, kind, rows)
    return columns, rows


def split_blocks(data: bytes) -> Iterator[tuple[list[Column], bytes]]:
    """Yield the blocks in *data*, each with its columns."""
    reader = _reader(data)
    while not reader.is_drained:
        columns, _ = walk_block(reader)
        yield columns, reader.cut()


def restore_zones(block: bytes, columns: Sequence[Column]) -> bytes:
    """
    Put ``DateTime('Zone')`` back where the engine wrote ``DateTime``.

    FORMAT Native forgets the zone of a column, and only there, so clients would read naive times.  A column's
    name and type are searched for: the search finds the column itself, and if it finds more (the same bytes
    within a text) the block is walked instead.
    """
    for name, kind in columns:
        if kind.startswith("DateTime("):
            written = pack_string(name) + pack_string("DateTime")
            found = block.count(written)
            if found > 1:
                return _relabel(block, columns)
            block = block.replace(written, pack_string(name) + pack_string(kind))
    return block


def _relabel(block: bytes, columns: Sequence[Column]) -> bytes:
    reader = _reader(block)
    reader.varint()
    rows = reader.varint()
    out = [reader.cut()]
    for name, kind in columns:
        reader.string()
        written = reader.string()
        reader.cut()
        _skip_values(reader, written, rows)
        out += [pack_string(name), pack_string(kind), reader.cut()]
    return b"".join(out)


def _reader(data: bytes) -> Reader:
    return Reader(lambda: b"", data)


def _skip_values(reader: Reader, kind: str, rows: int) -> None:
    if rows:
        shape = _shape(kind)
        _skip_prefix(reader, shape)
        _skip_column(reader, shape, rows)


def _skip_prefix(reader: Reader, shape: _Shape) -> None:
    """Pass over what comes once before a column: the version of each dictionary in it."""
    if shape.kind == "dictionary":
        reader.skip(8)
        return
    for part in shape.parts:
        _skip_prefix(reader, part)


def _skip_column(reader: Reader, shape: _Shape, rows: int) -> None:
    match shape.kind:
        case "fixed":
            reader.skip(shape.width * rows)
        case "string":
            reader.skip_strings(rows)
        case "nullable":
            reader.skip(rows)
            _skip_column(reader, shape.parts[0], rows)
        case "array":
            _skip_array(reader, shape.parts[0], rows)
        case "tuple":
            for part in shape.parts:
                _skip_column(reader, part, rows)
        case "dictionary":
            _skip_dictionary(reader, shape.parts[0], rows)


def _skip_array(reader: Reader, element: _Shape, rows: int) -> None:
    """Pass over offsets, the last of which is the number of elements, and the elements."""
    if rows:
        reader.skip(8 * (rows - 1))
        _skip_column(reader, element, reader.u64())


def _skip_dictionary(reader: Reader, key: _Shape, rows: int) -> None:
    """Pass over the keys and one index a row; the low byte of the flags is the index's width as a power of two."""
    if rows:
        flags = reader.u64()
        _skip_column(reader, key, reader.u64())
        reader.skip(reader.u64() << (flags & 3))


@lru_cache(maxsize=1024)
def _shape(kind: str) -> _Shape:
    name, args = _parse(kind)
    if name in _FIXED:
        return _Shape("fixed", _FIXED[name])
    match name, args:
        case "String", []:
            return _Shape("string")
        case "FixedString", [width] if width.isdigit():
            return _Shape("fixed", int(width))
        case "Decimal", [digits, *_] if digits.isdigit():
            return _Shape("fixed", next((w for w, most in _DECIMALS if int(digits) <= most), 32))
        case "Nullable", [inner]:
            return _Shape("nullable", parts=(_shape(inner),))
        case "LowCardinality", [inner]:
            key = _shape(inner)
            return _Shape("dictionary", parts=key.parts if key.kind == "nullable" else (key,))
        case "Array", [inner]:
            return _Shape("array", parts=(_shape(inner),))
        case "Tuple", _:
            return _tuple(args)
        case (("Map" | "Nested"), _):
            return _Shape("array", parts=(_tuple(args),))
        case "SimpleAggregateFunction", [_, inner]:
            return _shape(inner)
    raise Failure(_NOT_IMPLEMENTED, f"The embedded server cannot take the type {kind} over TCP; use HTTP")


def _tuple(elements: Sequence[str]) -> _Shape:
    return _Shape("tuple", parts=tuple(_shape(_ELEMENT_NAME.sub("", element)) for element in elements))


def _parse(kind: str) -> tuple[str, list[str]]:
    """Split ``Map(String, Array(UInt8))`` into its name and its arguments."""
    name, _, rest = kind.strip().partition("(")
    args, depth, current = [], 0, ""
    for token in _TOKEN.findall(rest.rpartition(")")[0]):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "," and not depth:
            args.append(current.strip())
            current = ""
        else:
            current += token
    return name.strip(), [*args, current.strip()] if current.strip() else args
