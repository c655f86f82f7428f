"""
Whatever is sent, the answer is what went wrong: never a 500, never silence from a live connection.

And it is said in the shape that the clients of the way in understand, and a body that is fit is never lost with
another that is not.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import KIB, MIB
from app.core.channel_keys import CHANNELS, channel_key_text
from app.core.normalise import read_item
from app.core.platforms.context import context_of
from app.core.registry import Bot, HookSecret
from app.web.ingest import WAYS, Way
from app.web.parts import PARTS
from tests.web.bodies import own_body, packed
from tests.web.signing import SIGNERS
from tests.web.site import INGEST_KEY, NOW_MS, Site, key, running, tell

NAMES = {
    "path:.+": "messages/slack/",
    "platform": "viber",
    "bot": "plain",
    "key": "bpingestPLAIN",
    "uid": "pizza",
    "id": "ada",
    "slug": "x",
}
"""What stands for the names in paths."""


def _name_of(way: Way) -> str:
    return str(getattr(way, "__name__", "")).rpartition(".")[2]


WAY_OF = {
    re.sub(r"\{([^}]+)\}", lambda name: NAMES[name[1]], path): _name_of(way)
    for way in WAYS
    for path in way.PATHS
}
PATHS = tuple(WAY_OF)
CHANNEL_KEYS = {channel: channel_key_text(channel, 7) for channel in CHANNELS}
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _json_of(floats: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | floats | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )


_json = _json_of(st.floats())
_fit_json = _json_of(st.floats(allow_nan=False, allow_infinity=False))
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
        self._context = running(max_request_bytes=MIB, max_event_bytes=64 * KIB)
        self.site: Site = self._runner.run(self._context.__aenter__())
        self._runner.run(self._prepare())

    async def _prepare(self) -> None:
        registry, seal = self.site.registry, self.site.app[PARTS].seal
        await tell(registry, Bot("kiki", "Kiki", "kik", NOW_MS))
        await tell(registry, key("k9", "ingest", "bpingestKIK", "kiki"))
        for channel, text in CHANNEL_KEYS.items():
            one = key(f"v2-{channel}", "botanalytics-v2", text, "pizza")
            await tell(registry, msgspec.structs.replace(one, channel=channel))
        for platform in SIGNERS:
            secret = HookSecret(
                f"h-{platform}", "pizza", platform, NOW_MS, seal.seal(SIGNERS[platform].secret("a"))
            )
            await tell(registry, secret)

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


def is_ours(body: Any) -> bool:
    """Tell whether a refusal is in our own shape."""
    error = body["error"]
    return all(isinstance(error[name], str) and error[name] for name in ("code", "message", "request_id"))


def is_texts(value: Any) -> bool:
    """Tell whether *value* is a list of texts that is not empty."""
    return bool(value) and all(isinstance(one, str) and one for one in value)


SHAPES: dict[str, Callable[[Any], bool]] = {
    "native": is_ours,
    "hooks": is_ours,
    "short_links": is_ours,
    "dashbot": lambda body: body["success"] is False and is_texts([one["message"] for one in body["errors"]]),
    "botanalytics_v1": lambda body: body["error_message"] == body["errors"][0] and is_texts(body["errors"]),
    "botanalytics_v2": lambda body: is_texts(body["errors"]),
    "botmetrics": lambda body: body["errors"] == [body["error"]] and body["error"] == body["message"] != "",
}
"""How each way in says no."""


def check_answer(path: str, answer: bytes) -> None:
    """Fail on a 5xx, and on a refusal that the clients of the way in would not understand."""
    status = status_of(answer)
    assert status in range(200, 500), answer
    if status >= 400:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"application/json" in head, answer
        assert SHAPES[WAY_OF[path]](json.loads(body)), answer


@QUIET
@given(
    path=st.sampled_from(PATHS),
    platform=st.sampled_from(["generic", "facebook", "twitter", "x"]),
    body=_bodies,
)
def test_any_body(loop: Loop, path: str, platform: str, body: bytes) -> None:
    """A body is taken or refused."""
    target = f"{path}?platform={platform}&type=incoming&apiKey={INGEST_KEY}"

    check_answer(path, loop.send(post(target, body)))


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

    if answer.startswith(b"HTTP/1.0 400"):
        return  # no HTTP at all, which the server refuses before any way in sees it
    check_answer(path, answer)


@QUIET
@given(path=st.sampled_from(PATHS), query=st.binary(max_size=60))
def test_any_query(loop: Loop, path: str, query: bytes) -> None:
    """A query of any bytes is read or refused."""
    request = post(f"{path}?QUERY", b'{"user":"ada","text":"x"}').replace(b"QUERY", query)

    # what is no HTTP at all, such as a line break in the address, is refused before any way in sees it
    assert status_of(loop.send(request)) in range(200, 500)


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


AWFUL = {
    "empty": b"",
    "blank": b" \r\n\t",
    "NUL": b"\x00",
    "a word": b"hello",
    "cut off": b'{"user":"ada","text":"x',
    "a text": b'"hello"',
    "a number": b"12",
    "a number without an end": b"1" * 5000,
    "null": b"null",
    "a list of nothing": b"[[],[[]],null]",
    "an empty object": b"{}",
    "two objects": b"{}{}",
    "JavaScript": b"{user:'ada', text:NaN}",
    "wrong types": b'{"user":{},"text":[],"at":true,"userId":[1],"entry":5,"messages":"x","message":7,"event":{"a":1},"type":{}}',
    "deep arrays": b"[" * 20_000 + b"]" * 20_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "deep within": b'{"user":"ada","text":"x","userId":"ada","event":' + b"[" * 500 + b"]" * 500 + b"}",
    "huge ids": b'{"user":9007199254740993,"userId":123456789012345678901234567890,"text":"x","at":1e400}',
    "half an emoji": b'{"user":"\\ud83d","userId":"\\udc00\\ud83d","text":"\\ud83d\\u0000"}',
    "NUL within": b'{"user":"a\\u0000b","userId":"\\u0000","text":"\\u0000"}',
    "UTF-16": '{"user":"ada","userId":"ada","text":"x"}'.encode("utf-16"),
    "Latin-1": '{"user":"zo\u00eb","userId":"zo\u00eb","text":"x"}'.encode("latin-1"),
    "a byte order mark": b'\xef\xbb\xbf{"user":"ada","userId":"ada","text":"x"}',
    "a form": b"user=ada&text=%ZZ&userId=%00",
    "a form of fields": b"&".join(b"a%d[b][c]=1" % n for n in range(3000)),
    "XML": b"<xml><a>&lol;</a></xml>",
    "an event too large": b'{"user":"ada","userId":"ada","text":"' + b"x" * 70 * KIB + b'"}',
    "a request too large": b"[" + b'{"user":"ada"},' * 90_000 + b"{}]",
    "many items": b"[" + b"{}," * 20_001 + b"{}]",
    "the same name twice": b'{"user":"ada","user":{},"userId":1,"userId":[]}',
}
KINDS = (
    "application/json",
    "text/plain;charset=utf-16",
    "multipart/form-data; boundary=x",
    "application/x-ndjson",
    "",
)


@pytest.mark.parametrize("path", PATHS)
def test_awful_bodies(loop: Loop, path: str) -> None:
    """Every body that ever went wrong somewhere, at every address, whatever its type is said to be."""
    target = f"{path}?platform=generic&type=incoming&apiKey={INGEST_KEY}"
    for body, kind in itertools.product(AWFUL.values(), KINDS):
        check_answer(path, loop.send(post(target, body, f"Content-Type: {kind}")))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "OPTIONS"])
def test_any_method(loop: Loop, path: str, method: str) -> None:
    """A method that is not meant is refused in the way's own shape; a page may ask beforehand what is."""
    request = post(path, b"{}").replace(b"POST", method.encode(), 1)
    answer = loop.send(request)

    if method == "OPTIONS":
        assert 204 == status_of(answer)
    elif method == "HEAD":
        assert status_of(answer) in range(200, 500)
    else:
        check_answer(path, answer)


