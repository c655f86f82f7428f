"""A bot's time zone changes while events stream in and everything is killed: no number is ever half, and then all are exact."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest

from app.adapters.clickhouse import connect
from app.adapters.topics import TRACK_STATE
from app.config import Settings
from app.core.entries import bot_of, name_in
from app.core.generations import counted_as
from app.local.running import attached
from tests.chaos.test_chaos import hit
from tests.chaos.test_removal import settled, standing
from tests.stack import Stack, running_stack
from tests.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.long]

EVENTS = 12_000
AT = 1_700_000_000_000
STEP_MS = 97_000
ZONE = "Asia/Kathmandu"


@pytest.fixture
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack for killing."""
    with running_stack(tmp_path_factory.mktemp("recount") / "home", "--no-demo") as own:
        yield own


class Speaker:
    """Sends messages without a pause, each again until it is accepted; `times` are those of all that were."""

    def __init__(self, stack: Stack, key: str, first: int) -> None:
        self._stack, self._key, self._n = stack, key, first
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.times: list[int] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            items = [item(n) for n in range(self._n, self._n + 20)]
            if self._is_taken(items):
                self.times += [one["at"] for one in items]
                self._n += 20
            self._over.wait(0.1)  # a stream, no flood: what has to wait for it is to come to an end

    def _is_taken(self, items: list[dict[str, Any]]) -> bool:
        try:
            return self._stack.call("POST", "/v1/events", self._key, items)[0] == 200
        except OSError:  # the web process was killed
            return self._over.wait(0.2)


def item(n: int) -> dict[str, Any]:
    """Return a message with an id, so that sending it again counts once."""
    return {"id": f"m{n}", "user": f"u{n % 311}", "at": AT + n * STEP_MS, "intent": f"i{n % 5}", "text": "x"}


def by_day(times: list[int], zone: str) -> dict[str, int]:
    """Count by local day, the slow way."""
    return dict(
        Counter(
            datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone)).date().isoformat()
            for at in times
        )
    )


def shown(stack: Stack, bot: dict[str, Any], measure: str = "events") -> tuple[str, dict[str, int]]:
    """Return zone and days of a series as the API has them."""
    found = stack.get(
        f"/data/v1/bots/{bot['bot']}/series?measure={measure}&window=day&from=2023-11-10&to=2024-02-10",
        bot["read_key"],
    )

    return found["zone"], {point["start"]: point["value"] for point in found["points"] if point["value"]}


def recounted(stack: Stack, bot: dict[str, Any]) -> Any:
    """Return the bot once nothing of it is counted anew; None till then."""
    found = stack.get(f"/data/v1/bots/{bot['bot']}", bot["read_key"])

    return found if found["recounting"] is None else None


def test_the_old_numbers_stay_until_the_new_ones_are_whole(own_stack: Stack) -> None:
    """Web, track, normalise, store killed on the way; every answer is one zone's or the other's, whole; the audit finds nothing."""
    bot = own_stack.run("bots", "create", "--name", "moves", "--platform", "generic")
    admin = own_stack.run("keys", "create", "--scope", "admin")["key"]
    for first in range(0, EVENTS, 1000):
        assert (
            200
            == own_stack.call(
                "POST", "/v1/events", bot["ingest_key"], [item(n) for n in range(first, first + 1000)]
            )[0]
        )
    settled(own_stack, admin)
    times = [item(n)["at"] for n in range(EVENTS)]
    before = by_day(times, "UTC")
    assert ("UTC", before) == shown(own_stack, bot)

    with Speaker(own_stack, bot["ingest_key"], EVENTS) as speaker:
        answer = own_stack.call(
            "PATCH", f"/data/v1/bots/{bot['bot']}", admin, {"time_zone": ZONE, "session_gap_s": 300}
        )
        assert (200, "UTC", ZONE) == (answer[0], answer[1]["time_zone"], answer[1]["recounting"]["time_zone"])
        for part in ("web", "track", "store", "normalise", "web"):
            hit(own_stack, part, signal.SIGKILL)
            until(own_stack.is_ready, 180, 0.2, "every part to be back")
            assert_whole(shown(own_stack, bot), before)
        until(lambda: recounted(own_stack, bot), 180, 0.2, "the bot to be recounted")
        assert_whole(shown(own_stack, bot), before)
    settled(own_stack, admin)
    times += speaker.times

    assert (ZONE, by_day(times, ZONE)) == shown(own_stack, bot)
    assert [] == own_stack.run("audit", "--bot", bot["bot"])["differences"]
    assert_only_one_generation(own_stack, bot)

    own_stack.run("replay", "--yes")
    settled(own_stack, admin)

    assert (ZONE, by_day(times, ZONE)) == shown(own_stack, bot)
    assert [] == own_stack.run("audit", "--bot", bot["bot"])["differences"]


def assert_whole(found: tuple[str, dict[str, int]], before: dict[str, int]) -> None:
    """What was there before is there, in one of the two zones; days are only added to at their end."""
    zone, days = found
    own = before if zone == "UTC" else by_day([item(n)["at"] for n in range(EVENTS)], zone)
    last = max(own)

    assert {day: n for day, n in own.items() if day < last} == {
        day: n for day, n in days.items() if day < last
    }
    assert own[last] <= days[last]


def assert_only_one_generation(stack: Stack, bot: dict[str, Any]) -> None:
    """The generation that was shown before, and those of processes that were killed, have left tables and state."""
    settings = attached(Settings(home=stack.home))

    def in_tables() -> set[int]:
        with connect(settings) as client:
            return {one for (one,) in client.execute("SELECT DISTINCT generation FROM counter_parts")}

    [generation] = until(lambda: len(found := in_tables()) == 1 and found, 60, 0.5, "the others to leave")
    name = counted_as(bot["bot"], generation).encode()
    own = {name_in(key) for _, key in standing(settings, TRACK_STATE) if bot_of(key) == bot["bot"].encode()}
    assert generation > 0
    assert {name, bot["bot"].encode()} == own
    assert [b"g"] == [
        key[:1]
        for partition, key in standing(settings, TRACK_STATE)
        if not partition and name_in(key) == bot["bot"].encode()
    ]
