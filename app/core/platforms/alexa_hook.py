"""
Who may call a skill's address: Amazon, for this skill, within two and a half minutes.

A request is signed with the key of a certificate whose address it names.  The caller fetches that chain; here it is
checked: where it lies, that it leads from Amazon's roots to echo-api.amazon.com today, and that its key made the signature.
Amazon signs for all skills alike, so the bot's secret is the skill's id, which the request must name.

`cryptography` is imported by what uses it: workers load this file with the platform's reader and never verify.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from posixpath import normpath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from app.core.bodies import object_of
from app.core.outcome import Rejection
from app.core.platforms.alexa_roots import AMAZON_ROOTS
from app.core.platforms.fields import first, named, text
from app.core.platforms.platform import Answer, Hook, Request
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE, equals_any
from app.core.platforms.voice import time_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["ALEXA_HOOK", "chain_address", "is_chain_address", "verify"]

_WINDOW_MS: Final = 150_000
_EVENT_WINDOW_MS: Final = 3_600_000
"""Skill events are delivered when the skill answers again, up to an hour later."""


def chain_address(request: Request) -> str:
    """Return the address of the certificate chain of *request*, empty where Amazon keeps none there."""
    address = request.headers.get("signaturecertchainurl", "")

    return address if is_chain_address(address) else ""


def is_chain_address(address: str) -> bool:
    """Tell whether *address* lies where Amazon keeps certificate chains."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    path = unquote(parts.path)
    if parts.username is not None or "\\" in path or not address.isascii() or not address.isprintable():
        return False

    return (
        parts.scheme == "https"
        and parts.hostname == "s3.amazonaws.com"
        and port in (None, 443)
        and normpath(path).startswith("/echo.api/")
    )


def verify(request: Request, secrets: Sequence[str], document: bytes, roots: bytes = AMAZON_ROOTS) -> str:
    """Return why *request* is not Amazon's for one of the skills *secrets*; empty if it is."""
    if not secrets:
        return NOT_SET
    given, digest = _given(request)
    if not given:
        return NO_SIGNATURE
    if not chain_address(request):
        return "signaturecertchainurl is not an address where Amazon keeps its certificates"
    leaf = _leaf(document, roots, request.now_ms // 60_000)
    if isinstance(leaf, str):
        return leaf
    if not _signed_by(leaf, given, request.body, digest):
        return WRONG_SIGNATURE

    return _meant(request, secrets)


ALEXA_HOOK: Final = Hook(
    verify,
    answer=Answer(b'{"version":"1.0","response":{}}'),
    document=chain_address,
    document_hosts=("s3.amazonaws.com",),
)


def _given(request: Request) -> tuple[str, str]:
    """Return the signature and its digest: the older of Amazon's two headers is for SHA-1."""
    given = request.headers.get("signature-256", "")

    return (given, "sha256") if given else (request.headers.get("signature", ""), "sha1")


@lru_cache(maxsize=64)
def _leaf(document: bytes, roots: bytes, now_min: int) -> Certificate | str:
    """Return the certificate that signs, or why its chain does not hold; the same chain comes with every request."""
    from cryptography.x509 import DNSName, load_pem_x509_certificates
    from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

    try:
        leaf, *others = load_pem_x509_certificates(document)
    except ValueError:
        return "the certificate chain is no PEM"
    at = datetime.fromtimestamp(now_min * 60, UTC)
    policy = PolicyBuilder().store(Store(load_pem_x509_certificates(roots))).time(at)
    try:
        policy.build_server_verifier(DNSName("echo-api.amazon.com")).verify(leaf, others)
    except (VerificationError, ValueError) as error:
        return f"the certificate chain does not hold: {error}"

    return leaf


def _signed_by(leaf: Certificate, given: str, body: bytes, digest: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    algorithm = SHA256() if digest == "sha256" else SHA1()  # noqa: S303  Amazon's choice
    key = leaf.public_key()
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(base64.b64decode(given, validate=True), body, PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError):
        return False

    return True


def _meant(request: Request, secrets: Sequence[str]) -> str:
    body = object_of(request.body)
    if isinstance(body, Rejection):
        return body.message
    asked = named(body.get("request"))
    at = time_of(asked.get("timestamp"))
    is_event = text(asked.get("type")).startswith("AlexaSkillEvent.")
    if at is None or abs(request.now_ms - at) > (_EVENT_WINDOW_MS if is_event else _WINDOW_MS):
        return "request.timestamp is too far from now"
    system = named(named(body.get("context")).get("System"))
    skill = first(
        named(place.get("application")).get("applicationId") for place in (system, named(body.get("session")))
    )

    return "the request is for another skill" if equals_any(secrets, skill) else ""
