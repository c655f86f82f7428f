"""The demo's traffic is believable, and the same for the same seed."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from random import Random

import orjson
import pytest

from app.core.calendar import DAY_MS, HOUR_MS
from app.core.outcome import Rejection
from app.core.redact import prepare
from app.demo.scripts import GREETING, HUMAN, LOST, WISHES
from app.demo.traffic import Item, Live, dialogue, history, newcomers, recent

END = 20_000 * DAY_MS + 15 * HOUR_MS
FIRST_DAY = 20_000 - 45


@pytest.fixture(scope="module")
def past() -> list[Item]:
    """Everything said in 45 days."""
    return list(history(1, END))


def test_history_has_about_sixty_thousand_messages(past: list[Item]) -> None:
    """As much as can be imported within moments, and enough for every page."""
    assert 50_000 < len(past) < 75_000


def test_history_ends_where_the_present_begins(past: list[Item]) -> None:
    """Nothing lies in the future, or further back than asked for."""
    assert all(END - 45 * DAY_MS <= item["at"] < END for item in past)


def test_same_seed_same_history(past: list[Item]) -> None:
    """An interrupted import can go on: the history is made again as it was."""
    assert past == list(history(1, END))


def test_other_seed_other_history(past: list[Item]) -> None:
    """A seed matters."""
    assert past[:100] != list(history(2, END))[:100]


def test_every_message_has_an_id_of_its_own(past: list[Item]) -> None:
    """Sending one again is recognised, and no two are taken for one."""
    assert len(past) == len({item["id"] for item in past})


def test_every_message_is_taken(past: list[Item]) -> None:
    """Whatever is made up, `POST /v1/events` accepts."""
    refused = [
        item
        for item in past[:5000]
        if isinstance(prepare("native", "generic", orjson.dumps(item)), Rejection)
    ]

    assert [] == refused


def test_people_come_back_less_and_less(past: list[Item]) -> None:
    """Of those who came on a day, more are there after one day than after twenty, and some still are."""
    days: dict[str, set[int]] = defaultdict(set)
    for item in past:
        days[item["user"]].add(item["at"] // DAY_MS)
    firsts = [(min(active), active) for active in days.values() if min(active) < 20_000 - 21]
    after = [sum(first + n in active for first, active in firsts) / len(firsts) for n in (1, 7, 20)]

    assert 0.5 > after[0] > after[1] > after[2] > 0.02


def test_days_are_louder_than_nights(past: list[Item]) -> None:
    """Afternoons have several times the messages of small hours."""
    hours = Counter(item["at"] % DAY_MS // HOUR_MS for item in past)

    assert hours[15] > 4 * hours[3]


def test_a_few_per_cent_are_not_understood(past: list[Item]) -> None:
    """About six of a hundred incoming messages carry NotHandled."""
    intents = Counter(item["intent"]["name"] for item in past if item["direction"] == "in")

    assert 0.05 < intents["NotHandled"] / intents.total() < 0.07


def test_there_is_enough_to_say() -> None:
    """At least ten intents, each put in five ways or more, all answered."""
    scripts = [GREETING, HUMAN, LOST, *(one for one in WISHES if one is not HUMAN)]

    assert len({one.intent for one in scripts}) == len(scripts) >= 10
    assert all(len(one.asks) >= 5 and one.answers for one in scripts)


@pytest.mark.parametrize("seed", range(20))
def test_a_dialogue_is_one(seed: int) -> None:
    """4 to 12 messages in turn, each answered within 0.5 to 3 s, in rising time."""
    items = dialogue(Random(seed), newcomers(1, 1, 1)[0], END)
    gaps = [later["at"] - earlier["at"] for earlier, later in itertools.pairwise(items)]

    assert 4 <= len(items) <= 12
    assert ["in", "out"] * (len(items) // 2) == [item["direction"] for item in items]
    assert all(500 <= gap <= 3000 for gap in gaps[::2])
    assert all(gap > 0 for gap in gaps)


def live_hour(rate: float, now_ms: int) -> list[Item]:
    """Return what is said within an hour, looked at every second."""
    live = Live(1, rate, FIRST_DAY, now_ms)
    return [item for second in range(3600) for item in live.due(now_ms + 1000 * second)]


def test_live_traffic_has_its_rate() -> None:
    """Over an hour of average traffic as many messages come as asked for, within a fifth."""
    items = live_hour(20, 20_000 * DAY_MS + 8 * HOUR_MS)

    assert 0.8 < len(items) / (3600 * 20 * 1.2) < 1.2


def test_live_traffic_is_never_early() -> None:
    """What is due was said by then, and comes in its order."""
    live = Live(1, 50, FIRST_DAY, END)
    times = [[item["at"] for item in live.due(END + 500 * n)] for n in range(200)]

    assert all(at <= END + 500 * n for n, ats in enumerate(times) for at in ats)
    assert all(ats == sorted(ats) for ats in times)


def test_live_people_are_those_of_the_history(past: list[Item]) -> None:
    """Many who talk now have talked before: otherwise nobody would ever return."""
    known = {item["user"] for item in past}
    now = {item["user"] for item in live_hour(20, END)}

    assert len(now & known) > len(now) / 2


def test_recent_messages_are_as_many_as_asked_for() -> None:
    """`--once` gives exactly so many, all of the last hour."""
    items = recent(1, END, 123)

    assert 123 == len({item["id"] for item in items})
    assert all(END - HOUR_MS < item["at"] <= END for item in items)
