"""The disk budget: the oldest goes first, the present month and day never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from clickhouse_driver import Client

from app.adapters.clickhouse import insert
from app.adapters.disk import Part, keep_within_budget, to_drop
from app.config import Settings
from app.core.counters import CellBatch
from app.core.rows import counter_rows, event_rows
from tests.events import event, stream_record

pytestmark = pytest.mark.clickhouse

NOW = datetime(2024, 5, 27, 12, tzinfo=UTC)
MIB = 1 << 20


@pytest.fixture
def full(client: Client) -> Client:
    """Four months of events, and minutes of three days with one day's number; only the budget removes any."""
    for table in ("events", "counter_parts"):
        client.execute(f"ALTER TABLE {table} REMOVE TTL")
    starts = [NOW - timedelta(days=31 * n) for n in range(4)]
    insert(
        client,
        event_rows([stream_record(0, [event(str(n), at=_ms(one)) for n, one in enumerate(starts)])]),
        "e",
    )
    minutes = [
        ("pizza", "events", "", "minute", _ms(NOW - timedelta(days=n)) // 1000, "", 1) for n in range(3)
    ]
    day = ("pizza", "events", "", "day", 0, "", 1)
    insert(client, counter_rows([CellBatch(0, 1, 1, [*minutes, day])]), "c")

    return client


def tight(settings: Settings, budget_bytes: int) -> Settings:
    """Return *settings* with a budget below what may be chosen, so that little data is too much."""
    return settings.model_copy(update={"disk_budget_bytes": budget_bytes})


def test_within_the_budget_nothing_goes(full: Client, settings: Settings) -> None:
    """The default budget is far away."""
    assert [] == keep_within_budget(settings, NOW)


def test_the_present_stays_whatever_it_needs(full: Client, settings: Settings) -> None:
    """With no room at all, this month's events, today's minutes and all longer windows are kept."""
    keep_within_budget(tight(settings, 1), NOW)
    events = full.execute("SELECT toYYYYMM(at) FROM bot_events")
    counters = full.execute("SELECT window, count() FROM counters GROUP BY window ORDER BY window")

    assert [(202405,)] == events
    assert [("day", 1), ("minute", 1)] == counters


def test_the_oldest_goes_first(full: Client, settings: Settings) -> None:
    """Months of events and days of minutes, by age."""
    dropped = keep_within_budget(tight(settings, 1), NOW)

    assert ["202402", "202403", "202404", "20240525", "20240526"] == [part.partition for part in dropped]


def test_dead_letters_go_before_events(full: Client, settings: Settings) -> None:
    """Whatever month they are of: no event goes for what was refused."""
    full.execute("ALTER TABLE dead_letter_rows REMOVE TTL")
    body = "".join(chr(33 + n % 90) for n in range(1000))
    rows = [("pizza", 0, n, "bad_time", NOW, body * 10) for n in range(2000)]
    columns = "(bot_id, raw_partition, raw_offset, reason, received_at, body)"
    full.execute(f"INSERT INTO dead_letter_rows {columns} VALUES", rows)
    used = "SELECT sum(bytes_on_disk) FROM system.parts WHERE database = currentDatabase() AND active"
    letters = full.execute(f"{used} AND table = 'dead_letter_rows'")[0][0]
    budget = full.execute(used)[0][0] - letters // 4
    dropped = keep_within_budget(tight(settings, budget), NOW)

    assert [("dead_letter_rows", "202405")] == [(part.table, part.partition) for part in dropped]
    assert [(4,)] == full.execute("SELECT count() FROM bot_events")


def test_hits_of_back_fills_go_with_their_months(full: Client, settings: Settings) -> None:
    """What a back-fill found stays no longer than the events it found it in."""
    months = [NOW - timedelta(days=31 * n) for n in range(3)]
    rows = [("pizza", "bought@1", "ann", str(n), at, at) for n, at in enumerate(months)]
    full.execute("ALTER TABLE backfilled_hits REMOVE TTL")
    full.execute(
        "INSERT INTO backfilled_hits (bot_id, dashboard, user_id, event_id, at, received_at) VALUES", rows
    )
    dropped = keep_within_budget(tight(settings, 1), NOW)

    assert ["202403", "202404"] == [part.partition for part in dropped if part.table == "backfilled_hits"]
    assert [(202405,)] == full.execute("SELECT toYYYYMM(at) FROM backfilled_hits")


def test_what_went_is_on_record(full: Client, settings: Settings) -> None:
    """`disk_events` says what was removed, and how much."""
    dropped = keep_within_budget(tight(settings, 1), NOW)

    assert [tuple(part) for part in dropped] == full.execute(
        "SELECT `table`, partition, rows, bytes FROM disk_events ORDER BY rpad(partition, 8, '0')"
    )


def test_no_more_goes_than_has_to() -> None:
    """Down to 90 % of the budget, not further."""
    parts = [Part("events", str(n), 1, 10 * MIB) for n in range(5)]

    assert parts[:2] == to_drop(parts, used_bytes=105 * MIB, budget_bytes=100 * MIB)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
