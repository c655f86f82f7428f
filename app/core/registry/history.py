"""How a subject came to be what it is: every accepted fact about it, with who, when and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from app.core.registry.changes import Fact, Record
from app.core.registry.folding import Folder
from app.core.registry.state import State
from app.core.registry.subjects import kind_of

__all__ = ["Past", "history"]


class Past(NamedTuple):
    """One fact, and the change that brought it."""

    when: int
    who: str
    why: str
    fact: Fact


def history(records: Iterable[Record], kind: str, id: str) -> list[Past]:
    """Return what happened to the subject of *kind* (`bot`, `key`, `dashboard`, ...) with *id*, the oldest first."""
    folder, found = Folder(State()), []
    for key, value in records:
        judged = folder.take(key, value)
        if judged is None or judged.refusal is not None:
            continue
        change = judged.change
        found += [
            Past(change.when, change.who, change.why, fact)
            for fact in change.facts
            if kind_of(fact.subject) == kind and fact.subject.id == id
        ]

    return found
