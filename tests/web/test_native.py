"""`POST /v1/events`: what is taken, what is refused, and in which words."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable

import brotli
import pytest
import pytest_asyncio
import zstandard

from app.core.deliveries import MAX_ITEMS
from app.core.events import Reporting
from app.web.ingest.body import MAX_MEMBERS
from tests.web.site import NOW_MS, READ_KEY, Site, key, running, tell

pytestmark = pytest.mark.asyncio(loop_scope="function")

EVENT = b'{"user":"ada","text":"hello"}'
OTHER = b'{"user":"bob","text":"ciao"}'


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server with everything in memory."""
    async with running() as one:
        yield one


async def test_one_event(site: Site) -> None:
    """One object is one event, kept as it was written, with the bot's settings beside it."""
    status, answer = await site.post("/v1/events", EVENT, User_Agent="shop/1.0")

    assert (200, True, 1) == (status, answer["success"], answer["accepted"])
    [delivery] = site.log.deliveries
    assert [EVENT] == site.items
    assert ("pizza", "native", NOW_MS, "facebook") == (
        delivery.bot,
        delivery.way,
        delivery.received_at,
        delivery.platform,
    )
    assert ("shop/1.0", Reporting("Europe/Rome")) == (delivery.sdk, delivery.reporting)


async def test_default_reporting_is_left_out(site: Site) -> None:
    """Settings that are the default cost no bytes."""
    await site.post("/v1/events", EVENT, key="bpingestPLAIN")

    assert b"reporting" not in site.log.records[0]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b"[" + EVENT + b"," + OTHER + b"]", "application/json", id="array"),
        pytest.param(EVENT + b"\n" + OTHER + b"\n", "application/x-ndjson", id="NDJSON"),
        pytest.param(
            EVENT + b"\r\n\r\n" + OTHER, "application/x-ndjson; charset=utf-8", id="NDJSON, CRLF and blanks"
        ),
        pytest.param(EVENT + b"\n" + OTHER, "text/plain", id="NDJSON of no type"),
        pytest.param(b" \n\xef\xbb\xbf[ " + EVENT + b" , " + OTHER + b" ]", "", id="array with white space"),
    ],
)
async def test_several_events(site: Site, body: bytes, content_type: str) -> None:
    """Several events come as an array or as lines, whatever the type says."""
    body = body.lstrip(b" \n")
    status, answer = await site.post("/v1/events", body, Content_Type=content_type)

    assert (200, 2) == (status, answer["accepted"])
    assert [EVENT, OTHER] == site.items


async def test_items_lose_their_line_breaks(site: Site) -> None:
    """An event printed over several lines is one event, on one line."""
    status, answer = await site.post("/v1/events", json.dumps(json.loads(EVENT), indent=2))

    assert (200, 1) == (status, answer["accepted"])
    assert [EVENT] == [item.replace(b": ", b":").replace(b", ", b",") for item in site.items]


