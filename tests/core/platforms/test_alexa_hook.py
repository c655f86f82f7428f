"""The signature of Alexa: a chain of certificates made here, and every way in which it may not hold."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.core.platforms.alexa_hook import ALEXA_HOOK, chain_address, is_chain_address, verify
from app.core.platforms.alexa_roots import AMAZON_ROOTS
from app.core.platforms.platform import Request
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
ADDRESS = "https://s3.amazonaws.com/echo.api/echo-api-cert-12.pem"
SKILL = "amzn1.ask.skill.1"


@lru_cache(maxsize=4)
def _key(_name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


@lru_cache(maxsize=8)
def _root() -> x509.Certificate:
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    key_id = x509.SubjectKeyIdentifier.from_public_key(_key("root").public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name("root")).issuer_name(_name("root")).public_key(_key("root").public_key())
        .serial_number(1).not_valid_before(NOW - timedelta(days=900)).not_valid_after(NOW + timedelta(days=900))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True).add_extension(key_id, critical=False)
        .sign(_key("root"), hashes.SHA256())
    )  # fmt: skip


@lru_cache(maxsize=8)
def _leaf(host: str = "echo-api.amazon.com", ends: datetime = NOW + timedelta(days=30)) -> bytes:
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(_key("root").public_key())
    usages = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(host)).issuer_name(_name("root")).public_key(_key("leaf").public_key())
        .serial_number(2).not_valid_before(NOW - timedelta(days=60)).not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usages, critical=False).add_extension(issuer_id, critical=False)
        .sign(_key("root"), hashes.SHA256())
    )  # fmt: skip
    return certificate.public_bytes(serialization.Encoding.PEM)


def _roots() -> bytes:
    return _root().public_bytes(serialization.Encoding.PEM)


def _body(at: object = "2025-03-01T12:00:00Z", skill: str = SKILL, type_: str = "IntentRequest") -> bytes:
    return json.dumps(
        {"session": {"application": {"applicationId": skill}}, "request": {"type": type_, "timestamp": at}}
    ).encode()


def _signed(body: bytes, algorithm: hashes.HashAlgorithm) -> str:
    return base64.b64encode(_key("leaf").sign(body, padding.PKCS1v15(), algorithm)).decode()


def _request(body: bytes, **headers: str) -> Request:
    given = {"signaturecertchainurl": ADDRESS, "signature-256": _signed(body, hashes.SHA256())}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", "https://h/hooks/alexa/b", {}, {k: v for k, v in given.items() if v}, body, NOW_MS)


def _why(body: bytes, document: bytes | None = None, secrets: Any = (SKILL,), **headers: str) -> str:
    return verify(_request(body, **headers), secrets, _leaf() if document is None else document, _roots())


def test_a_request_of_amazon() -> None:
    """A signature by the key of a chain that holds, for this skill, now, is genuine: with either hash."""
    assert _why(_body()) == ""
    assert _why(_body(), signature_256="", signature=_signed(_body(), hashes.SHA1())) == ""


def test_of_several_skills_any_is_taken() -> None:
    """Each active secret is the id of a skill."""
    assert _why(_body(), secrets=("amzn1.ask.skill.0", SKILL)) == ""


@pytest.mark.parametrize(
    ("why", "expected"),
    [
        pytest.param(lambda: _why(_body(), secrets=()), NOT_SET, id="no skill is set"),
        pytest.param(lambda: _why(_body(), signature_256=""), NO_SIGNATURE, id="no signature"),
        pytest.param(lambda: _why(_body(), signature_256="%%"), WRONG_SIGNATURE, id="no base64"),
        pytest.param(
            lambda: _why(_body(), signature_256=_signed(b"other", hashes.SHA256())), WRONG_SIGNATURE, id="tampered"
        ),
        pytest.param(lambda: _why(_body(skill="another")), "the request is for another skill", id="another skill"),
        pytest.param(lambda: _why(_body(skill="")), "the request is for another skill", id="no skill named"),
        pytest.param(
            lambda: _why(_body("2025-03-01T11:57:29Z")), "request.timestamp is too far from now", id="too old"
        ),
        pytest.param(
            lambda: _why(_body("2025-03-01T12:02:31Z")), "request.timestamp is too far from now", id="ahead"
        ),
        pytest.param(lambda: _why(_body("soon")), "request.timestamp is too far from now", id="no time"),
        pytest.param(lambda: _why(b"[]"), "this is not a JSON object; send {...}", id="no object"),
        pytest.param(lambda: _why(_body(), b"no PEM"), "the certificate chain is no PEM", id="no certificates"),
        pytest.param(
            lambda: _why(_body(), signaturecertchainurl="https://evil.example/echo.api/c.pem"),
            "signaturecertchainurl is not an address where Amazon keeps its certificates",
            id="another host",
        ),
    ],
)  # fmt: skip
def test_refusals(why: Any, expected: str) -> None:
    """Whatever does not hold is refused, with the reason."""
    assert expected == why()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(lambda: _leaf("echo-api.amazon.org"), id="another name"),
        pytest.param(lambda: _leaf(ends=NOW - timedelta(days=1)), id="out of date"),
    ],
)
def test_chains_that_do_not_hold(document: Any) -> None:
    """A certificate of another host or of another time signs nothing."""
    assert _why(_body(), document()).startswith("the certificate chain does not hold")


def test_only_amazon_roots_are_trusted() -> None:
    """By itself the scheme trusts Amazon's roots: a chain that anybody made does not hold."""
    refused = verify(_request(_body()), (SKILL,), _leaf())

    assert refused.startswith("the certificate chain does not hold")
    assert len(x509.load_pem_x509_certificates(AMAZON_ROOTS)) == 4


