"""
Since when is a rule held against all events? What a back-fill has to know, as it looks at the events before.

A normaliser says up to where it had read the registry when nothing was under way any more that it had read with less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["READ_TO", "is_settled"]

READ_TO: Final = "registry_read_to"
"""The figure in a normaliser's heartbeats: an offset of the topic `registry`."""


def is_settled(read_to: int, workers: Iterable[Mapping[str, int]]) -> bool:
    """
    Tell whether every normaliser, by its figures, has passed on all that it read before it had come to *read_to*.

    Where none was heard of, nobody knows.
    """
    places = [figures.get(READ_TO, 0) for figures in workers]

    return bool(places) and min(places) >= read_to
