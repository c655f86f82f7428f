"""
From what callers send as a time to milliseconds since 1970, UTC.

Numbers name their unit by their size: no bot spoke before 1973, so below 10^11 they are seconds, below 10^14
milliseconds, below 10^17 microseconds.  Fractions of a millisecond are cut off.  What lies outside 1970 to 2100 is no
time, and neither is anything that cannot be read: both come as None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, overload

from app.core.events import Warn

__all__ = ["ACCEPTED_TIMES", "END_MS", "SKEW_MS", "iso", "milliseconds", "parse_at", "settle"]

ACCEPTED_TIMES: Final = (
    'ISO 8601 ("2004-05-27T12:00:00Z") or seconds, milliseconds or microseconds '
    "since 1970, within 1970 to 2100"
)

END_MS: Final = 4_133_980_800_000
"""The first instant of 2101: no event is from then on."""

SKEW_MS: Final = 300_000
"""An event that claims to be further ahead of its receipt than this was stamped by a wrong clock."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_BELOW: Final = 10**11
_MILLISECONDS_BELOW: Final = 10**14
_MICROSECONDS_BELOW: Final = 10**17
_EPOCH_TEXT: Final = re.compile(r"[0-9]{9,20}(\.[0-9]{1,20})?")
"""Shorter digits are ISO 8601's basic form (20040527)."""


def parse_at(value: float | str) -> int | None:
    """Return the instant that *value* names: a number of any unit, the same as a string, or ISO 8601 (UTC if bare)."""
    if type(value) is int and _SECONDS_BELOW <= value < END_MS:  # milliseconds, which nearly all SDKs send
        return value
    if not isinstance(value, str):
        return _from_number(value)
    if value[4:5] != "-" and _EPOCH_TEXT.fullmatch(value):
        return _from_number(float(value) if "." in value else int(value))
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    since = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - _EPOCH
    # faster than dividing by timedelta(milliseconds=1)
    at = since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000

    return at if 0 <= at < END_MS else None


def milliseconds(value: object) -> int | None:
    """Return the instant of a field that is always in milliseconds, as a number or a string of digits."""
    if type(value) is str:
        value = int(value) if _MS_TEXT.fullmatch(value) else None
    if type(value) is int or type(value) is float:
        return int(value) if 0 <= value < END_MS else None

    return None


@overload
def iso(at_ms: int) -> str: ...


@overload
def iso(at_ms: int | None) -> str | None: ...


def iso(at_ms: int | None) -> str | None:
    """Write an instant as ISO 8601 in UTC; None for none."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def settle(at: int | None, received_at: int) -> tuple[int, list[Warn]]:
    """Return the event time to keep and what had to be done to it."""
    if at is None:
        return received_at, ["no_time"]
    if at > received_at + SKEW_MS:
        return received_at, ["clock_skew"]

    return at, []


_MS_TEXT: Final = re.compile(r"[0-9]{1,20}")


def _from_number(value: float) -> int | None:
    if not 0 <= value < _MICROSECONDS_BELOW:
        return None
    if value < _SECONDS_BELOW:
        # a float's 1470024587.572 is a little less than it looks: settle its microseconds before cutting
        at = value * 1000 if isinstance(value, int) else round(value * 1e6) // 1000
    else:
        at = int(value) if value < _MILLISECONDS_BELOW else int(value) // 1000

    return at if at < END_MS else None
