"""
The baseline: what one writes first with Faust. One record per event, one table write per event, messages per minute.

    python -m benchmarks.naive worker    is the worker itself; `run` fills its topic and times it
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import orjson
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from tests.waiting import until

__all__ = ["run"]

_TOPIC = "naive-events"
_PARTITIONS = 4


def run(bootstrap: str, folder: Path, events: int) -> dict[str, float]:
    """Time the naive agent over *events* single records."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics(
        [NewTopic(_TOPIC, _PARTITIONS, 1), NewTopic("naive-counts-changelog", _PARTITIONS, 1)]
    )
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20)
    for n in range(events):
        value = orjson.dumps({"bot": f"b{n % 20}", "user": f"u{n % 5000}", "at": 1_700_000_000_000 + n * 100})
        producer.send(_TOPIC, value, partition=n % _PARTITIONS)
    producer.flush()
    environment = os.environ | {
        "NAIVE_KAFKA": bootstrap,
        "NAIVE_EVENTS": str(events),
        "NAIVE_DATA": str(folder),
    }
    log = folder / "naive.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.naive"], env=environment, stdout=output, stderr=output
        )
    try:
        until(lambda: b"SECONDS" in log.read_bytes(), 120, 0.2, "the naive agent to be done")
    finally:
        worker.kill()
        worker.wait()
    seconds = float(log.read_bytes().split(b"SECONDS ")[1].split()[0])

    return {"events": events, "seconds": seconds, "events_per_s": events / seconds}


def _worker() -> None:
    import faust

    app = faust.App(
        "naive",
        broker=f"kafka://{os.environ['NAIVE_KAFKA']}",
        datadir=os.environ["NAIVE_DATA"] + "/naive",
        topic_partitions=_PARTITIONS,
        web_enabled=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
    )
    counts = app.Table("counts", default=int, partitions=_PARTITIONS)
    total = int(os.environ["NAIVE_EVENTS"])
    seen = {"events": 0, "since": 0.0}

    @app.agent(app.topic(_TOPIC, value_type=bytes, value_serializer="raw"))
    async def count(stream: faust.StreamT) -> None:
        async for value in stream:
            seen["since"] = seen["since"] or time.monotonic()
            event = orjson.loads(value)
            counts[f"{event['bot']}|{event['at'] // 60000}"] += 1
            seen["events"] += 1
            if seen["events"] == total:
                print("SECONDS", time.monotonic() - seen["since"], flush=True)

    faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    _worker()
