"""`POST /v2/messages`: what Botanalytics' newer SDKs send is taken, and what they read is answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.config import KIB
from app.core.api_keys import hash_of
from app.core.channel_keys import CHANNELS, channel_key_text
from app.core.normalise import normalise
from app.core.registry import Key
from tests.web.site import INGEST_KEY, NOW_MS, READ_KEY, Site, running, tell

KEYS = {channel: channel_key_text(channel, number) for number, channel in enumerate(CHANNELS)}
UNIVERSAL = KEYS["universal"]


def said(text: str = "hello", **more: Any) -> dict[str, Any]:
    """Return a universal message of ada's."""
    return {
        "id": f"id-{text}",
        "conversation": {"id": "C"},
        "message": {
            "timestamp": NOW_MS,
            "sender": {"id": "ada", "type": "user"},
            "content": {"texts": [{"text": text}]},
        },
    } | more


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server with everything in memory, and a key of bot `pizza` for each channel."""
    async with running(max_event_bytes=64 * KIB) as one:
        for channel, text in KEYS.items():
            key = Key(f"v2-{channel}", "botanalytics-v2", hash_of(text), NOW_MS, "pizza", channel=channel)
            await tell(one.registry, key)
        yield one


@pytest.mark.parametrize("path", ["/v2/messages", "/v2/messages/", "/messages", "/messages/"])
async def test_one_message(site: Site, path: str) -> None:
    """A message goes to the log with its way and channel, and the answer names the request."""
    body = json.dumps({"messages": [{"message": said()}]})
    headers = {"X_Botanalytics_Client_Id": "node", "X_Botanalytics_Client_Version": "3.0.0"}
    status, answer = await site.post(path, body, UNIVERSAL, **headers)

    assert (200, {"success", "request_id"}) == (status, set(answer))
    [delivery] = site.log.deliveries
    assert ("pizza", "botanalytics-v2", "universal", "botanalytics node 3.0.0") == (
        delivery.bot,
        delivery.way,
        delivery.platform,
        delivery.sdk,
    )
    assert [{"message": said()}] == [json.loads(item) for item in site.items]


@pytest.mark.parametrize(
    ("platform", "channel"), [pytest.param(platform, name, id=name) for name, platform in CHANNELS.items()]
)
async def test_the_key_names_the_channel(site: Site, platform: str, channel: str) -> None:
    """Of which channel a message is stands in the key, not in the body."""
    bodies = {
        "facebook": {"messaging_type": "RESPONSE", "recipient": {"id": "U"}, "message": {"text": "yo"}},
        "alexa": {"request": {"type": "LaunchRequest"}, "session": {"user": {"userId": "U"}}},
        "bixby": {"inputs": {}, "$vivContext": {"userId": "U"}},
        "microsoft": {"activity": {"type": "message", "text": "x", "from": {"id": "U"}}},
        "rasa": {"event": "user", "sender_id": "U", "text": "x"},
    }
    body = {"messages": [{"message": bodies.get(platform, said())}]}
    status, _ = await site.post("/v2/messages", json.dumps(body), KEYS[channel])

    assert (200, [platform]) == (status, [delivery.platform for delivery in site.log.deliveries])


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "token", "bearer "])
async def test_schemes(site: Site, scheme: str) -> None:
    """The SDKs write `Bearer`, the documentation `Token`."""
    body = json.dumps({"messages": [{"message": said()}]})
    status, _ = await site.post("/v2/messages", body, key="", Authorization=f"{scheme} {UNIVERSAL}")

    assert 200 == status


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        pytest.param({"messages": [{"message": said("a")}, {"message": said("b")}]}, ["a", "b"], id="wrapped"),
        pytest.param({"messages": [said("a"), said("b")]}, ["a", "b"], id="without wrapper"),
        pytest.param({"messages": [{"message": [said("a"), said("b")]}]}, ["a", "b"], id="array in one wrapper"),
        pytest.param({"messages": [{"id": "1"} | said("a")["message"]]}, ["a"], id="flat"),
        pytest.param({"messages": [{"message": said("a")["message"]}]}, ["a"], id="inner message only"),
        pytest.param(said("a"), ["a"], id="a bare message"),
        pytest.param({"message": said("a")}, ["a"], id="a bare item"),
        pytest.param([{"message": said("a")}, said("b")], ["a", "b"], id="a bare array"),
    ],
)  # fmt: skip
async def test_envelopes(site: Site, body: Any, texts: list[str]) -> None:
    """Each client wraps messages in its own way; all give the same events, one item each."""
    status, answer = await site.post("/v2/messages", json.dumps(body), UNIVERSAL)

    assert (200, len(texts)) == (status, len(site.items)), answer
    assert texts == [event.text for event in events(site)]


async def test_answers_find_their_user(site: Site) -> None:
    """An answer that names only its conversation goes to who spoke there, also in an earlier request."""
    answer = said("yo", message={"timestamp": NOW_MS, "sender": {"type": "virtual-agent"}, "content": {"texts": [{"text": "yo"}]}})  # fmt: skip
    await site.post("/v2/messages", json.dumps({"messages": [{"message": said()}]}), UNIVERSAL)
    await site.post("/v2/messages", json.dumps({"messages": [{"message": answer}]}), UNIVERSAL)

    assert [("in", "ada"), ("out", "ada")] == [(event.direction, event.user_id) for event in events(site)]


async def test_a_retry_has_the_same_ids(site: Site) -> None:
    """A request that is sent again is the same events."""
    for _ in range(11):
        await site.post("/v2/messages", json.dumps({"messages": [{"message": said()}]}), UNIVERSAL)

    assert 11 == len(site.items)
    assert {("universal:in:ada:id-hello", True)} == {
        (event.event_id, event.repeats) for event in events(site)
    }


async def test_a_bad_message_costs_itself(site: Site) -> None:
    """Of several messages the good ones are taken, and the answer warns of the others."""
    body = json.dumps({"messages": [{"message": said()}, 17, {"message": {"nothing": 1}}]})
    status, answer = await site.post("/v2/messages", body, UNIVERSAL)

    assert (200, 1) == (status, len(site.items))
    assert ["message 1", "message 2"] == [line.partition(":")[0] for line in answer["warnings"]]


async def test_half_an_emoji(site: Site) -> None:
    """JavaScript cuts emoji in two; the rest of the message stays readable."""
    body = json.dumps({"messages": [{"message": said("cut \ud83d")}]})
    status, _ = await site.post("/v2/messages", body, UNIVERSAL)

    assert (200, ["cut \ufffd"]) == (status, [event.text for event in events(site)])


async def test_secrets_are_cut_out(site: Site) -> None:
    """The token of a sign-in that a message tells of never reaches the log."""
    happened = {"timestamp": NOW_MS, "sender": {"id": "ada", "type": "user"}, "event": {"authentication_succeeded": {"type": "oauth", "token": "SECRET"}}}  # fmt: skip
    status, _ = await site.post("/v2/messages", json.dumps({"messages": [{"message": happened}]}), UNIVERSAL)

    assert (200, 1) == (status, len(site.items))
    assert b"SECRET" not in site.log.records[0]
    assert UNIVERSAL.encode() not in site.log.records[0]


@pytest.mark.parametrize(
    ("expected", "body", "key"),
    [
        pytest.param(401, b"{}", "", id="no key"),
        pytest.param(401, b"{}", "nobody", id="unknown key"),
        pytest.param(401, b"{}", INGEST_KEY, id="ingest key"),
        pytest.param(401, b"{}", READ_KEY, id="read key"),
        pytest.param(400, b"", UNIVERSAL, id="empty"),
        pytest.param(400, b"not json", UNIVERSAL, id="not JSON"),
        pytest.param(400, b'{"messages": [', UNIVERSAL, id="cut off"),
        pytest.param(400, b"\xff", UNIVERSAL, id="not UTF-8"),
        pytest.param(400, b'"text"', UNIVERSAL, id="a string"),
        pytest.param(400, b'{"messages": []}', UNIVERSAL, id="no messages"),
        pytest.param(400, b'{"messages": [1, "2", null]}', UNIVERSAL, id="no objects"),
        pytest.param(400, b'{"messages": {}}', UNIVERSAL, id="no array"),
        pytest.param(400, b'{"messages":' + b"[" * 50_000, UNIVERSAL, id="deep"),
        pytest.param(400, b'{"messages":[{"message":' + b'{"a":' * 500 + b"1" + b"}" * 502 + b"]}", UNIVERSAL, id="deep and whole"),
    ],
)  # fmt: skip
async def test_refusals(site: Site, expected: int, body: bytes, key: str) -> None:
    """Clients read `errors`, a list of sentences."""
    status, answer = await site.post("/v2/messages", body, key)

    assert (expected, []) == (status, site.items)
    assert answer["errors"]
    assert all(isinstance(line, str) and line for line in answer["errors"])


async def test_the_documented_words(site: Site) -> None:
    """The first error is the one of Botanalytics' documentation."""
    _, no_key = await site.post("/v2/messages", b"{}", key="")
    _, no_json = await site.post("/v2/messages", b"{", UNIVERSAL)

    assert "Request is missing a valid Authorization header." == no_key["errors"][0]
    assert "Request payloads must be in JSON format." == no_json["errors"][0]
    assert "The key is missing; send the header Authorization: Bearer <key>." == no_key["errors"][1]
    assert {"success", "errors", "warnings", "request_id"} == set(no_key) == set(no_json)


