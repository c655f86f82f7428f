"""
Lenient looks into JSON that others wrote: what is not of the expected type counts as absent.

Vendors' bodies are stored rather than refused, so no reader may trip over a number where a string should be.
A reader looks some thirty times for every event: exact types, which are all that decoders make, and plain loops
instead of generators make that half as dear.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import NoneType
from typing import Final

import msgspec

__all__ = [
    "first",
    "flat",
    "flats",
    "head",
    "json_text",
    "listed",
    "named",
    "number",
    "scalars",
    "text",
    "texts",
]


def text(value: object) -> str:
    """Return a string, or a whole number as its digits; anything else is empty."""
    if type(value) is str:
        return value

    return str(value) if type(value) is int else ""


def named(value: object) -> dict[str, object]:
    """Return a JSON object, or an empty one."""
    return value if type(value) is dict else {}


def listed(value: object) -> list[object]:
    """Return a JSON array, or an empty one."""
    return value if type(value) is list else []


def head(value: object) -> dict[str, object]:
    """Return the first element of a JSON array if it is an object, else an empty one."""
    return named(value[0]) if type(value) is list and value else {}


def number(value: object) -> float | None:
    """Return a finite number, also one that was sent as a string."""
    if not (type(value) is int or type(value) is float or type(value) is str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None

    return found if math.isfinite(found) else None


def first(values: Iterable[object]) -> str:
    """Return the first of *values* that is text and not empty."""
    for value in values:
        if type(value) is str:
            if value:
                return value
        elif type(value) is int:
            return str(value)

    return ""


def json_text(value: object) -> str:
    """Return a string as it is, any other JSON value as its compact text."""
    return value if type(value) is str else _encoder.encode(value).decode()


def texts(value: dict[str, object]) -> dict[str, str]:
    """Return *value* with every member as text (see `json_text`)."""
    return {name: json_text(member) for name, member in value.items()}


def flat(prefix: str, value: object) -> dict[str, str]:
    """Return the members of an object as `prefix.name`, or the value itself as `prefix`; null and empty give nothing."""
    if type(value) is str:
        return {prefix: value} if value else {}
    if type(value) is dict:
        return {f"{prefix}.{name}": json_text(member) for name, member in value.items() if member is not None}
    if value is None or value == []:
        return {}

    return {prefix: json_text(value)}


def flats(members: dict[str, object]) -> dict[str, str]:
    """Return what `flat` makes of each member, its name as prefix."""
    found: dict[str, str] = {}
    for name, value in members.items():
        if type(value) is str:
            if value:
                found[name] = value
        elif value is not None:
            found |= flat(name, value)

    return found


def scalars(value: object, *without: str) -> dict[str, str]:
    """Return the members of an object that are neither null nor nested, less those named."""
    found: dict[str, str] = {}
    if type(value) is dict:
        for name, member in value.items():
            if type(member) in _NO_SCALARS or name in without:
                continue
            found[name] = member if type(member) is str else json_text(member)

    return found


_encoder: Final = msgspec.json.Encoder()
_NO_SCALARS: Final = frozenset({dict, list, NoneType})
