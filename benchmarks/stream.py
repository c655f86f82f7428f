"""
How fast normalise and track are, exact and with everything kept, beside a naive Faust agent.

    python -m benchmarks.stream [--events N] [--users N] [--tracks N] [--json]

A real broker, real processes: one of normalise, and of track as many as there are cores, as partitions are what work is
shared out by.  raw-events is filled first; then both stages run until everything is confirmed.  The baseline is what one writes first with Faust: one table write per event, for messages per minute alone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from app.adapters.topics import BOT_EVENTS, COUNTERS
from app.core.counters import decode_cells
from benchmarks.report import machine, table
from tests.broker import own_broker
from tests.pipeline.rig import Rig, rig
from tests.waiting import until

BASE_MS = 1_700_000_000_000
DAY_MS = 86_400_000


def items(events: int, users: int, bots: int = 20, seed: int = 1) -> Iterator[tuple[str, dict[str, object]]]:
    """
    Yield (bot, native item): conversations of a few turns, as dense as 2 million events in 45 days.

    3 % of the conversations are late by up to three days.
    """
    rng = random.Random(seed)
    intents = ["greet", "buy", "help", "bye", "faq", ""]
    made, days = 0, 45 * events / 2_000_000
    while made < events:
        bot, user = f"b{rng.randrange(bots)}", f"u{rng.randrange(users)}"
        at = BASE_MS + int(made / events * days * DAY_MS)
        if rng.random() < 0.03:
            at -= rng.randrange(3 * DAY_MS)
        for turn in range(rng.randrange(2, 9)):
            is_in = turn % 2 == 0
            yield (
                bot,
                {
                    "user": user,
                    "at": at + turn * 4000,
                    "id": f"m{made}",
                    "direction": "in" if is_in else "out",
                    "text": "I would like to know where my order is",
                    "conversation": f"c{made // 8}",
                    **({"intent": rng.choice(intents)} if is_in else {}),
                },
            )
            made += 1


def fill(own: Rig, events: int, users: int) -> int:
    """Write the events as envelopes of 100; return how many."""
    by_bot: dict[str, list[dict[str, object]]] = {}
    received_at = BASE_MS + 46 * DAY_MS
    count = 0
    for bot, item in items(events, users):
        waiting = by_bot.setdefault(bot, [])
        waiting.append(item)
        count += 1
        if len(waiting) == 100:
            own.send(waiting, bot=bot, received_at=received_at + count // 100, size=100, flush=False)
            by_bot[bot] = []
    for bot, waiting in by_bot.items():
        own.send(waiting, bot=bot, received_at=received_at + count // 100, size=100)

    return count


def throughput(own: Rig, events: int, tracks: int) -> dict[str, float]:
    """Run both stages over what is there; time from the first confirmed event to the last."""
    own.start("normalise")
    for instance in range(1, tracks + 1):
        own.start("track", str(instance))
    until(lambda: all(own.is_ready(*process) for process in own.processes), 60, 0.1)
    before, started = _cpu_s(own), time.monotonic()
    own.wait_until_done(900)
    seconds = time.monotonic() - started
    spent = {stage: after - before[stage] for stage, after in _cpu_s(own).items()}

    return {
        "events": events,
        "seconds": seconds,
        "events_per_s": events / seconds,
        "normalise_cpu_us": spent["normalise"] / events * 1e6,
        "track_cpu_us": spent["track"] / events * 1e6,
    }


def _cpu_s(own: Rig) -> dict[str, float]:
    spent = {"normalise": 0.0, "track": 0.0}
    for (stage, _), process in own.processes.items():
        spent[stage] += sum(psutil.Process(process.pid).cpu_times()[:2])

    return spent


def restart(own: Rig, tracks: int) -> dict[str, float]:
    """SIGKILL the one track that is left and time it until it is ready again, with the state of all partitions restored."""
    for instance in range(2, tracks + 1):
        own.kill("track", str(instance), signal.SIGTERM)
    until(lambda: own.lag("botpulse-track", BOT_EVENTS) == 0 and own.is_ready("track"), 120, 0.1)
    users = sum(1 for _ in _user_keys(own))
    before = psutil.Process(own.processes["track", "1"].pid).memory_info().rss
    own.kill("track")
    started = time.monotonic()
    own.start("track")
    until(lambda: own.is_ready("track"), 120, 0.05)
    seconds = time.monotonic() - started
    after = psutil.Process(own.processes["track", "1"].pid).memory_info().rss

    return {"users": users, "restart_s": seconds, "rss_before_mb": before / 1e6, "rss_after_mb": after / 1e6}


def _user_keys(own: Rig) -> set[bytes]:
    return {key for key in own.keys("botpulse-track-state-changelog") if key.startswith(b"u|")}


def latency(own: Rig, rate: int = 500, seconds: int = 20) -> dict[str, float]:
    """Send single events at *rate* and time each until its cell's new value stands in the counters topic."""
    watcher = own.follow(COUNTERS)
    sent: list[float] = []
    seen: list[float] = []
    counted = 0
    begin = time.monotonic()
    bot = f"latency{int(begin)}"
    now_ms = time.time_ns() // 1_000_000
    parts: dict[object, int] = {}
    while len(seen) < rate * seconds:
        elapsed = time.monotonic() - begin
        while len(sent) < min(int(elapsed * rate), rate * seconds):
            own.send(
                [{"user": f"u{len(sent) % 97}", "text": "x", "at": now_ms}],
                bot=bot,
                received_at=now_ms,
                flush=False,
            )
            sent.append(time.monotonic())
        for record in watcher():
            cells = decode_cells(record)
            for *name, value in cells.cells:
                if name[0] == bot and name[1:4] == ["events", "", "day"]:
                    parts[cells.partition] = value
        now = time.monotonic()
        counted = sum(parts.values())
        seen += [now] * (counted - len(seen))
        if elapsed > seconds + 30:
            break
    lags = sorted((b - a) * 1000 for a, b in zip(sent, seen, strict=False))

    return {
        "rate": rate,
        "events": len(seen),
        "p50_ms": statistics.median(lags),
        "p99_ms": lags[int(len(lags) * 0.99)],
    }


