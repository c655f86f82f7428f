"""Files come as rows with the numbers of their lines, whatever they are packed in and whatever is wrong with them."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.adapters.import_file import checksum, opened
from app.core.import_plan import Plan, plan_of
from app.core.importing import Reading, RowReader
from app.core.outcome import Reason, Rejection
from app.errors import BotpulseError
from tests.shared import shared


def read(path: Path) -> tuple[list[str], list[tuple[int, Any]]]:
    """Return the columns and the rows of *path*; of a refused row its reason."""
    with opened(path) as file:
        rows = [(line, row.reason if isinstance(row, Rejection) else row) for line, row in file.rows()]
        return file.names, rows


def written(path: Path, content: bytes) -> Path:
    """Write *content* to *path* and return it."""
    path.write_bytes(content)
    return path


CSV = b"ts,user\n1,a\n2,b\n"
NDJSON = b'{"ts":1,"user":"a"}\n{"ts":2,"user":"b","text":"x"}\n'
CSV_ROWS = [(2, {"ts": "1", "user": "a"}), (3, {"ts": "2", "user": "b"})]


@pytest.mark.parametrize(
    ("name", "content", "names", "rows"),
    [
        pytest.param("a.csv", CSV, ["ts", "user"], CSV_ROWS, id="comma"),
        pytest.param("a.tsv", CSV.replace(b",", b"\t"), ["ts", "user"], CSV_ROWS, id="tab"),
        pytest.param("a.csv", CSV.replace(b",", b";"), ["ts", "user"], CSV_ROWS, id="semicolon"),
        pytest.param("a.csv", b"\xef\xbb\xbf" + CSV, ["ts", "user"], CSV_ROWS, id="byte order mark"),
        pytest.param("a.csv", b"\n \n" + CSV, ["ts", "user"], [(4, CSV_ROWS[0][1]), (5, CSV_ROWS[1][1])], id="blank lines first"),
        pytest.param("a.csv", CSV.replace(b"\n", b"\r\n"), ["ts", "user"], CSV_ROWS, id="line breaks of Windows"),
        pytest.param("a.csv.gz", gzip.compress(CSV), ["ts", "user"], CSV_ROWS, id="gzip by suffix"),
        pytest.param("a", gzip.compress(CSV), ["ts", "user"], CSV_ROWS, id="gzip and CSV by content"),
        pytest.param(
            "a.csv", b'ts,text\n1,"two\nlines"\n', ["ts", "text"], [(3, {"ts": "1", "text": "two\nlines"})],
            id="line break in a field",
        ),
        pytest.param("a.csv", b"ts,\n1,2\n", ["ts", "column_2"], [(2, {"ts": "1", "column_2": "2"})], id="no name"),
        pytest.param(
            "a", NDJSON, ["ts", "user", "text"],
            [(1, {"ts": 1, "user": "a"}), (2, {"ts": 2, "user": "b", "text": "x"})],
            id="JSON lines by content",
        ),
        pytest.param(
            "a", b'\xef\xbb\xbf{"ts":1}\n', ["ts"], [(1, {"ts": 1})], id="byte order mark before JSON lines"
        ),
        pytest.param("a.jsonl", b'\n{"ts":1}\n\n', ["ts"], [(2, {"ts": 1})], id="empty lines"),
    ],
)  # fmt: skip
def test_rows(tmp_path: Path, name: str, content: bytes, names: list[str], rows: list[Any]) -> None:
    """Columns, rows and line numbers are what a person would say they are."""
    assert (names, rows) == read(written(tmp_path / name, content))


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        pytest.param("a.csv", CSV + b"3\n4,d\n", 4, Reason.BAD_VALUE, id="too few values"),
        pytest.param("a.csv", CSV + b"3,c,!\n4,d\n", 4, Reason.BAD_VALUE, id="too many values"),
        pytest.param("a.csv", CSV + b'3,"c"!\n4,d\n', 4, Reason.BAD_VALUE, id="more behind a quoted value"),
        pytest.param("a.ndjson", NDJSON + b'{"ts":\n{"ts":4}\n', 3, Reason.NOT_JSON, id="no JSON"),
        pytest.param("a.ndjson", NDJSON + b'"ts"\n{"ts":4}\n', 3, Reason.NOT_AN_OBJECT, id="no object"),
    ],
)
def test_a_bad_line_costs_itself_only(
    tmp_path: Path, name: str, content: bytes, line: int, reason: Reason
) -> None:
    """A line that is no row is refused in its place, and the next one is read."""
    _, rows = read(written(tmp_path / name, content))

    assert (line, reason) == rows[-2]
    assert isinstance(rows[-1][1], dict)


def test_an_unclosed_quote_names_its_line(tmp_path: Path) -> None:
    """What follows a quote that is never closed is no event, and the line of the quote is the one to look at."""
    with opened(written(tmp_path / "a.csv", CSV + b'3,"c\n4,d\n5,e\n')) as file:
        line, row = list(file.rows())[-1]

    assert isinstance(row, Rejection)
    assert 4 == line
    assert "never closed; nothing up to line 6" in row.message


@pytest.mark.parametrize(("rows", "expected"), [(999, True), (1001, False)])
def test_names_may_come_later(tmp_path: Path, rows: int, expected: bool) -> None:
    """Of a long file of JSON lines, not all names are known from its beginning."""
    with opened(written(tmp_path / "a.ndjson", b'{"ts":1}\n' * rows)) as file:
        assert expected is file.are_all_names


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(CSV.decode().encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(CSV.decode().encode("utf-16-le"), "no text in UTF-8", id="UTF-16 without its mark"),
        pytest.param(b"PK\x03\x04\x14\0", "zip", id="zip"),
        pytest.param(bz2.compress(CSV), "bzip2.*plain or gzip", id="bzip2"),
        pytest.param(lzma.compress(CSV), "packed by xz", id="xz"),
        pytest.param(gzip.compress(b"PK\x03\x04"), "zip", id="zip in gzip"),
        pytest.param(b'ts,"user\n1,a\n', "names of the columns", id="an unclosed quote in the head"),
        pytest.param(b"\n\n", "empty", id="nothing but line breaks"),
        pytest.param(gzip.compress(CSV * 1000)[:-20], "cut off", id="half a gzip file"),
        pytest.param(b'[{"ts":1}]', "jq", id="a JSON array"),
    ],
)
def test_a_hopeless_file_is_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    """What cannot be imported at all says why and what to do."""
    with pytest.raises(BotpulseError, match=words):
        read(written(tmp_path / "file", content))


def test_checksum_is_that_of_the_content(tmp_path: Path) -> None:
    """The same data packed in another way is the same file."""
    plain, packed = written(tmp_path / "a", CSV), written(tmp_path / "b", gzip.compress(CSV))

    assert checksum(plain) == checksum(packed) != checksum(written(tmp_path / "c", CSV + b"3,c\n"))


def test_progress_is_in_bytes_of_the_file(tmp_path: Path) -> None:
    """At the end, all bytes of the file were read, packed or not."""
    path = written(tmp_path / "a", gzip.compress(CSV * 100))
    with opened(path) as file:
        list(file.rows())

        assert path.stat().st_size == file.size_bytes == file.read_bytes


@pytest.mark.parametrize(
    ("path", "events", "users"),
    [
        pytest.param("data/activity/collegemsg.csv.gz", 59_835, 1_350, id="private messages"),
        pytest.param("data/activity/zig_irc_activity.csv.gz", 308_239, 1_939, id="channel log"),
        pytest.param("data/dialogues/sgd_turns.jsonl.gz", 312_250, 1_000, id="dialogues"),
    ],
)
def test_real_files_need_no_options(path: str, events: int, users: int) -> None:
    """The columns of real files are found by themselves, and every row becomes an event of its user."""
    with opened(shared(path)) as file:
        plan = plan_of(file.names, {}, start_ms=1_704_067_200_000)
        assert isinstance(plan, Plan)
        reading = Reading(RowReader(plan, "f", "generic", 1_800_000_000_000), file.rows())
        items = [msgspec.json.decode(item, type=_Who) for chunk in reading.chunks() for item in chunk.items]

    assert (events, 0) == (len(items), reading.rejected)
    assert (events, users) == (len({item.id for item in items}), len({item.user for item in items}))


class _Who(msgspec.Struct):
    id: str
    user: str
