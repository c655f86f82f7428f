"""`/v1/...`: every address of Botanalytics' first interface takes what its clients send and answers as they read it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.core.normalise import read_item
from app.core.platforms.context import context_of
from tests.web.site import INGEST_KEY, READ_KEY, Site, running

SAID = b'{"is_sender_bot":false,"user":{"id":"ada","name":"Ada"},"message":{"text":"hi","timestamp":1699999999000}}'
GENERIC = "/v1/messages/generic/"


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server with everything in memory."""
    async with running() as one:
        yield one


async def send(site: Site, path: str, body: bytes, method: str = "POST", **headers: str) -> tuple[int, str]:
    """Send with the headers as they are; return status and answer's text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with site.client.request(
        method, site.url + path, data=body, headers=named, allow_redirects=False
    ) as answer:
        return answer.status, await answer.text()


async def test_one_message(site: Site) -> None:
    """A message goes to the log with what the path says of it and which client sent it, and is answered with an id."""
    status, answer = await site.post(
        GENERIC, SAID, X_Botanalytics_Client_Id="node", X_Botanalytics_Client_Version="2.5.3"
    )
    [delivery] = site.log.deliveries

    assert (200, {"success", "request_id"}, True) == (status, set(answer), answer["success"])
    assert [SAID] == site.items
    assert ("pizza", "botanalytics-v1", "generic", "messages", "botanalytics node 2.5.3") == (
        delivery.bot,
        delivery.way,
        delivery.platform,
        delivery.type,
        delivery.sdk,
    )


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
@pytest.mark.parametrize("prefix", ["/v1", "/api/v1"])
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", ["/messages/generic", "/generic/messages"])
async def test_every_form_of_an_address(site: Site, method: str, prefix: str, slash: str, path: str) -> None:
    """Prefix, slash, order of the words and method make no difference, and nothing redirects."""
    key = f"Token {INGEST_KEY}"

    assert 200 == (await send(site, prefix + path + slash, SAID, method, Authorization=key))[0]
    assert [SAID] == site.items


@pytest.mark.parametrize(("path", "side"), [("user", "in"), ("bot", "out")])
async def test_addresses_that_name_the_side(site: Site, path: str, side: str) -> None:
    """Old clients say in the path who speaks."""
    await site.post(f"/v1/messages/{path}/generic", SAID.replace(b'"is_sender_bot":false,', b""))
    [delivery] = site.log.deliveries

    assert [side] == [event.direction for event in read_item(site.items[0], context_of(delivery)).events]


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(f"Token {INGEST_KEY}", id="Token"),
        pytest.param(f"token  {INGEST_KEY}", id="small, two blanks"),
        pytest.param(f"Bearer {INGEST_KEY}", id="Bearer"),
        pytest.param(INGEST_KEY, id="bare"),
        pytest.param(f"Token %{ord(INGEST_KEY[0]):X}{INGEST_KEY[1:]}", id="escaped"),
        pytest.param(f"%{ord(INGEST_KEY[0]):X}{INGEST_KEY[1:]}", id="bare and escaped"),
        pytest.param(f" Token {INGEST_KEY}", id="blank in front"),
    ],
)
async def test_tokens(site: Site, authorization: str) -> None:
    """Every way in which clients write the token is read."""
    head = f"POST {GENERIC} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Length: {len(SAID)}\r\n\r\n"
    answer = await site.raw(head.encode() + SAID)

    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("", id="none"),
        pytest.param("Token", id="scheme only"),
        pytest.param("Token nobody", id="unknown"),
        pytest.param(f"Token {READ_KEY}", id="read key"),
        pytest.param("Token bpingestOLD", id="archived bot"),
        pytest.param("Token bpingestREVOKED", id="revoked"),
    ],
)
async def test_wrong_tokens(site: Site, authorization: str) -> None:
    """A token that is missing or of no use is a 401, of which every client tells its people."""
    headers = {"Authorization": authorization} if authorization else {}
    status, answer = await send(site, GENERIC, SAID, **headers)
    body = json.loads(answer)

    assert (401, [], []) == (status, body["warnings"], site.items)
    assert [body["error_message"]] == body["errors"]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        pytest.param("/v1/messages/pigeon/", SAID, 404, id="unknown platform"),
        pytest.param("/api/v1/nothing", SAID, 404, id="unknown address"),
        pytest.param(GENERIC, b"", 400, id="no body"),
        pytest.param(GENERIC, b"{broken", 400, id="not JSON"),
        pytest.param("/v1/messages/slack/", b'"yo3"', 400, id="a string"),
        pytest.param(GENERIC, b"[17]", 400, id="not an object"),
        pytest.param(GENERIC, b'{"message":{}}', 400, id="of nobody"),
        pytest.param("/v1/platform/users/", b'{"email":"a@x"}', 400, id="profile of nobody"),
    ],
)
async def test_refusals(site: Site, path: str, body: bytes, expected: int) -> None:
    """Every refusal has the sentence under both names that clients read, and an id."""
    status, answer = await site.post(path, body)

    assert (expected, [answer["error_message"]], []) == (status, answer["errors"], site.items)
    assert {"success", "error_message", "errors", "warnings", "request_id"} == set(answer)
    assert answer["success"] is False


async def test_after_a_bad_body_the_next_is_taken(site: Site) -> None:
    """Python's Slack client sends a JSON string first, then the message itself."""
    message = (
        b'{"is_bot":true,"channel":"C1","team":"T1","type":"message","text":"yo","ts":"1355517523.000005"}'
    )

    assert 400 == (await site.post("/v1/messages/slack/", b'"yo3"'))[0]
    assert 200 == (await site.post("/v1/messages/slack/", message))[0]
    assert [message] == site.items


