"""
How long normalise takes for an event, beside the plain decoding of the same bodies; CPU time of one core.

    python -m benchmarks.normalise [--json]
"""

from __future__ import annotations

import argparse
import json
import time
import timeit
from collections.abc import Callable

import msgspec
import orjson

from app.core.deliveries import Delivery, compact, encode_delivery
from app.core.dialects import DIALECTS
from app.core.normalise import normalise
from app.core.platforms.context import context_of
from app.core.redact import prepare
from benchmarks.corpus import corpus_rows, measure_corpus
from benchmarks.report import machine, table

__all__ = ["measure_normalise"]

NATIVE = (
    b'{"user":"u-%d","direction":"in","text":"Where is my order? It should have come on Tuesday",'
    b'"at":"2004-05-27T12:00:00.123Z","id":"0f8fad5b-%d","conversation":"c-77","platform":"web",'
    b'"intent":{"name":"order_status","confidence":0.93},"attributes":{"plan":"pro","ab":"B"}}'
)
GENERIC = (
    b'{"text":"Where is my order? It should have come on Tuesday","userId":"u-%d","conversationId":"c-%d",'
    b'"dashbot_timestamp":1085659200123,"intent":{"name":"order_status","confidence":0.93,"inputs":[]},'
    b'"platformUserJson":{"firstName":"Ada","locale":"en_GB"}}'
)
FACEBOOK = (
    b'{"object":"page","entry":[{"id":"943703799078240","time":1610470068673,"messaging":[{"sender":'
    b'{"id":"u-%d"},"recipient":{"id":"943703799078240"},"timestamp":1085659200123,"message":'
    b'{"mid":"mid.%d:9242db91fea253e355","seq":978,"text":"Hi, bot"}}]}]}'
)
RECEIVED_AT = 1_085_659_201_000
ITEMS = 100


def _delivery(way: str, platform: str, type: str, items: list[bytes]) -> Delivery:
    raw = [msgspec.Raw(compact(item)) for item in items]

    return Delivery(bot="bot-1", way=way, received_at=RECEIVED_AT, items=raw, platform=platform, type=type)


def _many(template: bytes) -> list[bytes]:
    return [template % (n, n) for n in range(ITEMS)]


def _measure(delivery: Delivery) -> dict[str, float]:
    """Return the mean size of an item and microseconds per item of each step."""
    items = [bytes(item) for item in delivery.items]
    record = encode_delivery(delivery)
    dialect = DIALECTS[delivery.way]
    context = context_of(delivery)
    works: dict[str, Callable[[], object]] = {
        "orjson": lambda: [orjson.loads(item) for item in items],
        "check": lambda: [dialect.check(item, delivery.platform, delivery.type) for item in items],
        "prepare": lambda: [prepare(delivery.way, delivery.platform, item, delivery.type) for item in items],
        "read": lambda: [dialect.read(item, context) for item in items],
        "normalise": lambda: normalise(record, 0, 1, 4),
    }
    size = {"bytes": sum(map(len, items)) // len(items)}
    return size | {step: round(_us(work, len(items)), 2) for step, work in works.items()}


def _us(work: Callable[[], object], items: int) -> float:
    return min(timeit.repeat(work, number=10, repeat=35, timer=time.process_time)) / 10 / items * 1e6


def _deliveries() -> dict[str, Delivery]:
    return {
        "native": _delivery("native", "", "", _many(NATIVE)),
        "dashbot generic": _delivery("dashbot", "generic", "incoming", _many(GENERIC)),
        "dashbot facebook": _delivery("dashbot", "facebook", "all", _many(FACEBOOK)),
    }


def measure_normalise() -> dict[str, dict[str, float]]:
    """Return of each kind of delivery the microseconds per item of each step."""
    return {name: _measure(delivery) for name, delivery in _deliveries().items()}


def main() -> None:
    """Print microseconds per item."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    measured = measure_normalise()
    payloads = measure_corpus()
    if chosen.json:
        print(json.dumps({"machine": machine(), "normalise": measured, "payloads": payloads}, indent=1))
        return
    rows = [
        (f"{name}, {figures.pop('bytes'):.0f} bytes", f"{figures.pop('normalise'):.2f}", _steps(figures))
        for name, figures in measured.items()
    ]
    table("normalise, µs per item", rows)
    table("platforms' readers, µs per event of the payload corpus", corpus_rows(payloads))


def _steps(figures: dict[str, float]) -> str:
    return ", ".join(f"{step} {us:.2f}" for step, us in figures.items())


if __name__ == "__main__":
    main()
