"""The views analysts read, against days, users and sessions counted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from clickhouse_driver import Client

from app.adapters.clickhouse import insert
from app.core.counters import CellBatch
from app.core.events import BotEvent
from app.core.generations import counted_as
from app.core.outcome import DeadLetter, Reason
from app.core.rows import counter_rows, dead_letter_rows, event_rows
from tests.events import NOON_MS, event, stream_record

pytestmark = pytest.mark.clickhouse

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def store(client: Client, *events: BotEvent) -> None:
    """Insert *events*."""
    insert(client, event_rows([stream_record(0, events)]), "once")


def set_bot(client: Client, zone: str = "UTC", session_gap_s: int = 900) -> None:
    """Make bot `pizza` known."""
    client.execute(
        "INSERT INTO bots (bot_id, zone, week_start, session_gap_s) VALUES",
        [("pizza", zone, "monday", session_gap_s)],
    )


def at_minutes(*minutes: float, **fields: Any) -> list[BotEvent]:
    """Return messages that many minutes after noon."""
    return [event(f"{fields}{minute}", at=NOON_MS + int(minute * MINUTE_MS), **fields) for minute in minutes]


def session_sizes(client: Client) -> list[tuple[int, int]]:
    """Return (length in minutes, messages) of each session."""
    rows: list[tuple[int, int]] = client.execute(
        "SELECT duration_ms / 60000, messages FROM sessions ORDER BY started_at"
    )

    return rows


def test_a_silence_of_exactly_the_gap_stays_inside(client: Client) -> None:
    """0 ..15 min.. 15 ..a little more.. 30: two sessions."""
    set_bot(client)
    store(client, *at_minutes(0, 15, 30.001))

    assert [(15, 2), (0, 1)] == session_sizes(client)


def test_the_gap_is_the_bots_own(client: Client) -> None:
    """With a gap of 30 minutes the same messages are one session."""
    set_bot(client, session_gap_s=1800)
    store(client, *at_minutes(0, 15, 30.001))

    assert [(30.001, 3)] == session_sizes(client)


def test_both_directions_make_a_session(client: Client) -> None:
    """Answers keep a session going; receipts do not."""
    store(
        client,
        *at_minutes(0),
        *at_minutes(10, 20, direction="out"),
        *at_minutes(35, kind="read"),
        *at_minutes(36),
    )

    assert [(20, 3), (0, 1)] == session_sizes(client)


def test_a_named_session_ignores_the_gap(client: Client) -> None:
    """Messages with a session id belong together however far apart, and leave the others alone."""
    store(client, *at_minutes(0, 300, session_id="s"), *at_minutes(1, 2))

    assert [(300, 2), (1, 2)] == session_sizes(client)


def test_users_do_not_share_sessions(client: Client) -> None:
    """Two users at the same time have a session each."""
    store(client, *at_minutes(0), *at_minutes(1, user_id="bob"))

    assert [(0, 1), (0, 1)] == session_sizes(client)


@pytest.mark.parametrize(
    ("directions", "is_bounce"),
    [
        pytest.param(["in"], True, id="one message of the user"),
        pytest.param(["in", "out", "out"], True, id="one message and answers"),
        pytest.param(["in", "in"], False, id="two messages of the user"),
        pytest.param(["out"], False, id="only the bot"),
    ],
)
def test_a_bounce_has_one_message_of_the_user(client: Client, directions: list[str], is_bounce: bool) -> None:
    """Answers do not count for it."""
    store(client, *(event(str(n), direction=one, at=NOON_MS + n) for n, one in enumerate(directions)))

    assert [(is_bounce,)] == client.execute("SELECT is_bounce FROM sessions")


def test_days_are_those_of_the_bots_zone(client: Client) -> None:
    """06:30 UTC is still the day before in Los Angeles, in every view with a day."""
    set_bot(client, zone="America/Los_Angeles")
    store(client, event("m", at=NOON_MS - int(5.5 * HOUR_MS), intent="order"))
    days = [
        client.execute(f"SELECT toString(day) FROM {view}") for view in ("sessions", "daily_users", "intents")
    ]

    assert [[("2024-05-26",)]] * 3 == days


def test_daily_users_tell_who_was_active(client: Client) -> None:
    """Who only got messages or read them was not active; a custom event suffices."""
    store(
        client,
        event("a", user_id="ann"),
        event("b", user_id="bob", direction="out"),
        event("c", user_id="cyd", kind="read"),
        event("d", user_id="dan", kind="custom", direction="none"),
    )
    found = client.execute(
        "SELECT user_id, is_active, events, messages_in, messages_out FROM daily_users ORDER BY user_id"
    )

    assert [
        ("ann", True, 1, 1, 0),
        ("bob", False, 1, 0, 1),
        ("cyd", False, 1, 0, 0),
        ("dan", True, 1, 0, 0),
    ] == found


def test_intents_count_messages_and_users(client: Client) -> None:
    """Only incoming messages with an intent are counted."""
    store(
        client,
        event("1", intent="order", intent_confidence=0.5),
        event("2", intent="order", intent_confidence=1.0),
        event("3", intent="order", user_id="bob"),
        event("4", intent="order", direction="out"),
        event("5"),
    )

    assert [("order", 3, 2, 0.75)] == client.execute(
        "SELECT intent, messages, users, confidence_mean FROM intents"
    )


def test_users_know_first_and_last(client: Client) -> None:
    """First and last event, and first activity, which an answer or a receipt is not."""
    store(client, *at_minutes(0, direction="out"), *at_minutes(1, 2), *at_minutes(3, kind="read"))
    (row,) = client.execute(
        "SELECT toUnixTimestamp64Milli(first_at), toUnixTimestamp64Milli(assumeNotNull(first_active_at)),"
        " toUnixTimestamp64Milli(last_at), messages_in, messages_out FROM users"
    )

    assert (NOON_MS, NOON_MS + MINUTE_MS, NOON_MS + 3 * MINUTE_MS, 2, 1) == row


def test_users_are_described_by_all_their_events(client: Client) -> None:
    """Of each field the value with the newest event time holds, whatever arrived last; other users' stay their own."""
    store(
        client,
        event(
            "2",
            kind="profile",
            direction="none",
            at=NOON_MS + 2,
            user_attributes={"city": "Rome", "age": "30"},
        ),
        event("1", at=NOON_MS + 1, user_attributes={"city": "Oslo", "name": "Ann"}),
        event("3", at=NOON_MS + 3),
        event("4", at=NOON_MS + 9, user_id="bob", user_attributes={"city": "Bonn"}),
    )

    assert [({"city": "Rome", "age": "30", "name": "Ann"},), ({"city": "Bonn"},)] == client.execute(
        "SELECT user_attributes FROM users ORDER BY user_id"
    )


