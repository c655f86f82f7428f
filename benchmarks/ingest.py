"""
How fast events come in: `python -m benchmarks.ingest [--json] [--seconds N]`.

A real broker, one web process and a load generator, all on this machine; beside it, in the same run, the baseline of
`bare_ingest`.  Figures depend on the machine and on what else runs there; the ratios are what to compare, and the processor time of the
server for one request, which hardly depends on others.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from app.adapters.registry import transact
from app.adapters.topics import RAW_EVENTS, ensure_topics
from app.config import Settings
from app.core.api_keys import hash_of, key_text
from app.core.registry import Bot, Key
from tests.broker import own_broker
from tests.facts import saying
from tests.waiting import until

__all__ = ["main"]

_KEY = key_text("ingest", 1)
_EVENT = {
    "user": "user-{n}",
    "text": "I would like to change the delivery address of my order, please",
    "at": 1_700_000_000_000,
    "id": "5b0f2b3c-0d4e-4c8a-9a55-0123456789ab",
    "conversation": "conversation-4711",
    "intent": {"name": "change_address", "confidence": 0.93},
    "attributes": {"shop": "north", "campaign": "spring"},
    "user_attributes": {"locale": "en_GB"},
}
_CASES = (
    ("1 event, 64 connections", 64, 1),
    ("1 event, 256 connections", 256, 1),
    ("100 events, 64 connections", 64, 100),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, own_broker(Path(folder) / "kafka") as bootstrap:
        settings = Settings(kafka=bootstrap, home=Path(folder) / "home", port=0)
        ensure_topics(settings)
        _make_bot(bootstrap)
        with _product(settings) as server:
            ours = [_measure(server, *case[1:], arguments.seconds) for case in _CASES]
        with _baseline(bootstrap) as server:
            bare = [_measure(server, *case[1:], arguments.seconds) for case in _CASES]
    rows = [_row(case, one, other) for case, one, other in zip(_CASES, ours, bare, strict=True)]
    _print(rows, is_json=arguments.json)


def _make_bot(bootstrap: str) -> None:
    bot = Bot("bench", "Bench", "generic", 0)
    key = Key("bench", "ingest", hash_of(_KEY), 0, "bench")
    transact(bootstrap, saying(bot, key), "bench")


@contextlib.contextmanager
def _product(settings: Settings) -> Iterator[tuple[int, int]]:
    place = settings.home / "run" / "web.json"
    environment = os.environ | {"BOTPULSE_KAFKA": settings.kafka, "BOTPULSE_HOME": str(settings.home)}
    command = [sys.executable, "-m", "app.cli", "web", "--port", "0"]
    with subprocess.Popen(command, env=environment) as process:
        try:
            until(lambda: process.poll() is not None or place.exists(), what="the web process to listen")
            yield process.pid, int(json.loads(place.read_text())["port"])
        finally:
            process.terminate()


@contextlib.contextmanager
def _baseline(bootstrap: str) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "benchmarks.bare_ingest", bootstrap, RAW_EVENTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.terminate()


def _measure(server: tuple[int, int], connections: int, events: int, seconds: float) -> dict[str, Any]:
    pid, port = server
    before_s = _processor_s(pid)
    command = [sys.executable, "-m", "benchmarks.load", str(port), str(connections), str(seconds), "2"]
    done = subprocess.run(command, input=_request(events), stdout=subprocess.PIPE, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    if set(measured["statuses"]) != {"200"}:
        msg = f"not every answer was 200: {measured['statuses']}"
        raise SystemExit(msg)
    cpu_us = (_processor_s(pid) - before_s) / measured["all_requests"] * 1e6
    return measured | {"events_per_s": measured["requests_per_s"] * events, "cpu_us": cpu_us}


def _processor_s(pid: int) -> float:
    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)


def _request(events: int) -> bytes:
    items = [_EVENT | {"user": f"user-{number}"} for number in range(events)]
    body = json.dumps(items if events > 1 else items[0], separators=(",", ":")).encode()
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {_KEY}\r\n"
        f"User-Agent: bench/1.0\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _row(case: tuple[str, int, int], ours: dict[str, Any], bare: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"case": case[0], "body_bytes": len(_request(case[2]))}
    for name in ("requests_per_s", "events_per_s", "p50_ms", "p99_ms", "cpu_us"):
        row |= {name: round(ours[name], 1), f"bare_{name}": round(bare[name], 1)}
    return row | {"ratio": round(ours["requests_per_s"] / bare["requests_per_s"], 2)}


def _print(rows: list[dict[str, Any]], *, is_json: bool) -> None:
    versions = {name: version(name) for name in ("aiohttp", "aiokafka", "uvloop", "msgspec")}
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    } | versions
    if is_json:
        print(json.dumps({"machine": machine, "rows": rows}))
        return
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    columns = f"{'req/s':>9}{'events/s':>10}{'p50 ms':>8}{'p99 ms':>8}{'cpu us':>8}"
    print(f"{'':28}{columns}  | bare{columns[4:]}  | ratio")
    for row in rows:
        print(f"{row['case']:28}{_figures(row, '')}  | {_figures(row, 'bare_')}  | {row['ratio']:.2f}")


def _figures(row: dict[str, Any], whose: str) -> str:
    widths = {"requests_per_s": 9, "events_per_s": 10}
    few = "".join(f"{row[whose + name]:{width}.0f}" for name, width in widths.items())
    return few + "".join(f"{row[whose + name]:8.1f}" for name in ("p50_ms", "p99_ms", "cpu_us"))


if __name__ == "__main__":
    main()
