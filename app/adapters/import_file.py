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
_BOM: Final = b"\xef\xbb\xbf"
_FOREIGN: Final = {
    b"PK\x03\x04": "a zip archive; unpack it",
    b"BZh": "packed by bzip2; unpack it",
    b"\xfd7zXZ\0": "packed by xz; unpack it",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8",
}


class ImportFile:
    """
    An open file. `names` are its columns, `rows` gives (line number, row); read it once.

    JSON lines may bring more names later, unless `are_all_names`.
    """

    def __init__(self, stream: io.BufferedReader, format: Format, raw: IO[bytes], size_bytes: int) -> None:
        self.format = format
        self.size_bytes = size_bytes
        self._raw = raw
        self._rows = _csv(stream) if format == "csv" else _ndjson(stream)
        self.names, self.are_all_names = next(self._rows)

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
            unpacked = gzip.GzipFile(fileobj=raw)
            _check_text(path, unpacked.peek(4096))
            yield io.BufferedReader(cast("io.RawIOBase", unpacked), MIB), raw
        else:
            _check_text(path, raw.peek(4096))
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

    return "ndjson" if stream.peek(4096).removeprefix(_BOM).lstrip()[:1] in (b"{", b"[") else "csv"


def _check_text(path: Path, head: bytes) -> None:
    """Refuse what is no text in UTF-8, by how it begins."""
    what = next((words for start, words in _FOREIGN.items() if head.startswith(start)), "")
    if not what and b"\0" in head.partition(b"\n")[0]:
        what = "no text in UTF-8; save it as such"
    if what:
        msg = f"{path} is {what}. CSV and one JSON object a line are read, plain or gzip"
        raise BotpulseError(msg, "file")


def _csv(stream: io.BufferedReader) -> Iterator[Any]:
    csv.field_size_limit(MIB)
    # half-characters come through as such and are refused with their row
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    blank_lines = 0
    while (header := text.readline()) and header.isspace():
        blank_lines += 1
    delimiter = max(",;\t|", key=header.count)
    reader = csv.reader(itertools.chain([header], text), delimiter=delimiter, strict=True)
    names = _csv_names(reader)
    yield names, True
    while True:
        first_line = blank_lines + reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            text.detach()
            return
        except csv.Error as error:
            yield first_line, Rejection(Reason.BAD_VALUE, _no_row(error, blank_lines + reader.line_num))
            continue
        if len(values) == len(names):
            yield blank_lines + reader.line_num, dict(zip(names, values, strict=True))
        elif values:
            message = f"the row has {len(values)} values and the header {len(names)} names"
            yield blank_lines + reader.line_num, Rejection(Reason.BAD_VALUE, message)


def _csv_names(reader: Iterator[list[str]]) -> list[str]:
    try:
        names = [name.strip() or f"column_{n}" for n, name in enumerate(next(reader, []), 1)]
    except csv.Error as error:
        msg = f"the names of the columns cannot be read: {error}; a quote may be missing in the first line"
        raise BotpulseError(msg, "file") from error
    if not names:
        raise BotpulseError("the file is empty", "file")
    return names


def _no_row(error: csv.Error, last_line: int) -> str:
    if str(error) == "unexpected end of data":
        return f"a quote is opened here and never closed; nothing up to line {last_line} is imported"
    return f"this is no row, up to line {last_line}: {error}"


def _ndjson(stream: io.BufferedReader) -> Iterator[Any]:
    sample = list(itertools.islice(stream, _SAMPLE_LINES))
    sample[:1] = [line.removeprefix(_BOM) for line in sample[:1]]
    first = next(filter(None, map(bytes.strip, sample)), b"")
    if not first:
        raise BotpulseError("the file is empty", "file")
    if first.startswith(b"["):
        msg = "the file is a JSON array; make it one object a line, such as with `jq -c '.[]'`"
        raise BotpulseError(msg, "file")
    names: dict[str, None] = {}
    for line in sample:
        row = _object(line)
        if isinstance(row, dict):
            names |= dict.fromkeys(row)
    yield list(names), len(sample) < _SAMPLE_LINES
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