def test_of_one_instant_the_later_arrival_describes_a_user(client: Client) -> None:
    """Profiles have no time of their own: those of one millisecond hold in the order in which they came."""
    store(
        client,
        *(
            event(str(n), raw_index=n, user_attributes={"city": city})
            for n, city in enumerate(("Rome", "Bonn"))
        ),
    )

    assert [({"city": "Bonn"},)] == client.execute("SELECT user_attributes FROM users")


def test_users_keep_every_address(client: Client) -> None:
    """E-mails, phones and languages add up, each once; the newest one is among the attributes, too."""
    told = [
        {"email": "z@x.org", "phone": "+1", "language": "en"},
        {"email": "a@x.org", "language": "de"},
        {"email": "z@x.org"},
        {"email": ""},
        {},
    ]
    store(
        client,
        *(
            event(str(n), kind="profile", direction="none", at=NOON_MS + n, user_attributes=one)
            for n, one in enumerate(told)
        ),
    )

    assert [(["a@x.org", "z@x.org"], ["+1"], ["de", "en"])] == client.execute(
        "SELECT emails, phones, languages FROM users"
    )


def test_who_is_only_told_of_was_never_active(client: Client) -> None:
    """A profile makes a user known, no more."""
    store(client, event("p", kind="profile", direction="none", user_attributes={"city": "Rome"}))

    assert [("ann", None, 0, 1)] == client.execute(
        "SELECT user_id, first_active_at, messages_in, events FROM users"
    )
    assert [(False,)] == client.execute("SELECT is_active FROM daily_users")


def test_a_transcript_has_messages_only(client: Client) -> None:
    """Who said what, without receipts."""
    store(
        client,
        event("1", text="hi"),
        event("2", text="hello", direction="out", at=NOON_MS + 1),
        event("3", kind="read"),
    )

    assert [("user", "hi"), ("bot", "hello")] == client.execute(
        "SELECT speaker, text FROM transcripts ORDER BY at"
    )