async def test_more_than_a_delivery_holds(site: Site) -> None:
    """A large request becomes several deliveries, each event once and in order."""
    events = [{"user": "ada", "text": str(number)} for number in range(2 * MAX_ITEMS + 1)]
    status, answer = await site.post("/v1/events", json.dumps(events))

    assert (200, len(events)) == (status, answer["accepted"])
    assert events == [json.loads(item) for item in site.items]
    assert [MAX_ITEMS, MAX_ITEMS, 1] == [len(delivery.items) for delivery in site.log.deliveries]


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param(
            "gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:]), id="gzip in two members"
        ),
        pytest.param(
            "gzip",
            lambda body: gzip.compress(b"") * (MAX_MEMBERS - 1) + gzip.compress(body),
            id="gzip in as many members as may be",
        ),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("deflate", lambda body: zlib.compress(body, wbits=-15), id="deflate without header"),
        pytest.param("br", brotli.compress, id="br"),
        pytest.param("zstd", zstandard.compress, id="zstd"),
        pytest.param(
            "zstd", lambda b: zstandard.compress(b[:9]) + zstandard.compress(b[9:]), id="zstd in two frames"
        ),
        pytest.param("identity", bytes, id="identity"),
    ],
)
async def test_encodings(site: Site, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    """A compressed body is the same as the plain one."""
    status, _ = await site.post("/v1/events", encode(EVENT), Content_Encoding=encoding)

    assert (200, [EVENT]) == (status, site.items)


async def test_partial_acceptance(site: Site) -> None:
    """Bad events cost themselves only, and are named by their place."""
    status, answer = await site.post("/v1/events", b"[" + EVENT + b',17,{"text":"no user"},' + OTHER + b"]")

    assert (200, 2, [1, 2]) == (status, answer["accepted"], [one["index"] for one in answer["rejected"]])
    assert all(one["reason"] and one["message"] for one in answer["rejected"])
    assert [EVENT, OTHER] == site.items


async def test_all_bad(site: Site) -> None:
    """When nothing can be taken the answer is 400, with a reason for each."""
    status, answer = await site.post("/v1/events", b'[17,{"text":"no user"}]')

    assert (400, [0, 1], []) == (status, [one["index"] for one in answer["rejected"]], site.items)
    assert answer["error"]["request_id"]


async def test_a_bad_line_costs_itself(site: Site) -> None:
    """In NDJSON a line that is no JSON is refused alone."""
    status, answer = await site.post(
        "/v1/events", EVENT + b"\n{broken\n" + OTHER, Content_Type="application/x-ndjson"
    )

    assert (200, 2, [1]) == (status, answer["accepted"], [one["index"] for one in answer["rejected"]])


@pytest.mark.parametrize(
    ("expected", "sent"),
    [
        pytest.param((401, "no_key"), "", id="no key"),
        pytest.param((401, "unknown_key"), "bpingestNOBODY", id="unknown key"),
        pytest.param((401, "unknown_key"), "bpingestREVOKED", id="revoked key"),
        pytest.param((403, "wrong_scope"), READ_KEY, id="read key"),
        pytest.param((403, "bot_archived"), "bpingestOLD", id="key of an archived bot"),
    ],
)
async def test_keys(site: Site, expected: tuple[int, str], sent: str) -> None:
    """Only a valid ingest key of a live bot may send."""
    status, answer = await site.post("/v1/events", EVENT, key=sent)

    assert (expected, []) == ((status, answer["error"]["code"]), site.items)


async def test_a_key_revoked_now_is_refused_now(site: Site) -> None:
    """The registry is asked at each request."""
    await tell(site.registry, key("k6", "ingest", "bpingestPLAIN", "plain", revoked_at=NOW_MS))

    assert 401 == (await site.post("/v1/events", EVENT, key="bpingestPLAIN"))[0]


async def test_a_percent_encoded_key(site: Site) -> None:
    """Some SDKs encode the key inside the header."""
    assert 200 == (await site.post("/v1/events", EVENT, key="bpingest%50LAIN"))[0]


@pytest.mark.parametrize(
    ("expected", "body", "headers"),
    [
        pytest.param((400, "empty_body"), b"", {}, id="nothing"),
        pytest.param((400, "empty_body"), b" \n\t ", {}, id="white space"),
        pytest.param((400, "empty_body"), b"[]", {}, id="no elements"),
        pytest.param((400, "empty_body"), b"\n\n", {"Content_Type": "application/x-ndjson"}, id="no lines"),
        pytest.param((400, "not_json"), b"[1,", {}, id="broken array"),
        pytest.param((400, "not_json"), b'{\n"user":\n', {}, id="broken object over lines"),
        pytest.param((400, "not_an_object"), b'"hello"', {}, id="a string"),
        pytest.param((400, "not_an_object"), b"user=ada&text=hello", {}, id="a form"),
        pytest.param((400, "not_utf8"), b'{"user":"\xff"}', {}, id="Latin-1"),
        pytest.param((400, "not_utf8"), b'{"user":"\xed\xa0\x80"}', {}, id="surrogate in bytes"),
        pytest.param((400, "not_utf8"), EVENT.decode().encode("utf-16"), {}, id="UTF-16"),
        pytest.param((400, "too_deep"), b"[" * 100_000, {}, id="deep array"),
        pytest.param(
            (415, "unknown_encoding"), EVENT, {"Content_Encoding": "compress"}, id="unknown encoding"
        ),
        pytest.param((400, "bad_encoding"), EVENT, {"Content_Encoding": "gzip"}, id="not gzip"),
        pytest.param(
            (400, "bad_encoding"),
            gzip.compress(b"") * MAX_MEMBERS + gzip.compress(EVENT),
            {"Content_Encoding": "gzip"},
            id="too many members",
        ),
        pytest.param(
            (400, "bad_encoding"),
            zstandard.compress(b"") * MAX_MEMBERS + zstandard.compress(EVENT),
            {"Content_Encoding": "zstd"},
            id="too many frames",
        ),
        pytest.param((400, "bad_encoding"), EVENT, {"Content_Encoding": "deflate"}, id="not deflate"),
        pytest.param((400, "bad_encoding"), EVENT, {"Content_Encoding": "br"}, id="not br"),
        pytest.param((400, "bad_encoding"), EVENT, {"Content_Encoding": "zstd"}, id="not zstd"),
        pytest.param(
            (400, "bad_encoding"), gzip.compress(EVENT)[:-9], {"Content_Encoding": "gzip"}, id="cut gzip"
        ),
        pytest.param(
            (400, "bad_encoding"), zlib.compress(EVENT)[:-5], {"Content_Encoding": "deflate"}, id="cut zlib"
        ),
        pytest.param(
            (400, "bad_encoding"), brotli.compress(EVENT)[:-3], {"Content_Encoding": "br"}, id="cut br"
        ),
        pytest.param(
            (400, "bad_encoding"), zstandard.compress(EVENT)[:-3], {"Content_Encoding": "zstd"}, id="cut zstd"
        ),
    ],
)
async def test_bodies_that_say_nothing(
    site: Site, expected: tuple[int, str], body: bytes, headers: dict[str, str]
) -> None:
    """What cannot be read is refused in words, and nothing is kept."""
    status, answer = await site.post("/v1/events", body, **headers)

    assert (expected, []) == ((status, answer["error"]["code"]), site.items)
    assert len(answer["error"]["message"]) > 10


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("br", brotli.compress, id="br"),
        pytest.param("zstd", lambda body: zstandard.compress(body, 19), id="zstd"),
        pytest.param("identity", bytes, id="plain"),
    ],
)
async def test_the_request_limit(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    """A body beyond the limit is 413 with the limit named, also when it only grows to it."""
    async with running(max_request_bytes=1_000_000) as site:
        status, answer = await site.post("/v1/events", encode(b" " * 1_000_001), Content_Encoding=encoding)

        assert (413, "too_large") == (status, answer["error"]["code"])
        assert "1000000" in answer["error"]["message"]


async def test_the_request_limit_without_a_length(site: Site) -> None:
    """A chunked body is stopped at the limit, however long it goes on."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {'bpingestPLAIN'}\r\nConnection: close\r\n"
    answer = await site.raw(
        head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 130 + b"0\r\n\r\n"
    )

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_the_event_limit() -> None:
    """An event beyond the limit is refused alone; alone it is a 413 that names the limit."""
    big = json.dumps({"user": "ada", "text": "x" * 2000})
    async with running(max_event_bytes=1024) as site:
        status, answer = await site.post("/v1/events", f"[{big},{EVENT.decode()}]")
        assert (200, [0], [EVENT]) == (status, [one["index"] for one in answer["rejected"]], site.items)

        status, answer = await site.post("/v1/events", big)
        assert (413, "too_large") == (status, answer["error"]["code"])
        assert "1024" in answer["error"]["message"]


async def test_too_many_events(site: Site) -> None:
    """A request of very many tiny events is refused before they are looked at."""
    status, answer = await site.post("/v1/events", b"[" + b"1," * 20_000 + b"1]")

    assert (413, "too_many") == (status, answer["error"]["code"])


async def test_unavailable(site: Site) -> None:
    """Without a broker the answer is 503 with the time to wait."""
    site.log.is_open = False
    async with site.client.post(
        f"{site.url}/v1/events", data=EVENT, headers={"Authorization": "Bearer bpingestPLAIN"}
    ) as answer:
        body = await answer.json()

    assert (503, "unavailable") == (answer.status, body["error"]["code"])
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/", "/track", "/track/"])
async def test_other_methods(site: Site, method: str, path: str) -> None:
    """Only POST sends; everything else is told so."""
    async with site.client.request(method, site.url + path, allow_redirects=False) as answer:
        assert (405, "OPTIONS, POST") == (answer.status, answer.headers["Allow"])


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/", "/track", "/track/"])
async def test_preflight(site: Site, path: str) -> None:
    """A page of another origin may post with a key and a type."""
    async with site.client.options(site.url + path) as answer:
        assert (204, "*") == (answer.status, answer.headers["Access-Control-Allow-Origin"])
        assert {"Authorization", "Content-Type"} <= set(
            answer.headers["Access-Control-Allow-Headers"].split(", ")
        )


async def test_the_application_routes_it_too(site: Site) -> None:
    """An address in absolute form takes the long way to the same answer."""
    head = f"POST {site.url}/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer bpingestPLAIN\r\n"
    answer = await site.raw(
        f"{head}Content-Length: {len(EVENT)}\r\nConnection: close\r\n\r\n".encode() + EVENT
    )

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert [EVENT] == site.items


async def test_expect_continue(site: Site) -> None:
    """A client that asks before sending is told to go on."""
    head = "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer bpingestPLAIN\r\nExpect: 100-continue\r\n"
    answer = await site.raw(
        f"{head}Content-Length: {len(EVENT)}\r\nConnection: close\r\n\r\n".encode() + EVENT
    )

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("expected", "version", "header"),
    [
        pytest.param("keep-alive", "1.0", "Connection: keep-alive\r\n", id="1.0 that asks to keep it"),
        pytest.param("close", "1.0", "", id="1.0"),
        pytest.param("close", "1.1", "Connection: close\r\n", id="1.1 that asks to close"),
        pytest.param("", "1.1", "", id="1.1"),
    ],
)
async def test_keep_alive(site: Site, expected: str, version: str, header: str) -> None:
    """The answer says what becomes of the connection where the client cannot know."""
    head = f"POST /v1/events HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer bpingestPLAIN\r\n{header}"
    answer = await site.raw(f"{head}Content-Length: {len(EVENT)}\r\n\r\n".encode() + EVENT)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert (f"\r\nConnection: {expected}\r\n".encode() in answer) is bool(expected)
