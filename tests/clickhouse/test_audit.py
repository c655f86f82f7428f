"""`botpulse audit`: SQL over events against brute force, against track, and against counters that were tampered with."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import pytest
from click.testing import CliRunner
from clickhouse_driver import Client

from app.adapters.audit import audit, compared
from app.adapters.clickhouse import insert
from app.cli import main
from app.config import Settings
from app.core.audit import AUDITED, Difference, Key
from app.core.events import BotEvent, Reporting, partition_of
from app.core.registry import Bot, State
from app.core.rows import counter_rows, event_rows
from app.core.shard import Shard
from tests.core.oracle import expected
from tests.core.simulation import records_of, taken
from tests.events import NOON_MS, event, stream_record

pytestmark = pytest.mark.clickhouse

DAY_MS = 86_400_000
MAY_27 = 1_716_768_000
CUTS = [
    pytest.param(Reporting(), id="UTC"),
    pytest.param(Reporting("America/Los_Angeles", "sunday", 1800), id="Los Angeles, Sunday, 30 min"),
    pytest.param(Reporting("Asia/Kathmandu", "monday", 60), id="Kathmandu, 5:45 ahead"),
    pytest.param(
        Reporting("Australia/Lord_Howe", "monday", 900), id="Lord Howe, half an hour of summer time"
    ),
]


def believable(n: int, seed: int = 1) -> list[BotEvent]:
    """Return events of some users over four months, with days on which clocks change."""
    rng = random.Random(seed)
    made = []
    for i in range(n):
        kind = rng.choice(["text", "text", "image", "custom", "read"])
        made.append(
            event(
                f"e{i}",
                user_id=f"u{rng.randrange(25)}",
                at=NOON_MS - int(rng.random() ** 2 * 120 * DAY_MS) // 500 * 500,
                received_at=NOON_MS + i,
                kind=kind,
                direction="none" if kind == "custom" else rng.choice(["in", "in", "out"]),
                platform=rng.choice(["slack", "facebook"]),
                intent=rng.choice(["", "order", "NotHandled"]),
                not_handled=rng.random() < 0.15,
                session_id=rng.choice(["", "", "", "s1"]),
                event_name="signup" if kind == "custom" else "",
                amount=rng.choice([None, None, 1.1]),
                currency="EUR",
                locale=rng.choice(["", "en"]),
                dashboards=rng.choice([[], [], ["bought@1"], ["bought@2", "all@1"]]),
            )
        )

    return made


def store(client: Client, events: Sequence[BotEvent], reporting: Reporting = Reporting()) -> None:
    """Insert *events* and how the bot is cut."""
    insert(client, event_rows([stream_record(0, events)]), "events")
    cut = ("pizza", reporting.zone, reporting.week_start, reporting.session_gap_s)
    client.execute("INSERT INTO bots (bot_id, zone, week_start, session_gap_s) VALUES", [cut])


def count(client: Client, events: Sequence[BotEvent], reporting: Reporting = Reporting()) -> None:
    """Insert the counters that track makes of *events*."""
    split: defaultdict[int, list[BotEvent]] = defaultdict(list)
    for one in events:
        split[partition_of(one.bot_id, one.user_id, 3)].append(one)
    for partition, own in split.items():
        shard = Shard(partition, {})
        for offset, record in enumerate(records_of(own, 20, reporting)):
            shard.fold(offset, record)
        insert(client, counter_rows(taken(shard).counters), f"counters-{partition}")


@pytest.mark.parametrize("reporting", CUTS)
def test_sql_counts_what_brute_force_counts(client: Client, reporting: Reporting) -> None:
    """Every number the audit computes from events, for all days, equals the oracle's."""
    events = believable(1500)
    store(client, events, reporting)
    oracle = {Key(*name[1:]): n for name, n in expected(events, reporting).items() if name[1] in AUDITED}
    from_events, _ = compared(client, "pizza")

    assert oracle == {cell: n for cell, n in from_events.items() if n}


