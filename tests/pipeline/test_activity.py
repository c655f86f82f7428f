"""
Real activity through the front door: imported by command, read by the API, equal to a brute-force count.

The files are imported as they are, reversed, and shuffled with 5 % of the rows repeated (rows have ids then, so a
repeat is one event), in UTC and in Los Angeles, and every number must be the same as counted by hand from the file.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections import Counter
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from app.core.events import BotEvent, Reporting
from tests.core.oracle import Numbers, expected
from tests.shared import shared
from tests.stack import Stack
from tests.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.long]

Row = tuple[str, int, str]
"""id, seconds, user"""

GAP_S = 1800
DAY_S = 86_400


@cache
def rows_of(name: str) -> list[Row]:
    """Read an activity file."""
    with gzip.open(shared(f"data/activity/{name}.csv.gz"), "rt") as file:
        return [
            (str(n), int(row["ts"]), row.get("sender") or row["user_id"])
            for n, row in enumerate(csv.DictReader(file))
        ]


def order(rows: list[Row], how: str) -> list[Row]:
    """Arrange rows: in order, reversed, or shuffled with 5 % repeats."""
    if how == "reversed":
        return rows[::-1]
    if how == "shuffled":
        rng = random.Random(5)
        mixed = rows + rng.sample(rows, len(rows) // 20)
        rng.shuffle(mixed)
        return mixed

    return rows


def import_rows(stack: Stack, folder: Path, rows: list[Row], zone: str) -> tuple[str, str]:
    """Make a bot, import the rows for it, and return it with its read key."""
    made = stack.run(
        "bots",
        "create",
        "--name",
        "activity",
        "--platform",
        "generic",
        "--time-zone",
        zone,
        "--session-gap",
        "30m",
    )
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "ts", "user"])
        writer.writerows(rows)
    stack.run("import", "--bot", made["bot"], str(path))

    return made["bot"], made["read_key"]


@cache
def by_hand(name: str, zone: str) -> Numbers:
    """Count a file the slow way, once for all the orders it is imported in."""
    events = [BotEvent(f"e{n}", "b", user, at * 1000, 0, "text") for n, at, user in rows_of(name)]

    return expected(events, Reporting(zone=zone, session_gap_s=GAP_S))


def series(
    stack: Stack, bot: str, key: str, measure: str, window: str, first: date, end: date
) -> dict[str, int]:
    """Read a series by the API, without its zeros."""
    path = f"/data/v1/bots/{bot}/series?measure={measure}&window={window}&from={first}&to={end}"
    answer = stack.get(path, key)

    return {point["start"]: point["value"] for point in answer["points"] if point["value"]}


def day(start: int) -> str:
    """Name a start of a day, week or month."""
    return str(date(1970, 1, 1) + timedelta(start // DAY_S))


def wanted(numbers: Numbers, measure: str, window: str, end: date) -> dict[str, int]:
    """Pick one series out of the numbers counted by hand."""
    found: Counter[str] = Counter()
    for (_, name, dim, own, start, _), value in numbers.items():
        if name == measure and not dim and own == window and day(start) < str(end):
            found[day(start)] += value

    return dict(found)


CASES = [
    pytest.param("collegemsg", how, zone, id=f"collegemsg {how} {zone}")
    for how in ("in order", "reversed", "shuffled")
    for zone in ("UTC", "America/Los_Angeles")
] + [
    pytest.param("zig_irc_activity", "shuffled", "America/Los_Angeles", id="zig shuffled Los Angeles"),
    pytest.param("zig_irc_activity", "reversed", "UTC", id="zig reversed UTC"),
]


@pytest.mark.parametrize(("name", "how", "zone"), CASES)
def test_every_figure_equals_brute_force(
    stack: Stack, tmp_path: Path, name: str, how: str, zone: str
) -> None:
    """Series and retention of the API, and the audit, agree with a count by hand."""
    rows = rows_of(name)
    numbers = by_hand(name, zone)
    bot, key = import_rows(stack, tmp_path, order(rows, how), zone)
    days = sorted(
        day(start)
        for (_, measure, _, window, start, _) in numbers
        if (measure, window) == ("active_users", "day")
    )
    first, end = date.fromisoformat(days[0]) - timedelta(3), date.fromisoformat(days[-1]) + timedelta(35)

    def stored() -> bool:
        return sum(series(stack, bot, key, "messages", "day", first, end).values()) == len(rows)

    until(stored, 60, 0.5, "the last counters to be stored")
    for measure in (
        "messages",
        "active_users",
        "active_users_7d",
        "active_users_28d",
        "active_users_30d",
        "new_users",
        "sessions",
    ):
        assert wanted(numbers, measure, "day", end) == series(stack, bot, key, measure, "day", first, end), (
            measure
        )
    for window in ("week", "month"):
        assert wanted(numbers, "active_users", window, end) == series(
            stack, bot, key, "active_users", window, first, end
        )
    active, new = (wanted(numbers, measure, "day", end) for measure in ("active_users", "new_users"))
    returning = {start: n - new.get(start, 0) for start, n in active.items() if n != new.get(start, 0)}
    assert returning == series(stack, bot, key, "returning_users", "day", first, end)
    for period in ("day", "week"):
        for mode in ("on", "on_or_after", "unbroken"):
            assert_retention(stack, bot, key, numbers, period, mode, first, end)
    assert [] == stack.run("audit", "--bot", bot)["differences"]


def assert_retention(
    stack: Stack, bot: str, key: str, numbers: Numbers, period: str, mode: str, first: date, end: date
) -> None:
    """Every cell of the retention table, of every cohort."""
    periods = 40
    answer = stack.get(
        f"/data/v1/bots/{bot}/retention?period={period}&mode={mode}&from={first}&to={end}&periods={periods}&weeks=calendar",
        key,
    )
    cells = {
        (cohort["start"], n): value
        for cohort in answer["cohorts"]
        for n, value in enumerate(cohort["retained"])
        if value
    }
    measure = {"on": "retained", "on_or_after": "retained_last", "unbroken": "retained_run"}[mode]
    found: Counter[tuple[str, int]] = Counter()
    for (_, name, _, window, start, n), value in numbers.items():
        if name == measure and window == period:
            for k in range(int(n) + 1) if mode != "on" else [int(n)]:
                found[day(start), k] += value
    shown = {cell: value for cell, value in found.items() if cell[1] < periods}
    beyond = {cell for cell in set(cells) ^ set(shown) if cell[1] >= periods}

    assert shown == {cell: value for cell, value in cells.items() if cell not in beyond}, (period, mode)


def test_the_same_import_twice_counts_once(stack: Stack, tmp_path: Path) -> None:
    """A second run of the same file adds nothing, and rows that are equal are separate events."""
    made = stack.run("bots", "create", "--name", "twice", "--platform", "generic", "--time-zone", "UTC")
    path = tmp_path / "rows.csv"
    path.write_text("ts,user\n" + "1700000000,a\n" * 3 + "1700000060,b\n", encoding="utf-8")
    for _ in range(2):
        stack.run("import", "--bot", made["bot"], str(path))

    def read() -> dict[str, int]:
        return series(
            stack, made["bot"], made["read_key"], "messages", "day", date(2023, 11, 1), date(2023, 12, 1)
        )

    until(read, 30, 0.2)
    assert {"2023-11-14": 4} == read()
