"""The platforms' own webhooks: what is genuine is stored as it came, nothing else is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY

from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms import PLATFORMS, Platform
from app.core.platforms.building import make_event
from app.core.platforms.context import Context
from app.core.platforms.platform import Answer, Hook, Request
from app.core.platforms.schemes import signature, signed_by_any
from app.core.platforms.unpacking import form_item
from app.core.registry import HookSecret
from app.web.parts import PARTS
from tests.web.site import INGEST_KEY, NOW_MS, Site, running, tell

SEEN: list[Request] = []


def read(body: dict[str, Any], context: Context) -> Outcome:
    """Read `{"say": TEXT}`; fail on `{"fail": ...}`."""
    if "fail" in body:
        raise ValueError
    if "say" not in body:
        return Outcome([], [Rejection(Reason.UNKNOWN_SHAPE, "send `say`", "say")])
    event = make_event(context, "text", "in", "ada", None)
    event.text = body["say"]
    return Outcome([event])


def verify(request: Request, secrets: Sequence[str], document: bytes) -> str:
    """Ask for an HMAC of body and document."""
    SEEN.append(request)
    return signed_by_any(secrets, request.body + document, request.headers.get("x-sign", ""))


def handshake(request: Request, secrets: Sequence[str]) -> Answer | None:
    """Answer `?challenge=` with the secret's word before it."""
    if request.method != "GET":
        return None
    if request.query.get("token") not in secrets:
        return Answer(b"the token is wrong", "text/plain", 403)
    return Answer(request.query["challenge"].encode(), "text/plain")


def document(request: Request) -> str:
    """Name what the request names."""
    return request.headers.get("x-document", "")


SIGNED = Platform(read, hook=Hook(verify, handshake, answer=Answer(b"taken", "text/plain")))
UNSIGNED = Platform(read, hook=Hook(None, unpack=form_item))
CERTIFIED = Platform(read, hook=Hook(verify, document=document, document_hosts=("docs.example.org",)))


@pytest.fixture
def platforms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three platforms made for the purpose, and one without a webhook."""
    SEEN.clear()
    monkeypatch.setattr(
        "app.core.commands.hook_secrets.canonical", lambda name: {"alias": "signed"}.get(name, name)
    )
    monkeypatch.setattr("app.web.ingest.hooks.canonical", lambda name: {"alias": "signed"}.get(name, name))
    made = {"signed": SIGNED, "unsigned": UNSIGNED, "certified": CERTIFIED, "hookless": Platform(read)}
    for name, platform in made.items():
        monkeypatch.setitem(PLATFORMS, name, platform)


@asynccontextmanager
async def hooked(*secrets: tuple[str, str], **settings: Any) -> AsyncIterator[Site]:
    """Run a site whose bot `pizza` has *secrets* (platform, text)."""
    async with running(**settings) as site:
        seal = site.app[PARTS].seal
        for number, (platform, text) in enumerate(secrets):
            secret = HookSecret(f"h{number}", "pizza", platform, NOW_MS + number, seal.seal(text))
            await tell(site.registry, secret)
        yield site


async def call(site: Site, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Send a request; return status and body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    method = "GET" if body is None else "POST"
    async with site.client.request(method, site.url + path, data=body, headers=named) as answer:
        return answer.status, await answer.read()


def code(answer: bytes) -> str:
    """Return the code of a refusal."""
    return str(msgspec.json.decode(answer)["error"]["code"])


BODY = b'{"say": "hi",\n "n": 9007199254740993}'
SIGN = signature("s3", BODY)


@pytest.mark.usefixtures("platforms")
@pytest.mark.parametrize("path", ["/hooks/signed/pizza", "/hooks/signed/pizza/", "/hooks/alias/pizza"])
async def test_a_genuine_request_is_stored_as_it_came(path: str) -> None:
    """One item, by the platform's own name, its numbers as they were; the platform gets the answer it asks for."""
    async with hooked(("signed", "s3")) as site:
        status, answer = await call(site, path, BODY, X_Sign=SIGN)

        [delivery] = site.log.deliveries
        assert (200, b"taken") == (status, answer)
        assert ("pizza", "webhook", "signed") == (delivery.bot, delivery.way, delivery.platform)
        assert [b'{"say":"hi","n":9007199254740993}'] == site.items
        assert "Europe/Rome" == delivery.reporting.zone


