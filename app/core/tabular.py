"""Rows as text: JSON, JSON lines, CSV and TSV, with values written the way ClickHouse writes them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, count
from typing import Any, Final

import msgspec

__all__ = ["FORMATS", "plain", "written"]

Columns = Sequence[tuple[str, str]]
Rows = Iterable[Sequence[Any]]

FORMATS: Final = {
    "JSON": "application/json",
    "JSONEachRow": "application/x-ndjson",
    "CSV": "text/csv",
    "TSV": "text/tab-separated-values",
}
"""Format -> content type. CSV and TSV begin with the names of the columns."""

_encode: Final = msgspec.json.Encoder().encode
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


def written(columns: Columns, rows: Rows, form: str, *, truncated: bool = False) -> Iterator[bytes]:
    """Write *rows* in one of the FORMATS, a row at a time."""
    names = [name for name, _ in columns]
    values = ([plain(value) for value in row] for row in rows)
    if form == "CSV":
        yield from (_csv(row) for row in chain([names], values))
    elif form == "TSV":
        yield from (_line("\t".join(map(_tsv, row))) for row in chain([names], values))
    elif form == "JSONEachRow":
        keys = _numbered(names)
        yield from (_encode(dict(zip(keys, row, strict=True))) + b"\n" for row in values)
    else:
        yield from _json(_numbered(names), [kind for _, kind in columns], values, truncated=truncated)


def _numbered(names: Sequence[str]) -> list[str]:
    """Return *names* with numbers behind those that came before: an object has each name once."""
    taken: dict[str, None] = {}
    for name in names:
        number = count(2)
        key = name
        while key in taken or (key != name and key in names):
            key = f"{name}_{next(number)}"
        taken[key] = None
    return list(taken)


def _json(
    names: Sequence[str], kinds: Sequence[str], rows: Iterable[list[Any]], *, truncated: bool
) -> Iterator[bytes]:
    meta = [{"name": name, "type": kind} for name, kind in zip(names, kinds, strict=True)]
    yield b'{"meta":' + _encode(meta) + b',"data":['
    total = 0
    for row in rows:
        yield (b"," if total else b"") + _encode(dict(zip(names, row, strict=True)))
        total += 1
    yield b'],"rows":%d,"truncated":%s}' % (total, _encode(truncated))


def plain(value: Any) -> Any:
    """Return *value* as something JSON has."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        precision = "milliseconds" if value.microsecond else "seconds"
        return value.replace(tzinfo=None).isoformat(" ", precision)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(plain(key))


def _csv(row: Sequence[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([_cell(value, "") for value in row])
    return _line(text.getvalue())


def _line(text: str) -> bytes:
    return f"{text}\n".encode("utf-8", "replace")


def _tsv(value: Any) -> str:
    return _cell(value, "\\N").translate(_ESCAPES) if value is not None else "\\N"


def _cell(value: Any, nothing: str) -> str:
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "true" if value else "false"
    return _encode(value).decode() if isinstance(value, (list, dict)) else str(value)
