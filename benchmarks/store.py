"""
How fast rows go into ClickHouse, from records of bot-events as normalise writes them.

    python -m benchmarks.store [--events N] [--json]

First the work alone, by size of batch: decode, lay out in columns, insert.  Then the whole stage: a real broker with
all events in it, and the store process from its start until the last position is written.  Embedded engine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from aiokafka import AIOKafkaProducer

from app.adapters.clickhouse import connect, insert
from app.adapters.sink import Sink
from app.adapters.topics import BOT_EVENTS, ensure_topics
from app.collector import calm_collector
from app.config import Settings
from app.core.events import BotEvent, EventBatch, decode_batches, encode_batches
from app.core.rows import StreamRecord, event_rows
from benchmarks.report import machine, table
from tests.broker import own_broker
from tests.databases import fresh_database
from tests.engine import EngineServer, running_engine
from tests.waiting import until

BASE_MS = 1_717_000_000_000
PER_RECORD = 100
BATCHES = (1_000, 10_000, 50_000)
Figures = dict[str, float]


def records(events: int, seed: int = 1) -> Iterator[bytes]:
    """Yield records of 100 messages: 5 bots, 50,000 users, 20 days, about 400 bytes each."""
    rng = random.Random(seed)
    for offset in range(events // PER_RECORD):
        batch = [_event(rng, offset * PER_RECORD + n) for n in range(PER_RECORD)]
        yield encode_batches([EventBatch(0, offset, BASE_MS, batch)])


def by_batch(engine: EngineServer, values: list[bytes], batch_rows: int) -> Figures:
    """Decode, lay out and insert everything in batches of *batch_rows*; rows a second of each step and of all."""
    client = connect(fresh_database(engine))
    spent = [0.0, 0.0, 0.0]
    size = batch_rows // PER_RECORD
    for first in range(0, len(values), size):
        begun = time.perf_counter()
        decoded = [
            StreamRecord(0, first + n, decode_batches(v)) for n, v in enumerate(values[first : first + size])
        ]
        decoded_at = time.perf_counter()
        rows = event_rows(decoded)
        laid_out_at = time.perf_counter()
        insert(client, rows, f"{first}")
        for step, seconds in enumerate(
            (decoded_at - begun, laid_out_at - decoded_at, time.perf_counter() - laid_out_at)
        ):
            spent[step] += seconds
    total = len(values) * PER_RECORD

    return {
        "batch_rows": batch_rows,
        "rows_per_s": total / sum(spent),
        "decode_per_s": total / spent[0],
        "columns_per_s": total / spent[1],
        "insert_per_s": total / spent[2],
    }


def stage(engine: EngineServer, values: list[bytes], folder: Path) -> Figures:
    """Run the store process over a topic that holds everything."""
    with own_broker(folder / "kafka") as kafka:
        settings = fresh_database(engine, kafka=kafka)
        ensure_topics(settings)
        asyncio.run(_fill(settings, values))
        sink = Sink(settings)
        process = _start(settings, folder)
        try:
            until(sink.positions, 60, 0.02, what="the first insert")
            begun, before = time.monotonic(), sum(sink.positions().values())
            until(lambda: sum(sink.positions().values()) >= len(values), 300, 0.02, what="the last insert")
            seconds = time.monotonic() - begun
        finally:
            process.terminate()
            process.wait()
    rows = (len(values) - before) * PER_RECORD

    return {"rows": rows, "seconds": seconds, "rows_per_s": rows / seconds}


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    values = list(records(arguments.events))
    calm_collector()
    with tempfile.TemporaryDirectory() as name, running_engine(Path(name) / "engine") as engine:
        batches = [by_batch(engine, values, batch_rows) for batch_rows in BATCHES]
        whole = stage(engine, values, Path(name))
    if arguments.json:
        print(json.dumps({"machine": machine(), "batches": batches, "stage": whole}))
        return
    rows = [
        (
            f"batches of {int(one['batch_rows']):,}",
            f"{one['rows_per_s']:,.0f} rows/s",
            f"decode {one['decode_per_s']:,.0f}, columns {one['columns_per_s']:,.0f}, insert {one['insert_per_s']:,.0f}",
        )
        for one in batches
    ]
    rows.append(
        ("store process, from Kafka", f"{whole['rows_per_s']:,.0f} rows/s", f"{whole['rows']:,.0f} rows")
    )
    table("Store", rows)


async def _fill(settings: Settings, values: list[bytes]) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka, linger_ms=20, max_batch_size=1 << 20
    ) as producer:
        for n, value in enumerate(values):
            await producer.send(BOT_EVENTS, value, partition=n % settings.partitions)
        await producer.flush()


def _start(settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "BOTPULSE_HOME": str(folder),
        "BOTPULSE_KAFKA": settings.kafka,
        "BOTPULSE_CLICKHOUSE": settings.clickhouse,
        "BOTPULSE_CLICKHOUSE_PASSWORD_FILE": str(settings.clickhouse_password_file),
    }
    return subprocess.Popen([sys.executable, "-m", "app.cli", "worker", "store"], env=environment)


def _event(rng: random.Random, n: int) -> BotEvent:
    user = f"user-{rng.randrange(50_000)}"

    return BotEvent(
        event_id=f"mid.{rng.getrandbits(64):x}",
        bot_id=f"bot{rng.randrange(5)}",
        user_id=user,
        at=BASE_MS + rng.randrange(20 * 86_400_000),
        received_at=BASE_MS + n,
        kind="text",
        direction=rng.choice(["in", "out"]),
        repeats=True,
        platform="facebook",
        text=f"hello there, what about a pizza {n}",
        intent=rng.choice(["", "order", "greet", "bye"]),
        intent_confidence=rng.choice([None, 0.5]),
        conversation_id=user,
        message_id=f"mid.{n}",
        locale="en_US",
        attributes=rng.choice([{}, {"plan": "pro"}]),
        dialect="dashbot",
        sdk="js/1.0",
        raw_index=n % PER_RECORD,
    )


if __name__ == "__main__":
    main()
