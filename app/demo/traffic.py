"""
Believable traffic from a seed: people with habits, who come back less and less, and talk by day more than by night.

    newcomers, people_about   who exists and who is about on a day; the same on every call
    history                   the past, day after day
    Live                      the present: what is due by now

Nothing is remembered between runs: who exists follows from the seed and the day alone, so people of last week come
back after a restart.  Instants are milliseconds, days are counted from 1970-01-01 UTC.
"""

# ruff: noqa: S311 - talk that is made up needs no secrecy

from __future__ import annotations

import heapq
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import Any, Final, NamedTuple

from app.core.calendar import DAY_MS, HOUR_MS
from app.demo.scripts import GREETING, HUMAN, LOST, WISHES, Script

__all__ = [
    "HISTORY_DAYS",
    "Item",
    "Live",
    "Person",
    "dialogue",
    "history",
    "newcomers",
    "people_about",
    "recent",
]

Item = dict[str, Any]
"""An object of `POST /v1/events`."""

HISTORY_DAYS: Final = 45
_FIRST_NEWCOMERS: Final = 34
_NOT_HANDLED: Final = 0.06
_MESSAGES_A_DIALOGUE: Final = 7.4
_BETWEEN_DIALOGUES_MS: Final = 300_000
_PEOPLE_PER_RATE: Final = 75
"""So many people per message a second are needed for everyone to pause between dialogues."""

_HOURS: Final = (
    0.25, 0.15, 0.12, 0.1, 0.15, 0.3, 0.6, 0.9, 1.2, 1.4, 1.45, 1.4,
    1.5, 1.4, 1.3, 1.3, 1.35, 1.45, 1.6, 1.75, 1.7, 1.4, 0.9, 0.5,
)  # fmt: skip
"""How much is said in each hour of the day, 1 on average."""

_PLATFORMS: Final = (("facebook", 5), ("telegram", 3), ("slack", 2), ("generic", 3), ("line", 1))
_LOCALES: Final = (("en_US", 6), ("en_GB", 3), ("de_DE", 2), ("fr_FR", 1), ("es_ES", 2))


class Person(NamedTuple):
    """Somebody who talks with the bot since `first_day`."""

    id: str
    first_day: int
    platform: str
    locale: str
    loyalty: float


@lru_cache(maxsize=1000)
def newcomers(seed: int, day: int, count: int) -> tuple[Person, ...]:
    """Return those who come for the first time on *day*."""
    random = Random(f"{seed}:new:{day}")

    return tuple(
        Person(
            f"u{day}-{n}",
            day,
            _weighted(random, _PLATFORMS),
            _weighted(random, _LOCALES),
            random.betavariate(2, 3),
        )
        for n in range(count)
    )


def people_about(seed: int, day: int, first_day: int, growth: float = 1, at_least: int = 0) -> list[Person]:
    """
    Return who talks with the bot on *day*, newcomers included; the bot began on *first_day*.

    After the history, *growth* times as many come for the first time.  Where fewer than *at_least* are about, others
    come back too.
    """
    about: list[Person] = []
    away: list[Person] = []
    for joined in range(first_day, day + 1):
        random = Random(f"{seed}:{joined}:{day}")
        fading = (1 + day - joined) ** -0.6
        for person in newcomers(seed, joined, _count(joined - first_day, growth)):
            is_about = joined == day or random.random() < person.loyalty * fading
            (about if is_about else away).append(person)
    lacking = min(at_least - len(about), len(away))
    if lacking > 0:
        about += Random(f"{seed}:more:{day}").sample(away, lacking)

    return about


def dialogue(random: Random, person: Person, start_ms: int) -> list[Item]:
    """Return what *person* and the bot say to each other from *start_ms* on, in its order: 4 to 12 messages."""
    conversation = f"{person.id}-{start_ms}"
    items: list[Item] = []
    at = start_ms
    for script in _course(random):
        for direction, text in (("in", random.choice(script.asks)), ("out", random.choice(script.answers))):
            item = {
                "id": f"{conversation}-{len(items)}",
                "user": person.id,
                "at": at,
                "direction": direction,
                "text": text,
                "platform": person.platform,
                "locale": person.locale,
                "conversation": conversation,
            }
            if direction == "in":
                item["intent"] = {"name": script.intent, "confidence": _confidence(random, script)}
            items.append(item)
            at += random.randint(500, 3000) if direction == "in" else random.randint(3000, 40_000)

    return items