def test_counters_add_up_the_newest_parts(client: Client) -> None:
    """A number is the sum over partitions and days of receipt; of one part the higher stamp holds, not the last write."""
    cell = ("pizza", "events", "", "day", 1_716_768_000, "")
    batches = [
        CellBatch(0, 19870, 9, [(*cell, 40)]),
        CellBatch(0, 19870, 5, [(*cell, 30)]),
        CellBatch(0, 19871, 12, [(*cell, 2)]),
        CellBatch(1, 19870, 3, [(*cell, 100)]),
    ]
    for n, one in enumerate(batches):
        insert(client, counter_rows([one]), str(n))

    assert [(142,)] == client.execute(
        "SELECT value FROM counters WHERE bot_id = 'pizza' AND measure = 'events'"
    )


def test_counters_are_those_of_the_generation_that_is_shown(client: Client) -> None:
    """Of each bot as `bots` says last, of one nobody has told of yet those that came first; below are all of them."""
    names = {"pizza": 1, "pizza~1": 20, "pizza~2": 300, "pasta": 4, "new": 5, "new~1": 60}
    cells = [(name, "events", "", "day", 1_716_768_000, "", value) for name, value in names.items()]
    insert(client, counter_rows([CellBatch(0, 19870, 9, [*cells])]), "c")
    shown = []
    for pizza in (0, 2):
        client.execute("INSERT INTO bots (bot_id, generation) VALUES", [("pizza", pizza), ("pasta", 0)])
        shown.append(dict(client.execute("SELECT bot_id, value FROM counters WHERE measure = 'events'")))
    below = client.execute("SELECT bot_id, generation, value FROM counter_generations")

    assert [{"pizza": 1, "pasta": 4, "new": 5}, {"pizza": 300, "pasta": 4, "new": 5}] == shown
    assert {counted_as(bot, generation): value for bot, generation, value in below} == names


def test_counters_of_one_bot_are_found_by_the_key(client: Client) -> None:
    """A filter on the view reaches the primary key of the table beneath it."""
    insert(client, counter_rows([CellBatch(0, 1, 1, [("pizza", "events", "", "day", 0, "", 1)])]), "c")
    plan = "\n".join(
        line
        for (line,) in client.execute(
            "EXPLAIN indexes = 1 SELECT * FROM counters WHERE bot_id = 'pizza' AND measure = 'events' AND dim = ''"
            " AND window = 'day' AND start BETWEEN toDateTime('2024-01-01', 'UTC') AND toDateTime('2024-02-01', 'UTC')"
        )
    )
    keys = plan.partition("PrimaryKey")[2].partition("Condition")[0]

    assert ["bot_id", "measure", "dim", "window", "start"] == keys.split()[1:]


def test_a_dead_letter_is_seen_once(client: Client) -> None:
    """Written twice, read once; another fault of the same item is another one."""
    letter = DeadLetter("pizza", Reason.BAD_TIME, "no", "normalise", 0, 5, 1, NOON_MS, "{}", path="$.at")
    other = DeadLetter("pizza", Reason.BAD_VALUE, "no", "normalise", 0, 5, 1, NOON_MS, "{}", path="$.amount")
    for n in range(2):
        insert(client, dead_letter_rows([letter, other]), str(n))

    assert [("$.amount",), ("$.at",)] == client.execute("SELECT path FROM dead_letters ORDER BY path")


def test_an_event_hits_a_version_once(client: Client) -> None:
    """What came with the event and what back-fills found are one list, in which nothing stands twice."""
    store(client, event("m1", dashboards=["bought@2", "all@1"]), event("m2", user_id="bob"))
    hits = [
        ("bought@3", "m1", "ann"),
        ("bought@3", "m1", "ann"),
        ("bought@2", "m1", "ann"),
        ("bought@3", "m2", "bob"),
    ]
    client.execute(
        "INSERT INTO backfilled_hits (bot_id, dashboard, event_id, user_id, at, received_at) VALUES",
        [("pizza", *hit, NOON_MS, NOON_MS) for hit in hits],
    )
    found = client.execute(
        "SELECT dashboard, version, event_id, user_id FROM dashboard_hits ORDER BY dashboard, version, event_id"
    )

    assert [
        ("all", 1, "m1", "ann"),
        ("bought", 2, "m1", "ann"),
        ("bought", 3, "m1", "ann"),
        ("bought", 3, "m2", "bob"),
    ] == found


def test_the_richer_row_says_what_was_hit(client: Client) -> None:
    """As the counters do."""
    plain, rich = event("m1", dashboards=["plain@1"]), event("m1", intent="order", dashboards=["rich@1"])
    insert(client, event_rows([stream_record(1, [plain]), stream_record(2, [rich])]), "both")

    assert [("rich",)] == client.execute("SELECT dashboard FROM dashboard_hits")
