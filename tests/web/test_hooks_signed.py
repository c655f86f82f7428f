"""Every platform with a scheme, over HTTP: what it signed is taken, whatever else is not."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from app.core.normalise import read_item
from app.core.platforms import PLATFORMS
from app.core.platforms.alexa_hook import verify as verify_alexa
from app.core.platforms.context import context_of
from app.core.platforms.microsoft_hook import KEYS_URL
from app.core.platforms.schemes import signature
from app.core.registry import HookSecret
from app.web.parts import PARTS
from tests.web.bodies import own_body, packed
from tests.web.signing import (
    CHAIN_URL,
    SIGNERS,
    Signed,
    amazon_chain,
    amazon_roots,
    microsoft_keys,
)
from tests.web.site import INGEST_KEY, NOW_MS, Site, running, tell

UNSIGNED = ("google", "lex", "rasa", "watson")


@pytest.fixture(autouse=True)
def _amazon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon's roots are ours here."""
    alexa = PLATFORMS["alexa"]
    assert alexa.hook is not None
    ours = alexa.hook._replace(verify=partial(verify_alexa, roots=amazon_roots(NOW_MS)))
    monkeypatch.setitem(PLATFORMS, "alexa", alexa._replace(hook=ours))


@asynccontextmanager
async def hooked(platform: str, *secrets: str) -> AsyncIterator[Site]:
    """Run a site whose bot `pizza` has *secrets* for *platform*, and the documents of Amazon and Microsoft."""
    async with running() as site:
        parts = site.app[PARTS]
        parts.documents.contents |= {  # type: ignore[attr-defined]
            CHAIN_URL: amazon_chain(NOW_MS),
            KEYS_URL: microsoft_keys(),
        }
        for number, text in enumerate(secrets):
            await tell(
                site.registry,
                HookSecret(f"h{number}", "pizza", platform, NOW_MS + number, parts.seal.seal(text)),
            )
        yield site


def signed(site: Site, platform: str, secret: str = "a", text: str = "hello there", age_s: int = 0) -> Signed:
    """Return a message that the platform signed *age_s* ago with the secret called *secret*."""
    signer = SIGNERS[platform]
    body = packed(platform, own_body(platform, "ada", text, NOW_MS))

    return signer.sign(
        body, signer.secret(secret), f"{site.url}/hooks/{platform}/pizza", NOW_MS - age_s * 1000
    )


async def send(site: Site, platform: str, request: Signed) -> int:
    """Post a request as it is; return the status."""
    url = f"{site.url}/hooks/{platform}/pizza" + (f"?{request.query}" if request.query else "")
    async with site.client.post(url, data=request.body, headers=request.headers) as answer:
        return answer.status


def secrets_of(platform: str, names: Sequence[str]) -> list[str]:
    return [SIGNERS[platform].secret(name) for name in names]


def test_every_scheme_has_a_signer() -> None:
    """A platform that comes with a scheme comes with a way to sign for it here."""
    schemes = {
        name for name, one in PLATFORMS.items() if one.hook is not None and one.hook.verify is not None
    }

    assert schemes == set(SIGNERS)
    assert set(UNSIGNED) == {name for name, one in PLATFORMS.items() if one.hook is not None} - schemes


@pytest.mark.parametrize("platform", SIGNERS)
async def test_what_a_platform_signed_is_its_message(platform: str) -> None:
    """A genuine request is answered with 200 and becomes the event that the user sent."""
    async with hooked(platform, *secrets_of(platform, "a")) as site:
        status = await send(site, platform, signed(site, platform))

        [delivery] = site.log.deliveries
        [event] = read_item(site.items[0], context_of(delivery)).events
        assert (200, platform, "in", "ada") == (status, delivery.platform, event.direction, event.user_id)
        assert "hello there" in (event.text, event.intent)


@pytest.mark.parametrize("platform", UNSIGNED)
async def test_what_nobody_signs_needs_the_key(platform: str) -> None:
    """With the bot's ingest key in the address a message of such a platform is taken, without it is not."""
    body = packed(platform, own_body(platform, "ada", "hello there", NOW_MS))
    async with hooked(platform) as site:
        answers = [
            await send(site, f"{platform}", Signed(body, {})),
            (await site.client.post(f"{site.url}/hooks/{platform}/pizza/{INGEST_KEY}", data=body)).status,
        ]

        [delivery] = site.log.deliveries
        [event, *_] = read_item(site.items[0], context_of(delivery)).events
        assert ([401, 200], "ada", "hello there") == (answers, event.user_id, event.text)


