"""Whatever is sent, the answer is what went wrong: never a 500, never silence from a live connection."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.web.ingest import WAYS
from tests.web.site import INGEST_KEY, Site, running

PATHS = tuple(path for way in WAYS for path in way.PATHS)
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_fields = st.sampled_from(
    ["user", "text", "at", "id", "intent", "amount", "attributes", "userId", "entry", "type"]
)
_bodies = st.one_of(
    st.binary(max_size=300),
    _json.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    st.dictionaries(_fields, _json, max_size=6).map(lambda value: json.dumps(value).encode()),
    st.lists(st.dictionaries(_fields, _json, max_size=6), max_size=3).map(
        lambda value: json.dumps(value).encode()
    ),
    st.binary(max_size=100).map(gzip.compress),
)
_texts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF), max_size=30)


class Loop:
    """A server on a loop that stays, so that each example is one request."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._context = running()
        self.site: Site = self._runner.run(self._context.__aenter__())

    def send(self, request: bytes) -> bytes:
        """Send bytes and return the answer."""
        return self._runner.run(self.site.raw(request))

    def close(self) -> None:
        """End the server."""
        self._runner.run(self._context.__aexit__(None, None, None))
        self._runner.close()


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    """One server for all examples."""
    one = Loop()
    yield one
    one.close()


def post(target: str, body: bytes, *headers: str) -> bytes:
    """Return the bytes of a request that carries a valid key."""
    lines = [
        f"POST {target} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {INGEST_KEY}",
        "Connection: close",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def status_of(answer: bytes) -> int:
    """Return the status of an answer."""
    assert answer.startswith(b"HTTP/1."), answer
    return int(answer[9:12])


@QUIET
@given(
    path=st.sampled_from(PATHS),
    platform=st.sampled_from(["generic", "facebook", "twitter", "x"]),
    body=_bodies,
)
def test_any_body(loop: Loop, path: str, platform: str, body: bytes) -> None:
    """A body is taken or refused."""
    target = f"{path}?platform={platform}&type=incoming&apiKey={INGEST_KEY}"

    assert status_of(loop.send(post(target, body))) in {200, 400}


@QUIET
@given(
    path=st.sampled_from(PATHS),
    encoding=st.sampled_from(["gzip", "deflate", "br", "zstd"]) | _texts,
    kind=st.sampled_from(["application/x-ndjson", "application/json;charset=utf-16"]) | _texts,
    body=_bodies,
)
def test_any_encoding(loop: Loop, path: str, encoding: str, kind: str, body: bytes) -> None:
    """Headers that make no sense are refused with the body, or passed over."""
    target = f"{path}?platform=generic&type=incoming&apiKey={INGEST_KEY}"
    answer = loop.send(post(target, body, f"Content-Encoding: {encoding}", f"Content-Type: {kind}"))

    assert status_of(answer) in {200, 400, 413, 415}


@QUIET
@given(path=st.sampled_from(PATHS), query=st.binary(max_size=60))
def test_any_query(loop: Loop, path: str, query: bytes) -> None:
    """A query of any bytes is read or refused."""
    request = post(f"{path}?QUERY", b'{"user":"ada","text":"x"}').replace(b"QUERY", query)

    assert status_of(loop.send(request)) in {200, 400, 401, 403}


@QUIET
@given(agent=_texts, authorization=_texts)
def test_any_header(loop: Loop, agent: str, authorization: str) -> None:
    """Headers of any bytes are read or refused."""
    request = post("/v1/events", b'{"user":"ada","text":"x"}', f"User-Agent: {agent}")
    other = request.replace(f"Bearer {INGEST_KEY}".encode(), authorization.encode("latin-1"))

    assert {200, 400} >= {status_of(loop.send(request))}
    assert {400, 401} >= {status_of(loop.send(other))}


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"GARBAGE\r\n\r\n", id="not HTTP"),
        pytest.param(b"POST /v1/events\x00 HTTP/1.1\r\nHost: x\r\n\r\n", id="NUL in the address"),
        pytest.param(
            b"POST /track?apiKey=\xff\xfe&type=incoming HTTP/1.1\r\nHost: x\r\n\r\n", id="bytes in the query"
        ),
        pytest.param(
            b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", id="length is no number"
        ),
        pytest.param(
            b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", id="negative length"
        ),
        pytest.param(
            post("/v1/events", b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
            + b"zz\r\n\r\n",
            id="broken chunks",
        ),
        pytest.param(b"POST /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="long address"),
        pytest.param(
            b"POST /v1/events HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", id="long header"
        ),
    ],
)
def test_broken_requests(loop: Loop, request_bytes: bytes) -> None:
    """What is no request is told so."""
    assert status_of(loop.send(request_bytes)) in range(400, 500)
