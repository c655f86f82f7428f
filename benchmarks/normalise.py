"""
How long normalise takes for an event, beside the plain decoding of the same bodies.

    python -m benchmarks.normalise
"""

from __future__ import annotations

import os
import timeit
from collections.abc import Callable
from pathlib import Path

import msgspec
import orjson

from app.core.deliveries import Delivery, compact, encode_delivery
from app.core.dialects import DIALECTS
from app.core.normalise import normalise
from app.core.platforms.context import context_of
from app.core.redact import prepare

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
PAYLOADS = Path(os.environ.get("BOTPULSE_SHARED", "../shared")) / "payloads/facebook"


def _delivery(way: str, platform: str, type: str, items: list[bytes]) -> Delivery:
    raw = [msgspec.Raw(compact(item)) for item in items]

    return Delivery(bot="bot-1", way=way, received_at=RECEIVED_AT, items=raw, platform=platform, type=type)


def _many(template: bytes) -> list[bytes]:
    return [template % (n, n) for n in range(ITEMS)]


def _measure(name: str, delivery: Delivery) -> None:
    items = [bytes(item) for item in delivery.items]
    record = encode_delivery(delivery)
    dialect = DIALECTS[delivery.way]
    context = context_of(delivery)
    works: list[Callable[[], object]] = [
        lambda: [orjson.loads(item) for item in items],
        lambda: [dialect.check(item, delivery.platform, delivery.type) for item in items],
        lambda: [prepare(delivery.way, delivery.platform, item, delivery.type) for item in items],
        lambda: [dialect.read(item, context) for item in items],
        lambda: normalise(record, 0, 1, 4),
    ]
    bytes_each = sum(map(len, items)) // len(items)
    print(f"{name:20}{bytes_each:>8}" + "".join(f"{_us(work, len(items)):>12.2f}" for work in works))


def _us(work: Callable[[], object], items: int) -> float:
    return min(timeit.repeat(work, number=50, repeat=7)) / 50 / items * 1e6


def main() -> None:
    """Print microseconds per item."""
    heads = ("orjson", "check", "prepare", "read", "normalise")
    print(f"{'us per item':20}{'bytes':>8}" + "".join(f"{head:>12}" for head in heads))
    _measure("native", _delivery("native", "", "", _many(NATIVE)))
    _measure("dashbot generic", _delivery("dashbot", "generic", "incoming", _many(GENERIC)))
    _measure("dashbot facebook", _delivery("dashbot", "facebook", "all", _many(FACEBOOK)))
    payloads = [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json"))]
    if payloads:
        _measure("facebook payloads", _delivery("dashbot", "facebook", "all", payloads))


if __name__ == "__main__":
    main()
