"""X's webhook scheme."""

from __future__ import annotations

import pytest

from app.core.platforms import PLATFORMS
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE, signature
from app.core.platforms.twitter_hook import TWITTER_HOOK
from tests.core.platforms.asking import asked

URL = "https://b.example/hooks/twitter/b"


def _signed(secret: str, message: bytes) -> str:
    return "sha256=" + signature(secret, message, encoding="base64")


@pytest.mark.parametrize(
    ("secrets", "given", "expected"),
    [
        pytest.param(["new", "old"], _signed("old", b"{}"), "", id="one of two"),
        pytest.param(["s"], _signed("s", b"{ }"), WRONG_SIGNATURE, id="tampered body"),
        pytest.param(["s"], _signed("t", b"{}"), WRONG_SIGNATURE, id="wrong secret"),
        pytest.param(["s"], "", NO_SIGNATURE, id="missing"),
        pytest.param([], _signed("s", b"{}"), NOT_SET, id="no secret"),
    ],
)
def test_signature(secrets: list[str], given: str, expected: str) -> None:
    """The raw body is signed with any of the active consumer secrets."""
    assert TWITTER_HOOK.verify is not None

    assert expected == TWITTER_HOOK.verify(asked(b"{}", x_twitter_webhooks_signature=given), secrets, b"")


def test_the_challenge_is_signed_with_the_newest_secret() -> None:
    """A challenge is answered with its HMAC by the secret added last."""
    answer = TWITTER_HOOK.handshake(asked(method="GET", url=f"{URL}?crc_token=abc"), ["old", "new"])

    assert answer is not None
    assert f'{{"response_token":"{_signed("new", b"abc")}"}}'.encode() == answer.body


@pytest.mark.parametrize(
    ("method", "url", "secrets"),
    [
        pytest.param("GET", URL, ["s"], id="no challenge"),
        pytest.param("GET", f"{URL}?crc_token=abc", [], id="no secret"),
        pytest.param("POST", f"{URL}?crc_token=abc", ["s"], id="a delivery"),
        pytest.param("GET", f"{URL}?crc_token=%7B%22a%22%3A1%7D", ["s"], id="a body to be signed"),
    ],
)
def test_no_handshake(method: str, url: str, secrets: list[str]) -> None:
    """Anything else is not answered here."""
    assert TWITTER_HOOK.handshake(asked(method=method, url=url), secrets) is None


def test_platform() -> None:
    """Twitter uses it."""
    assert PLATFORMS["twitter"].hook is TWITTER_HOOK
