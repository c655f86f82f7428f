"""
Which changes may leave the log for good, once bots and people were deleted, and in which order.

What was said of a deleted subject no longer matters to what there is, but it mattered to what was accepted while it was
there.  So refused changes go first: what they lost against may be gone the next time the log is read.  Then go the changes
of what was deleted, oldest first.  Whoever stops half-way, and wherever compaction stops, every reader sees the same state.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from app.core.registry.changes import CHANGE, Change, Record, key_of
from app.core.registry.folding import Folder
from app.core.registry.judging import is_administrator
from app.core.registry.state import State
from app.core.registry.subjects import Bot, Person, Removed, Subject, name_of

__all__ = ["forgettable"]


def forgettable(records: Iterable[Record]) -> list[bytes]:
    """
    Return the keys that can be deleted from the log of *records*, in the order in which that has to happen.

    None at all where the log holds changes of a later version, as what was refused is then not for us to say.
    """
    folder, accepted, refused = Folder(State()), list[Change](), list[Change]()
    last: dict[bytes, bytes | None] = {}
    for key, value in records:
        last[key] = value
        skipped = folder.state.skipped
        judged = folder.take(key, value)
        if folder.state.skipped > skipped and _may_be_later(key, value):
            return []
        if judged is not None:
            (accepted if judged.refusal is None else refused).append(judged.change)
    keys = [key_of(change) for change in (*refused, *_of_what_was_deleted(folder.state, accepted))]

    return [key for key in keys if last[key] is not None]


def _of_what_was_deleted(state: State, changes: list[Change]) -> list[Change]:
    """
    Return those of *changes* that nothing follows from, the oldest first.

    A change stays that also says something of what is still there; and with it all of whatever else it is about, since
    a subject is forgotten from its beginning or not at all.  So does all of whoever was an administrator: that others could cease to be
    follows from it.
    """
    pinned: set[str] = set()
    while True:
        staying = [one for one in changes if not all(_is_gone(state, of.subject, pinned) for of in one.facts)]
        needed = {name for one in staying for of in one.facts for name in _needs(of.subject)}
        needed |= {name_of(one) for one in _administrators(changes)}
        if needed <= pinned:
            kept = {one.id for one in staying}
            return [one for one in changes if one.id not in kept]
        pinned |= needed


def _is_gone(state: State, subject: Subject, pinned: set[str]) -> bool:
    if isinstance(subject, Removed) or name_of(subject) in pinned:
        return False
    if isinstance(subject, Bot | Person):
        return name_of(subject) in state.removed
    return subject.bot is not None and f"bot:{subject.bot}" in state.removed


def _needs(subject: Subject) -> list[str]:
    """Name what has to stay where a change that stays is about *subject*; that it was deleted stands for itself."""
    if isinstance(subject, Removed):
        return []
    bot = getattr(subject, "bot", None)
    return [name_of(subject), *([f"bot:{bot}"] if bot else [])]


def _administrators(changes: list[Change]) -> list[Person]:
    people = [of.subject for one in changes for of in one.facts if isinstance(of.subject, Person)]
    return [one for one in people if is_administrator(one)]


def _may_be_later(key: bytes, value: bytes | None) -> bool:
    """Tell whether a record that was skipped may say something to a later version."""
    if value is None or not key.startswith(CHANGE):
        return False
    try:
        msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return False
    return True
