"""
How much memory track's state takes: users and counters apart, and what a process has that folds them all.

    python -m benchmarks.memory [--users N] [--days N] [--json]

Each figure is the resident size of a child process.  `users` and `cells` hold only such entries, as they are after a
restore; `folding` has counted every event itself.  The conversations are spread over the given days of event time, all
received today, so nothing has expired and every counter of every hour is a part of today's.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import subprocess
import sys
from collections.abc import Iterator

import psutil

import app.stages  # noqa: F401 - what the stage itself needs is part of its size
from app.core.events import BotEvent, EventBatch, partition_of
from app.core.shard import Shard
from benchmarks.report import machine, table

_BASE_MS = 1_700_000_000_000
_DAY_MS = 86_400_000
_PARTITIONS = 4
_BOTS = 20
_FLUSH_EVENTS = 5_000
_SIZE = struct.Struct(">I")
_PREFIXES = {"users": b"u", "cells": b"c"}


def conversations(users: int, days: int) -> Iterator[list[BotEvent]]:
    """Yield one conversation of five messages for each user, in the order of their times."""
    rng = random.Random(1)
    received_at = _BASE_MS + (days + 1) * _DAY_MS
    for n in range(users):
        bot, user, at = f"b{n % _BOTS}", f"u{n}", _BASE_MS + n * days * _DAY_MS // users
        yield [
            BotEvent(
                event_id=f"{'out' if turn % 2 else 'in'}:{user}:m{n}-{turn}",
                bot_id=bot,
                user_id=user,
                at=at + turn * 4000,
                received_at=received_at,
                kind="text",
                direction="out" if turn % 2 else "in",
                repeats=True,
                intent="" if turn % 2 else rng.choice(["greet", "buy", "help", "bye", "faq"]),
            )
            for turn in range(5)
        ]


def fold(users: int, days: int) -> list[Shard]:
    """Count everything, with flushes as track makes them."""
    shards = [Shard(n, {}) for n in range(_PARTITIONS)]
    for offset, events in enumerate(conversations(users, days)):
        shard = shards[partition_of(events[0].bot_id, events[0].user_id, _PARTITIONS)]
        shard.fold(offset, [EventBatch(0, offset, events[0].received_at, events)])
        if shard.pending_events >= _FLUSH_EVENTS:
            shard.take()
    for shard in shards:
        shard.take()

    return shards


def measure(what: str, users: int, days: int) -> dict[str, float]:
    """Hold one part of the state and tell how much this process grew."""
    before = psutil.Process().memory_info().rss
    if what == "folding":
        shards = fold(users, days)
    else:
        shards = [Shard(n, dict(own)) for n, own in enumerate(_entries(what, users, days))]
    after = psutil.Process().memory_info().rss
    entries = sum(len(shard.entries) for shard in shards)

    return {"entries": entries, "before_mb": before / 1e6, "after_mb": after / 1e6}


def dump(what: str, users: int, days: int) -> None:
    """Write the entries of one kind, a shard a time."""
    for shard in fold(users, days):
        own = [(key, value) for key, value in shard.entries.items() if key[:1] == _PREFIXES[what]]
        sys.stdout.buffer.write(_SIZE.pack(len(own)))
        for key, value in own:
            sys.stdout.buffer.write(_SIZE.pack(len(key)) + key + _SIZE.pack(len(value)) + value)


def _entries(what: str, users: int, days: int) -> Iterator[Iterator[tuple[bytes, bytes]]]:
    """Read what `dump` writes in another process, so that only the entries themselves add to this one."""
    with subprocess.Popen(_command(what, users, days, "--dump"), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        read = process.stdout.read

        def sized() -> bytes:
            return read(_SIZE.unpack(read(_SIZE.size))[0])

        for _ in range(_PARTITIONS):
            yield ((sized(), sized()) for _ in range(_SIZE.unpack(read(_SIZE.size))[0]))


def _command(what: str, users: int, days: int, *more: str) -> list[str]:
    size = ["--users", str(users), "--days", str(days)]

    return [sys.executable, "-m", "benchmarks.memory", "--part", what, *size, *more]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=("users", "cells", "folding"), help=argparse.SUPPRESS)
    parser.add_argument("--dump", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.dump:
        dump(chosen.part, chosen.users, chosen.days)
        return
    if chosen.part:
        print(json.dumps(measure(chosen.part, chosen.users, chosen.days)))
        return
    found = {
        what: json.loads(
            subprocess.run(_command(what, chosen.users, chosen.days), capture_output=True, check=True).stdout
        )
        for what in ("users", "cells", "folding")
    }
    if chosen.json:
        print(json.dumps({"machine": machine(), "users": chosen.users, "memory": found}, indent=1))
        return
    rows = [
        (
            f"{what}: added",
            f"{one['after_mb'] - one['before_mb']:.0f} MB",
            f"{one['entries']:,.0f} entries; {one['after_mb']:.0f} MB in all",
        )
        for what, one in found.items()
    ]
    table(f"memory of track, {chosen.users:,} users", rows)


if __name__ == "__main__":
    main()
