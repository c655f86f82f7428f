"""A bot that sends more than it may is told when to go on, in the words its clients understand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.core.rates import BURST_S
from tests.web.site import INGEST_KEY, NOW_MS, Site, running

RATE = 3
MOST = RATE * BURST_S


class Clock:
    """A clock that stands still until it is put forward."""

    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    """The server's clock."""
    return Clock()


@pytest_asyncio.fixture
async def site(clock: Clock) -> AsyncIterator[Site]:
    """A server on which a bot may send three events a second."""
    async with running(clock=clock, ingest_rate=RATE) as one:
        yield one


def events(count: int) -> str:
    """Return a body of *count* events."""
    return json.dumps([{"user": "ada", "text": str(n)} for n in range(count)])


async def test_too_many_are_refused_until_it_is_time(site: Site, clock: Clock) -> None:
    """429 with Retry-After and nothing taken; after that time it goes on."""
    await site.post("/v1/events", events(MOST + 2 * RATE))
    headers = {"Authorization": f"Bearer {INGEST_KEY}"}
    async with site.client.post(f"{site.url}/v1/events", data=events(1), headers=headers) as answer:
        refusal = await answer.json()
    held = len(site.items)
    clock.now_ms += 1000 * int(answer.headers["Retry-After"])
    status, _ = await site.post("/v1/events", events(1))

    assert (429, "too_many_events", "3") == (answer.status, refusal["error"]["code"], answer.headers["Retry-After"])  # fmt: skip
    assert MOST + 2 * RATE == held
    assert (200, held + 1) == (status, len(site.items))


async def test_dashbots_clients_are_told_in_their_shape(site: Site) -> None:
    """`success` and `errors`, with the same header."""
    await site.post("/v1/events", events(MOST))
    async with site.client.post(
        f"{site.url}/track",
        params={"apiKey": INGEST_KEY, "type": "incoming", "platform": "generic"},
        data=b'{"text":"hello","userId":"ada"}',
    ) as answer:
        refusal = await answer.json()

    assert (429, "1", False) == (answer.status, answer.headers["Retry-After"], refusal["success"])
    assert "go on in 1 s" in refusal["errors"][0]["message"]


async def test_other_bots_are_not_held_back(site: Site) -> None:
    """Each has its own limit."""
    await site.post("/v1/events", events(MOST))
    status, _ = await site.post("/v1/events", events(1), key="bpingestPLAIN")

    assert 200 == status


async def test_without_the_setting_there_is_no_limit(clock: Clock) -> None:
    """Any number, at one instant."""
    async with running(clock=clock) as site:
        answers = [await site.post("/v1/events", events(1000)) for _ in range(3)]

    assert {200} == {status for status, _ in answers}
