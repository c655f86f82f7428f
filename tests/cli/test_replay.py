"""`botpulse replay`: everything derived can be thrown away."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import System

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

# Which event is late depends on the order in which partitions are read.
NUMBERS = """
SELECT bot_id, measure, dim, key, window, start, value FROM counters
WHERE bot_id = %(bot)s AND value != 0 AND measure != 'late' ORDER BY ALL
"""
EVENTS = "SELECT * EXCEPT (raw_index) FROM bot_events WHERE bot_id = %(bot)s ORDER BY event_id"
LETTERS = "SELECT reason, body FROM dead_letters WHERE bot_id = %(bot)s ORDER BY ALL"


def derived(system: System, bot: str) -> list[Any]:
    """Return everything that is derived for *bot*."""
    with system.clickhouse() as client:
        return [client.execute(sql, {"bot": bot}) for sql in (NUMBERS, EVENTS, LETTERS)]


def filled(system: System, path: Path) -> str:
    """Return a bot with a few thousand events and a dead letter, all counted."""
    rows = [{"ts": 1_700_000_000 + 977 * n, "user": f"u{n % 211}", "id": f"m{n}"} for n in range(5000)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    bot = system.new_bot("--time-zone", "America/Los_Angeles")
    assert system.run("import", "--bot", bot, str(path), "--no-wait").code == 0
    system.stages.send([{"user": "u1", "at": "yesterday"}], received_at=1_700_000_000_000, bot=bot)
    system.wait()
    return bot


def test_numbers_are_the_same_after_it(system: System, tmp_path: Path) -> None:
    """Thrown away and read again, every number, event and dead letter is what it was."""
    bot = filled(system, tmp_path / "a.ndjson")
    before = derived(system, bot)
    system.stop(is_told=False)
    done = system.run("replay", "--yes", "--json")
    emptied = derived(system, bot)
    system.start()
    system.wait()

    assert 0 == done.code, done.err
    assert [[], [], []] == emptied
    assert (5000, 1) == (len(before[1]), len(before[2]))
    assert before == derived(system, bot)


def test_a_start_in_time_leaves_out_what_came_before(system: System, tmp_path: Path) -> None:
    """With --from, only what was received from then on is counted."""
    old = filled(system, tmp_path / "a.ndjson")
    between_ms = time.time_ns() // 1_000_000 + 1
    new = filled(system, tmp_path / "b.ndjson")
    before = derived(system, new)
    system.stop()
    done = system.run("replay", "--yes", "--from", str(between_ms))
    system.start()
    system.wait()

    assert 0 == done.code, done.err
    assert [[], [], []] == derived(system, old)
    assert before == derived(system, new)


def test_what_back_fills_said_is_taken_back(system: System) -> None:
    """Hits found in history, and those of versions that are gone, are counted on arrival after it under the present one."""
    now_s = int(time.time())
    today = [("hour", now_s // 3600 * 3600), ("day", now_s // 86_400 * 86_400)]
    parts = [
        ("shop", "hits", "dashboard", window, start, "d@1", 2**32 - 1, 0, 7, 99, 0) for window, start in today
    ]
    parts += [("shop", "hits", "dashboard", *one, "d@0", 0, 20_000, 7, 1, 0) for one in today]
    with system.clickhouse() as client:
        client.execute("INSERT INTO counter_parts VALUES", parts)
        client.execute(
            "INSERT INTO backfilled_hits VALUES", [("shop", "d@1", "ann", "m1", now_s * 1000, now_s * 1000)]
        )
    system.stop()
    done = system.run("replay", "--yes")
    batches = list(system.stages.cell_batches())
    told = [batch for batch in batches if batch.partition == 2**32 - 1]
    replaced = {cell for batch in batches if batch.log_day == 20_000 for cell in batch.cells}
    with system.clickhouse() as client:
        left = client.execute("SELECT count() FROM dashboard_hits WHERE bot_id = 'shop'")
    system.start()

    assert 0 == done.code, done.err
    assert {("shop", "hits", "dashboard", *one, "d@1", 0) for one in today} == {
        cell for batch in told for cell in batch.cells
    }
    assert all(batch.stamp > 99 for batch in told)
    assert {("shop", "hits", "dashboard", *one, "d@0", 0) for one in today} == replaced
    assert [(0,)] == left


def test_it_refuses_while_workers_run(system: System, tmp_path: Path) -> None:
    """Nothing is touched while a stage gives signs of life, and the stages are named."""
    bot = filled(system, tmp_path / "a.ndjson")
    before = derived(system, bot)
    done = system.run("replay", "--yes")

    assert 1 == done.code
    assert "normalise-1" in done.err or "track-1" in done.err or "store-1" in done.err
    assert before == derived(system, bot)


def test_it_asks_first(system: System) -> None:
    """Without --yes and without an answer nothing happens."""
    assert 1 == system.run("replay").code
