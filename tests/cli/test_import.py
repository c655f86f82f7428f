"""`botpulse import`, from a file to the tables."""

from __future__ import annotations

import csv
import gzip
import os
import signal
from collections import Counter
from pathlib import Path

import orjson
import pytest

from app.adapters.topics import RAW_EVENTS
from app.core.deliveries import Delivery, read_envelope
from tests.cli.conftest import System
from tests.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

START_S = 1_700_000_000


def file_of(path: Path, rows: int) -> Path:
    """Write a file of *rows* messages, every second one equal to the one before."""
    with gzip.open(path, "wt", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["ts", "user"])
        out.writerows([START_S + n // 2 * 60, f"u{n // 2 % 97}"] for n in range(rows))
    return path


def sent_ids(system: System, bot: str) -> list[str]:
    """Return the ids of all items of *bot* in raw-events."""
    deliveries = [one for record in system.stages.records(RAW_EVENTS) for one in read_envelope(record)]
    mine = [one for one in deliveries if isinstance(one, Delivery) and one.bot == bot]
    return [orjson.loads(bytes(item))["id"] for one in mine for item in one.items]


def messages(system: System, bot: str) -> tuple[int, int]:
    """Return how many messages of *bot* there are in the event table and in the counters."""
    events = "SELECT count() FROM bot_events WHERE bot_id = %(bot)s"
    counted = "SELECT sum(value) FROM counters WHERE bot_id = %(bot)s AND measure = 'messages' AND dim = '' AND window = 'day'"
    with system.clickhouse() as client:
        return client.execute(events, {"bot": bot})[0][0], client.execute(counted, {"bot": bot})[0][0]


def test_every_row_is_counted_once_on_every_run(system: System, tmp_path: Path) -> None:
    """Equal rows are events of their own; importing again sends nothing, says so, and is no failure."""
    bot, path = system.new_bot(), file_of(tmp_path / "a.csv.gz", 3000)
    first = system.run("import", "--bot", bot, str(path), "--json")
    second = system.run("import", "--bot", bot, str(path), "--json")

    assert (0, 0) == (first.code, second.code)
    assert (3000, False, 0, True) == (
        first.answer["sent"],
        first.answer["already_imported"],
        second.answer["sent"],
        second.answer["already_imported"],
    )
    assert (3000, 3000) == messages(system, bot)


def test_same_ids_are_one_event(system: System, tmp_path: Path) -> None:
    """With a column of ids, rows that name the same one are counted once."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"".join(b'{"ts":%d,"user":"u","id":"m%d"}\n' % (START_S, n % 10) for n in range(30)))
    bot = system.new_bot()
    system.run("import", "--bot", bot, str(path))

    assert (10, 10) == messages(system, bot)


def test_bad_rows_are_listed_and_the_others_imported(system: System, tmp_path: Path) -> None:
    """Rejected rows come with their lines and make the exit code 1; all others are counted."""
    path = tmp_path / "a.csv"
    path.write_text(f"ts,user\n{START_S},a\nsoon,b\n{START_S},c\n{START_S}\n")
    bot = system.new_bot()
    done = system.run("import", "--bot", bot, str(path), "--json")

    assert (1, 2, 2) == (done.code, done.answer["sent"], done.answer["rejected"])
    assert [(3, "bad_time"), (5, "bad_value")] == [
        (one["line"], one["reason"]) for one in done.answer["rejections"]
    ]
    assert (2, 2) == messages(system, bot)


@pytest.mark.parametrize(
    ("words", "intents", "absent"),
    [
        pytest.param((), 2, [], id="by its name"),
        pytest.param(("--intent", "intent"), 2, [], id="chosen"),
        pytest.param(("--intent", "intnt"), 0, ["intnt"], id="misspelt"),
    ],
)
def test_a_column_may_begin_late(
    system: System, tmp_path: Path, words: tuple[str, ...], intents: int, absent: list[str]
) -> None:
    """A name that appears first after a thousand rows of JSON lines is found; one that never does is told."""
    path, bot = tmp_path / "a.ndjson", system.new_bot()
    row = f'{{"ts":{START_S},"user":"u"'
    path.write_text(f"{row}}}\n" * 1000 + f'{row},"intent":"book"}}\n' * 2)
    done = system.run("import", "--bot", bot, str(path), *words, "--json")
    query = "SELECT count() FROM bot_events WHERE bot_id = %(bot)s AND intent = 'book'"
    with system.clickhouse() as client:
        found = client.execute(query, {"bot": bot})[0][0]

    assert (int(bool(absent)), absent) == (done.code, done.answer["absent_columns"])
    assert (1002, intents) == (done.answer["sent"], found)


def test_a_killed_import_goes_on(system: System, tmp_path: Path) -> None:
    """Killed on its way and run again, every row is in raw-events exactly once."""
    bot, path = system.new_bot(), file_of(tmp_path / "a.csv.gz", 200_000)
    words = ("import", "--bot", bot, str(path), "--no-wait", "--json")
    process = system.begin(*words)
    assert process.stderr is not None
    until(lambda: "25 %" in process.stderr.readline(), what="a quarter to be sent")  # type: ignore[union-attr]
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    before = len(sent_ids(system, bot))
    again = system.run(*words)

    ids = Counter(sent_ids(system, bot))
    assert 0 < before < 200_000
    assert (0, 200_000 - before) == (again.code, again.answer["sent"])
    assert (200_000, {1}) == (len(ids), set(ids.values()))


def test_standard_input_needs_a_name(system: System) -> None:
    """From a pipe there is no second look at the content, so the caller names the import."""
    bot = system.new_bot()
    nameless = system.run("import", "--bot", bot, "-", stdin=f"ts,user\n{START_S},a\n")
    named = system.run(
        "import", "--bot", bot, "-", "--import-id", "pipe", "--json", stdin=f"ts,user\n{START_S},a\n"
    )

    assert (2, 0, 1) == (nameless.code, named.code, named.answer["sent"])
    assert "--import-id" in nameless.err


def test_an_unknown_bot_is_one_sentence(system: System, tmp_path: Path) -> None:
    """Nothing is sent for a bot there is not."""
    done = system.run("import", "--bot", "nobody", str(file_of(tmp_path / "a.csv.gz", 10)))

    assert (1, 1) == (done.code, done.err.count("\n"))
    assert "'nobody'" in done.err


def test_dry_run_sends_nothing(system: System, tmp_path: Path) -> None:
    """`--dry-run` shows columns and first rows, needs no bot, and leaves no trace."""
    done = system.run(
        "import", "--bot", "nobody", "--dry-run", "--json", str(file_of(tmp_path / "a.csv.gz", 10))
    )

    assert (0, {"at": "ts", "user": "user"}) == (done.code, done.answer["columns"])
    assert 5 == len(done.answer["rows"])
