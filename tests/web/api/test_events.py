"""Lists of events, users and conversations: everything once, newest first, page by page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from app.adapters.clickhouse import connect
from app.core.events import Reporting
from tests.core.test_shard import BASE, DAY
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.events import NOON_MS, event
from tests.web.api import brute
from tests.web.api.brute import BOT, NOW_MS, Stocked
from tests.web.api.stock import Reading, reading, stock

pytestmark = pytest.mark.clickhouse


async def pages(api: Reading, path: str, name: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return what all pages hold together."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        status, answer = await api.get(f"/data/v1/bots/{BOT}/{path}", **parameters, **cursor)
        assert status == 200, answer
        found += answer[name]
        if answer["next_cursor"] is None:
            return found
        cursor = {"cursor": answer["next_cursor"]}


def identities(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return what tells events apart."""
    return [(event["user_id"], event["event_id"]) for event in events]


async def test_pages_hold_every_event_once_newest_first(stocked: Stocked) -> None:
    """Also where many events share an instant."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await pages(api, "events", "events", limit=37, from_="2023-11-01", to="2024-02-15")
    wanted = sorted(brute.own(), key=lambda event: (event.at, event.user_id, event.event_id), reverse=True)

    assert [(event.user_id, event.event_id) for event in wanted] == identities(found)


async def test_an_event_has_its_fields(stocked: Stocked) -> None:
    """As they are called in bot_events."""
    wanted = max(brute.own(), key=lambda event: (event.at, event.user_id, event.event_id))
    async with reading(stocked.settings, stocked.reporting, BASE + 90 * DAY, BOT) as api:
        _, answer = await api.get(f"/data/v1/bots/{BOT}/events", limit=1)
    (found,) = answer["events"]

    assert (wanted.text, wanted.kind, wanted.intent, wanted.amount) == (
        found["text"],
        found["kind"],
        found["intent"],
        found["amount"],
    )
    assert brute.local(wanted.at, Reporting("UTC")).isoformat(timespec="milliseconds") == found["at"].replace(
        "Z", "+00:00"
    )


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"user": "u1"}, "user_id"), ({"kind": "image"}, "kind"), ({"direction": "out"}, "direction")],
)
async def test_filters_keep_what_they_name(stocked: Stocked, asked: dict[str, str], field: str) -> None:
    """All of it and nothing else."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await pages(api, "events", "events", limit=500, from_="2023-11-01", to="2024-02-15", **asked)
    (value,) = asked.values()
    wanted = {(event.user_id, event.event_id) for event in brute.own() if getattr(event, field) == value}

    assert wanted == set(identities(found))


async def test_old_events_are_found_without_a_range(stocked: Stocked) -> None:
    """Newest first reaches back as far as there is something, also years later."""
    async with reading(stocked.settings, stocked.reporting, BASE + 4000 * DAY, BOT) as api:
        found = await pages(api, "events", "events", limit=400)

    assert len(brute.own()) == len(found)


async def test_users_are_everybody_once(stocked: Stocked) -> None:
    """Seen last first, with their own counts; events that name nobody make no user."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        found = await pages(api, "users", "users", limit=7)
    events = [event for event in brute.own() if event.user_id]

    assert {event.user_id for event in events} == {user["user_id"] for user in found}
    assert len(events) == sum(user["events"] for user in found)
    assert sorted((user["last_at"] for user in found), reverse=True) == [user["last_at"] for user in found]


async def test_a_user_comes_with_recent_events(stocked: Stocked) -> None:
    """Summary and transcript in one answer; somebody unknown is not found."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        _, found = await api.get(f"/data/v1/bots/{BOT}/users/u1", limit=5)
        status, _ = await api.get(f"/data/v1/bots/{BOT}/users/nobody%2Fhere")

    assert "u1" == found["user_id"]
    assert {"u1"} == {event["user_id"] for event in found["recent"]}
    assert 404 == status


async def test_ids_with_braces_and_slashes(engine: EngineServer) -> None:
    """GUIDs are often written so; a user and a conversation are found under them."""
    settings = fresh_database(engine)
    odd = ("{8f1c}", "a/b", "a%2Fb")
    with connect(settings) as client:
        stock(client, [event(one, at=NOON_MS, user_id=one, conversation_id=one) for one in odd])
    async with reading(settings, Reporting(), NOON_MS + DAY) as api:
        paths = [
            f"/data/v1/bots/pizza/{what}/{quote(one, safe='')}"
            for one in odd
            for what in ("users", "conversations")
        ]
        statuses = [(await api.get(path))[0] for path in paths]

    assert [200] * 6 == statuses


async def test_users_come_with_what_is_known_of_them(engine: EngineServer) -> None:
    """In the list and alone: attributes merged from all events, every e-mail address."""
    settings = fresh_database(engine)
    told = [{"email": "b@x.org", "city": "Oslo"}, {"email": "a@x.org"}, {"city": "Rome"}]
    events = [event(str(n), at=NOON_MS + n, user_attributes=one) for n, one in enumerate(told)]
    with connect(settings) as client:
        stock(client, [*events, event("other", user_id="bob")])
    async with reading(settings, Reporting(), NOON_MS + DAY) as api:
        _, page = await api.get("/data/v1/bots/pizza/users")
        _, ann = await api.get("/data/v1/bots/pizza/users/ann")
    known = {
        "user_attributes": {"email": "a@x.org", "city": "Rome"},
        "emails": ["a@x.org", "b@x.org"],
        "phones": [],
        "languages": [],
    }

    assert known == {name: ann[name] for name in known}
    assert [("ann", known["user_attributes"]), ("bob", {})] == [
        (user["user_id"], user["user_attributes"]) for user in page["users"]
    ]


@pytest.mark.parametrize("cursor", ["x", "!!!!", "bnVsbA", "W10", "é"])
async def test_a_foreign_cursor_is_refused(stocked: Stocked, cursor: str) -> None:
    """With 400."""
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        for path in ("events", "users"):
            status, _ = await api.get(f"/data/v1/bots/{BOT}/{path}", cursor=cursor)

            assert 400 == status
