"""
Regular expressions, all by RE2: at worst the time is that of the text times the steps of the pattern, and both are bounded.

`contains` and `starts_with` are patterns too, so that all three think alike of case.  Patterns are searched for anywhere
in the text and ignore case; `(?-i)` in a pattern says otherwise.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2

from app.core.rules.language import Op

__all__ = [
    "LONGEST_SEARCHED",
    "PATTERN_OPS",
    "PatternError",
    "Patterns",
    "found_in",
    "pattern_of",
    "steps_of",
]

PATTERN_OPS: Final[tuple[Op, ...]] = ("contains", "starts_with", "matches")

LONGEST_SEARCHED: Final = 4096
"""Characters of a text that are looked at, the first ones: with them grows what it can cost."""

_MOST_PATTERNS: Final = 1000
_MOST_BYTES: Final = 50_000
"""Patterns that are looked for in one go.  With more, RE2's automaton no longer fits into the memory that it takes."""


class PatternError(ValueError):
    """A pattern that RE2 refuses; says why."""


def pattern_of(op: Op, value: str) -> str:
    """Return the pattern by which *op* looks for *value*."""
    if op == "matches":
        return value
    literal = str(re2.escape(value))

    return literal if op == "contains" else rf"\A{literal}"


def steps_of(pattern: str) -> int:
    """Return how many instructions *pattern* is to RE2, `.{100}` 800; raise PatternError where it cannot be used."""
    try:
        return int(re2.compile(pattern, _options).programsize)
    except re2.error as error:
        raise PatternError(_reason(error)) from None
    except UnicodeEncodeError:
        raise PatternError("half a surrogate pair is no character") from None


def found_in(pattern: str, text: str) -> bool:
    """Tell whether the searched part of *text* has *pattern* somewhere. A pattern that RE2 refuses is found nowhere."""
    compiled = _compiled(pattern)

    return compiled is not None and compiled.search(_searched(text)) is not None


class Patterns:
    """
    Many patterns, looked for at once.

    RE2 takes from each the literal words without which it cannot match, looks for all words in one pass, and tries only
    patterns whose words are there.  (One automaton of all patterns would be no use: with hundreds of them nearly each text
    leads it where it has not been, at a millisecond each.)
    """

    def __init__(self, patterns: list[str]) -> None:
        self._filters = [one for batch in _batches(patterns) for one in _filters(batch)]

    def found_in(self, text: str) -> list[int]:
        """Return the places in the list of those patterns that the searched part of *text* has."""
        data = _searched(text)
        found: list[int] = []
        for one, numbers in self._filters:
            hits = one.Match(data)
            if hits:
                found += [numbers[hit] for hit in hits]

        return found


def _batches(patterns: list[str]) -> list[list[tuple[int, str]]]:
    batches: list[list[tuple[int, str]]] = []
    size_bytes = 0
    for number, pattern in enumerate(patterns):
        size_bytes += len(_bytes(pattern))
        if not batches or len(batches[-1]) == _MOST_PATTERNS or size_bytes > _MOST_BYTES:
            batches.append([])
            size_bytes = len(_bytes(pattern))
        batches[-1].append((number, pattern))

    return batches


def _filters(numbered: list[tuple[int, str]]) -> list[tuple[Any, list[int]]]:
    found = re2.Filter()
    numbers = [number for number, pattern in numbered if _is_added(found, pattern)]
    if not numbers:
        return []
    try:
        found.Compile()
    except re2.error:  # more words than RE2's memory holds
        half = len(numbered) // 2
        return _filters(numbered[:half]) + _filters(numbered[half:])

    return [(found, numbers)]


def _is_added(found: Any, pattern: str) -> bool:
    try:
        found.Add(pattern, _options)
    except (re2.error, UnicodeEncodeError):
        return False

    return True


def _reason(error: Exception) -> str:
    [reason] = error.args

    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _searched(text: str) -> bytes:
    return _bytes(text if len(text) <= LONGEST_SEARCHED else text[:LONGEST_SEARCHED])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _make_options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.never_capture = True

    return options


_options: Final = _make_options()


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(pattern, _options)
    except (re2.error, UnicodeEncodeError):
        return None