async def test_a_bad_body_costs_itself(site: Site) -> None:
    """Of several bodies the good ones are taken, and the answer warns of the others."""
    status, answer = await site.post(GENERIC, b"[1," + SAID + b"]")

    assert (200, 1, [SAID]) == (status, len(answer["warnings"]), site.items)


async def test_other_methods(site: Site) -> None:
    """GET is refused in the same shape."""
    status, answer = await send(site, GENERIC, b"", "GET")

    assert (405, 1) == (status, len(json.loads(answer)["errors"]))


async def test_unavailable(site: Site) -> None:
    """Without a broker the answer is 503 in the same shape."""
    site.log.is_open = False
    status, answer = await site.post(GENERIC, SAID)

    assert (503, 1) == (status, len(answer["errors"]))


async def test_pages_may_send(site: Site) -> None:
    """A browser that asks first is let in, with the headers that clients send, and may read the answer."""
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    async with site.client.options(site.url + GENERIC, headers=asked) as answer:
        assert (204, "*") == (answer.status, answer.headers["Access-Control-Allow-Origin"])
        allowed = answer.headers["Access-Control-Allow-Headers"]
    async with site.client.post(site.url + GENERIC, data=SAID) as answer:
        assert "*" == answer.headers["Access-Control-Allow-Origin"]

    assert {
        "Authorization",
        "Content-Type",
        "X-Botanalytics-Client-Id",
        "X-Botanalytics-Client-Version",
    } <= set(allowed.split(", "))


@pytest.mark.parametrize("content_type", ["application/json", "text/plain;charset=UTF-8", ""])
async def test_any_content_type(site: Site, content_type: str) -> None:
    """Pages and old clients say anything of their JSON."""
    assert 200 == (await site.post(GENERIC, SAID, Content_Type=content_type))[0]


async def test_the_platform_of_a_profile_is_the_bots(site: Site) -> None:
    """A path for all platforms leaves it to the bot."""
    await site.post("/v1/platform/users/", b'{"id":"ada","email":"a@x"}')

    assert [("facebook", "profile")] == [(one.platform, one.type) for one in site.log.deliveries]


async def test_the_platforms_token_is_not_kept(site: Site) -> None:
    """Of the settings of the live chat the log gets the address only."""
    body = b'{"platform_token":"EAAsecret","webhook_url":"https://bot.example/pause"}'
    status, answer = await send(site, "/api/v1/bots/me", body, "PATCH", Authorization=f"Token {INGEST_KEY}")

    assert (200, [b'{"webhook_url":"https://bot.example/pause"}']) == (status, site.items)
    assert "EAAsecret" not in answer
    assert b"EAAsecret" not in site.log.records[0]


async def test_slack_answers_find_their_user(site: Site) -> None:
    """After `initialize` an answer of the bot into a direct channel is for the user who is there."""
    start = {"self": {"id": "B0"}, "team": {"id": "T1"}, "ims": [{"id": "D1", "user": "U1"}]}
    answer = {
        "type": "message",
        "channel": "D1",
        "team": "T1",
        "user": "B0",
        "text": "yo",
        "ts": "1699999999.000005",
    }
    assert 200 == (await site.post("/v1/bots/slack/initialize/", json.dumps(start)))[0]
    assert 200 == (await site.post("/v1/messages/slack/", json.dumps(answer)))[0]
    delivery = site.log.deliveries[-1]
    [event] = read_item(site.items[-1], context_of(delivery)).events

    assert ("out", "U1", "yo") == (event.direction, event.user_id, event.text)
