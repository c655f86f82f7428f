"""
From raw bytes to JSON, or to the reason why not: the part of reading that all ways in share.

    mend       a half of a surrogate pair (an emoji cut in two) becomes U+FFFD instead of spoiling the whole body
    too_deep   counts brackets, since a decoder's own limit moves with the stack it happens to run on
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any, Final

import msgspec

from app.core.outcome import Reason, Rejection

__all__ = ["MAX_DEPTH", "NOT_AN_OBJECT", "TOO_DEEP", "mend", "not_json", "object_of", "too_deep"]

MAX_DEPTH: Final = 100
"""Deepest nesting of arrays and objects that is read."""


def object_of(item: bytes) -> dict[str, Any] | Rejection:
    """Return the JSON object that *item* holds."""
    if len(item) > _SHORT and too_deep(item):
        return TOO_DEEP
    try:
        return _decoder.decode(item)
    except msgspec.ValidationError as error:
        if "out of range" in str(error):
            return _BAD_NUMBER
        return NOT_AN_OBJECT
    except ValueError as error:
        return not_json(error)


def too_deep(item: bytes) -> bool:
    """Tell whether *item* nests deeper than `MAX_DEPTH`."""
    if item.count(b"{") + item.count(b"[") <= MAX_DEPTH:
        return False
    steps = _STRINGS.sub(b"", item).translate(_STEPS, _NO_BRACKETS)

    return max(accumulate(memoryview(steps).cast("b")), default=0) > MAX_DEPTH


def mend(body: bytes) -> bytes:
    """Return *body* with escaped halves of surrogate pairs replaced: JavaScript and Python send them, JSON has none."""
    return _ESCAPES.sub(lambda match: b"\\ufffd" if match[1] else match[0], body) if b"\\u" in body else body


def not_json(error: ValueError) -> Rejection:
    """Return the rejection for what a decoder could not read."""
    if isinstance(error, UnicodeDecodeError):
        return Rejection(Reason.NOT_JSON, "this is not UTF-8; encode the text as UTF-8")
    why = str(error).removeprefix("JSON is malformed: ")

    return Rejection(Reason.NOT_JSON, f"this is not JSON: {why}")


TOO_DEEP: Final = Rejection(Reason.TOO_DEEP, f"this nests deeper than {MAX_DEPTH} levels; send it flatter")
NOT_AN_OBJECT: Final = Rejection(Reason.NOT_AN_OBJECT, "this is not a JSON object; send {...}")

_BAD_NUMBER: Final = Rejection(
    Reason.BAD_VALUE, "this holds a number that no computer can keep; send it as a string"
)

_SHORT: Final = 2 * MAX_DEPTH
"""Bytes that are too few to nest deeper: every level needs two."""

_decoder: Final = msgspec.json.Decoder(dict[str, Any])

_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")

_ESCAPES: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
