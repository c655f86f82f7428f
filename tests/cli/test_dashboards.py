"""`dashboards preview`, `backfill` and `users` on events that were counted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import System

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

RULE = "direction = in and text contains refund"


def answer(system: System, *words: str) -> Any:
    """Run a command that succeeds; return its JSON."""
    done = system.run(*words, "--json")
    assert 0 == done.code, done.err or done.out
    return done.answer


def test_tried_applied_back_and_looked_into(system: System) -> None:
    """The rule finds before it is kept what it counts after it was applied to what was before it."""
    bot = system.new_bot()
    for user, text in (("ada", "a refund"), ("ada", "refund now"), ("bo", "hello"), ("cy", "refund, please")):
        assert 0 == system.run("send", "--bot", bot, "--user", user, "--text", text).code
    system.wait()
    tried = answer(system, "dashboards", "preview", "--bot", bot, "--rule", RULE)
    dashboard = answer(system, "dashboards", "create", "--bot", bot, "--name", "Refunds", "--rule", RULE)[
        "id"
    ]
    before = answer(system, "dashboards", "users", dashboard)
    applied = answer(system, "dashboards", "backfill", dashboard)
    after = answer(system, "dashboards", "users", dashboard)

    assert (4, 3, 2) == (tried["events"], tried["hits"], tried["users"])
    assert {"a refund", "refund now", "refund, please"} == {one["text"] for one in tried["samples"]}
    assert [] == before
    assert (4, 3) == (applied["events"], applied["hits"])
    assert {"ada": 2, "cy": 1} == {one["user_id"]: one["hits"] for one in after}


def test_what_cannot_be_applied(system: System) -> None:
    """A dashboard that shows a measure has no rule; one that is not there is none."""
    bot = system.new_bot()
    shown = answer(system, "dashboards", "create", "--bot", bot, "--name", "Fresh", "--measure", "new_users")[
        "id"
    ]
    refused = [system.run("dashboards", "backfill", one, "--json") for one in (shown, "nodashboard")]

    assert [1, 1] == [one.code for one in refused]
    assert ["no_rule", "unknown_dashboard"] == [one.answer["error"]["code"] for one in refused]
