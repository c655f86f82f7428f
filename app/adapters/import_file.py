"""
Files people import: CSV with a header, or one JSON object a line, plain or gzip, from a path or standard input.

A row comes with the number of its line; what cannot be read as a row comes as a rejection in its place.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, Final, Literal, cast

import orjson

from app.config import MIB
from app.core.importing import Row
from app.core.outcome import Reason, Rejection
from app.errors import BotpulseError

__all__ = ["Format", "ImportFile", "checksum", "opened"]

Format = Literal["auto", "csv", "ndjson"]

_SUFFIXES: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
}
_SAMPLE_LINES: Final = 1000


class ImportFile:
    """An open file. `names` are its columns, `rows` gives (line number, row); read it once."""

    def __init__(self, stream: io.BufferedReader, format: Format, raw: IO[bytes], size_bytes: int) -> None:
        self.format = format
        self.size_bytes = size_bytes
        self._raw = raw
        self._rows = _csv(stream) if format == "csv" else _ndjson(stream)
        self.names = next(self._rows)

    @property
    def read_bytes(self) -> int:
        """How many bytes of the file, as it lies there, have been read; 0 where that is not known."""
        return self._raw.tell() if self.size_bytes else 0

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield every row with the number of its (last) line."""
        return cast("Iterator[tuple[int, Row]]", self._rows)


@contextmanager
def opened(path: Path, format: Format = "auto") -> Iterator[ImportFile]:
    """Open *path* (`-`: standard input); what cannot be read ends in one clear sentence."""
    with _stream(path) as (stream, raw):
        size_bytes = 0 if str(path) == "-" else path.stat().st_size
        yield ImportFile(stream, _format_of(path, stream) if format == "auto" else format, raw, size_bytes)


def checksum(path: Path) -> bytes:
    """Return the checksum of the content of *path*; compressed or not, it is the same."""
    digest = blake2b(digest_size=16)
    with _stream(path) as (stream, _):
        while block := stream.read(MIB):
            digest.update(block)

    return digest.digest()


@contextmanager
def _stream(path: Path) -> Iterator[tuple[io.BufferedReader, IO[bytes]]]:
    is_stdin = str(path) == "-"
    try:
        raw = cast("io.BufferedReader", sys.stdin.buffer) if is_stdin else path.open("rb")
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise BotpulseError(msg, "file") from error
    try:
        if raw.peek(2)[:2] == b"\x1f\x8b":
            unpacked = cast("io.RawIOBase", gzip.GzipFile(fileobj=raw))
            yield io.BufferedReader(unpacked, MIB), raw
        else:
            yield raw, raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        msg = f"{path} is damaged or cut off ({error}); get it again"
        raise BotpulseError(msg, "file") from error
    finally:
        if not is_stdin:
            raw.close()


def _format_of(path: Path, stream: io.BufferedReader) -> Format:
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]

    return "ndjson" if stream.peek(1)[:1] in (b"{", b"[") else "csv"


def _csv(stream: io.BufferedReader) -> Iterator[Any]:
    csv.field_size_limit(MIB)
    # half-characters come through as such and are refused with their row
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    header = text.readline()
    delimiter = max(",;\t|", key=header.count)
    reader = csv.reader(itertools.chain([header], text), delimiter=delimiter)
    names = [name.strip() or f"column_{n}" for n, name in enumerate(next(reader, []), 1)]
    if not names:
        raise BotpulseError("the file is empty", "file")
    yield names
    while True:
        try:
            values = next(reader)
        except StopIteration:
            text.detach()
            return
        except csv.Error as error:
            yield reader.line_num, Rejection(Reason.BAD_VALUE, f"this is no row: {error}")
            continue
        if len(values) == len(names):
            yield reader.line_num, dict(zip(names, values, strict=True))
        elif values:
            message = f"the row has {len(values)} values and the header {len(names)} names"
            yield reader.line_num, Rejection(Reason.BAD_VALUE, message)


def _ndjson(stream: io.BufferedReader) -> Iterator[Any]:
    sample = list(itertools.islice(stream, _SAMPLE_LINES))
    if not any(map(bytes.strip, sample)):
        raise BotpulseError("the file is empty", "file")
    if sample[0].lstrip().startswith(b"["):
        msg = "the file is a JSON array; make it one object a line, such as with `jq -c '.[]'`"
        raise BotpulseError(msg, "file")
    names: dict[str, None] = {}
    for line in sample:
        row = _object(line)
        if isinstance(row, dict):
            names |= dict.fromkeys(row)
    yield list(names)
    for number, line in enumerate(itertools.chain(sample, stream), 1):
        if not line.isspace():
            yield number, _object(line)


def _object(line: bytes) -> Row:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Rejection(Reason.NOT_JSON, f"the line is not JSON: {error.msg}")
    if type(row) is not dict:
        return Rejection(Reason.NOT_AN_OBJECT, "the line is not a JSON object")

    return row
