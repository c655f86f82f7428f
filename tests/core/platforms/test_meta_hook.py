"""The webhook scheme of Messenger, Instagram and WhatsApp."""

from __future__ import annotations

import pytest

from app.core.platforms import PLATFORMS
from app.core.platforms.facebook_hook import META_HOOK
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE, signature
from tests.core.platforms.asking import asked

URL = "https://b.example/hooks/facebook/b?hub.mode={}&hub.challenge=1158201444&hub.verify_token={}"


@pytest.mark.parametrize(
    ("secrets", "given", "expected"),
    [
        pytest.param(["new", "old"], "sha256=" + signature("old", b"{}"), "", id="one of two"),
        pytest.param(["s"], "sha256=" + signature("s", b"{ }"), WRONG_SIGNATURE, id="tampered body"),
        pytest.param(["s"], "sha256=" + signature("t", b"{}"), WRONG_SIGNATURE, id="wrong secret"),
        pytest.param(["s"], "sha256=", NO_SIGNATURE, id="empty"),
        pytest.param(["s"], "", NO_SIGNATURE, id="missing"),
        pytest.param(["s"], "sha256=\u00e9", WRONG_SIGNATURE, id="not ASCII"),
        pytest.param([], "sha256=" + signature("s", b"{}"), NOT_SET, id="no secret"),
        pytest.param(["verify:v"], "sha256=" + signature("verify:v", b"{}"), NOT_SET, id="verify tokens do not sign"),
    ],
)  # fmt: skip
def test_signature(secrets: list[str], given: str, expected: str) -> None:
    """The raw body is signed with any of the active app secrets."""
    assert META_HOOK.verify is not None

    assert expected == META_HOOK.verify(asked(b"{}", x_hub_signature_256=given), secrets, b"")


def test_known_vector() -> None:
    """The example that this scheme's documentation gives."""
    assert META_HOOK.verify is not None
    given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    request = asked(b"Hello, World!", x_hub_signature_256=given)

    assert META_HOOK.verify(request, ["It's a Secret to Everybody"], b"") == ""


@pytest.mark.parametrize(
    ("mode", "token", "secrets", "answered"),
    [
        pytest.param("subscribe", "v2", ["app", "verify:v1", "verify:v2"], True, id="one of two"),
        pytest.param("subscribe", "x", ["app", "verify:v1"], False, id="wrong token"),
        pytest.param("subscribe", "", ["app", "verify:v1"], False, id="no token"),
        pytest.param("subscribe", "app", ["app"], False, id="app secrets are no verify tokens"),
        pytest.param("unsubscribe", "v1", ["verify:v1"], False, id="another mode"),
    ],
)
def test_handshake(mode: str, token: str, secrets: list[str], answered: bool) -> None:
    """Who knows a verify token gets the challenge back, as it came."""
    answer = META_HOOK.handshake(asked(method="GET", url=URL.format(mode, token)), secrets)

    assert (b"1158201444" if answered else None) == (answer and answer.body)


def test_a_delivery_is_no_handshake() -> None:
    """What is posted is never echoed, whatever its address says."""
    assert META_HOOK.handshake(asked(b"{}", url=URL.format("subscribe", "v")), ["verify:v"]) is None


@pytest.mark.parametrize("platform", ["facebook", "whatsapp"])
def test_platforms(platform: str) -> None:
    """Both platforms use it."""
    assert PLATFORMS[platform].hook is META_HOOK