@pytest.mark.parametrize("reporting", CUTS)
def test_track_and_sql_agree(client: Client, reporting: Reporting) -> None:
    """What track counted passes the audit, for all days and for each."""
    events = believable(600, seed=2)
    store(client, events, reporting)
    count(client, events, reporting)
    days = [None, *((date(2024, 5, day), date(2024, 5, day)) for day in (1, 15, 27))]

    assert [[]] * 4 == [audit(client, "pizza", day) for day in days]


def test_a_wrong_counter_is_found(client: Client) -> None:
    """One number too high: exactly this one is reported, with both values."""
    events = [event("a"), event("b")]
    store(client, events)
    count(client, events)
    client.execute(
        "INSERT INTO counter_parts (bot_id, measure, window, start, stream_partition, value, stamp) VALUES",
        [("pizza", "messages", "day", MAY_27, 9, 5, 1)],
    )

    assert [Difference("messages", "", "", "day", MAY_27, 2, 7)] == audit(
        client, "pizza", (date(2024, 5, 27),) * 2
    )


def test_hits_of_back_fills_are_counted_too(client: Client) -> None:
    """A hit that a back-fill wrote and that stands in no cell is a difference."""
    events = [event("a", dashboards=["bought@1"])]
    store(client, events)
    count(client, events)
    client.execute(
        "INSERT INTO backfilled_hits (bot_id, dashboard, event_id, user_id, at, received_at) VALUES",
        [("pizza", "bought@2", "a", "ann", NOON_MS, NOON_MS)],
    )
    found = audit(client, "pizza", (date(2024, 5, 27),) * 2)

    assert [("hits", "bought@2", window, 1, 0) for window in ("day", "hour")] == [
        (one.measure, one.key, one.window, one.from_events, one.from_counters) for one in found
    ]


def test_an_event_that_was_not_counted_is_found(client: Client) -> None:
    """It is missing in everything it counts in."""
    events = [event("a"), event("b", user_id="bob")]
    store(client, events)
    count(client, events[:1])
    measures = {one.measure for one in audit(client, "pizza", (date(2024, 5, 27),) * 2)}

    assert {
        "events",
        "messages",
        "messages_in",
        "active_users",
        "active_users_7d",
        "new_users",
        "retained",
        "sessions",
    } <= measures


def test_other_days_are_left_alone(client: Client) -> None:
    """A difference on another day does not concern this one."""
    events = [event("a"), event("b", kind="read", at=NOON_MS - 3 * DAY_MS)]
    store(client, events)
    count(client, events[:1])

    assert [] == audit(client, "pizza", (date(2024, 5, 27),) * 2)


def test_a_bot_without_anything_has_no_differences(client: Client) -> None:
    """There is nothing to compare."""
    assert [] == audit(client, "nobody")


@pytest.mark.parametrize(("counted", "code"), [(2, 0), (1, 1)], ids=["equal", "different"])
def test_the_command_tells_by_its_exit_code(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, counted: int, code: int
) -> None:
    """0 when every number is right, 1 when one is not, with the differences for machines."""
    events = [event("a"), event("b")]
    store(client, events)
    count(client, events[:counted])
    monkeypatch.setenv("BOTPULSE_CLICKHOUSE", settings.clickhouse)
    monkeypatch.setenv("BOTPULSE_CLICKHOUSE_PASSWORD_FILE", str(settings.clickhouse_password_file))
    state = State(bots={"pizza": Bot("pizza", "Pizza", "generic", NOON_MS)})
    monkeypatch.setattr("app.cli.audit.state_at", lambda _home: state)
    result = CliRunner().invoke(main, ["audit", "--bot", "pizza", "--day", "2024-05-27", "--json"])

    assert code == result.exit_code
    assert bool(code) == bool(json.loads(result.output)["differences"])