@pytest.mark.parametrize("platform", SIGNERS)
@pytest.mark.parametrize("body", AWFUL.values(), ids=AWFUL)
def test_awful_bodies_that_are_signed(loop: Loop, platform: str, body: bytes) -> None:
    """A genuine request with a body of any kind is refused in words or kept."""
    if platform in {"alexa", "microsoft"}:
        request = post(f"/hooks/{platform}/pizza", body, "Authorization: Bearer a.b.c", "Signature-256: eA==")
    else:
        one = SIGNERS[platform]
        try:
            signed = one.sign(body, one.secret("a"), f"http://x/hooks/{platform}/pizza", NOW_MS)
        except (
            ValueError,
            TypeError,
            KeyError,
            RecursionError,
        ):  # it is its own scheme that wants another body
            signed = one.sign(
                packed(platform, own_body(platform, "ada", "x", NOW_MS)), one.secret("a"), "", NOW_MS
            )._replace(body=body)
        lines = [f"{name}: {value}" for name, value in signed.headers.items()]
        request = post(f"/hooks/{platform}/pizza?{signed.query}", signed.body, *lines)

    answer = loop.send(request)
    # without the vendor's document nothing can be checked
    if not (platform in {"alexa", "microsoft"} and status_of(answer) == 503):
        check_answer("/hooks/viber/plain", answer)


_ids = itertools.count()


def _said(user: str, text: str) -> dict[str, Any]:
    return {
        "timestamp": NOW_MS,
        "sender": {"id": user, "type": "user"},
        "content": {"texts": [{"text": text}]},
    }


def _post_v2(channel: str, messages: list[Any]) -> bytes:
    request = post("/v2/messages", json.dumps({"messages": messages}).encode())
    return request.replace(f"Bearer {INGEST_KEY}".encode(), f"Bearer {CHANNEL_KEYS[channel]}".encode())


