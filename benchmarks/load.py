"""
A load generator that costs little, so that what is measured is the server: one request in flight per connection.

Run as a process of its own: `python -m benchmarks.load PORT CONNECTIONS SECONDS WARM_UP_S` with the whole request, head and
body, on stdin; prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

__all__ = ["main"]


class _Client(asyncio.Protocol):
    """Sends the request again as soon as the answer is there."""

    def __init__(self, request: bytes, latencies_s: list[float], statuses: dict[str, int]) -> None:
        self._request = request
        self._latencies_s = latencies_s
        self._statuses = statuses
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        # Every answer measured here is small and ends with its JSON object, so it comes in one piece.
        status = data[9:12].decode()
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._latencies_s.append(time.perf_counter() - self._sent_at)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._statuses["lost"] = self._statuses.get("lost", 0) + 1

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


async def _run(
    port: int, connections: int, seconds: float, warm_up_s: float, request: bytes
) -> dict[str, object]:
    latencies_s: list[float] = []
    statuses: dict[str, int] = {}
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: _Client(request, latencies_s, statuses), "127.0.0.1", port)
    await asyncio.sleep(warm_up_s)
    warm_up_requests = len(latencies_s)
    latencies_s.clear()
    statuses.clear()
    began_at = time.perf_counter()
    await asyncio.sleep(seconds)
    elapsed_s = time.perf_counter() - began_at
    taken = sorted(latencies_s)
    return {
        "requests_per_s": len(taken) / elapsed_s,
        "p50_ms": taken[len(taken) // 2] * 1000,
        "p99_ms": taken[len(taken) * 99 // 100] * 1000,
        "statuses": dict(statuses),
        "all_requests": warm_up_requests + len(taken),
    }


def main() -> None:
    """Read what to do from the command line, and the request from stdin."""
    port, connections, seconds, warm_up_s = sys.argv[1:5]
    request = sys.stdin.buffer.read()
    print(
        json.dumps(uvloop.run(_run(int(port), int(connections), float(seconds), float(warm_up_s), request)))
    )


if __name__ == "__main__":
    main()
