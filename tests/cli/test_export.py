"""`botpulse export`: every event of a bot, in order, as it is in the table."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from tests.cli.conftest import System

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

TIMES = [
    "2024-01-31T23:59:59.999Z",
    "2024-02-01T00:00:00.000Z",
    "2024-02-15T12:00:00.000Z",
    "2025-01-01T00:00:00.000Z",
]


@pytest.fixture(scope="module")
def bot(system: System, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bot with four events in three months, imported in disorder."""
    path = tmp_path_factory.mktemp("export") / "a.ndjson"
    rows = [{"at": at, "user": "zoë", "text": 'a "quoted", word\n2', "extra": 7} for at in reversed(TIMES)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    found = system.new_bot()
    assert system.run("import", "--bot", found, str(path)).code == 0
    return found


def test_json_lines_in_order(system: System, bot: str) -> None:
    """Without options all events come in the order in which they happened."""
    events = [json.loads(line) for line in system.run("export", "--bot", bot).out.splitlines()]

    assert TIMES == [event["at"] for event in events]
    assert ("zoë", 'a "quoted", word\n2', {"extra": "7"}) == tuple(
        events[0][name] for name in ("user_id", "text", "attributes")
    )


def test_csv_can_be_read_back(system: System, bot: str) -> None:
    """CSV has a header and quotes what needs it."""
    rows = list(
        csv.DictReader(system.run("export", "--bot", bot, "--format", "csv").out.splitlines(keepends=True))
    )

    assert TIMES == [row["at"] for row in rows]
    assert ('a "quoted", word\n2', {"extra": "7"}) == (rows[0]["text"], json.loads(rows[0]["attributes"]))


def test_a_span_includes_its_start_only(system: System, bot: str) -> None:
    """`--from` is the first instant, `--to` the first one left out."""
    done = system.run("export", "--bot", bot, "--from", "2024-02-01", "--to", "2025-01-01T00:00:00Z")

    assert TIMES[1:3] == [json.loads(line)["at"] for line in done.out.splitlines()]


def test_a_reader_that_has_enough(system: System, tmp_path: Path) -> None:
    """`export | head` ends without a word against ClickHouse, which is not to blame."""
    path, many = tmp_path / "a.ndjson", system.new_bot()
    path.write_text("".join(f'{{"at": {1_700_000_000 + n}, "user": "u"}}\n' for n in range(5000)))
    assert system.run("import", "--bot", many, str(path)).code == 0
    process = system.begin("export", "--bot", many)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    first = process.stdout.readline()
    process.stdout.close()

    assert many == json.loads(first)["bot_id"]
    assert ("", 1) == (process.stderr.read(), process.wait())
    process.stdin.close()
    process.stderr.close()


@pytest.mark.parametrize(
    "words", [("export",), ("audit",), ("dead-letters", "list"), ("dead-letters", "replay")], ids=" ".join
)
def test_a_misspelt_bot_is_refused(system: System, words: tuple[str, ...]) -> None:
    """A bot that is not there is no bot without events."""
    done = system.run(*words, "--bot", "no-such-bot")

    assert (1, "", 1) == (done.code, done.out, done.err.count("\n"))
    assert "'no-such-bot'" in done.err


def test_to_a_file(system: System, bot: str, tmp_path: Path) -> None:
    """With -o there is a file, compressed if it is called so, and nothing else."""
    path = tmp_path / "events.ndjson.gz"
    done = system.run("export", "--bot", bot, "-o", str(path), "--json")

    assert {"bot": bot, "events": 4, "file": str(path)} == done.answer
    assert 4 == len(gzip.decompress(path.read_bytes()).splitlines())
    assert [path] == list(tmp_path.iterdir())
