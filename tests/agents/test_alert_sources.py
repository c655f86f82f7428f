"""Alerts on what is not in the stream: what was before them, what only ClickHouse knows, and silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from app.adapters.clickhouse import connect
from app.adapters.topics import BOT_EVENTS, DEAD_LETTERS
from app.core.events import EventBatch, encode_batches
from app.core.outcome import DeadLetter, Reason
from app.core.registry import Alert, Condition, Dashboard
from app.core.rules.language import Rule
from tests.agents.alert_rig import AlertRig, alert_rig, much, now_ms
from tests.broker import own_broker
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.events import event
from tests.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, engine: EngineServer) -> Iterator[AlertRig]:
    """All stages, running; every test has a bot of its own."""
    folder = tmp_path_factory.mktemp("alert-sources")
    database = fresh_database(engine)
    with (
        own_broker(folder / "kafka") as bootstrap,
        alert_rig(
            bootstrap,
            folder / "home",
            clickhouse=database.clickhouse,
            clickhouse_password_file=database.clickhouse_password_file,
        ) as own,
    ):
        for stage in ("normalise", "track", "store", "alert"):
            own.start(stage)
        own.await_ready()
        yield own


def watching(
    bot: str, measure: str, op: str, threshold: float, against: str = "before", **fields: Any
) -> Alert:
    """Return an alert of *bot*, named like it."""
    condition = Condition(op, threshold, against)  # type: ignore[arg-type]
    return much(id=bot, bot=bot, measure=measure, condition=condition, **fields)


def test_what_was_counted_before_the_alert_was_there(rig: AlertRig) -> None:
    """An alert on the last hour sees what was said half an hour before it was made."""
    rig.count(6, 30, bot="before")
    until(lambda: stored(rig, "counter_parts", "before"), 30, what="the value to be stored")
    rig.define(watching("before", "messages_in", "above", 5))

    assert 6 == rig.firing("before").value


def test_against_yesterday(rig: AlertRig) -> None:
    """Six where there were two at this time yesterday are 200 % more."""
    rig.count(2, 1440, bot="yesterday")
    until(lambda: stored(rig, "counter_parts", "yesterday"), 30, what="the value to be stored")
    rig.define(watching("yesterday", "messages_in", "rises_by", 150, "day"))
    rig.count(6, bot="yesterday")
    firing = rig.firing("yesterday")

    assert (6, 2, 200) == (firing.value, firing.base, firing.change)


def test_silence(rig: AlertRig) -> None:
    """Nobody says anything: an alert on fewer than one message fires without any event."""
    rig.define(watching("silence", "messages_in", "below", 1, window_s=60))

    assert 0 == rig.firing("silence").value


def test_a_new_reason_for_errors(rig: AlertRig) -> None:
    """An item refused for a reason that was never there before is seen."""
    rig.define(watching("errors", "new_error_reasons", "above", 0))
    letter = DeadLetter("errors", Reason.BAD_TIME, "no time", "normalise", 0, 5, 1, now_ms(), "{}")
    rig.put(DEAD_LETTERS, msgspec.json.encode(letter))

    assert 1 == rig.firing("errors").value


def test_users_of_a_dashboard(rig: AlertRig) -> None:
    """Two users who matched the rule, one of them twice, are two."""
    dashboard = Dashboard("refunds", "users", "Refunds", 0, rule=Rule(field="kind", value="text"))
    rig.define(dashboard, watching("users", "dashboard_users:refunds", "above", 1))
    said = [
        event(f"e{n}", bot_id="users", user_id=user, at=now_ms(), dashboards=["refunds@1"])
        for n, user in enumerate(["ann", "bob", "ann"])
    ]
    rig.put(BOT_EVENTS, encode_batches([EventBatch(0, 1, now_ms(), said)]))

    assert 2 == rig.firing("users").value


def test_time_to_answer(rig: AlertRig) -> None:
    """Who had to wait for ten seconds waited longer than five."""
    rig.define(watching("slow", "response_seconds_p50", "above", 5))
    talk = [
        event(name, bot_id="slow", user_id="ann", at=now_ms() - ago_ms, direction=direction)
        for name, ago_ms, direction in (("q", 20_000, "in"), ("a", 10_000, "out"))
    ]
    rig.put(BOT_EVENTS, encode_batches([EventBatch(0, 2, now_ms(), talk)]))

    assert 10 == rig.firing("slow").value


def stored(rig: AlertRig, table: str, bot: str) -> bool:
    """Tell whether the store has something of *bot*."""
    with connect(rig.settings) as client:
        return bool(client.execute(f"SELECT count() FROM {table} WHERE bot_id = %(bot)s", {"bot": bot})[0][0])


def test_what_was_told_is_in_clickhouse(rig: AlertRig) -> None:
    """The view has each transition once."""
    rig.define(watching("sql", "messages_in", "above", 5))
    rig.count(6, bot="sql")
    rig.firing("sql")
    until(lambda: stored(rig, "alerts", "sql"), 30, what="the firing to be stored")
    with connect(rig.settings) as client:
        rows = client.execute("SELECT alert_id, episode, type, value, op FROM alerts WHERE bot_id = 'sql'")

    assert [("sql", 1, "firing", 6, "above")] == rows
