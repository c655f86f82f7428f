"""What is behind the number of a dashboard: a rule tried out, users, events; page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from app.adapters.clickhouse import connect, insert
from app.adapters.dashboards import PREVIEWED, HitUser, events_of, preview, users_of
from app.adapters.reader import Reader
from app.core.events import BotEvent
from app.core.registry import Dashboard
from app.core.rows import event_rows
from app.core.rules.language import Rule
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.events import NOON_MS, event, stream_record

pytestmark = pytest.mark.clickhouse

EVEN = Rule(field="text", op="matches", value="^even")
MINUTE_MS = 60_000


def world() -> list[BotEvent]:
    """Return 1,500 events, one a minute; the later 1,000 carry what they hit."""
    found = []
    for n in range(1500):
        text = "even" if n % 2 == 0 else "odd"
        hits = ["even@2"] if n >= 500 and text == "even" else ["even@1"] if text == "odd" and n < 100 else []
        user = f"u{n % 7}" if n % 11 else ""
        found.append(event(f"e{n}", user_id=user, at=NOON_MS + n * MINUTE_MS, text=text, dashboards=hits))

    return found


WORLD = world()
DASHBOARD = Dashboard("even", "pizza", "Even", 0, EVEN, version=2, counted_from=2)
HITS = [one for one in reversed(WORLD) if one.dashboards == ["even@2"]]


@pytest.fixture(scope="module")
def reader(engine: EngineServer) -> Iterator[Reader]:
    """The world, beside another bot's."""
    settings = fresh_database(engine, event_retention_days=20_000)
    other = [event("x", bot_id="pasta", text="even", dashboards=["even@2"])]
    with connect(settings) as client:
        insert(client, event_rows([stream_record(0, WORLD), stream_record(1, other)]), "")
        found = Reader(settings)
        yield found
        found.close()
        client.execute(f"DROP DATABASE `{client.connection.database}` SYNC")


async def test_a_rule_is_tried_on_the_newest_thousand(reader: Reader) -> None:
    """How many match, of how many users, and the newest of them."""
    newest = WORLD[-PREVIEWED:]
    matching = [one for one in reversed(newest) if one.text == "even"]
    found = await preview(reader, "pizza", EVEN, NOON_MS + 2000 * MINUTE_MS)

    assert (PREVIEWED, len(matching)) == (found.events, found.hits)
    assert len({one.user_id for one in matching} - {""}) == found.users
    assert [one.event_id for one in matching[:10]] == [row[0] for row in found.samples]


async def test_a_bot_without_events_has_nothing_to_try_a_rule_on(reader: Reader) -> None:
    """Nothing matches, then."""
    assert (0, 0, 0, []) == await preview(reader, "nobody", EVEN, NOON_MS)


async def test_users_page_by_page(reader: Reader) -> None:
    """Everybody whose events count, with how many, those seen last first; each on one page."""
    wanted = Counter(one.user_id for one in HITS if one.user_id)
    last = {one.user_id: one.at for one in reversed(HITS)}
    found: list[HitUser] = []
    cursor = None
    for _ in range(9):
        page, cursor = await users_of(reader, DASHBOARD, 3, cursor)
        found += page
        if cursor is None:
            break

    assert [
        HitUser(user, wanted[user], last[user]) for user in sorted(wanted, key=lambda one: -last[one])
    ] == found


async def test_events_page_by_page(reader: Reader) -> None:
    """Every event that counts, the newest first, as the list of events shows it."""
    found = []
    cursor = None
    for _ in range(9):
        page, cursor = await events_of(reader, DASHBOARD, 150, cursor)
        found += page
        if cursor is None:
            break

    assert [(one.event_id, one.user_id, one.at) for one in HITS] == [row[:3] for row in found]


async def test_a_span_of_time(reader: Reader) -> None:
    """From its first instant on, before its last."""
    first, end = HITS[30].at, HITS[10].at
    events, _ = await events_of(reader, DASHBOARD, 100, None, first, end)
    users, _ = await users_of(reader, DASHBOARD, 100, None, first, end)
    wanted = HITS[11:31]

    assert [one.event_id for one in wanted] == [row[0] for row in events]
    assert Counter(one.user_id for one in wanted if one.user_id) == {one.user_id: one.hits for one in users}


async def test_versions_before_do_not_count(reader: Reader) -> None:
    """Unless the dashboard says so."""
    earlier = Dashboard("even", "pizza", "Even", 0, EVEN, version=2, counted_from=1)
    events, _ = await events_of(reader, earlier, 1500)

    assert sum(bool(one.dashboards) for one in WORLD) == len(events)
