"""`POST /track`: what Dashbot's clients send is taken, and what they read is answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.web.ingest.dashbot import TYPES
from tests.web.site import INGEST_KEY, READ_KEY, Site, running

BODY = b'{"text":"hello","userId":"ada"}'
QUERY = f"?platform=generic&type=incoming&v=12.1.0-npm&apiKey={INGEST_KEY}"


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server with everything in memory."""
    async with running() as one:
        yield one


@pytest.mark.parametrize("path", ["/track", "/track/"])
async def test_one_body(site: Site, path: str) -> None:
    """A body goes to the log with what the query says of it, and without the key."""
    status, answer = await site.post(path + QUERY, BODY, key="")

    assert (200, True) == (status, answer["success"])
    assert isinstance(answer["request_id"], str)
    [delivery] = site.log.deliveries
    assert [BODY] == site.items
    assert ("pizza", "dashbot", "generic", "incoming", "dashbot 12.1.0-npm") == (
        delivery.bot,
        delivery.way,
        delivery.platform,
        delivery.type,
        delivery.sdk,
    )
    assert INGEST_KEY.encode() not in site.log.records[0]


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain;charset=UTF-8", "", "application/x-www-form-urlencoded"]
)
async def test_any_content_type(site: Site, content_type: str) -> None:
    """Pages and old clients say anything of their JSON."""
    assert 200 == (await site.post("/track" + QUERY, BODY, key="", Content_Type=content_type))[0]


async def test_the_order_of_the_query_is_free(site: Site) -> None:
    """Each client writes the query in its own order, and some leave out the version."""
    query = f"?apiKey={INGEST_KEY}&type=outgoing&platform=generic"

    assert 200 == (await site.post("/track" + query, BODY, key=""))[0]


async def test_without_platform_it_is_the_bots(site: Site) -> None:
    """A query without a platform means the one the bot was created with."""
    await site.post("/track?type=incoming&apiKey=bpingestPLAIN", BODY, key="")

    assert ["generic"] == [delivery.platform for delivery in site.log.deliveries]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" + BODY + b"," + BODY + b"]", id="array"),
        pytest.param(BODY + b"\n" + BODY, id="NDJSON"),
    ],
)
async def test_several_bodies(site: Site, body: bytes) -> None:
    """An array or lines are several bodies."""
    assert 200 == (await site.post("/track" + QUERY, body, key=""))[0]
    assert [BODY, BODY] == site.items


async def test_a_bad_body_costs_itself(site: Site) -> None:
    """Of several bodies the good ones are taken."""
    status, answer = await site.post("/track" + QUERY, b"[1," + BODY + b"]", key="")

    assert (200, True, [0]) == (status, answer["success"], [one["index"] for one in answer["rejected"]])
    assert [BODY] == site.items


async def test_secrets_are_cut_out(site: Site) -> None:
    """A page's token never reaches the log."""
    body = {
        "url": "https://graph.facebook.com",
        "qs": {"access_token": "EAAsecret"},
        "json": {"recipient": {"id": "1"}},
    }
    query = f"?platform=facebook&type=outgoing&v=1&apiKey={INGEST_KEY}"
    status, _ = await site.post("/track" + query, json.dumps(body), key="")

    assert (200, 1) == (status, len(site.items))
    assert b"EAAsecret" not in site.log.records[0]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        pytest.param("?platform=generic&type=incoming", BODY, id="no key"),
        pytest.param("?platform=generic&type=incoming&apiKey=nobody", BODY, id="unknown key"),
        pytest.param(
            "?platform=generic&type=incoming&apiKey=%5Bobject%20Object%5D", BODY, id="an object as key"
        ),
        pytest.param(f"?platform=generic&type=incoming&apiKey={READ_KEY}", BODY, id="read key"),
        pytest.param("?platform=generic&type=incoming&apiKey=bpingestOLD", BODY, id="archived bot"),
        pytest.param(f"?platform=generic&type=nonsense&apiKey={INGEST_KEY}", BODY, id="unknown type"),
        pytest.param(f"?platform=generic&apiKey={INGEST_KEY}", BODY, id="no type"),
        pytest.param(f"?platform=%00&type=incoming&apiKey={INGEST_KEY}", BODY, id="no platform's name"),
        pytest.param(QUERY, b"", id="no body"),
        pytest.param(QUERY, b"not json", id="not JSON"),
        pytest.param(QUERY, b"{broken", id="broken JSON"),
        pytest.param(QUERY, b"[]", id="no bodies"),
        pytest.param(QUERY, b"[17]", id="not an object"),
    ],
)
async def test_refusals(site: Site, query: str, body: bytes) -> None:
    """Every refusal is a 400 with a list of messages: clients show nothing else, and one of them joins the list."""
    status, answer = await site.post("/track" + query, body, key="")

    assert (400, False, []) == (status, answer["success"], site.items)
    assert all(one["message"] for one in answer["errors"])
    assert len(answer["errors"]) > 0


async def test_unavailable(site: Site) -> None:
    """Without a broker the answer is 503 in the same shape."""
    site.log.is_open = False
    status, answer = await site.post("/track" + QUERY, BODY, key="")

    assert (503, False) == (status, answer["success"])


@pytest.mark.parametrize("kind", sorted(TYPES))
async def test_every_type_is_known(site: Site, kind: str) -> None:
    """No type that a client sends is refused for its name."""
    _, answer = await site.post(
        f"/track?platform=slack&type={kind}&v=1&apiKey={INGEST_KEY}", b'{"text":"x"}', key=""
    )

    assert "unknown 'type'" not in json.dumps(answer)
