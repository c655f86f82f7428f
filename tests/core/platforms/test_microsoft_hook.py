"""The Bot Framework's tokens: whose key, for whom, until when, for which service."""

from __future__ import annotations

import json
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from app.core.platforms.microsoft_hook import HOOK, KEYS_URL
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET
from tests.core.platforms.asking import NOW_MS, asked

APP_ID: Final = "app-1"
SERVICE: Final = "https://smba.example/emea/"
BODY: Final = json.dumps({"type": "message", "serviceUrl": SERVICE}).encode()
NOW_S: Final = NOW_MS // 1000
KEY: Final = generate_private_key(65537, 2048)
OTHER_KEY: Final = generate_private_key(65537, 2048)


def _document(key: RSAPrivateKey, kid: str = "k1") -> bytes:
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)

    return json.dumps({"keys": [{"kty": "EC", "kid": "k0"}, public | {"kid": kid}]}).encode()


DOCUMENT: Final = _document(KEY)


def _token(key: Any = KEY, algorithm: str = "RS256", kid: str = "k1", **claims: Any) -> str:
    payload = {
        "iss": "https://api.botframework.com",
        "aud": APP_ID,
        "nbf": NOW_S - 10,
        "exp": NOW_S + 3600,
        "serviceurl": SERVICE,
    } | claims

    return jwt.encode(
        {name: value for name, value in payload.items() if value is not None},
        key,
        algorithm,
        headers={"kid": kid},
    )


def _verify(
    header: str, secrets: tuple[str, ...] = (APP_ID,), document: bytes = DOCUMENT, body: bytes = BODY
) -> str:
    assert HOOK.verify is not None

    return HOOK.verify(asked(body, authorization=header), secrets, document)


def test_genuine() -> None:
    """A token by Microsoft's key, for this bot, now, is genuine."""
    assert "" == _verify(f"Bearer {_token()}")


def test_one_of_two_apps() -> None:
    """Any of the bot's app ids may be meant."""
    assert "" == _verify(f"Bearer {_token()}", ("app-0", APP_ID))


def test_without_a_service() -> None:
    """A token that names no service is good for any."""
    assert "" == _verify(f"Bearer {_token(serviceurl=None)}")


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"aud": "another"}, id="for another bot"),
        pytest.param({"iss": "https://evil.example"}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"aud": None}, id="for nobody"),
        pytest.param({"exp": NOW_S - 301}, id="too old"),
        pytest.param({"exp": None}, id="for ever"),
        pytest.param({"exp": "soon"}, id="until no time"),
        pytest.param({"nbf": NOW_S + 301}, id="not yet"),
        pytest.param({"serviceurl": "https://evil.example/"}, id="for another service"),
        pytest.param({"key": OTHER_KEY}, id="another key under the same name"),
        pytest.param({"kid": "k9"}, id="a key nobody published"),
        pytest.param({"kid": "k0"}, id="a key of another kind"),
        pytest.param({"key": "x" * 32, "algorithm": "HS256"}, id="a shared secret"),
        pytest.param({"key": None, "algorithm": "none"}, id="no signature"),
    ],
)
def test_refused_tokens(claims: dict[str, Any]) -> None:
    """Whatever of it is wrong, a token is refused with a reason."""
    assert _verify(f"Bearer {_token(**claims)}")


@pytest.mark.parametrize("now_s", [NOW_S - 299, NOW_S + 299])
def test_clocks_may_differ_by_five_minutes(now_s: int) -> None:
    """The time of receipt counts, not the machine's clock, give or take what clocks differ."""
    assert "" == _verify(
        f"Bearer {_token(exp=now_s if now_s < NOW_S else NOW_S + 60, nbf=min(now_s, NOW_S))}"
    )


@pytest.mark.parametrize("header", ["", "Bearer", "Basic dTpw", "Bearer ", _token()])
def test_no_token(header: str) -> None:
    """Without a bearer token there is nothing to look at."""
    assert NO_SIGNATURE == _verify(header)


@pytest.mark.parametrize("token", ["x", "a.b.c", "…", "..", "e30.e30.e30"])
def test_nonsense(token: str) -> None:
    """What is no token is refused, not an error."""
    assert _verify(f"Bearer {token}")


@pytest.mark.parametrize("document", [b"", b"[]", b"{", b'{"keys":5}', b'{"keys":[5]}', _document(OTHER_KEY)])
def test_without_microsofts_key(document: bytes) -> None:
    """Without the published keys nothing is genuine."""
    assert _verify(f"Bearer {_token()}", document=document)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"serviceUrl":5}'])
def test_the_service_must_be_the_activitys(body: bytes) -> None:
    """A token for one service does not cover an activity that names none."""
    assert _verify(f"Bearer {_token()}", body=body)


def test_no_secret() -> None:
    """Without an app id every token would be for somebody else."""
    assert NOT_SET == _verify(f"Bearer {_token()}", ())


def test_document() -> None:
    """The caller is told where the keys are published."""
    assert HOOK.document is not None
    assert KEYS_URL == HOOK.document(asked())