@pytest.mark.usefixtures("platforms")
@pytest.mark.parametrize(
    ("status", "reason", "path", "headers"),
    [
        pytest.param(404, "unknown_platform", "/hooks/nowhere/pizza", {}, id="platform"),
        pytest.param(404, "no_hook", "/hooks/hookless/pizza", {}, id="no hook"),
        pytest.param(404, "unknown_bot", "/hooks/signed/nobody", {}, id="bot"),
        pytest.param(403, "bot_archived", "/hooks/signed/old", {}, id="archived"),
        pytest.param(401, "not_set", "/hooks/signed/plain", {"X-Sign": SIGN}, id="no secret of this bot"),
        pytest.param(
            401, "not_set", "/hooks/certified/pizza", {"X-Sign": SIGN}, id="no secret of this platform"
        ),
        pytest.param(401, "no_signature", "/hooks/signed/pizza", {}, id="no signature"),
        pytest.param(401, "wrong_signature", "/hooks/signed/pizza", {"X-Sign": "00"}, id="wrong signature"),
        pytest.param(401, "wrong_signature", "/hooks/signed/pizza", {"X-Sign": "\u00e9"}, id="odd signature"),
        pytest.param(
            401, "wrong_signature", f"/hooks/signed/pizza/{INGEST_KEY}", {"X-Sign": "0"}, id="key instead"
        ),
        pytest.param(401, "no_key", "/hooks/unsigned/pizza", {}, id="no key"),
        pytest.param(401, "unknown_key", "/hooks/unsigned/pizza/bpingestNONE", {}, id="unknown key"),
        pytest.param(401, "unknown_key", "/hooks/unsigned/pizza/bpingestREVOKED", {}, id="revoked key"),
        pytest.param(403, "wrong_bot", "/hooks/unsigned/pizza/bpingestPLAIN", {}, id="another bot's key"),
    ],
)
async def test_what_is_not_genuine_is_refused(
    status: int, reason: str, path: str, headers: dict[str, str]
) -> None:
    """It is said why, counted, and nothing is stored."""
    async with hooked(("signed", "s3")) as site:
        platform = path.split("/")[2] if reason not in {"unknown_platform", "no_hook"} else "unknown"
        before = count(platform, reason)
        found, answer = await call(site, path, BODY, **headers)

        assert (status, reason, []) == (found, code(answer), site.log.records)
        assert before + 1 == count(platform, reason)


def count(platform: str, reason: str) -> float:
    """Return how many requests were refused."""
    labels = {"platform": platform, "reason": reason}
    return REGISTRY.get_sample_value("botpulse_hooks_refused_total", labels) or 0


@pytest.mark.usefixtures("platforms")
async def test_any_active_secret_counts() -> None:
    """While a secret is replaced both are good; a revoked one is not."""
    async with hooked(("signed", "old"), ("signed", "s3")) as site:
        both = [
            (await call(site, "/hooks/signed/pizza", BODY, X_Sign=signature(one, BODY)))[0]
            for one in ("old", "s3")
        ]
        await tell(site.registry, HookSecret("h0", "pizza", "signed", NOW_MS, "", NOW_MS))
        after = [
            (await call(site, "/hooks/signed/pizza", BODY, X_Sign=signature(one, BODY)))[0]
            for one in ("old", "s3")
        ]

    assert ([200, 200], [401, 200]) == (both, after)


