"""
Since when is a rule held against all events? What a back-fill has to know, as it looks at the events before.

Facts of the registry are counted: the number is the same in every process and only grows.  A normaliser says how many it had
folded when nothing was under way any more that it had read with fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from app.core.registry import State

__all__ = ["FACTS", "facts_in", "is_settled"]

FACTS: Final = "facts"
"""The figure in a normaliser's heartbeats."""


def facts_in(state: State) -> int:
    """Return how many facts *state* is made of."""
    return sum(state.revisions.values())


def is_settled(facts: int, workers: Iterable[Mapping[str, int]]) -> bool:
    """Tell whether every normaliser at work, by its figures, has passed on all that it read before *facts* were known."""
    return all(figures.get(FACTS, 0) >= facts for figures in workers)
