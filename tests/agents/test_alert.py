"""The alert stage on a real broker: fires in time, once, and whatever is killed."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator

import pytest

from app.adapters.topics import ALERT_STATE
from app.crash import CRASHED
from tests.agents.alert_rig import AlertRig, alert_rig, much
from tests.broker import own_broker
from tests.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.long]


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlertRig]:
    """A rig on a broker of its own, without ClickHouse."""
    folder = tmp_path_factory.mktemp("alerts")
    with own_broker(folder / "kafka") as bootstrap, alert_rig(bootstrap, folder / "home") as own:
        yield own


def test_fires_and_resolves(rig: AlertRig) -> None:
    """A count above its threshold is told, with the number; back below it, the end is told."""
    rig.define(much())
    rig.start("alert")
    rig.await_ready()
    rig.count(6)
    [firing] = until(rig.told, 60, what="the firing")
    rig.count(3)
    until(lambda: len(rig.told()) > 1, 60, what="the end of it")

    assert ("a1-1-firing", 6) == (firing.id, firing.value)
    assert ["a1-1-firing", "a1-1-resolved"] == rig.ids()


def test_a_new_alert_is_live_at_once(rig: AlertRig) -> None:
    """What is counted right after an alert was made is seen by it."""
    rig.define(much(id="other", name="Other", threshold=99))
    rig.start("alert")
    rig.await_ready()
    rig.define(much())
    seen = until(lambda: rig.count(6) or rig.told(), 60, 0.3, "the firing")

    assert ["a1-1-firing"] == [one.id for one in seen]


@pytest.mark.parametrize("seed", range(2))
def test_fires_once_whatever_is_killed(rig: AlertRig, seed: int) -> None:
    """SIGKILL at any moment: what is told, repeats left out, is what one that was never killed would tell."""
    rng = random.Random(seed)
    rig.define(much())
    rig.start("alert")
    for episode in range(1, 6):
        rig.await_ready()
        rig.count(6 + episode)
        time.sleep(rng.uniform(0, 0.3))  # the moment of death is what is varied here
        rig.kill("alert")
        rig.start("alert")
        until(lambda n=episode: f"a1-{n}-firing" in rig.ids(), 60, what="the firing")
        rig.count(0)
        until(lambda n=episode: f"a1-{n}-resolved" in rig.ids(), 60, what="the end of it")
    expected = [f"a1-{n}-{kind}" for n in range(1, 6) for kind in ("firing", "resolved")]

    assert expected == rig.ids()


def test_old_minutes_leave_the_changelog(rig: AlertRig) -> None:
    """When an alert is removed, what it watched is deleted, in the log as well."""
    rig.define(much())
    rig.start("alert")
    rig.await_ready()
    rig.count(6)
    until(lambda: any(key.startswith(b"m|") for key in rig.keys(ALERT_STATE)), 60, what="the minute")
    rig.define(much(enabled=False, removed_at=1))

    until(lambda: {b"a|a1"} == rig.keys(ALERT_STATE), 60, what="nothing but the state to be left")
    assert ["a1-1-firing", "a1-1-resolved"] == rig.ids()


def test_a_worker_that_was_frozen_ends_itself(rig: AlertRig) -> None:
    """SIGSTOP outlasts the session and another worker takes over; the frozen one wakes, judges nothing, and ends."""
    rig.define(much())
    for instance in ("1", "2"):
        rig.start("alert", instance)
    until(lambda: rig.is_ready("alert") and rig.is_ready("alert", "2"), 60, 0.1, "both to be ready")
    frozen = rig.processes["alert", "1"]
    frozen.send_signal(signal.SIGSTOP)
    rig.count(6)
    until(rig.told, 60, 0.2, what="the firing")
    until(lambda: rig.has_everything("2"), 60, 0.2, "the other to have everything")
    frozen.send_signal(signal.SIGCONT)

    assert CRASHED == frozen.wait(60)
    rig.count(0)
    until(lambda: len(rig.ids()) > 1, 60, 0.2, what="the end of it")
    assert ["a1-1-firing", "a1-1-resolved"] == rig.ids()