def _post_kik(messages: list[Any]) -> bytes:
    body = json.dumps({"messages": messages}).encode()
    signed = SIGNERS["kik"].sign(body, SIGNERS["kik"].secret("a"), "", NOW_MS)
    return post("/hooks/kik/pizza", body, *(f"{name}: {value}" for name, value in signed.headers.items()))


BATCHES: dict[str, tuple[Callable[[str], Any], Callable[[list[Any]], bytes]]] = {
    "native": (
        lambda text: {"user": "ada", "text": text},
        lambda items: post("/v1/events", json.dumps(items).encode()),
    ),
    "native lines": (
        lambda text: {"user": "ada", "text": text},
        lambda items: post(
            "/v1/events",
            b"\n".join(json.dumps(one).encode() for one in items),
            "Content-Type: application/x-ndjson",
        ),
    ),
    "dashbot": (
        lambda text: {"userId": "ada", "text": text},
        lambda items: post(
            f"/track?platform=generic&type=incoming&apiKey={INGEST_KEY}", json.dumps(items).encode()
        ),
    ),
    "dashbot facebook": (
        lambda text: own_body("facebook", "ada", text, NOW_MS)["entry"][0],
        lambda items: post(
            f"/track?platform=facebook&type=all&apiKey={INGEST_KEY}",
            json.dumps({"object": "page", "entry": items}).encode(),
        ),
    ),
    "botanalytics v1": (
        lambda text: {
            "is_sender_bot": False,
            "user": {"id": "ada", "name": "A"},
            "message": {"text": text, "timestamp": NOW_MS},
        },
        lambda items: post("/v1/messages/generic/", json.dumps(items).encode()),
    ),
    "botanalytics v2": (
        lambda text: {"message": {"id": text, "message": _said("ada", text)}},
        lambda items: _post_v2("universal", items),
    ),
    "botanalytics v2 spread": (
        lambda text: {"id": text, "message": _said("ada", text)},
        lambda items: _post_v2("universal", [{"message": items}]),
    ),
    "botmetrics": (
        lambda text: own_body("kik", "ada", text, NOW_MS)["messages"][0],
        lambda items: post("/bots/kiki/events", json.dumps({"event": json.dumps(items)}).encode()).replace(
            INGEST_KEY.encode(), b"bpingestKIK"
        ),
    ),
    "a webhook": (
        lambda text: own_body("kik", "ada", text, NOW_MS)["messages"][0],
        _post_kik,
    ),
}
"""What a fit item is, and how several are sent at once."""


ODD = (2**53 + 1, {"user": 2**70, "userId": -(2**70)}, 10**400, {"text": 10**400}, "\ud83d", {"user": "\udc00", "userId": "\ud83d\ud83d"}, "\0", {"user": "\0", "text": "\0"})  # fmt: skip


@pytest.mark.parametrize("batch", BATCHES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bad=_fit_json | st.dictionaries(_fields, _fit_json, max_size=5) | st.sampled_from(ODD))
def test_a_neighbour_is_never_lost(loop: Loop, batch: str, bad: Any) -> None:
    """Whatever lies between two fit items of one request, both become events."""
    make, send = BATCHES[batch]
    number = next(_ids)
    texts = [f"first{number}", f"last{number}"]
    before = len(loop.site.log.deliveries)
    answer = loop.send(send([make(texts[0]), bad, make(texts[1])]))
    kept = [
        event.text
        for delivery in loop.site.log.deliveries[before:]
        for item in delivery.items
        for event in read_item(bytes(item), context_of(delivery)).events
        if event.text in texts
    ]

    assert status_of(answer) in {200, 202}, answer
    assert texts == kept


def test_a_line_in_another_encoding_costs_itself(loop: Loop) -> None:
    """Of NDJSON each line is judged by itself, its encoding included."""
    lines = [
        b'{"user":"ada","text":"before"}',
        b'{"user":"zo\xeb","text":"x"}',
        b'{"user":"ada","text":"after"}',
    ]
    before = len(loop.site.items)
    answer = loop.send(post("/v1/events", b"\n".join(lines), "Content-Type: application/x-ndjson"))

    assert [lines[0], lines[2]] == loop.site.items[before:]
    assert [(1, "not_json")] == [
        (one["index"], one["reason"]) for one in json.loads(answer.partition(b"\r\n\r\n")[2])["rejected"]
    ]


@pytest.mark.parametrize("layout", [None, 1], ids=["on one line", "on several lines"])
def test_half_an_emoji_is_mended_however_a_body_is_laid_out(loop: Loop, layout: int | None) -> None:
    """An object with half a surrogate pair is one event, with U+FFFD in its place."""
    body = json.dumps({"user": "ada", "text": "\ud83d"}, indent=layout).encode()
    before = len(loop.site.items)

    assert 200 == status_of(loop.send(post("/v1/events", body)))
    assert ["\ufffd"] == [json.loads(item)["text"] for item in loop.site.items[before:]]