def test_a_skill_event_may_be_an_hour_old() -> None:
    """Skill events are delivered late; other requests may not be."""
    assert _why(_body("2025-03-01T11:10:00Z", type_="AlexaSkillEvent.SkillEnabled")) == ""
    assert _why(_body("2025-03-01T10:59:00Z", type_="AlexaSkillEvent.SkillEnabled")) != ""


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        pytest.param(ADDRESS, True, id="as documented"),
        pytest.param("https://s3.amazonaws.com:443/echo.api/c.pem", True, id="with port"),
        pytest.param("HTTPS://S3.amazonaws.com/echo.api/../echo.api/c.pem", True, id="not normal"),
        pytest.param("http://s3.amazonaws.com/echo.api/c.pem", False, id="scheme"),
        pytest.param("https://notamazon.com/echo.api/c.pem", False, id="host"),
        pytest.param("https://s3.amazonaws.com/EcHo.aPi/c.pem", False, id="case of the path"),
        pytest.param("https://s3.amazonaws.com/invalid.path/c.pem", False, id="path"),
        pytest.param("https://s3.amazonaws.com:563/echo.api/c.pem", False, id="port"),
        pytest.param("https://s3.amazonaws.com/echo.api/../evil/c.pem", False, id="out by dots"),
        pytest.param("https://s3.amazonaws.com/echo.api/%2e%2e/evil/c.pem", False, id="out by escaped dots"),
        pytest.param("https://me@s3.amazonaws.com/echo.api/c.pem", False, id="a user"),
        pytest.param("https://s3.amazonaws.com:x/echo.api/c.pem", False, id="no port"),
        pytest.param("", False, id="none"),
    ],
)
def test_addresses_of_chains(address: str, is_good: bool) -> None:
    """Only where Amazon keeps its chains is one fetched."""
    assert is_good == is_chain_address(address)
    assert (address if is_good else "") == chain_address(_request(_body(), signaturecertchainurl=address))


def test_the_answer_is_an_empty_response() -> None:
    """Alexa is answered with a response that says nothing."""
    assert {"version": "1.0", "response": {}} == json.loads(ALEXA_HOOK.answer.body)