def main() -> None:
    """Run everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=600_000)
    parser.add_argument("--users", type=int, default=5_000, help="users per bot; there are 20 bots")
    parser.add_argument("--tracks", type=int, default=os.cpu_count() or 1, help="processes of track")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, own_broker(Path(folder) / "kafka") as bootstrap:
        with rig(bootstrap, Path(folder) / "home", raw_retention_days=36500) as own:
            events = fill(own, chosen.events, chosen.users)
            fast = throughput(own, events, chosen.tracks)
            again = restart(own, chosen.tracks)
            lag = latency(own)
        naive = baseline(bootstrap, Path(folder), 30_000)
    figures = {"machine": machine(), "stream": fast, "restart": again, "latency": lag, "naive_faust": naive}
    if chosen.json:
        print(json.dumps(figures, indent=1))
        return
    table(
        "normalise + track",
        [
            (
                "events/s, exact, all measures",
                f"{fast['events_per_s']:,.0f}",
                f"{events:,} events in {fast['seconds']:.1f} s, {chosen.tracks} of track",
            ),
            (
                "CPU time of normalise",
                f"{fast['normalise_cpu_us']:.1f} µs",
                "an event",
            ),
            (
                "CPU time of track",
                f"{fast['track_cpu_us']:.1f} µs",
                "an event",
            ),
            (
                "naive Faust, events/s, one measure",
                f"{naive['events_per_s']:,.0f}",
                f"{naive['events']:,.0f} events",
            ),
            ("ratio", f"{fast['events_per_s'] / naive['events_per_s']:.1f}", ""),
            ("SIGKILL to ready", f"{again['restart_s']:.1f} s", f"{again['users']:,} users"),
            (
                "memory of track",
                f"{again['rss_after_mb']:.0f} MB",
                f"after restart; {again['rss_before_mb']:.0f} MB before",
            ),
            ("event to counter, p50", f"{lag['p50_ms']:.0f} ms", f"{lag['rate']} events/s"),
            ("event to counter, p99", f"{lag['p99_ms']:.0f} ms", ""),
        ],
    )


def baseline(bootstrap: str, folder: Path, events: int) -> dict[str, float]:
    """Time the naive agent over *events* single records."""
    from benchmarks.naive import run

    return run(bootstrap, folder, events)


if __name__ == "__main__":
    main()