@pytest.mark.usefixtures("platforms")
async def test_a_secret_of_another_seal_is_no_secret() -> None:
    """What cannot be opened is not there: the request is refused, the log says why, and not with what."""
    async with hooked() as site:
        await tell(site.registry, HookSecret("h0", "pizza", "signed", NOW_MS, "gAAAAABnonsense"))
        status, answer = await call(site, "/hooks/signed/pizza", BODY, X_Sign=SIGN)

    assert (401, "not_set") == (status, code(answer))


@pytest.mark.usefixtures("platforms")
async def test_handshake() -> None:
    """The platform's question is answered from the bot's secrets, and a wrong one is refused; nothing is stored."""
    async with hooked(("signed", "s3")) as site:
        right = await call(site, "/hooks/signed/pizza?token=s3&challenge=42")
        wrong = await call(site, "/hooks/signed/pizza?token=no&challenge=42")
        other = await call(site, f"/hooks/unsigned/pizza/{INGEST_KEY}")

        assert (200, b"42") == right
        assert (403, "handshake_refused") == (wrong[0], code(wrong[1]))
        assert (403, "no_handshake") == (other[0], code(other[1]))
        assert [] == site.log.records


@pytest.mark.usefixtures("platforms")
async def test_an_unsigned_platform_by_key() -> None:
    """With the bot's ingest key in the address the body is taken, unpacked as the platform sends it."""
    async with hooked() as site:
        status, answer = await call(site, f"/hooks/unsigned/pizza/{INGEST_KEY}/", b"say=hi+there&n=1")

        assert (200, b"{}", [b'{"say":"hi there","n":"1"}']) == (status, answer, site.items)


@pytest.mark.usefixtures("platforms")
@pytest.mark.parametrize(
    ("status", "reason", "body"),
    [
        pytest.param(400, "not_json", b"", id="empty"),
        pytest.param(400, "not_json", b'{"say":', id="cut off"),
        pytest.param(400, "not_json", b'{"say":"\xff"}', id="not UTF-8"),
        pytest.param(400, "not_an_object", b"[1]", id="an array"),
        pytest.param(400, "too_deep", b'{"say":' + b"[" * 200 + b"]" * 200 + b"}", id="too deep"),
        pytest.param(413, "too_large", b'{"say":"' + b"x" * 3000 + b'"}', id="an event too large"),
        pytest.param(413, "too_large", b'{"say":"' + b"x" * 9000 + b'"}', id="a request too large"),
    ],
)
async def test_a_genuine_body_that_cannot_be_kept(status: int, reason: str, body: bytes) -> None:
    """It is refused in words, also when the signature is right."""
    async with hooked(("signed", "s3"), max_event_bytes=2048, max_request_bytes=8192) as site:
        found, answer = await call(site, "/hooks/signed/pizza", body, X_Sign=signature("s3", body))

        assert (status, reason, []) == (found, code(answer), site.log.records)
        assert b'..",' not in answer


@pytest.mark.usefixtures("platforms")
@pytest.mark.parametrize(
    "body", [b'{"new":1}', b'{"fail":1}'], ids=["nothing is understood", "the reader fails"]
)
async def test_what_nobody_understands_is_kept(body: bytes) -> None:
    """The platform is told that all is well, and the body stands in the log for the day a reader knows it."""
    async with hooked(("signed", "s3")) as site:
        status, _ = await call(site, "/hooks/signed/pizza", body, X_Sign=signature("s3", body))

        assert (200, [body]) == (status, site.items)


