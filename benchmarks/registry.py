"""
How fast the registry starts and changes: `python -m benchmarks.registry [--json] [--facts N]`.

A real broker with N facts (100,000) of bots, keys, dashboards, people and installs, a part of them changed again and again.
Measured: from a process's beginning to follow until it is ready; the fold alone; a change until its writer
knows it is accepted; the same change until another process has it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aiokafka import AIOKafkaProducer

from app.adapters.registry import Follower, KafkaRegistry
from app.adapters.topics import REGISTRY, ensure_topics
from app.collector import calm_collector
from app.config import Settings
from app.core.registry import (
    Bot,
    Change,
    Dashboard,
    Fact,
    Instance,
    Key,
    Person,
    Record,
    State,
    Subject,
    fold_all,
    record_of,
)
from app.core.rules.language import Rule
from benchmarks.report import machine, table
from tests.broker import own_broker

_STARTS = 5
_CHANGES = 200
_LIMIT_S = 3.0


def records(facts: int) -> Iterator[Record]:
    """Yield changes of *facts* facts in all: the tenth subjects are made, the rest are changes of them, one fact each."""
    revisions: dict[str, int] = {}
    for number in range(facts):
        kind, which = number % 10, number // 10 % max(1, facts // 40)
        subject = _subject(kind, which, number)
        name = f"{type(subject).__name__}:{subject.id}"
        revisions[name] = revisions.get(name, 0) + 1
        fact = Fact("told", subject, revisions[name])
        yield record_of(Change(f"{number:016x}", number, "person:bench", (fact,)))


def _subject(kind: int, which: int, number: int) -> Subject:
    bot = f"bot-{which // 20}"
    if kind < 2:
        return Bot(bot, f"Bot {number}", "facebook", which)
    if kind < 4:
        return Key(f"k{which}", "read", f"{which:064x}", which, bot)
    if kind < 7:
        rule = Rule(
            all=(Rule(field="direction", value="in"), Rule(field="text", op="matches", value="refund"))
        )
        return Dashboard(f"d{which}", bot, f"Dashboard {which}", which, rule, version=number)
    if kind < 9:
        return Person(
            f"p{which}", f"p{which}@example.org", "$argon2id$v=19$" + "x" * 80, which, roles={bot: "editor"}
        )
    return Instance(
        f"i{which}", bot, "slack", f"{which:064x}", which, which, attributes={"team_name": "Team"}
    )


async def _fill(bootstrap: str, facts: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, max_batch_size=1 << 20)
    await producer.start()
    for key, value in records(facts):
        await producer.send(REGISTRY, value, key=key, partition=0)
    await producer.stop()


async def _start_s(bootstrap: str, facts: int) -> tuple[float, float]:
    """Return how long a start took, and how much processor time."""
    follower = Follower(bootstrap)
    begun, spent = time.perf_counter(), time.process_time()
    await follower.start()
    await follower.ready()
    took = time.perf_counter() - begun, time.process_time() - spent
    lost = follower.state.refused + follower.state.skipped
    await follower.stop()
    if lost or sum(follower.state.revisions.values()) < facts:
        raise SystemExit(f"{lost} of the facts were lost: this measures nothing")
    return took


async def _changes(bootstrap: str) -> tuple[list[float], list[float]]:
    """Return how long changes took until their writer, and until another process, knew of them."""
    here, there = KafkaRegistry(bootstrap), KafkaRegistry(bootstrap)
    await asyncio.gather(here.start(), there.start())
    own, elsewhere = [], []
    for number in range(_CHANGES):
        seen = asyncio.Event()
        bot = Bot("measured", f"Name {number}", "generic", number)
        there.on_change(_sets(seen, bot))
        begun = time.perf_counter()
        await here.change(lambda state, bot=bot: [state.fact("told", bot)], "bench")  # type: ignore[misc]
        own.append(time.perf_counter() - begun)
        await seen.wait()
        elsewhere.append(time.perf_counter() - begun)
    await asyncio.gather(here.stop(), there.stop())
    return own, elsewhere


def _sets(seen: asyncio.Event, bot: Bot) -> Callable[[State], None]:
    def look(state: State) -> None:
        if state.bots.get(bot.id) == bot:
            seen.set()

    return look


def _fold_s(facts: int) -> float:
    made = list(records(facts))
    begun = time.process_time()
    fold_all(State(), made)
    return time.process_time() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--facts", type=int, default=100_000)
    arguments = parser.parse_args()
    calm_collector()
    with tempfile.TemporaryDirectory() as folder, own_broker(Path(folder)) as bootstrap:
        ensure_topics(Settings(kafka=bootstrap))
        asyncio.run(_fill(bootstrap, arguments.facts))
        starts = [asyncio.run(_start_s(bootstrap, arguments.facts)) for _ in range(_STARTS)]
        own, elsewhere = asyncio.run(_changes(bootstrap))
    figures = {
        "facts": arguments.facts,
        "start_s": statistics.median(wall for wall, _ in starts),
        "start_worst_s": max(wall for wall, _ in starts),
        "start_cpu_s": statistics.median(processor for _, processor in starts),
        "fold_cpu_s": _fold_s(arguments.facts),
        "change_ms": statistics.median(own) * 1000,
        "change_p99_ms": statistics.quantiles(own, n=100)[98] * 1000,
        "elsewhere_ms": statistics.median(elsewhere) * 1000,
        "elsewhere_p99_ms": statistics.quantiles(elsewhere, n=100)[98] * 1000,
    }
    if arguments.json:
        print(json.dumps({"machine": machine(), "registry": figures}, indent=2))
        return
    _print(figures)


def _print(figures: dict[str, float]) -> None:
    count = f"{figures['facts']:,.0f}"
    rows = [
        (
            f"start with {count} facts, median of {_STARTS}",
            f"{figures['start_s']:.2f} s",
            f"limit {_LIMIT_S} s",
        ),
        ("slowest start", f"{figures['start_worst_s']:.2f} s", ""),
        (
            "processor time of a start",
            f"{figures['start_cpu_s']:.2f} s",
            f"of that folding {figures['fold_cpu_s']:.2f} s",
        ),
        (
            "change until its writer knows",
            f"{figures['change_ms']:.1f} ms",
            f"p99 {figures['change_p99_ms']:.1f} ms",
        ),
        (
            "change until another process knows",
            f"{figures['elsewhere_ms']:.1f} ms",
            f"p99 {figures['elsewhere_p99_ms']:.1f} ms",
        ),
    ]
    table("registry", rows)


if __name__ == "__main__":
    main()
