"""
Lenient looks into JSON that others wrote: what is not of the expected type counts as absent.

Vendors' bodies are stored rather than refused, so no reader may trip over a number where a string should be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import NoneType

import msgspec

__all__ = ["first", "flat", "json_text", "listed", "named", "number", "scalars", "text", "texts"]


def text(value: object) -> str:
    """Return a string, or a whole number as its digits; anything else is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)

    return ""


def named(value: object) -> dict[str, object]:
    """Return a JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[object]:
    """Return a JSON array, or an empty one."""
    return value if isinstance(value, list) else []


def number(value: object) -> float | None:
    """Return a finite number, also one that was sent as a string."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None

    return found if math.isfinite(found) else None


def first(values: Iterable[object]) -> str:
    """Return the first of *values* that is text and not empty."""
    return next((found for found in map(text, values) if found), "")


def json_text(value: object) -> str:
    """Return a string as it is, any other JSON value as its compact text."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def texts(value: dict[str, object]) -> dict[str, str]:
    """Return *value* with every member as text (see `json_text`)."""
    return {name: json_text(member) for name, member in value.items()}


def flat(prefix: str, value: object) -> dict[str, str]:
    """Return the members of an object as `prefix.name`, or the value itself as `prefix`; null and empty give nothing."""
    if isinstance(value, dict):
        return {f"{prefix}.{name}": json_text(member) for name, member in value.items() if member is not None}
    if value is None or value in ("", []):
        return {}

    return {prefix: json_text(value)}


def scalars(value: object, *without: str) -> dict[str, str]:
    """Return the members of an object that are neither null nor nested, less those named."""
    return {
        name: json_text(member)
        for name, member in named(value).items()
        if not isinstance(member, (dict, list, NoneType)) and name not in without
    }
