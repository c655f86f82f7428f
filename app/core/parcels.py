"""
From the body of a request to its items, platform and type, as each way in has it: what explaining needs before reading.

Ways share `_items`; a webhook is unpacked by its platform, Botmetrics wraps its bodies, Botanalytics names in the path
what a body is.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from app.core.bodies import mend
from app.core.channel_keys import CHANNELS
from app.core.dialects import DIALECTS, botanalytics_v1, botanalytics_v2, botmetrics
from app.core.outcome import Reason, Rejection
from app.core.platforms import PLATFORMS, canonical

__all__ = ["Parcel", "parcel_of"]


class Parcel(NamedTuple):
    """The items of a body, and what the way in says of them."""

    platform: str
    type: str
    items: list[bytes]


def parcel_of(way: str, platform: str, type: str, path: str, body: bytes) -> Parcel | Rejection:
    """Return the items of *body*, or why there are none."""
    if way not in DIALECTS:
        why = f"no way in is called {way!r}; there are {', '.join(DIALECTS)}"
        return Rejection(Reason.UNKNOWN_DIALECT, why, "way")
    if way == "webhook":
        return _hooked(canonical(platform), body)
    found: tuple[str, str] | None = ("", "")
    if path and way in _ROUTES:
        found = _ROUTES[way](_ADDRESS.sub("/", path).partition("?")[0])
    if found is None:
        return Rejection(Reason.BAD_VALUE, f"there is nothing at {path!r} of {way}", "path")
    platform = _channel(platform) if way == "botanalytics-v2" else canonical(found[0] or platform)
    kind = found[1] or type or _TYPES.get(way, "")
    if way == "botmetrics":
        return _tracked(platform, kind, body)

    return Parcel(platform, kind, _items(body))


_ROUTES: Final = {
    "botanalytics-v1": botanalytics_v1.route,
    "botanalytics-v2": botanalytics_v2.route,
    "botmetrics": botmetrics.route,
}
_ADDRESS: Final = re.compile(r"^(?:https?://[^/]*)?/?")
"""What stands before a path: people paste addresses as documents print them."""

_TYPES: Final = {"botanalytics-v1": "messages", "botmetrics": "event"}


def _channel(platform: str) -> str:
    """Return the channel that a key would name; an address of v2 names none."""
    name = CHANNELS.get(platform) or canonical(platform)

    return "universal" if name in ("", "generic") else name


def _hooked(platform: str, body: bytes) -> Parcel | Rejection:
    found = PLATFORMS.get(platform)
    if found is None:
        why = f"there is no platform {platform!r}; there are {', '.join(PLATFORMS)}"
        return Rejection(Reason.UNKNOWN_PLATFORM, why, "platform")
    if found.hook is None:
        return Parcel(platform, "", _items(body))
    item = found.hook.unpack(body)

    return item if isinstance(item, Rejection) else Parcel(platform, "", [item])


def _tracked(platform: str, type: str, body: bytes) -> Parcel | Rejection:
    """Take Botmetrics' `event` out of a form or an object, as its clients write it, or the event alone."""
    if type != "event":
        return Parcel(platform, type, _items(body))
    found = botmetrics.split_event(_event_of(body.strip()), platform)
    if isinstance(found, str):
        return Rejection(Reason.UNKNOWN_SHAPE, found, "event")

    return Parcel(found[0], type, found[1])


def _event_of(body: bytes) -> bytes:
    if body[:1] not in b"{[":
        return dict(parse_qsl(body.decode("utf-8", "replace"))).get("event", "").encode("utf-8", "replace")
    try:
        event = bytes(_wrapper.decode(body).event)
        return _text.decode(event).encode() if event[:1] == b'"' else event
    except (ValueError, RecursionError):
        return body


class _Wrapper(msgspec.Struct):
    event: msgspec.Raw


_wrapper: Final = msgspec.json.Decoder(_Wrapper)
_text: Final = msgspec.json.Decoder(str)
_array: Final = msgspec.json.Decoder(list[msgspec.Raw])
_value: Final = msgspec.json.Decoder(msgspec.Raw)


def _items(body: bytes) -> list[bytes]:
    """Return the elements of an array, the lines of NDJSON, or the body; what is wrong with it is the reader's to say."""
    body = mend(body.removeprefix(b"\xef\xbb\xbf").strip())
    if body[:1] == b"[":
        try:
            return list(map(bytes, _array.decode(body)))
        except (ValueError, RecursionError):
            return [body]
    lines = [line for line in map(bytes.strip, body.split(b"\n")) if line]
    if len(lines) > 1 and not _is_json(body) and _is_json(lines[0]):
        return lines

    return [body]


def _is_json(text: bytes) -> bool:
    try:
        _value.decode(text)
    except (ValueError, RecursionError):
        return False

    return True
