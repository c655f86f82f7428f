"""A web process from start to end, on a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from app.adapters.registry import transact
from app.adapters.topics import ensure_topics
from app.config import Settings
from app.core.api_keys import hash_of, key_text
from app.core.registry import Bot, Key
from tests.broker import unique
from tests.facts import saying
from tests.raw import deliveries_in
from tests.waiting import until

pytestmark = pytest.mark.kafka


@dataclass
class Running:
    """A process, where it listens, and a bot with its key."""

    process: subprocess.Popen[bytes]
    url: str
    bot: str
    key: str
    settings: Settings


@pytest.fixture
def web(broker: str, tmp_path: Path) -> Iterator[Running]:
    """A web process on a free port."""
    settings = Settings(kafka=broker, home=tmp_path)
    ensure_topics(settings)
    bot, key = _bot(broker)
    environment = os.environ | {"BOTPULSE_KAFKA": broker, "BOTPULSE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "app.cli", "web", "--port", "0"]
    with subprocess.Popen(command, env=environment) as process:
        place = tmp_path / "run" / "web.json"
        until(lambda: process.poll() is not None or place.exists(), 60, what="the process to listen")
        yield Running(process, json.loads(place.read_text())["url"], bot, key, settings)
        process.kill()


def _bot(bootstrap: str) -> tuple[str, str]:
    bot = unique("bot")
    text = key_text("ingest", hash(bot) % 2**60)
    subjects = Bot(bot, "Pizza", "generic", 1), Key(unique("k"), "ingest", hash_of(text), 1, bot)
    transact(bootstrap, saying(*subjects), "test")
    return bot, text


async def test_sigterm_answers_and_flushes(web: Running) -> None:
    """Told to stop under load it leaves with 0, and everything answered with 200 is in raw-events."""
    answered: list[int] = []

    async def client(session: aiohttp.ClientSession, first: int) -> None:
        for number in range(first, first + 100_000):
            async with session.post(
                f"{web.url}/v1/events", json={"user": "ada", "text": str(number)}
            ) as answer:
                assert 200 == answer.status
                answered.append(number)

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {web.key}"}) as session:
        clients = [asyncio.create_task(client(session, index * 100_000)) for index in range(20)]
        while len(answered) < 500:
            await asyncio.wait(clients, timeout=0.01)
        web.process.send_signal(signal.SIGTERM)
        results = await asyncio.gather(*clients, return_exceptions=True)

    assert all(isinstance(one, aiohttp.ClientError) for one in results)
    assert 0 == await asyncio.to_thread(web.process.wait, 60)
    found = [
        item for one in await deliveries_in(web.settings.kafka) if one.bot == web.bot for item in one.items
    ]
    numbers = [int(json.loads(bytes(item))["text"]) for item in found]
    assert set() == set(answered) - set(numbers)
    assert len(numbers) == len(set(numbers))
    assert not (web.settings.home / "run" / "web.json").exists()


async def test_a_key_made_later_works_at_once(web: Running) -> None:
    """The process follows the registry."""
    _, key = await asyncio.to_thread(_bot, web.settings.kafka)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
        for _ in range(500):
            async with session.post(f"{web.url}/v1/events", json={"user": "ada", "text": "hi"}) as answer:
                if answer.status == 200:
                    return
            await asyncio.wait([asyncio.create_task(asyncio.sleep(0.02))])
    pytest.fail("the key was not known in time")


async def test_healthz(web: Running) -> None:
    """It says that it lives."""
    async with aiohttp.ClientSession() as session, session.get(f"{web.url}/healthz") as answer:
        assert 200 == answer.status


def test_send_through_it(web: Running) -> None:
    """`botpulse send` with a key finds the process by its home."""
    command = [sys.executable, "-m", "app.cli", "send", "--bot", web.bot, "--user", "ada", "--text", "hi"]
    environment = os.environ | {"BOTPULSE_HOME": str(web.settings.home), "BOTPULSE_INGEST_KEY": web.key}
    done = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=True)

    assert ("web", web.url, 1) == tuple(json.loads(done.stdout)[name] for name in ("way", "url", "accepted"))


def test_a_taken_port_is_one_sentence(web: Running) -> None:
    """A second process on the same port says so and leaves with 1."""
    port = web.url.rpartition(":")[2]
    environment = os.environ | {
        "BOTPULSE_KAFKA": web.settings.kafka,
        "BOTPULSE_HOME": str(web.settings.home / "other"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "web", "--port", port],
        env=environment,
        capture_output=True,
        check=False,
    )

    assert 1 == done.returncode
    assert f"cannot listen on 127.0.0.1:{port}".encode() in done.stderr
    assert b"Traceback" not in done.stderr