@pytest.mark.parametrize("platform", sorted(set(SIGNERS) - {"telegram"}))
async def test_a_tampered_body_is_refused(platform: str) -> None:
    """The signature of one body is no good for another: nothing of it is kept."""
    async with hooked(platform, *secrets_of(platform, "a")) as site:
        honest, other = signed(site, platform), signed(site, platform, text="hello their")
        if platform == "microsoft":
            # its token covers no body: it is another token's signature that does not fit
            spoilt = honest.headers["Authorization"][:-6] + "AAAAAA"
            status = await send(site, platform, Signed(honest.body, {"Authorization": spoilt}))
        else:
            status = await send(site, platform, Signed(other.body, honest.headers, honest.query))

        assert (401, []) == (status, site.log.records)


@pytest.mark.parametrize("platform", SIGNERS)
async def test_another_secret_is_refused(platform: str) -> None:
    """Who signs with a secret that is none of the bot's is nobody."""
    async with hooked(platform, *secrets_of(platform, "a")) as site:
        status = await send(site, platform, signed(site, platform, "b"))

        assert (401, []) == (status, site.log.records)


@pytest.mark.parametrize("platform", [name for name, one in SIGNERS.items() if one.window_s])
async def test_an_old_request_is_refused(platform: str) -> None:
    """Within its window a request is taken, after it the same request is not, nor one of the future."""
    window_s = SIGNERS[platform].window_s
    async with hooked(platform, *secrets_of(platform, "a")) as site:
        statuses = [
            await send(site, platform, signed(site, platform, age_s=age_s))
            for age_s in (window_s - 5, window_s + 5, -window_s - 5)
        ]

        assert ([200, 401, 401], 1) == (statuses, len(site.items))


@pytest.mark.parametrize("platform", SIGNERS)
async def test_two_secrets_until_one_is_revoked(platform: str) -> None:
    """While a secret is replaced both are good; then the old one is not."""
    async with hooked(platform, *secrets_of(platform, "ab")) as site:
        both = [await send(site, platform, signed(site, platform, one)) for one in "ab"]
        await tell(site.registry, HookSecret("h0", "pizza", platform, NOW_MS, "", NOW_MS))
        after = [await send(site, platform, signed(site, platform, one)) for one in "ab"]

    assert ([200, 200], [401, 200]) == (both, after)


WECHAT_WORDS = f"timestamp={NOW_MS // 1000}&nonce=42"


def wechat_query(token: str) -> str:
    """Return the query of WeChat's handshake."""
    given = hashlib.sha1("".join(sorted([token, str(NOW_MS // 1000), "42"])).encode()).hexdigest()

    return f"?{WECHAT_WORDS}&echostr=quiz-5927&signature={given}"


def slack_challenge(secret: str) -> Signed:
    """Return the signed challenge of Slack."""
    body = b'{"type":"url_verification","token":"t","challenge":"quiz-42"}'

    return SIGNERS["slack"].sign(body, secret, "", NOW_MS)


HANDSHAKES: dict[str, tuple[str, bytes, Any, Any]] = {
    "facebook": ("verify:v", b"quiz-42", "?hub.mode=subscribe&hub.challenge=quiz-42&hub.verify_token=v", "?hub.mode=subscribe&hub.challenge=quiz-42&hub.verify_token=x"),
    "whatsapp": ("verify:v", b"quiz-42", "?hub.mode=subscribe&hub.challenge=quiz-42&hub.verify_token=v", "?hub.mode=subscribe&hub.challenge=quiz-42&hub.verify_token=x"),
    "twitter": ("s", b'{"response_token":"sha256=%b"}' % signature("s", b"abc", encoding="base64").encode(), "?crc_token=abc", "?crc=abc"),
    "wechat": ("tok", b"quiz-5927", wechat_query("tok"), wechat_query("other")),
    "slack": ("s", b"quiz-42", slack_challenge("s"), slack_challenge("other")),
    "rbm": ("s", b"y1", Signed(b'{"clientToken":"s","secret":"y1"}', {}), Signed(b'{"clientToken":"x","secret":"y1"}', {})),
}  # fmt: skip
"""Secret, answer, a right and a wrong handshake: the query of a GET, or a POST."""


@pytest.mark.parametrize("platform", HANDSHAKES)
async def test_handshake(platform: str) -> None:
    """Who knows the secret gets the answer that the platform waits for; who does not gets none of it."""
    secret, expected, right, wrong = HANDSHAKES[platform]
    async with hooked(platform, secret) as site:
        answers = await asyncio.gather(*(shake(site, platform, one) for one in (right, wrong)))

        assert (200, expected) == answers[0]
        assert answers[1][0] in {401, 403}
        assert expected not in answers[1][1]
        assert [] == site.log.records


async def shake(site: Site, platform: str, how: str | Signed) -> tuple[int, bytes]:
    """Send a handshake; return status and body."""
    url = f"{site.url}/hooks/{platform}/pizza"
    asking = (
        site.client.get(url + how)
        if isinstance(how, str)
        else site.client.post(url, data=how.body, headers=how.headers)
    )
    async with asking as answer:
        return answer.status, await answer.read()
