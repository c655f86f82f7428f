"""A dashboard made while events flow: from then on they carry it, in every worker, and so do the counters."""

from __future__ import annotations

import pytest

from app.adapters.heartbeat import HEARTBEATS, read_beat
from app.adapters.registry import load, transact
from app.core.dashboards.settling import READ_TO
from app.core.registry import Bot, Dashboard, Subject
from app.core.rules.language import Rule
from tests.core.oracle import expected
from tests.pipeline.rig import Rig
from tests.waiting import until

pytestmark = pytest.mark.kafka

BASE_MS = 1_700_000_000_000


def tell(own: Rig, *subjects: Subject) -> None:
    """Write to the registry."""
    transact(own.settings.kafka, lambda state: [state.fact("told", one) for one in subjects], "test")


def dashboard(version: int, text: str) -> Dashboard:
    """Return a version of the one dashboard."""
    return Dashboard("d", "b1", "D", 0, Rule(field="text", op="contains", value=text), version=version)


def say(own: Rig, first: int) -> None:
    """Send forty messages of as many users, so that every worker has some."""
    items = [
        {"id": f"m{first + n}", "user": f"u{n}", "text": "salami" if n % 2 else "tuna"} for n in range(40)
    ]
    own.send(items, received_at=BASE_MS, size=1)


def heard(own: Rig, first: int) -> set[tuple[str, tuple[str, ...]]]:
    """Return what the messages sent from *first* on say and hit."""
    ids = {f"m{first + n}" for n in range(40)}
    return {(one.text, tuple(one.dashboards)) for one in own.bot_events() if one.message_id in ids}


def workers_that_know(own: Rig) -> set[str]:
    """Return the normalisers that have said that they know the whole registry, and have passed on all before."""
    read_to = load(own.settings.kafka).read_to
    beats = map(read_beat, own.records(HEARTBEATS))
    return {one.instance for one in beats if one.stage == "normalise" and one.figures[READ_TO] >= read_to}


def test_each_event_is_counted_by_the_rule_of_its_time(stages: Rig) -> None:
    """The rule is there before the first record, a new one soon after it is made, also where a worker dies."""
    tell(stages, Bot("b1", "B1", "generic", 0), dashboard(1, "salami"))
    say(stages, 0)
    for instance in ("1", "2"):
        stages.start("normalise", instance)
    stages.start("track")
    stages.wait_until_done()
    tell(stages, dashboard(2, "tuna"))
    until(lambda: workers_that_know(stages) == {"1", "2"}, 60, 0.3, "the new rule to be live in every worker")
    say(stages, 1000)
    stages.kill("normalise")
    stages.start("normalise")
    say(stages, 2000)
    stages.wait_until_done()

    assert {("salami", ("d@1",)), ("tuna", ())} == heard(stages, 0)
    assert {("salami", ()), ("tuna", ("d@2",))} == heard(stages, 1000) == heard(stages, 2000)
    assert expected(stages.bot_events()) == stages.numbers()