def history(seed: int, end_ms: int, days: int = HISTORY_DAYS) -> Iterator[Item]:
    """Yield what was said in *days* days before *end_ms*, dialogue by dialogue: about 60,000 messages of 45 days."""
    last = end_ms // DAY_MS
    first = last - days
    for day in range(first, last + 1):
        random = Random(f"{seed}:past:{day}")
        starts = [
            (day * DAY_MS + _time_of_day(random), person)
            for person in people_about(seed, day, first)
            for _ in range(1 + (random.random() < 0.2))
        ]
        for start_ms, person in sorted(starts):
            for item in dialogue(random, person, start_ms):
                if end_ms - days * DAY_MS <= item["at"] < end_ms:
                    yield item


def recent(seed: int, now_ms: int, count: int) -> list[Item]:
    """Return *count* messages of the time just before *now_ms*, in their order."""
    random = Random(f"{seed}:recent:{now_ms}")
    people = newcomers(seed, now_ms // DAY_MS, 200)
    items: list[Item] = []
    while len(items) < count:
        items += dialogue(random, random.choice(people), now_ms - random.randint(600_000, 3_000_000))

    return sorted(items[:count], key=_time_of)


class Live:
    """Traffic of *rate* messages a second over the day, from *now_ms* on, for a bot that began on *first_day*."""

    def __init__(self, seed: int, rate: float, first_day: int, now_ms: int) -> None:
        self._random = Random(f"{seed}:live:{now_ms}")
        self._seed = seed
        self._rate = rate
        self._first_day = first_day
        self._growth = max(1.0, rate / 6)
        self._day = -1
        self._people: list[Person] = []
        self._busy_until: dict[str, int] = {}
        self._waiting: list[tuple[int, str, Item]] = []
        self._next_start_ms = now_ms

    def due(self, now_ms: int) -> list[Item]:
        """Return what was said up to *now_ms* and not returned before, in its order."""
        while self._next_start_ms <= now_ms:
            self._start(self._next_start_ms)
            pace = self._rate * _HOURS[self._next_start_ms % DAY_MS // HOUR_MS] / _MESSAGES_A_DIALOGUE
            self._next_start_ms += 1 + int(1000 * self._random.expovariate(pace))
        items = []
        while self._waiting and self._waiting[0][0] <= now_ms:
            items.append(heapq.heappop(self._waiting)[2])

        return items

    def _start(self, at_ms: int) -> None:
        person = self._somebody(at_ms)
        items = dialogue(self._random, person, at_ms)
        self._busy_until[person.id] = items[-1]["at"] + _BETWEEN_DIALOGUES_MS
        for item in items:
            heapq.heappush(self._waiting, (item["at"], item["id"], item))

    def _somebody(self, at_ms: int) -> Person:
        """Choose one who is not talking; where all are, the one who is chosen last."""
        day = at_ms // DAY_MS
        if day != self._day:
            self._day = day
            self._people = people_about(
                self._seed, day, self._first_day, self._growth, int(_PEOPLE_PER_RATE * self._rate)
            )
            self._busy_until.clear()
        for _ in range(20):
            person = self._random.choice(self._people)
            if self._busy_until.get(person.id, 0) <= at_ms:
                break

        return person


def _count(age_of_bot: int, growth: float) -> int:
    """Return how many come for the first time on a day: a little more every day of the history, then a steady stream."""
    past = _FIRST_NEWCOMERS + min(age_of_bot, HISTORY_DAYS) * 3 // 4

    return past if age_of_bot <= HISTORY_DAYS else int(past * growth)


def _course(random: Random) -> list[Script]:
    """Return what is talked about: 2 to 6 intents."""
    scripts = [GREETING] if random.random() < 0.6 else []
    wanted = random.choice((2, 3, 3, 4, 4, 5, 6))
    while len(scripts) < wanted:
        if scripts and scripts[-1] is LOST and random.random() < 0.25:
            scripts.append(HUMAN)
        elif random.random() < _NOT_HANDLED * 1.2:
            scripts.append(LOST)
        else:
            scripts.append(random.choices(WISHES, _WEIGHTS)[0])

    return scripts


_WEIGHTS: Final = [script.weight for script in WISHES]


def _confidence(random: Random, script: Script) -> float:
    return round(random.uniform(0.1, 0.4) if script is LOST else 1 - random.betavariate(1.2, 9), 3)


def _time_of_day(random: Random) -> int:
    hour = random.choices(range(24), _HOURS)[0]

    return hour * HOUR_MS + random.randrange(HOUR_MS)


def _time_of(item: Item) -> int:
    return int(item["at"])


def _weighted(random: Random, choices: tuple[tuple[str, int], ...]) -> str:
    return random.choices([name for name, _ in choices], [weight for _, weight in choices])[0]
