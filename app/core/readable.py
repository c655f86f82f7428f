"""Reads one record of a topic, whatever stands there: what nobody can read is an `Unreadable`, and never the end of a reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["Unreadable", "read"]

T = TypeVar("T")


class Unreadable(ValueError):  # noqa: N818 a verdict on the record
    """A record that is not what its topic holds."""


def read(decode: Callable[[bytes], T], value: bytes | None) -> T:
    """
    Return what *decode* makes of *value*; raise Unreadable where it cannot.

    Besides msgspec.DecodeError, which is a ValueError, msgspec lets out what Python says of text that is no UTF-8, of
    nesting without an end, and of a record without a value.
    """
    try:
        return decode(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, RecursionError) as error:
        raise Unreadable(str(error) or type(error).__name__) from error
