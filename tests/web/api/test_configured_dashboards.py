"""Dashboards over HTTP: rules in both forms, versions, history, trying them, and applying them to what was before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from app.adapters.backfill import BackFilled
from app.core.events import Reporting
from app.core.registry import Dashboard
from app.core.rules.text import read_text
from app.ports import Unavailable
from app.web.api import backfills
from app.web.api.backfills import BACKFILLS
from tests.waiting import eventually
from tests.web.api.brute import BOT, NOW_MS, Stocked
from tests.web.api.calls import Api, calling
from tests.web.api.stock import reading
from tests.web.site import tell

TEXT = 'direction = in and text ~ "refund|money back"'
RULE = {
    "all": [
        {"field": "direction", "value": "in"},
        {"field": "text", "op": "matches", "value": "refund|money back"},
    ]
}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """An API with the bots every site has."""
    async with calling() as api:
        yield api


async def made(api: Api, **body: Any) -> Any:
    """Create a dashboard."""
    return await api.good("POST", "bots/pizza/dashboards", {"name": "Refunds", "text": TEXT} | body)


@pytest.mark.parametrize("body", [{"text": TEXT}, {"rule": RULE}], ids=["text", "JSON"])
async def test_a_rule_in_either_form_is_answered_in_both(api: Api, body: Any) -> None:
    """And is there by its id and in the list."""
    created = await api.good("POST", "bots/pizza/dashboards", {"name": "Refunds", **body})
    shown = await api.get(f"bots/pizza/dashboards/{created['id']}")
    listed = (await api.get("bots/pizza/dashboards"))["dashboards"]

    assert (RULE, TEXT, 1) == (created["rule"], created["text"], created["version"])
    assert created == shown
    assert created in listed


async def test_a_measure_may_have_a_name_of_its_own(api: Api) -> None:
    """Without a rule."""
    created = await api.good("POST", "bots/pizza/dashboards", {"name": "Fresh", "measure": "new_users"})

    assert (None, "", "new_users") == (created["rule"], created["text"], created["measure"])


BAD: list[tuple[str, str, Any]] = [
    ("missing_field", "name", {"text": TEXT}),
    ("unknown_field", "query", {"name": "x", "query": TEXT}),
    ("bad_value", "rule", {"name": "x", "rule": "direction = in"}),
    ("bad_rule", "rule", {"name": "x"}),
    ("bad_rule", "rule", {"name": "x", "text": TEXT, "rule": RULE}),
    ("bad_rule", "text", {"name": "x", "text": "direction is in"}),
    ("bad_rule", "text", {"name": "x", "text": 'text ~ "("'}),
    ("bad_rule", "text", {"name": "x", "text": "direction = in and direction = out"}),
    ("bad_rule", "rule.all[1].value", {"name": "x", "rule": {"all": [RULE["all"][0], {"field": "text", "op": "matches", "value": "("}]}}),
    ("unknown_measure", "measure", {"name": "x", "measure": "nonsense"}),
    ("bad_name", "name", {"name": "", "text": TEXT}),
    ("name_taken", "name", {"name": "REFUNDS", "text": TEXT}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "field", "body"), BAD, ids=[f"{one[0]} {one[1]}" for one in BAD])
async def test_a_bad_dashboard_is_refused_with_the_field(api: Api, code: str, field: str, body: Any) -> None:
    """A pattern that is none, a rule that can never match, a name that is taken, fields nobody knows."""
    await made(api)
    there = len((await api.get("bots/pizza/dashboards"))["dashboards"])
    _, *said = await api.refused("POST", "bots/pizza/dashboards", body)

    assert [code, field] == said
    assert there == len((await api.get("bots/pizza/dashboards"))["dashboards"])


async def test_another_rule_is_a_new_version(api: Api) -> None:
    """The same rule, or another name, is not."""
    one = f"bots/pizza/dashboards/{(await made(api))['id']}"
    named = await api.good("PATCH", one, {"name": "Money", "text": TEXT})
    ruled = await api.good("PATCH", one, {"text": "direction = out", "why": "the other way round"})
    off = await api.good("PATCH", one, {"enabled": False})
    history = (await api.get(f"{one}/history"))["history"]

    assert [("Money", 1), ("Money", 2), ("Money", 2)] == [
        (each["name"], each["version"]) for each in (named, ruled, off)
    ]
    assert False is off["enabled"]
    assert ["dashboard_changed", "dashboard_changed", "dashboard_changed", "dashboard_created"] == [
        each["what"] for each in history
    ]
    assert ("the other way round", [1, 2]) == (history[1]["why"], history[1]["changed"]["version"])


async def test_a_removed_one_keeps_its_history(api: Api) -> None:
    """It is shown no more, its name is free, and who removed it can be asked."""
    one = f"bots/pizza/dashboards/{(await made(api))['id']}"
    await api.good("DELETE", f"{one}?why=unused")
    gone = await api.refused("GET", one)
    again = await made(api)
    history = (await api.get(f"{one}/history"))["history"]

    assert (404, "unknown_dashboard", "dashboard") == gone
    assert again["id"] not in one
    assert ("dashboard_removed", "unused") == (history[0]["what"], history[0]["why"])


async def test_another_bots_dashboard_is_none_of_this_one(api: Api) -> None:
    """By no address."""
    mine = (await made(api))["id"]
    for method, below, body in (("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("GET", "/history", None), ("GET", "/backfill", None), ("POST", "/backfill", None), ("GET", "/users", None), ("GET", "/events", None)):  # fmt: skip
        assert 404 == (await api.refused(method, f"bots/plain/dashboards/{mine}{below}", body))[0], below


async def test_the_schema_of_rules(api: Api) -> None:
    """Is there for programs."""
    assert "$defs" in str(await api.get("rules/schema")) or (await api.get("rules/schema"))["anyOf"]


@pytest.mark.clickhouse
async def test_a_rule_is_tried_on_the_newest_events(stocked: Stocked) -> None:
    """The numbers are those of the rule over the newest thousand, and samples match it."""
    text = "direction = in and kind = text"
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        asked = Api(api.site)
        newest = (await asked.get(f"bots/{BOT}/events?limit=1000"))["events"]
        found = await asked.good("POST", f"bots/{BOT}/dashboards/preview", {"text": text})
        bad = await asked.refused("POST", f"bots/{BOT}/dashboards/preview", {"text": "nonsense"})

    hits = [one for one in newest if (one["direction"], one["kind"]) == ("in", "text")]
    assert hits
    assert (text, len(newest), len(hits)) == (found["text"], found["events"], found["hits"])
    assert len({one["user_id"] for one in hits} - {""}) == found["users"]
    assert hits[:10] == found["samples"]
    assert (400, "bad_rule", "text") == bad


@pytest.mark.clickhouse
async def test_who_hit_a_dashboard_is_paged(stocked: Stocked) -> None:
    """Without hits both lists are empty; cursors that are none are refused."""
    async with reading(stocked.settings, Reporting(), NOW_MS, BOT) as api:
        await tell(api.site.registry, Dashboard("d1", BOT, "All", NOW_MS, read_text("direction = in")))  # type: ignore[arg-type]
        asked = Api(api.site)
        users = await asked.get(f"bots/{BOT}/dashboards/d1/users?from=2020-01-01&limit=2")
        events = await asked.get(f"bots/{BOT}/dashboards/d1/events?limit=2")
        bad = await asked.refused("GET", f"bots/{BOT}/dashboards/d1/users?cursor=nonsense")

    assert {"users": [], "next_cursor": None} == users
    assert {"events": [], "next_cursor": None} == events
    assert (400, "bad_cursor") == bad[:2]


@pytest.fixture
async def filling() -> AsyncIterator[Api]:
    """An API of a process that has a broker to write to, by name."""
    async with calling() as api:
        runs = api.site.app[BACKFILLS]
        runs._settings = runs._settings.model_copy(update={"kafka": "127.0.0.1:9"})
        yield api


async def state_of(api: Api, path: str, state: str) -> Any:
    """Return how far a run is, once it is in *state*."""

    async def look() -> Any:
        found = await api.get(path)
        return found if found["state"] == state else None

    return await eventually(look, what=state)


async def test_a_run_over_history_is_begun_and_watched(filling: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells how far it is, is not begun twice at a time, and says when it is done."""
    path = f"bots/pizza/dashboards/{(await made(filling))['id']}/backfill"
    may_end = asyncio.Event()

    async def run(*asked: Any) -> BackFilled:
        tell_of: Callable[[int, int], None] = asked[-1]
        tell_of(10, 3)
        await may_end.wait()
        return BackFilled(20, 5)

    monkeypatch.setattr(backfills, "apply_to_history", run)
    never = await filling.get(path)
    begun = await filling.good("POST", path)
    running = await state_of(filling, path, "running")
    again = await filling.refused("POST", path)
    may_end.set()
    done = await state_of(filling, path, "done")

    assert ("never", "waiting") == (never["state"], begun["state"])
    assert (10, 3) == (running["events"], running["hits"])
    assert (409, "running", "dashboard") == again
    assert (20, 5) == (done["events"], done["hits"])
    assert done["ended_at"] is not None


async def test_a_run_that_fails_says_why_and_may_be_begun_again(
    filling: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when ClickHouse is away."""
    path = f"bots/pizza/dashboards/{(await made(filling))['id']}/backfill"

    async def run(*_asked: Any) -> BackFilled:
        raise Unavailable("ClickHouse does not answer; try again.")

    monkeypatch.setattr(backfills, "apply_to_history", run)
    await filling.good("POST", path)
    failed = await state_of(filling, path, "failed")
    again = await filling.good("POST", path)

    assert "ClickHouse does not answer; try again." == failed["error"]
    assert "waiting" == again["state"]


async def test_a_measure_has_no_rule_to_apply(filling: Api) -> None:
    """All of history is in it."""
    created = await filling.good("POST", "bots/pizza/dashboards", {"name": "Fresh", "measure": "new_users"})

    assert (400, "no_rule", "dashboard") == await filling.refused(
        "POST", f"bots/pizza/dashboards/{created['id']}/backfill"
    )
