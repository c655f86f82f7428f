"""Series over HTTP equal brute force over the same events, through the real engine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core.events import is_message
from tests.core.test_shard import BASE, DAY, HOUR
from tests.web.api import brute
from tests.web.api.brute import BOT, FIRST, LAST, NOW_MS, Stocked
from tests.web.api.stock import reading

pytestmark = pytest.mark.clickhouse

SUMS = ["events", "messages", "messages_in", "messages_out", "sessions", "session_ms", "session_messages", "bounces", "intents", "not_handled"]  # fmt: skip
RANGE = {"from": FIRST.isoformat(), "to": LAST.isoformat()}


def told(values: dict[str, Any], nothing: object = 0) -> dict[str, Any]:
    """Leave out periods in which nothing happened."""
    return {start: value for start, value in values.items() if value != nothing}


@pytest.mark.parametrize("window", ["hour", "day", "week", "month"])
async def test_sums_equal_brute_force(stocked: Stocked, window: str) -> None:
    """Every measure that adds up has the oracle's number in every hour, day, week and month."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        for measure in SUMS:
            found = await api.values(BOT, measure, window=window, **RANGE)

            assert brute.from_cells(stocked.numbers, measure, window, stocked.reporting) == told(found), (
                measure
            )


@pytest.mark.parametrize("measure", ["active_users", "new_users"])
@pytest.mark.parametrize("window", ["day", "week", "month"])
async def test_users_equal_brute_force(stocked: Stocked, measure: str, window: str) -> None:
    """Distinct and new users of days, weeks and months are the oracle's."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, measure, window=window, **RANGE)

    assert brute.from_cells(stocked.numbers, measure, window, stocked.reporting) == told(found)


@pytest.mark.parametrize("window", ["minute", "hour"])
async def test_users_of_short_windows_are_counted_from_events(stocked: Stocked, window: str) -> None:
    """There are no cells of users by hour and minute; the events say the same as a set of users does."""
    some = {"from": "2023-11-20", "to": "2023-11-25"} if window == "minute" else RANGE
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, "active_users", window=window, **some)
    wanted = {
        start: n for start, n in brute.active_users(window, stocked.reporting).items() if start in found
    }

    assert wanted
    assert wanted == told(found)


@pytest.mark.parametrize("width", [7, 28, 30])
async def test_rolling_users_equal_brute_force(stocked: Stocked, width: int) -> None:
    """Also where the range begins in the middle of somebody's cover."""
    measure = f"active_users_{width}d"
    wanted = brute.from_cells(stocked.numbers, measure, "day", stocked.reporting)
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, measure, **RANGE)
        later = await api.values(BOT, measure, from_="2023-12-01", to="2023-12-10")

    assert wanted == told(found)
    assert {start: wanted[start] for start in later} == later


@pytest.mark.parametrize("window", ["day", "week", "month"])
async def test_returning_users_are_active_less_new(stocked: Stocked, window: str) -> None:
    """Of days, weeks and months."""
    active, new = (
        brute.from_cells(stocked.numbers, name, window, stocked.reporting)
        for name in ("active_users", "new_users")
    )
    active.subtract(new)
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, "returning_users", window=window, **RANGE)

    assert +active == told(found)


async def test_stickiness_is_daily_by_monthly_users(stocked: Stocked) -> None:
    """Where nobody was there for 30 days there is no number."""
    daily, monthly = (
        brute.from_cells(stocked.numbers, name, "day", stocked.reporting)
        for name in ("active_users", "active_users_30d")
    )
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, "stickiness", **RANGE)

    assert {day: daily[day] / n for day, n in monthly.items()} == told(found, None)


@pytest.mark.parametrize("window", ["hour", "day", "week", "month"])
async def test_mean_and_median_session(stocked: Stocked, window: str) -> None:
    """The mean comes from cells, the median from events, and both from the same sessions."""
    lengths, sessions = (
        brute.from_cells(stocked.numbers, name, window, stocked.reporting)
        for name in ("session_ms", "sessions")
    )
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        means = await api.values(BOT, "session_seconds_mean", window=window, **RANGE)
        medians = await api.values(BOT, "session_seconds_median", window=window, **RANGE)

    assert {start: lengths[start] / n / 1000 for start, n in sessions.items()} == told(means, None)
    assert brute.session_medians(window, stocked.reporting) == told(medians, None)


@pytest.mark.parametrize("window", ["hour", "day", "week", "month"])
async def test_response_time(stocked: Stocked, window: str) -> None:
    """From a message to the first answer in the same conversation."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, "response_seconds_p50", window=window, **RANGE)

    assert brute.response_medians(window, stocked.reporting) == told(found, None)


@pytest.mark.parametrize(
    ("measure", "by"),
    [("events", "kind"), ("events", "event"), ("events", "direction"), ("messages", "locale"), ("messages_in", "platform"), ("intents", "intent")],
)  # fmt: skip
async def test_dimensions_equal_brute_force(stocked: Stocked, measure: str, by: str) -> None:
    """Each key has its own points, the most frequent key first."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        _, answer = await api.get(
            f"/data/v1/bots/{BOT}/series", measure=measure, by=by, window="week", **RANGE
        )
    keys = {name[5] for name in stocked.numbers if name[:3] == (BOT, measure, by)}
    found = {one["key"]: told({p["start"]: p["value"] for p in one["points"]}) for one in answer["groups"]}
    totals = [sum(points.values()) for points in found.values()]

    assert {
        key: brute.from_cells(stocked.numbers, measure, "week", stocked.reporting, by, key) for key in keys
    } == found
    assert sorted(totals, reverse=True) == totals


