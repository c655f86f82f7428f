"""WeChat's webhook scheme: signatures over the address, the window of time, encrypted messages."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from app.core.outcome import Rejection
from app.core.platforms.platform import Request
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, WRONG_SIGNATURE
from app.core.platforms.wechat_hook import NO_KEY, WECHAT_HOOK
from tests.core.platforms.asking import NOW_MS, asked

TOKEN, NONCE = "tok", "42"
KEY = bytes(range(32))
SAFE = f"{TOKEN}:{base64.b64encode(KEY).decode().rstrip('=')}:wxapp"
NOW_S = str(NOW_MS // 1000)
PLAIN = b"<xml><FromUserName>u</FromUserName><MsgType>text</MsgType><Content>Hi</Content></xml>"


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def _seal(message: bytes, app_id: bytes = b"wxapp") -> str:
    content = bytes(16) + len(message).to_bytes(4, "big") + message + app_id
    missing = 32 - len(content) % 32
    encryptor = Cipher(AES(KEY), CBC(KEY[:16])).encryptor()
    sealed = encryptor.update(content + bytes([missing]) * missing) + encryptor.finalize()

    return base64.b64encode(sealed).decode()


def _asked(body: bytes = b"", method: str = "POST", **query: str) -> Request:
    query = {"timestamp": NOW_S, "nonce": NONCE} | query
    request = asked(body, method)

    return Request(method, request.url, query, request.headers, body, NOW_MS)


def _sealed_request(message: bytes, app_id: bytes = b"wxapp", beside: str = "") -> Request:
    sealed = _seal(message, app_id)
    body = f"<xml><ToUserName>b</ToUserName>{beside}<Encrypt>{sealed}</Encrypt></xml>"

    return _asked(body.encode(), msg_signature=_sha1(TOKEN, NOW_S, NONCE, sealed))


def _verify(request: Request, *secrets: str) -> str:
    assert WECHAT_HOOK.verify is not None
    return WECHAT_HOOK.verify(request, secrets, b"")


def _decrypt(request: Request, *secrets: str) -> bytes | Rejection:
    assert WECHAT_HOOK.decrypt is not None
    return WECHAT_HOOK.decrypt(request, secrets)


@pytest.mark.parametrize(
    ("secrets", "signed", "expected"),
    [
        pytest.param(["new", TOKEN], _sha1(TOKEN, NOW_S, NONCE), "", id="one of two"),
        pytest.param([TOKEN], _sha1(TOKEN, NOW_S, "43"), WRONG_SIGNATURE, id="another nonce"),
        pytest.param(["other"], _sha1(TOKEN, NOW_S, NONCE), WRONG_SIGNATURE, id="wrong token"),
        pytest.param([TOKEN], "", NO_SIGNATURE, id="missing"),
        pytest.param([], _sha1(TOKEN, NOW_S, NONCE), NOT_SET, id="no secret"),
        pytest.param(
            [SAFE], _sha1(TOKEN, NOW_S, NONCE), "the message is not encrypted", id="plain in safe mode"
        ),
    ],
)
def test_plain_messages(secrets: list[str], signed: str, expected: str) -> None:
    """Token, time and nonce are signed; where messages must be encrypted, plain ones are refused."""
    assert expected == _verify(_asked(PLAIN, signature=signed), *secrets)


@pytest.mark.parametrize(
    ("timestamp", "is_taken"),
    [
        pytest.param(str(NOW_MS // 1000 - 300), True, id="five minutes old"),
        pytest.param(str(NOW_MS // 1000 - 301), False, id="older"),
        pytest.param(str(NOW_MS // 1000 + 301), False, id="from the future"),
        pytest.param("now", False, id="no number"),
        pytest.param("\u0661\u0662", False, id="other digits"),
        pytest.param("1" * 5000, False, id="huge"),
        pytest.param("", False, id="missing"),
    ],
)
def test_window(timestamp: str, is_taken: bool) -> None:
    """What was signed more than five minutes ago is refused, as is what is no time."""
    request = _asked(PLAIN, timestamp=timestamp, signature=_sha1(TOKEN, timestamp, NONCE))

    assert is_taken == (_verify(request, TOKEN) == "")


def test_encrypted_messages() -> None:
    """An encrypted message is verified by `msg_signature`, opened, and read like a plain one."""
    request = _sealed_request(PLAIN)

    assert _verify(request, SAFE) == ""
    assert PLAIN == _decrypt(request, "other:key:app", SAFE)


def test_encrypted_messages_need_their_own_signature() -> None:
    """The plain signature does not cover what is encrypted."""
    body = f"<xml><Encrypt>{_seal(PLAIN)}</Encrypt></xml>".encode()

    assert NO_SIGNATURE == _verify(_asked(body, signature=_sha1(TOKEN, NOW_S, NONCE)), SAFE)


def test_tampered_messages() -> None:
    """A changed byte of the encrypted text is refused."""
    request = msgspec.structs.replace(_sealed_request(PLAIN), body=_sealed_request(b"<xml/>").body)

    assert WRONG_SIGNATURE == _verify(request, SAFE)


@pytest.mark.parametrize(
    ("request_", "secret"),
    [
        pytest.param(_sealed_request(PLAIN), TOKEN, id="no key"),
        pytest.param(_sealed_request(PLAIN), f"{TOKEN}:short:wxapp", id="no such key"),
        pytest.param(_sealed_request(PLAIN, b"wxother"), SAFE, id="for another app"),
        pytest.param(
            _asked(b"<xml><Encrypt>AAAA</Encrypt></xml>", msg_signature=_sha1(TOKEN, NOW_S, NONCE, "AAAA")),
            SAFE,
            id="no whole block",
        ),
    ],
)
def test_what_cannot_be_opened(request_: Request, secret: str) -> None:
    """A message that cannot be opened is refused with what to do."""
    assert NO_KEY == _decrypt(request_, secret)


def test_compatible_mode() -> None:
    """A message that stands beside its encrypted form is taken without a key, and the encrypted form is left out."""
    request = _sealed_request(PLAIN, beside="<MsgType>text</MsgType><Content>Hi</Content>")
    body = _decrypt(request, TOKEN)
    assert isinstance(body, bytes)
    item = WECHAT_HOOK.unpack(body)

    assert item == b'{"ToUserName":"b","MsgType":"text","Content":"Hi"}'


def test_plain_bodies_pass_through() -> None:
    """What is not encrypted is left alone."""
    assert PLAIN == _decrypt(_asked(PLAIN), TOKEN)


@pytest.mark.parametrize(
    ("secret", "is_answered"), [pytest.param(TOKEN, True, id="token"), pytest.param("x", False, id="wrong")]
)
def test_handshake(secret: str, is_answered: bool) -> None:
    """The echo comes back as it is if the address is signed."""
    request = _asked(method="GET", echostr="e<&", signature=_sha1(TOKEN, NOW_S, NONCE))
    answer = WECHAT_HOOK.handshake(request, [secret])

    assert (b"e<&" if is_answered else None) == (answer and answer.body)


def test_encrypted_handshake() -> None:
    """An encrypted echo is opened."""
    sealed = _seal(b"6342")
    request = _asked(method="GET", echostr=sealed, msg_signature=_sha1(TOKEN, NOW_S, NONCE, sealed))
    answer = WECHAT_HOOK.handshake(request, [SAFE])

    assert answer is not None
    assert answer.body == b"6342"


def test_a_delivery_is_no_handshake() -> None:
    """What is posted is never echoed."""
    request = _asked(PLAIN, echostr=quote("e"), signature=_sha1(TOKEN, NOW_S, NONCE))

    assert WECHAT_HOOK.handshake(request, [TOKEN]) is None


def test_answer() -> None:
    """WeChat sends again what is not answered with `success`."""
    assert WECHAT_HOOK.answer.body == b"success"
