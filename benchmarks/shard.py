"""
What counting costs in track, without Kafka: CPU time per event of decode, fold and flush.

    python -m benchmarks.shard [--events N] [--profile] [--json]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import time
from collections import defaultdict

import msgspec

from app.collector import calm_collector
from app.core.deliveries import Delivery, encode_delivery
from app.core.events import decode_batches, encode_batches
from app.core.normalise import normalise
from app.core.shard import Shard
from benchmarks.report import machine, table
from benchmarks.stream import BASE_MS, DAY_MS, items

_PARTITIONS = 4
_FLUSH_EVENTS = 20_000


def records(events: int, users: int) -> list[bytes]:
    """Return the bot-events records of partition 0."""
    by_bot: defaultdict[str, list[msgspec.Raw]] = defaultdict(list)
    found, offset = [], 0
    for bot, item in items(events, users):
        waiting = by_bot[bot]
        waiting.append(msgspec.Raw(msgspec.json.encode(item)))
        if len(waiting) == 100:
            delivery = Delivery(bot, "native", BASE_MS + 46 * DAY_MS + offset, list(waiting))
            outcome = normalise(encode_delivery(delivery), 0, offset, _PARTITIONS)
            found += [
                encode_batches([batch]) for partition, batch in outcome.batches.items() if partition == 0
            ]
            offset += 1
            waiting.clear()

    return found


def run(own: list[bytes]) -> dict[str, float]:
    """Fold everything and return CPU seconds by step, and how many events and entries there were."""
    shard, spent = Shard(0, {}), {"decode": 0.0, "fold": 0.0, "take": 0.0, "events": 0, "entries": 0}
    clock = time.process_time
    for offset, record in enumerate(own):
        start = clock()
        batches = decode_batches(record)
        middle = clock()
        shard.fold(offset, batches)
        end = clock()
        spent["decode"] += middle - start
        spent["fold"] += end - middle
        spent["events"] += sum(len(batch.events) for batch in batches)
        if shard.pending_events >= _FLUSH_EVENTS / _PARTITIONS:
            writes = shard.take()
            spent["take"] += clock() - end
            spent["entries"] += len(writes.entries) if writes else 0

    return spent


def main() -> None:
    """Print the table, or a profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    own = records(chosen.events, chosen.users)
    calm_collector()
    if chosen.profile:
        with cProfile.Profile() as profile:
            run(own)
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
        return
    spent = run(own)
    if chosen.json:
        print(json.dumps({"machine": machine(), "shard": spent}, indent=1))
        return
    events = spent["events"]
    rows = [
        (f"{step}, µs per event", f"{spent[step] / events * 1e6:.2f}", "")
        for step in ("decode", "fold", "take")
    ]
    total = sum(spent[step] for step in ("decode", "fold", "take"))
    rows.append(
        ("all, µs per event", f"{total / events * 1e6:.2f}", f"{events / total:,.0f} events/s on one core")
    )
    rows.append(("entries written per event", f"{spent['entries'] / events:.2f}", ""))
    table("counting in track", rows)


if __name__ == "__main__":
    main()
