"""What a command is refused for, and a broker that is away, as answers of the web process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from app.core.refusal import Refusal
from app.ports import Refused, Unavailable
from app.web.errors import errors_as_json


class Raising:
    """A server whose one page raises what it is told to."""

    def __init__(self) -> None:
        self.error: Exception = RuntimeError("nothing was set")
        self.url = ""

    async def page(self, _request: web.Request) -> web.StreamResponse:
        """Raise."""
        raise self.error

    async def get(self) -> tuple[int, dict[str, Any], str | None]:
        """Return status, error and the time to wait."""
        async with aiohttp.ClientSession() as client, client.get(self.url) as answer:
            return answer.status, (await answer.json())["error"], answer.headers.get("Retry-After")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Raising]:
    """A running server of that kind."""
    raising = Raising()
    app = web.Application(middlewares=[errors_as_json])
    app.router.add_get("/", raising.page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    raising.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield raising
    await runner.cleanup()


@pytest.mark.parametrize(
    ("expected", "code", "field"),
    [
        pytest.param(404, "unknown_bot", "bot", id="not there"),
        pytest.param(400, "unknown_measure", "measure", id="a value nobody knows"),
        pytest.param(409, "email_taken", "email", id="taken"),
        pytest.param(409, "conflict", "", id="somebody was faster"),
        pytest.param(409, "last_admin", "admin", id="last administrator"),
        pytest.param(409, "archived", "", id="state"),
        pytest.param(409, "watched", "", id="watched by an alert"),
        pytest.param(400, "bad_zone", "time_zone", id="bad value"),
        pytest.param(400, "unreadable", "", id="what cannot be kept"),
    ],
)
async def test_a_refusal_is_a_4xx_that_names_the_field(
    server: Raising, expected: int, code: str, field: str
) -> None:
    """Code, message and field of a refusal are in the answer, and no field where there is none."""
    server.error = Refused(Refusal(code, "what to do", field))
    status, error, _ = await server.get()

    assert (expected, code, "what to do") == (status, error["code"], error["message"])
    assert ({"field": field} if field else {}) == {name: error[name] for name in error if name == "field"}


async def test_a_broker_that_is_away_is_a_503(server: Raising) -> None:
    """Whoever changes something while the broker is away is told when to try again."""
    server.error = Unavailable("try again", retry_after_s=7)
    status, error, retry_after = await server.get()

    assert (503, "unavailable", "7") == (status, error["code"], retry_after)
