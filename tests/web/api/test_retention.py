"""Retention over HTTP equals brute force over the same events, in every mode, by day, week and month."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest

from app.core.events import Reporting, is_activity
from tests.core.test_shard import DAY
from tests.web.api import brute
from tests.web.api.brute import BOT, NOW_MS, Stocked
from tests.web.api.stock import Reading, reading

pytestmark = pytest.mark.clickhouse

WIDTH = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}
RANGE = {"from": "2023-11-10", "to": "2024-01-20"}
PERIODS = 12


def active_times() -> dict[str, list[int]]:
    """Return every user's active instants, in order."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    for event in sorted(filter(is_activity, brute.own()), key=lambda event: event.at):
        times[event.user_id].append(event.at)
    return dict(times)


def number_of(period: str, first: date, day: date, reporting: Reporting, relative: bool) -> int:
    """Return which period after that of *first* a day is in."""
    if period == "day":
        return (day - first).days
    if period == "month":
        return (day.year - first.year) * 12 + day.month - first.month
    if relative:
        return (day - first).days // 7
    return (brute.day_in("week", day, reporting) - brute.day_in("week", first, reporting)).days // 7


def expected(period: str, mode: str, reporting: Reporting, relative: bool = False) -> dict[str, list[int]]:
    """Return cohort -> users who came back in each period."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * PERIODS)
    for times in active_times().values():
        days = [brute.local(at, reporting).date() for at in times]
        if mode == "windows":
            active = {(at - times[0]) // WIDTH[period] for at in times}
        else:
            active = {number_of(period, days[0], day, reporting, relative) for day in days}
        row = found[brute.day_in(period, days[0], reporting).isoformat()]
        for n in range(PERIODS):
            row[n] += {
                "on": n in active,
                "windows": n in active,
                "on_or_after": n <= max(active),
                "unbroken": set(range(n + 1)) <= active,
            }[mode]
    return dict(found)


async def ask(api: Reading, **parameters: Any) -> dict[str, Any]:
    """Return the answer to a question that is all right."""
    status, answer = await api.get(f"/data/v1/bots/{BOT}/retention", **parameters)
    assert status == 200, answer
    return dict(answer)


@pytest.mark.parametrize("mode", ["on", "on_or_after", "unbroken", "windows"])
@pytest.mark.parametrize("period", ["day", "week", "month"])
async def test_cohorts_equal_brute_force(stocked: Stocked, period: str, mode: str) -> None:
    """Every cohort of the range is there, empty ones too, and every cell is what the users' days say."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        answer = await ask(api, period=period, mode=mode, periods=PERIODS, **RANGE)
    found = {one["start"]: one["retained"] for one in answer["cohorts"]}

    assert expected(period, mode, stocked.reporting) == {
        start: row for start, row in found.items() if any(row)
    }
    assert all(one["size"] == one["retained"][0] for one in answer["cohorts"])
    assert {"day": 71, "week": 11, "month": 3}[period] == len(found)


@pytest.mark.parametrize("mode", ["on", "on_or_after", "unbroken"])
async def test_weeks_can_be_each_users_own(stocked: Stocked, mode: str) -> None:
    """Relative weeks begin at the user's first day, whatever day of the week that was."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        answer = await ask(api, period="week", weeks="relative", mode=mode, periods=PERIODS, **RANGE)
    found = {one["start"]: one["retained"] for one in answer["cohorts"] if one["size"]}

    assert expected("week", mode, stocked.reporting, relative=True) == found


async def test_later_than_asked_for_counts_as_after(stocked: Stocked) -> None:
    """Fewer periods change no number of those that are left."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        for mode in ("on_or_after", "unbroken"):
            many = await ask(api, mode=mode, periods=PERIODS, **RANGE)
            few = await ask(api, mode=mode, periods=3, **RANGE)

            assert [one["retained"][:3] for one in many["cohorts"]] == [
                one["retained"] for one in few["cohorts"]
            ]


@pytest.mark.parametrize(
    ("period", "weeks"),
    [("day", "calendar"), ("week", "calendar"), ("week", "relative"), ("month", "calendar")],
)
async def test_only_periods_that_are_over_are_complete(stocked: Stocked, period: str, weeks: str) -> None:
    """A cell is complete from the day on that no user of its cohort can be active in it any more."""
    today = brute.local(NOW_MS, stocked.reporting).date()
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        answer = await ask(api, period=period, weeks=weeks, periods=PERIODS, **RANGE)

    for one in answer["cohorts"]:
        start = date.fromisoformat(one["start"])
        firsts = [start + timedelta(n) for n in range(31)]
        members = [day for day in firsts if brute.day_in(period, day, stocked.reporting) == start]
        reached = min(
            number_of(period, first, today, stocked.reporting, weeks == "relative") for first in members
        )
        assert [n < reached for n in range(PERIODS)] == one["complete"], one["start"]


async def test_the_mean_is_weighted_and_leaves_out_what_is_not_over(stocked: Stocked) -> None:
    """Overall numbers are sums over complete cells."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        answer = await ask(api, period="week", periods=PERIODS, **RANGE)

    for overall in answer["overall"]:
        n = overall["n"]
        done = [one for one in answer["cohorts"] if one["complete"][n]]
        users, retained = sum(one["size"] for one in done), sum(one["retained"][n] for one in done)
        assert {
            "n": n,
            "users": users,
            "retained": retained,
            "rate": retained / users if users else None,
        } == overall
    assert any(0 < overall["retained"] < overall["users"] for overall in answer["overall"])


async def test_default_is_the_last_thirty_cohorts(stocked: Stocked) -> None:
    """Up to the present one."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        answers = [await ask(api, period=period) for period in ("day", "week", "month")]

    assert [30, 30, 30] == [len(answer["cohorts"]) for answer in answers]
    assert brute.local(NOW_MS, stocked.reporting).date().isoformat() == answers[0]["cohorts"][-1]["start"]


@pytest.mark.parametrize(
    "asked",
    [{"period": "hour"}, {"mode": "classic"}, {"periods": "0"}, {"periods": "x"}, {"periods": "2000", "from": "2001-01-01"}, {"weeks": "own"}],
    ids=str,
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(stocked: Stocked, asked: dict[str, str]) -> None:
    """With 400 and a reason."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        status, answer = await api.get(f"/data/v1/bots/{BOT}/retention", **asked)

    assert 400 == status
    assert answer["error"]["message"]
