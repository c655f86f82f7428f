"""Rows as text: JSON, JSON lines, CSV and TSV, with values written the way ClickHouse writes them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
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


def written(columns: Columns, rows: Rows, form: str, *, truncated: bool = False) -> bytes:
    """Write *rows* in one of the FORMATS."""
    names = [name for name, _ in columns]
    values = ([plain(value) for value in row] for row in rows)
    if form == "CSV":
        return _csv(names, values).encode("utf-8", "replace")
    if form == "TSV":
        lines = ("\t".join(map(_tsv, row)) for row in [names, *values])
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
    objects = (dict(zip(names, row, strict=True)) for row in values)
    if form == "JSONEachRow":
        return b"".join(_encode(one) + b"\n" for one in objects)
    data = list(objects)
    meta = [{"name": name, "type": kind} for name, kind in columns]
    return _encode({"meta": meta, "data": data, "rows": len(data), "truncated": truncated})


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


def _csv(names: Sequence[str], rows: Iterator[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value, "") for value in row] for row in rows)
    return text.getvalue()


def _tsv(value: Any) -> str:
    return _cell(value, "\\N").translate(_ESCAPES) if value is not None else "\\N"


def _cell(value: Any, nothing: str) -> str:
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "true" if value else "false"
    return _encode(value).decode() if isinstance(value, (list, dict)) else str(value)