async def test_revenue_is_in_units(stocked: Stocked) -> None:
    """Cells are millionths; 2.5 EUR come out as 2.5."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, "revenue", window="month", **RANGE)
    amounts = [event.amount for event in brute.own() if event.amount is not None]

    assert sum(amounts) == sum(found.values()) > 0


async def test_old_minutes_are_counted_from_events(stocked: Stocked) -> None:
    """What arrived more than 48 h late makes no cells of minutes, and is there nevertheless."""
    some = {"from": "2023-11-20", "to": "2023-11-25"}
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, "messages", window="minute", **some)
    messages = filter(is_message, brute.own())
    wanted = {
        at: n for at, n in brute.per_period("minute", stocked.reporting, messages).items() if at in found
    }

    assert 5 * 24 * 60 == len(found)
    assert wanted == told(found)


async def test_points_are_zero_filled_and_end_before_to(stocked: Stocked) -> None:
    """Every day of the range is there, also those without a cell; `to` is not."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, "messages", from_="2001-02-25", to="2001-03-02")

    assert {f"2001-02-{day}": 0 for day in (25, 26, 27, 28)} | {"2001-03-01": 0} == found


async def test_only_periods_that_are_over_are_complete(stocked: Stocked) -> None:
    """Today, by the bot's zone, is not."""
    today = brute.local(NOW_MS, stocked.reporting).date()
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        _, answer = await api.get(f"/data/v1/bots/{BOT}/series", measure="messages")
    complete = {point["start"]: point["complete"] for point in answer["points"]}

    assert 30 == len(complete)
    assert {(today - timedelta(n)).isoformat(): n > 0 for n in range(29, -1, -1)} == complete


async def test_day_of_25_hours(stocked: Stocked) -> None:
    """When clocks go back the day has an hour twice, with different offsets."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await api.values(BOT, "messages", window="hour", from_="2023-11-05", to="2023-11-06")

    assert (24 if stocked.reporting.zone == "UTC" else 25) == len(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        pytest.param({"measure": "mood"}, "unknown_measure", "measure", id="measure"),
        pytest.param({}, "missing_parameter", "measure", id="no measure"),
        pytest.param(
            {"measure": "stickiness", "window": "week"}, "bad_window", "window", id="window without sense"
        ),
        pytest.param({"measure": "sessions", "window": "minute"}, "bad_window", "window", id="no minutes"),
        pytest.param({"measure": "messages", "window": "year"}, "bad_value", "window", id="window"),
        pytest.param({"measure": "messages", "by": "mood"}, "bad_dimension", "by", id="dimension"),
        pytest.param(
            {"measure": "active_users", "by": "platform"}, "bad_dimension", "by", id="no dimensions"
        ),
        pytest.param({"measure": "messages", "filter": "x"}, "bad_filter", "filter", id="filter"),
        pytest.param(
            {"measure": "sessions", "filter": "kind=text"}, "bad_filter", "filter", id="filter of sessions"
        ),
        pytest.param({"measure": "messages", "segment": "x"}, "not_available", "segment", id="segment"),
        pytest.param({"measure": "messages", "from": "soon"}, "bad_time", "from", id="from"),
        pytest.param(
            {"measure": "messages", "from": "2024-01-02", "to": "2024-01-02"},
            "empty_range",
            "from",
            id="empty",
        ),
        pytest.param(
            {"measure": "messages", "from": "1970-01-01", "window": "minute"},
            "too_many_points",
            "from",
            id="too many",
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_reason(
    stocked: Stocked, asked: dict[str, str], code: str, field: str
) -> None:
    """Each with its own code and the parameter at fault."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        status, answer = await api.get(f"/data/v1/bots/{BOT}/series", **asked)

    assert (400, code, field) == (status, answer["error"]["code"], answer["error"]["field"])


async def test_times_without_an_offset_are_local(stocked: Stocked) -> None:
    """An hour named in local time is the hour people mean."""
    at = brute.local(BASE + 9 * DAY + 5 * HOUR, stocked.reporting).replace(minute=0, second=0)
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        plain = await api.values(
            BOT, "events", window="hour", from_=f"{at:%Y-%m-%dT%H:%M}", to=f"{at:%Y-%m-%dT%H:30}"
        )
        zoned = await api.values(
            BOT, "events", window="hour", from_=at.isoformat(), to=(at + timedelta(minutes=1)).isoformat()
        )

    assert [at.isoformat()] == list(plain) == list(zoned)
