r"""
Which events a number is about: `filter=platform=facebook,kind=text`, and for which measures that has an answer.

A filtered number is the number that would stand there had nothing but the matching events ever come.  All conditions
hold; a comma or a backslash inside a value is written `\,` or `\\`.  What is put together from several events
(sessions, turns, answers) or depends on the order of arrival (late, repeats) has no filter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from app.core.events import CUSTOM, MESSAGE_KINDS, SIGNAL_KINDS
from app.core.measures import MEASURES, Source
from app.core.refusal import Refusal

__all__ = ["FILTERED", "FILTERS", "Filter", "filter_of", "is_kept_in_cells"]

Filter = tuple[tuple[str, str], ...]
"""(dimension, value) of each condition, a dimension at most once"""

FILTERS: Final = ("platform", "kind", "direction", "locale", "intent", "event")
"""Dimensions that can be filtered by."""

FILTERED: Final = (
    "events", "messages", "messages_in", "messages_out", "intents", "revenue",
    "active_users", "active_users_7d", "active_users_28d", "active_users_30d",
    "new_users", "returning_users", "stickiness",
)  # fmt: skip
"""Measures that can be filtered."""

_POSSIBLE: Final = {
    "kind": MESSAGE_KINDS | SIGNAL_KINDS | {CUSTOM},
    "direction": frozenset(("in", "out", "none")),
}
_PIECE: Final = re.compile(r"((?:[^,\\]|\\.|\\$)+)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\([,\\])")


def filter_of(texts: Sequence[str]) -> Filter | Refusal:
    """Read the conditions a caller wrote."""
    found: dict[str, str] = {}
    for piece in (piece for text in texts for piece in _PIECE.split(text)[1::2] or [""]):
        dim, has_value, value = _ESCAPE.sub(r"\1", piece).partition("=")
        if dim not in FILTERS or not has_value:
            return _refusal(
                f"has {piece[:40]!r}; write conditions such as platform=facebook,kind=text, "
                rf"a comma inside a value as \, and dimensions from {', '.join(FILTERS)}."
            )
        possible = _POSSIBLE.get(dim)
        if possible and value not in possible:
            return _refusal(f"has the {dim} {value[:40]!r}; there are {', '.join(sorted(possible))}.")
        if found.setdefault(dim, value) != value:
            return _refusal(f"has two values of {dim}, and no event has both; ask for each by itself.")
    return tuple(found.items())


def is_kept_in_cells(measure: str, by: str, conditions: Filter) -> bool:
    """Tell whether cells know the answer: the total, or the one key of the one dimension that is asked for."""
    if not conditions:
        return True
    known = MEASURES[measure]
    ((dim, _), *more) = conditions
    return known.source is Source.SUM and dim in known.dims and not more and by in ("", dim)


def _refusal(message: str) -> Refusal:
    return Refusal("bad_filter", f"`filter` {message}", "filter")
