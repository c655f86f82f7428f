"""
The baseline of `benchmarks.ingest`: bare aiohttp, one aiokafka `send_and_wait` with acks=all for each request.

No key is looked up, no secret is looked for and nothing is checked but the JSON.
Run as `python -m benchmarks.bare_ingest BOOTSTRAP TOPIC`; prints its port and serves until it is told to stop.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import msgspec
import uvloop
from aiohttp import web
from aiokafka import AIOKafkaProducer

from app.config import MIB

__all__ = ["main"]


async def _live(bootstrap: str, topic: str) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", linger_ms=5, max_batch_size=MIB, max_request_size=8 * MIB
    )
    await producer.start()
    decoder = msgspec.json.Decoder(msgspec.Raw)

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        decoder.decode(body)
        await producer.send_and_wait(topic, body)
        return web.json_response({"success": True})

    app = web.Application(client_max_size=8 * MIB)
    app.router.add_post("/v1/events", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    await runner.cleanup()
    await producer.stop()


def main() -> None:
    """Serve until SIGTERM."""
    uvloop.run(_live(sys.argv[1], sys.argv[2]))


if __name__ == "__main__":
    main()
