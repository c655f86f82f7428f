"""
How long platforms' readers take for an event: every real payload that lies in the reference material.

Bodies come as their hook unpacks them, and are read as a webhook's items.  CPU time of one core, the best of many
rounds, in turns with `orjson.loads` of the same bodies.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from app.core.normalise import read_item
from app.core.outcome import Rejection
from app.core.platforms import PLATFORMS, canonical
from app.core.platforms.context import Context
from app.core.platforms.unpacking import json_item

__all__ = ["corpus_rows", "measure_corpus"]

_ROOT = Path(__file__).parents[1]
_RECEIVED_AT = 1_800_000_000_000
_ROUNDS = 40


def measure_corpus(rounds: int = _ROUNDS) -> dict[str, dict[str, float]]:
    """Return of each platform, and of `all`, its bodies, events, bytes and microseconds; nothing without payloads."""
    measured = {platform: _measure(platform, items, rounds) for platform, items in _corpus().items()}
    if measured:
        names = next(iter(measured.values()))
        measured["all"] = {name: sum(of[name] for of in measured.values()) for name in names}

    return measured


def corpus_rows(measured: dict[str, dict[str, float]]) -> list[tuple[str, str, str]]:
    """Return rows of (what, microseconds per event, remark)."""
    if not measured:
        return [("payloads", "-", f"none in {_folder()}; BOTPULSE_SHARED says where reference material lies")]

    return [_row(platform, of) for platform, of in measured.items()]


def _row(platform: str, of: dict[str, float]) -> tuple[str, str, str]:
    bodies, events = of["bodies"], of["events"]
    what = f"{platform}, {bodies:.0f} bodies of {of['bytes'] / bodies:.0f} bytes, {events:.0f} events"
    remark = f"orjson.loads {of['orjson_us'] / events:.2f}, ratio {of['read_us'] / of['orjson_us']:.1f}"

    return what, f"{of['read_us'] / events:.2f}", remark


def _folder() -> Path:
    return _ROOT / os.environ.get("BOTPULSE_SHARED", "../shared") / "payloads"


def _corpus() -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for path in sorted(_folder().glob("*/*")):
        platform = canonical(path.parent.name)
        hook = PLATFORMS[platform].hook
        item = (hook.unpack if hook else json_item)(path.read_bytes())
        if not isinstance(item, Rejection):
            found.setdefault(platform, []).append(item)

    return found


def _measure(platform: str, items: list[bytes], rounds: int) -> dict[str, float]:
    context = Context("bot", _RECEIVED_AT, "webhook", platform)
    read_us = orjson_us = float("inf")
    for _ in range(rounds):
        read_us = min(read_us, _us(lambda item: read_item(item, context), items))
        orjson_us = min(orjson_us, _us(orjson.loads, items))

    return {
        "bodies": len(items),
        "events": sum(len(read_item(item, context).events) for item in items),
        "bytes": sum(map(len, items)),
        "read_us": read_us,
        "orjson_us": orjson_us,
    }


def _us(work: Callable[[bytes], object], items: list[bytes]) -> float:
    started = time.process_time_ns()
    for item in items:
        work(item)

    return (time.process_time_ns() - started) / 1000
