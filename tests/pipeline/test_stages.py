"""Real broker, real processes: what comes out equals what went in, whatever is killed in between."""

from __future__ import annotations

import random
import signal
import threading
import time

import pytest

from app.adapters.topics import DEAD_LETTERS, RAW_EVENTS
from tests.core.oracle import expected
from tests.pipeline.rig import Rig
from tests.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.long]

BASE_MS = 1_700_000_000_000
DAY_MS = 86_400_000


def item(n: int) -> dict[str, object]:
    """Return the n-th item of a fixed world of 200 users over 40 days."""
    rng = random.Random(n)
    return {
        "id": f"m{n}",
        "user": f"u{rng.randrange(200)}",
        "at": BASE_MS + rng.randrange(40 * DAY_MS),
        "direction": rng.choice(["in", "out"]),
        "type": rng.choice(["message", "message", "message", "signup"]),
        "intent": rng.choice(["buy", "NotHandled", "greet"]),
        "text": "hello",
    }


def feed(own: Rig, first: int, end: int) -> None:
    """Send items, every twentieth twice, some late repeats among them."""
    rng = random.Random(first)
    numbers = [n for n in range(first, end) for _ in range(2 if n % 20 == 0 else 1)]
    numbers += [rng.randrange(end) for _ in range((end - first) // 20)]
    own.send([item(n) for n in numbers], received_at=BASE_MS + 41 * DAY_MS, size=25)


def assert_exact(own: Rig, items: int) -> None:
    """Everything sent was normalised once or repeated, and every number equals brute force."""
    events = list(own.bot_events())

    assert {f"m{n}" for n in range(items)} == {
        event.message_id or event.event_id.split(":")[-1] for event in events
    }
    assert expected(events) == own.numbers()


def test_every_number_is_exact_without_faults(stages: Rig) -> None:
    """Twenty thousand events with repeats through both stages: every cell as counted by hand."""
    stages.start("normalise")
    stages.start("track")
    feed(stages, 0, 5_000)
    stages.wait_until_done()

    assert_exact(stages, 5_000)


def test_every_number_is_exact_after_sigkills(stages: Rig) -> None:
    """Both stages die by SIGKILL again and again while events flow; nothing is lost, nothing counted twice."""
    rng = random.Random(7)
    stages.start("normalise")
    stages.start("track")
    feeder = threading.Thread(target=lambda: [feed(stages, n, n + 500) for n in range(0, 10_000, 500)])
    feeder.start()
    for _ in range(5):
        until(lambda: stages.is_ready("track") and stages.is_ready("normalise"), 60, 0.1)
        time.sleep(rng.uniform(0, 0.4))  # the moment of death is what is varied here
        stage = rng.choice(["normalise", "track", "track"])
        stages.kill(stage)
        stages.start(stage)
    feeder.join()
    stages.wait_until_done()

    assert_exact(stages, 10_000)


def test_workers_that_join_and_leave_change_nothing(stages: Rig) -> None:
    """A second worker of each stage joins, works and leaves by SIGTERM and SIGKILL; partitions move, numbers stay."""
    for stage in ("normalise", "track"):
        stages.start(stage)
    feed(stages, 0, 2_000)
    for stage in ("normalise", "track"):
        stages.start(stage, "2")
    until(lambda: stages.is_ready("track", "2") and stages.is_ready("normalise", "2"), 60, 0.1)
    feed(stages, 2_000, 4_000)

    assert stages.kill("track", "2", signal.SIGTERM) == 0

    feed(stages, 4_000, 6_000)
    stages.kill("normalise", "2")
    feed(stages, 6_000, 8_000)
    stages.wait_until_done()

    assert_exact(stages, 8_000)


def test_a_worker_frozen_past_its_session_spoils_nothing(stages: Rig) -> None:
    """SIGSTOP outlasts the session, another worker takes over, the frozen one wakes and writes late."""
    stages.start("normalise")
    stages.start("track")
    stages.start("track", "2")
    until(lambda: stages.is_ready("track") and stages.is_ready("track", "2"), 60, 0.1)
    feed(stages, 0, 2_000)
    stages.processes["track", "1"].send_signal(signal.SIGSTOP)
    feed(stages, 2_000, 4_000)
    stages.wait_until_done()
    stages.processes["track", "1"].send_signal(signal.SIGCONT)
    feed(stages, 4_000, 6_000)
    stages.wait_until_done()

    assert_exact(stages, 6_000)


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
def test_poison_costs_itself_only(stages: Rig, place: int) -> None:
    """A line that is no delivery, anywhere in an envelope, is one dead letter; its neighbours count."""
    good = [
        b'{"bot":"b1","way":"native","received_at":%d,"items":[{"user":"u","id":"m%d","at":%d}]}'
        % (BASE_MS, n, BASE_MS)
        for n in range(2)
    ]
    lines = [*good[:place], b"\xff{poison", *good[place:]]
    stages.send_raw(b"\n".join(lines))
    stages.start("normalise")
    stages.start("track")
    until(lambda: stages.lag("botpulse-normalise", RAW_EVENTS) == 0, 60, 0.1)
    stages.wait_until_done()

    assert 2 == len(list(stages.bot_events()))
    assert 1 == len(stages.records(DEAD_LETTERS))


def test_sigterm_writes_what_was_read(stages: Rig) -> None:
    """After SIGTERM nothing that was confirmed is missing and the exit code is 0."""
    stages.start("normalise")
    stages.start("track")
    feed(stages, 0, 1_000)
    until(lambda: stages.is_ready("track"), 60, 0.1)

    assert 0 == stages.kill("track", number=signal.SIGTERM)
    assert 0 == stages.kill("normalise", number=signal.SIGTERM)

    stages.start("normalise")
    stages.start("track")
    stages.wait_until_done()

    assert_exact(stages, 1_000)
