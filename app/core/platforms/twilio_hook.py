"""Twilio's webhook scheme: an HMAC with the account's auth token over the address and the sorted form fields."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from app.core.platforms.platform import Answer, Hook, Request
from app.core.platforms.schemes import NOT_SET, WRONG_SIGNATURE, equals_any, signature
from app.core.platforms.unpacking import form_item

__all__ = ["TWILIO_HOOK"]


def _verify(request: Request, secrets: Sequence[str], _document: bytes) -> str:
    if not secrets:
        return NOT_SET
    fields = ""
    body_hash = request.query.get("bodySHA256", "")
    if body_hash:
        # a body that is no form is covered by its hash, which is part of the address
        if not hmac.compare_digest(hashlib.sha256(request.body).hexdigest().encode(), body_hash.encode()):
            return WRONG_SIGNATURE
    else:
        try:
            fields = _fields(request.body)
        except ValueError:
            return "the body is no form"
    wanted = [
        signature(secret, (url + fields).encode("utf-8", "replace"), "sha1", "base64")
        for secret in secrets
        for url in _urls(request.url)
    ]

    return equals_any(wanted, request.headers.get("x-twilio-signature", ""))


# an empty answer in Twilio's language: nothing is to be sent
TWILIO_HOOK: Final = Hook(_verify, unpack=form_item, answer=Answer(b"<Response/>", "text/xml"))


def _fields(body: bytes) -> str:
    """Return the fields by their names, each value of a repeated one once."""
    fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)

    return "".join(name + value for name, value in sorted(set(fields)))


_MAX_FIELDS: Final = 1000


def _urls(url: str) -> list[str]:
    """Return the address with and without its port: which one Twilio signs depends on how it was written down."""
    parts = urlsplit(url)
    host = parts.netloc
    bare, colon, port = host.rpartition(":")
    if not (colon and port.isdigit()):
        bare, port = host, "443" if parts.scheme == "https" else "80"

    return [url, *(parts._replace(netloc=name).geturl() for name in (bare, f"{bare}:{port}") if name != host)]
