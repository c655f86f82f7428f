"""
WeChat's webhook scheme: the echo of a handshake, signatures over the address, and messages encrypted with AES.

A secret of the bot is its token, or `TOKEN:ENCODING_AES_KEY:APP_ID` where messages come encrypted (safe mode).  The
plain `signature` covers the time and a nonce but not the body; only `msg_signature` covers the encrypted body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from app.core.outcome import Reason, Rejection
from app.core.platforms.platform import Answer, Hook, Request
from app.core.platforms.schemes import NO_SIGNATURE, NOT_SET, equals_any
from app.core.platforms.unpacking import xml_item

__all__ = ["NO_KEY", "WECHAT_HOOK"]

NO_KEY: Final = Rejection(
    Reason.UNKNOWN_SHAPE,
    "the message is encrypted; give the bot's secret as `TOKEN:ENCODING_AES_KEY:APP_ID`, or choose plain text",
    "Encrypt",
)

_WINDOW_S: Final = 300


class _Secret(NamedTuple):
    token: str
    aes_key: bytes = b""
    app_id: str = ""


def _verify(request: Request, secrets: Sequence[str], _document: bytes) -> str:
    known = [_secret(secret) for secret in secrets]
    if not known:
        return NOT_SET
    stale = _stale(request)
    if stale:
        return stale
    sealed = request.query.get("echostr", "") if request.method == "GET" else _sealed(request.body)
    given = request.query.get("msg_signature", "")
    if sealed and given:
        return equals_any([_signature(request, secret, sealed) for secret in known], given)
    if request.method == "POST" and all(secret.aes_key for secret in known):
        # in safe mode nothing comes in the clear: who has once seen a `signature` could put any body beside it
        return NO_SIGNATURE if sealed else "the message is not encrypted"

    return equals_any([_signature(request, secret) for secret in known], request.query.get("signature", ""))


def _handshake(request: Request, secrets: Sequence[str]) -> Answer | None:
    if request.method != "GET" or "echostr" not in request.query:
        return None
    if _verify(request, secrets, b""):
        return None
    echo = request.query["echostr"]
    if "msg_signature" in request.query:
        opened = _opened(request, secrets, echo)
        return None if opened is None else Answer(opened, _TEXT)

    return Answer(echo.encode(), _TEXT)


def _decrypt(request: Request, secrets: Sequence[str]) -> bytes | Rejection:
    sealed = _sealed(request.body)
    if not sealed:
        return request.body
    opened = _opened(request, secrets, sealed)
    if opened is not None:
        return opened

    # in compatible mode the plain message stands beside the encrypted one
    return request.body if b"MsgType" in request.body else NO_KEY


def _unpack(body: bytes) -> bytes | Rejection:
    item = xml_item(body)
    if isinstance(item, Rejection) or b'"Encrypt"' not in item:
        return item
    members = msgspec.json.decode(item)
    if isinstance(members, dict) and "MsgType" in members:
        members.pop("Encrypt", None)

    return msgspec.json.encode(members)


_TEXT: Final = "text/plain; charset=utf-8"

WECHAT_HOOK: Final = Hook(_verify, _handshake, _unpack, Answer(b"success", _TEXT), decrypt=_decrypt)


def _secret(secret: str) -> _Secret:
    parts = secret.split(":")
    if len(parts) != 3:
        return _Secret(secret)
    try:
        key = base64.b64decode(parts[1] + "=", validate=True)
    except ValueError:
        key = b""

    return _Secret(parts[0], key if len(key) == _KEY_BYTES else b"", parts[2])


_KEY_BYTES: Final = 32


def _stale(request: Request) -> str:
    timestamp = request.query.get("timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _MAX_DIGITS):
        return "`timestamp` is missing or no number of seconds"
    if abs(request.now_ms // 1000 - int(timestamp)) > _WINDOW_S:
        return "`timestamp` is more than 5 minutes away; set the clock, or send it again"

    return ""


_MAX_DIGITS: Final = 12


def _signature(request: Request, secret: _Secret, sealed: str = "") -> str:
    parts = [secret.token, request.query.get("timestamp", ""), request.query.get("nonce", "")]
    signed = "".join(sorted([*parts, sealed] if sealed else parts))

    return hashlib.sha1(signed.encode("utf-8", "replace")).hexdigest()  # noqa: S324  WeChat's choice


def _sealed(body: bytes) -> str:
    """Return the encrypted message of a body, empty if there is none."""
    if b"Encrypt" not in body:
        return ""
    item = xml_item(body)
    try:
        members = {} if isinstance(item, Rejection) else msgspec.json.decode(item)
    except ValueError:
        return ""
    sealed = members.get("Encrypt") if isinstance(members, dict) else None

    return sealed if isinstance(sealed, str) else ""


def _opened(request: Request, secrets: Sequence[str], sealed: str) -> bytes | None:
    given = request.query.get("msg_signature", "")
    for secret in map(_secret, secrets):
        if secret.aes_key and hmac.compare_digest(
            _signature(request, secret, sealed).encode(), given.encode("utf-8", "replace")
        ):
            return _plain(secret, sealed)

    return None


def _plain(secret: _Secret, sealed: str) -> bytes | None:
    """Return the message: 16 random bytes, its length, itself, the app's id, padding to blocks of 32."""
    # here and not above: workers load this file with the platform's reader and never decrypt
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    try:
        data = base64.b64decode(sealed, validate=True)
        decryptor = Cipher(AES(secret.aes_key), CBC(secret.aes_key[:16])).decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
    except ValueError:
        return None
    if not padded or not 1 <= padded[-1] <= _KEY_BYTES:
        return None
    content = padded[16 : -padded[-1]]
    length = int.from_bytes(content[:4], "big")
    message, app_id = content[4 : 4 + length], content[4 + length :]

    return message if len(message) == length and app_id == secret.app_id.encode() else None
