"""
Botanalytics v2's `POST /v2/messages`: what its SDKs of version 3 send, in the shape of the channel their key names.

    {"messages": [{"message": X}, ...]}     and as clients also write it: X without its wrapper, an array of X
                                            in one wrapper, X alone
    universal                               Botanalytics' own shape (botanalytics_v2_universal.py)
    facebook, alexa, microsoft, rasa        the platform's, with little around it (botanalytics_v2_channels.py)
    bixby                                   what Bixby's library reports (botanalytics_v2_bixby.py)

The web process cuts a request into its X (`split_messages`); the reader takes whole requests too, for explaining them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from app.core.bodies import object_of
from app.core.dialects.botanalytics_v2_bixby import read_bixby
from app.core.dialects.botanalytics_v2_channels import read_alexa, read_facebook, read_microsoft, read_rasa
from app.core.dialects.botanalytics_v2_universal import read_universal
from app.core.dialects.dialect import Dialect, check_by_reading
from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.context import Context

__all__ = ["BOTANALYTICS_V2", "PATHS", "route", "split_messages"]

PATHS: Final = ("/v2/messages", "/v2/messages/", "/messages", "/messages/")
"""Where it is reached; some clients lose the `/v2` of their address."""


def read(item: bytes, context: Context) -> Outcome:
    """Read one message, or every message of a request."""
    body = object_of(item)
    if isinstance(body, Rejection):
        return Outcome([], [body])
    reader = _READERS.get(context.platform)
    if reader is None:
        why = f"there is no channel {context.platform!r}; there are {', '.join(_READERS)}"
        return Outcome([], [Rejection(Reason.UNKNOWN_PLATFORM, why, "channel")])
    if "messages" not in body and not isinstance(body.get("message"), list):
        return reader(body, context)
    outcome = Outcome()
    for path, message in _messages(body):
        _merge(outcome, path, reader(message, context) if isinstance(message, dict) else _NO_MESSAGE)

    return outcome


BOTANALYTICS_V2: Final = Dialect(
    check_by_reading(read, "botanalytics-v2"),
    read,
    (
        "**.accessToken",
        "**.apiAccessToken",
        "**.authentication_succeeded.token",
        "**.authorization_code",
        "**.fb_token",
    ),
)


def route(path: str) -> tuple[str, str] | None:
    """Return channel and type of a request to *path*; the channel of a real one is named by its key."""
    return ("universal", "") if path in PATHS else None


def split_messages(body: bytes) -> list[bytes]:
    """Return the messages of a request, as the bytes they came in. Raises msgspec.DecodeError if it is no JSON."""
    if body[:1] == b"[":
        items = _list.decode(body)
    else:
        items = _envelope.decode(body).messages if _is_envelope(body) else [msgspec.Raw(body)]

    return [bytes(message) for item in items for message in _unpacked(bytes(item))]


_READERS: Final = {
    "universal": read_universal,
    "facebook": read_facebook,
    "alexa": read_alexa,
    "bixby": read_bixby,
    "microsoft": read_microsoft,
    "rasa": read_rasa,
}


class _Envelope(msgspec.Struct):
    messages: list[msgspec.Raw]


class _Wrapper(msgspec.Struct):
    message: msgspec.Raw = msgspec.Raw(b"")


class _Top(msgspec.Struct):
    messages: msgspec.Raw = msgspec.Raw(b"")


_envelope: Final = msgspec.json.Decoder(_Envelope)
_wrapper: Final = msgspec.json.Decoder(_Wrapper)
_top: Final = msgspec.json.Decoder(_Top)
_list: Final = msgspec.json.Decoder(list[msgspec.Raw])


def _is_envelope(body: bytes) -> bool:
    return bytes(_top.decode(body).messages)[:1] == b"["


def _unpacked(item: bytes) -> list[msgspec.Raw]:
    if item[:1] != b"{":
        return [msgspec.Raw(item)]
    inner = _wrapper.decode(item).message

    return _list.decode(inner) if bytes(inner)[:1] == b"[" else [msgspec.Raw(item)]


def _messages(body: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the messages of a request or an item, each with its path."""
    items = body.get("messages")
    named = (
        [(f"messages[{n}]", item) for n, item in enumerate(items)]
        if isinstance(items, list)
        else [("", body)]
    )
    for path, item in named:
        several = item.get("message") if isinstance(item, dict) else None
        if isinstance(several, list):
            yield from ((f"{path}.message[{n}]".lstrip("."), one) for n, one in enumerate(several))
        else:
            yield path, item


def _merge(outcome: Outcome, path: str, read: Outcome) -> None:
    outcome.events += read.events
    outcome.learned |= read.learned
    outcome.wanted += read.wanted
    for one in read.rejections:
        place = ".".join(filter(None, (path, one.path)))
        outcome.rejections.append(msgspec.structs.replace(one, path=place))


_NO_MESSAGE: Final = Outcome([], [Rejection(Reason.NOT_AN_OBJECT, "a message must be an object; send {...}")])