@pytest.mark.usefixtures("platforms")
@pytest.mark.parametrize(
    ("expected", "public_url"),
    [
        pytest.param(
            "https://bots.example.org/x/hooks/signed/pizza?a=%20b&a=2",
            "https://bots.example.org/x/",
            id="public",
        ),
        pytest.param("http://127.0.0.1:{port}/hooks/signed/pizza?a=%20b&a=2", "", id="own"),
    ],
)
async def test_the_address_that_is_signed(expected: str, public_url: str) -> None:
    """A signature over the address is checked with the public one, query as it was written; else with our own."""
    async with hooked(("signed", "s3"), public_url=public_url) as site:
        await site.raw(
            b"POST /hooks/signed/pizza?a=%%20b&a=2 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
            b"X-Sign: A\r\nContent-Length: 2\r\n\r\n{}" % site.port
        )

        assert expected.format(port=site.port) == SEEN[-1].url
        assert ("POST", "A", b"{}", NOW_MS) == (
            SEEN[-1].method,
            SEEN[-1].headers["x-sign"],
            SEEN[-1].body,
            SEEN[-1].now_ms,
        )


@pytest.mark.usefixtures("platforms")
async def test_a_large_request_goes_no_further() -> None:
    """A large request is refused before any scheme sees it."""
    async with hooked(("signed", "s3"), max_request_bytes=1024) as site:
        status, answer = await call(site, "/hooks/signed/pizza", b"x" * 5000, X_Sign=SIGN)

    assert (413, "too_large", []) == (status, code(answer), SEEN)


@pytest.mark.usefixtures("platforms")
async def test_a_document_is_part_of_the_check() -> None:
    """A signature that needs a document is checked with it; none named is refused, one that is away asks to come again."""
    async with hooked(("certified", "s3")) as site:
        site.app[PARTS].documents.contents["https://docs.example.org/k"] = b"KEYS"  # type: ignore[attr-defined]
        signed = {"X_Sign": signature("s3", BODY + b"KEYS")}
        right = await call(
            site, "/hooks/certified/pizza", BODY, X_Document="https://docs.example.org/k", **signed
        )
        none = await call(site, "/hooks/certified/pizza", BODY, **signed)
        away = await call(
            site, "/hooks/certified/pizza", BODY, X_Document="https://docs.example.org/no", **signed
        )

        assert (200, 1) == (right[0], len(site.items))
        assert (401, "no_document") == (none[0], code(none[1]))
        assert (503, "unavailable") == (away[0], code(away[1]))


@pytest.mark.usefixtures("platforms")
async def test_away_is_said_with_a_time() -> None:
    """While the broker is away the platform is asked to come again."""
    async with hooked(("signed", "s3")) as site:
        site.log.is_open = False
        async with site.client.post(
            site.url + "/hooks/signed/pizza", data=BODY, headers={"X-Sign": SIGN}
        ) as answer:
            assert (503, True) == (answer.status, int(answer.headers["Retry-After"]) > 0)


@pytest.mark.parametrize("name", sorted(name for name, one in PLATFORMS.items() if one.hook is not None))
@pytest.mark.parametrize("secrets", [[], ["s3"]], ids=["no secret", "a secret"])
async def test_every_platform_fails_closed(name: str, secrets: list[str]) -> None:
    """Without signature and key no platform's webhook takes or answers anything, nor where keys cannot be fetched."""
    bodies: list[bytes | None] = [
        None, b"{}", b"", b"[]", b"\xff", b'{"type":"url_verification","challenge":"c","token":"t"}',
        b'{"clientToken":"x","secret":"y"}', b"<xml/>", b"payload=%7B%7D",
    ]  # fmt: skip
    async with hooked(*((name, one) for one in secrets)) as site:
        answers = await asyncio.gather(*(call(site, f"/hooks/{name}/pizza", body) for body in bodies))

        assert [True] * len(bodies) == [status in {401, 403, 503} for status, _ in answers], answers
        assert [] == site.log.records


def test_every_platform_is_in_the_page() -> None:
    """docs/hooks.md says of each platform with a webhook which secret it takes."""
    page = (Path(__file__).parents[2] / "docs/hooks.md").read_text(encoding="utf-8")
    named = re.findall(r"\[(\w+)\]\(platforms/", page)

    assert sorted(name for name, one in PLATFORMS.items() if one.hook is not None) == sorted(named)