async def test_too_large(site: Site) -> None:
    """A message that is larger than an event may be is refused for that."""
    status, _ = await site.post("/v2/messages", json.dumps(said("x" * 70_000)), UNIVERSAL)

    assert (413, []) == (status, site.items)


async def test_unavailable(site: Site) -> None:
    """Without a broker the answer is 503, which clients try again."""
    site.log.is_open = False
    status, answer = await site.post("/v2/messages", json.dumps(said()), UNIVERSAL)

    assert 503 == status
    assert answer["errors"]


async def test_other_keys_do_not_open_other_doors(site: Site) -> None:
    """A key for v2 sends by no other way and reads nothing."""
    native, _ = await site.post("/v1/events", b'{"user": "ada"}', UNIVERSAL)
    headers = {"Authorization": f"Bearer {UNIVERSAL}"}
    async with site.client.get(f"{site.url}/data/v1/bots", headers=headers) as answer:
        read = answer.status

    assert (403, 401) == (native, read)


async def test_preflight(site: Site) -> None:
    """Pages may send, too."""
    async with site.client.options(f"{site.url}/v2/messages") as answer:
        assert 204 == answer.status
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def events(site: Site) -> list[Any]:
    """Return the events of everything that arrived."""
    found = []
    for offset, record in enumerate(site.log.records):
        read = normalise(record, 0, offset, 1)
        assert [] == read.dead_letters
        found += [event for batch in read.batches.values() for event in batch.events]

    return found
