"""Webhook requests signed as each platform signs them, with secrets made here; `SIGNERS` has one for every scheme."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from app.core.platforms.schemes import signature

__all__ = ["CHAIN_URL", "SIGNERS", "Signed", "Signer", "amazon_chain", "amazon_roots", "microsoft_keys"]

CHAIN_URL: Final = "https://s3.amazonaws.com/echo.api/echo-api-cert-1.pem"


class Signed(NamedTuple):
    """A request that is ready to go; `query` stands behind the address."""

    body: bytes
    headers: dict[str, str]
    query: str = ""


class Signer(NamedTuple):
    """
    How a platform signs.

    `sign(body, secret, url, now_ms)` returns the request; `secret(n)` is the text of the n-th secret; `window_s` is
    how old a request may be, 0 where its scheme has no time.
    """

    sign: Callable[[bytes, str, str, int], Signed]
    secret: Callable[[str], str] = lambda name: f"secret-{name}"
    window_s: int = 0


def _by_header(
    header: str, algorithm: str = "sha256", encoding: str = "hex", prefix: str = ""
) -> Callable[[bytes, str, str, int], Signed]:
    def sign(body: bytes, secret: str, _url: str, _now_ms: int) -> Signed:
        return Signed(body, {header: prefix + signature(secret, body, algorithm, encoding)})

    return sign


def _slack(body: bytes, secret: str, _url: str, now_ms: int) -> Signed:
    sent_at = str(now_ms // 1000)
    given = signature(secret, f"v0:{sent_at}:".encode() + body)

    return Signed(body, {"X-Slack-Request-Timestamp": sent_at, "X-Slack-Signature": f"v0={given}"})


def _telegram(body: bytes, secret: str, _url: str, _now_ms: int) -> Signed:
    return Signed(body, {"X-Telegram-Bot-Api-Secret-Token": secret})


def _twilio(body: bytes, secret: str, url: str, _now_ms: int) -> Signed:
    fields = "".join(name + value for name, value in sorted(parse_qsl(body.decode(), keep_blank_values=True)))

    return Signed(body, {"X-Twilio-Signature": signature(secret, (url + fields).encode(), "sha1", "base64")})


def _rbm(body: bytes, secret: str, _url: str, _now_ms: int) -> Signed:
    data = base64.b64decode(json.loads(body)["message"]["data"])

    return Signed(body, {"X-Goog-Signature": signature(secret, data, "sha512", "base64")})


def _wechat_secret(name: str) -> str:
    key = hashlib.sha256(name.encode()).digest()

    return f"token-{name}:{base64.b64encode(key).decode().rstrip('=')}:wxapp"


def _wechat(body: bytes, secret: str, _url: str, now_ms: int) -> Signed:
    token, key, app = secret.split(":")
    sealed = _wechat_sealed(body, base64.b64decode(key + "="), app)
    words = [token, str(now_ms // 1000), "42", sealed]
    query = {
        "timestamp": words[1],
        "nonce": "42",
        "msg_signature": hashlib.sha1("".join(sorted(words)).encode()).hexdigest(),
    }

    return Signed(f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode(), {}, urlencode(query))


def _wechat_sealed(message: bytes, key: bytes, app: str) -> str:
    content = bytes(16) + len(message).to_bytes(4, "big") + message + app.encode()
    missing = 32 - len(content) % 32
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()

    return base64.b64encode(
        encryptor.update(content + bytes([missing]) * missing) + encryptor.finalize()
    ).decode()


def _microsoft(body: bytes, secret: str, _url: str, now_ms: int) -> Signed:
    now_s = now_ms // 1000
    claims = {"iss": "https://api.botframework.com", "aud": secret, "nbf": now_s - 10, "exp": now_s + 60}
    token = jwt.encode(claims, _key("microsoft"), "RS256", headers={"kid": "k1"})

    return Signed(body, {"Authorization": f"Bearer {token}"})


def microsoft_keys() -> bytes:
    """Return the document with the keys that tokens are signed with."""
    public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(_key("microsoft").public_key(), as_dict=True)

    return json.dumps({"keys": [public | {"kid": "k1"}]}).encode()


def _alexa(body: bytes, secret: str, _url: str, now_ms: int) -> Signed:
    asked = json.loads(body)
    asked["session"]["application"] = {"applicationId": secret}
    asked["request"]["timestamp"] = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = json.dumps(asked).encode()
    given = base64.b64encode(_key("leaf").sign(whole, padding.PKCS1v15(), hashes.SHA256())).decode()

    return Signed(whole, {"SignatureCertChainUrl": CHAIN_URL, "Signature-256": given})


def amazon_roots(now_ms: int) -> bytes:
    """Return the certificate that stands for Amazon's roots."""
    return _root(now_ms).public_bytes(serialization.Encoding.PEM)


def amazon_chain(now_ms: int) -> bytes:
    """Return the chain at `CHAIN_URL`."""
    now, host = datetime.fromtimestamp(now_ms / 1000, UTC), "echo-api.amazon.com"
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(_key("root").public_key())
    usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(host)).issuer_name(_name("root")).public_key(_key("leaf").public_key()).serial_number(2)
        .not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False).add_extension(issuer, critical=False)
        .sign(_key("root"), hashes.SHA256())
    )  # fmt: skip

    return made.public_bytes(serialization.Encoding.PEM)


def _root(now_ms: int) -> x509.Certificate:
    now, key = datetime.fromtimestamp(now_ms / 1000, UTC), _key("root")
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(_name("root")).issuer_name(_name("root")).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=90)).not_valid_after(now + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


@lru_cache(maxsize=8)
def _key(_name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


_META: Final = Signer(_by_header("X-Hub-Signature-256", prefix="sha256="))

SIGNERS: Final[dict[str, Signer]] = {
    "facebook": _META,
    "whatsapp": _META,
    "slack": Signer(_slack, window_s=300),
    "telegram": Signer(_telegram),
    "twilio": Signer(_twilio),
    "line": Signer(_by_header("X-Line-Signature", encoding="base64")),
    "viber": Signer(_by_header("X-Viber-Content-Signature")),
    "kik": Signer(_by_header("X-Kik-Signature", "sha1")),
    "twitter": Signer(_by_header("X-Twitter-Webhooks-Signature", encoding="base64", prefix="sha256=")),
    "wechat": Signer(_wechat, _wechat_secret, window_s=300),
    "rbm": Signer(_rbm),
    "microsoft": Signer(_microsoft, lambda name: f"app-{name}", window_s=360),
    "alexa": Signer(_alexa, lambda name: f"amzn1.ask.skill.{name}", window_s=150),
}
