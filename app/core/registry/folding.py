"""
The fold: records in the order of the log -> what there is now, the same in every process.

Whoever writes a change only proposes it; here it is accepted, all of it, or refused (judging.py).  A record that cannot be
read, or that a later version wrote, is skipped and counted: one bad fact must not stop a process that follows the registry.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from app.core.refusal import Refusal
from app.core.registry.changes import CHANGE, Change, Fact, Record, read_record
from app.core.registry.judging import claims_of, judge
from app.core.registry.state import MOST_LOST, Lost, State
from app.core.registry.subjects import (
    HookSecret,
    Key,
    KeyUse,
    Note,
    Person,
    Removed,
    Subject,
    is_used,
    kind_of,
    name_of,
    note_key_of,
)

__all__ = ["Folded", "Folder", "Judged", "fold", "fold_all"]

_TABLES: Final = {
    "bot": "bots",
    "instance": "instances",
    "key": "keys",
    "person": "people",
    "hook_secret": "hook_secrets",
    "dashboard": "dashboards",
    "alert": "alerts",
    "link": "short_links",
    "import": "imports",
    "key_use": "key_uses",
    "recount": "recounts",
}


class Judged(NamedTuple):
    """A change, and why it was refused; None where it was accepted."""

    change: Change
    refusal: Refusal | None


class Folded(NamedTuple):
    """The state after some records, and what became of each change among them, by its id: None where it was accepted."""

    state: State
    verdicts: dict[str, Refusal | None]


def fold(state: State, key: bytes, value: bytes | None) -> State:
    """Return *state* after one record."""
    return fold_all(state, [(key, value)]).state


def fold_all(state: State, records: Iterable[Record]) -> Folded:
    """Return *state* after *records*, in their order; *state* itself stays as it was."""
    folder = Folder(state)
    verdicts: dict[str, Refusal | None] = {}
    for key, value in records:
        judged = folder.take(key, value)
        if judged is not None:
            verdicts[judged.change.id] = judged.refusal

    return Folded(folder.state, verdicts)


class Folder:
    """Takes records one by one; `state` is its own, of which it copies what it changes."""

    def __init__(self, state: State) -> None:
        self.state = msgspec.structs.replace(state)
        self._copied: set[str] = set()
        self._copied_of: set[str] = set()

    def take(self, key: bytes, value: bytes | None) -> Judged | None:
        """Fold one record in; return what became of it if it was a change that can be read."""
        if value is None:
            self._forget(key)
            return None
        try:
            entry = read_record(key, value)
        except (ValueError, RecursionError) as error:
            self._skip(key, str(error))
            return None
        if isinstance(entry, Change):
            return self._take_change(entry)
        self._take_note(entry)
        return None

    def put(self, facts: Iterable[Fact], when: int) -> None:
        """Make *facts* hold without asking whether they may: as part of a change that is judged when it is whole."""
        for fact in facts:
            self._put(fact, when)

    def _take_change(self, change: Change) -> Judged:
        refusal = judge(self.state, change)
        if refusal is None:
            self.put(change.facts, change.when)
        else:
            self.state.refused += 1
            self._lose(Lost(f"change:{change.id}", refusal.code, refusal.message, change.when, change.who))
        return Judged(change, refusal)

    def _put(self, fact: Fact, when: int) -> None:
        subject, name = fact.subject, name_of(fact.subject)
        self._table("revisions")[name] = fact.revision
        if isinstance(subject, Removed):
            self._remove(subject, name)
            return
        if isinstance(subject, Person) and subject.roles:
            subject = self._without_lost_roles(subject)
        table = self._table(_TABLES[kind_of(subject)])
        before = table.get(subject.id)
        table[subject.id] = subject
        self._replace(before, subject, name)
        if before is not None and is_used(subject) and not is_used(before):
            self._table("used_from")[name] = when
        if isinstance(subject, HookSecret):
            self._seal(subject)

    def _replace(self, before: Subject | None, after: Subject | None, name: str) -> None:
        """Let go of what *before* had, unless another has taken it in the same change, and take what *after* has."""
        had, has = (claims_of(one) if one else () for one in (before, after))
        for claim in had:
            if claim not in has and self.state.taken.get(claim) == name:
                del self._table("taken")[claim]
        for claim in has:
            if claim not in had:
                self._table("taken")[claim] = name
        if after is None:
            self._table("used_from").pop(name, None)
        if isinstance(before, Key) and self.state.key_by_hash[before.sha256].id == before.id:
            del self._table("key_by_hash")[before.sha256]
        if isinstance(after, Key):
            self._table("key_by_hash")[after.sha256] = after
        was_of, is_of = getattr(before, "bot", None), getattr(after, "bot", None)
        if was_of is not None and was_of != is_of:
            self._disown(was_of, name)
        if is_of is not None and was_of != is_of:
            self._owned_by(is_of)[name] = None

    def _seal(self, secret: HookSecret) -> None:
        """Say anew which secrets the webhook of *secret* has."""
        names = (name.partition(":") for name in self.state.owned[secret.bot])
        secrets = [self.state.hook_secrets[id_] for kind, _, id_ in names if kind == "hook_secret"]
        active = [one for one in secrets if one.platform == secret.platform and one.revoked_at is None]
        active.sort(key=lambda one: (one.created_at, one.id))
        sealed = tuple(one.sealed for one in active if one.sealed)
        if sealed:
            self._table("sealed_by_hook")[secret.bot, secret.platform] = sealed
        else:
            self._table("sealed_by_hook").pop((secret.bot, secret.platform), None)

    def _remove(self, removed: Removed, name: str) -> None:
        """Take out what was removed and all that belonged to it."""
        self._table("removed")[name] = removed
        before = self._table(_TABLES[removed.kind]).pop(removed.id, None)
        self._replace(before, None, name)
        if removed.kind == "person":
            return
        for owned in self._table("owned").pop(removed.id, {}):
            self._remove_owned(owned)
        for person in [one for one in self.state.people.values() if removed.id in one.roles]:
            self._table("people")[person.id] = self._without_lost_roles(person)

    def _remove_owned(self, name: str) -> None:
        kind, _, id_ = name.partition(":")
        one = self._table(_TABLES[kind]).pop(id_)
        self._table("revisions").pop(name, None)
        if isinstance(one, Note):
            return
        self._replace(one, None, name)
        if isinstance(one, Key):
            self._table("key_uses").pop(id_, None)
        elif isinstance(one, HookSecret):
            self._table("sealed_by_hook").pop((one.bot, one.platform), None)

    def _without_lost_roles(self, person: Person) -> Person:
        kept = {bot: role for bot, role in person.roles.items() if f"bot:{bot}" not in self.state.removed}
        return person if len(kept) == len(person.roles) else msgspec.structs.replace(person, roles=kept)

    def _take_note(self, note: Note) -> None:
        """Keep *note*, unless what it is about was removed: then it says nothing."""
        name = note_key_of(note).decode()
        kind, _, id_ = name.partition(":")
        if isinstance(note, KeyUse):
            if note.id not in self.state.keys:
                return
        elif note.bot not in self.state.bots:
            return
        else:
            self._owned_by(note.bot)[name] = None
        self._table(_TABLES[kind])[id_] = note

    def _forget(self, key: bytes) -> None:
        """A note is gone; of a change nothing follows any more (forgetting.py), so nothing follows from its end."""
        if key.startswith(CHANGE):
            return
        name = key.decode("utf-8", "replace")
        kind, _, id_ = name.partition(":")
        if kind not in ("link", "import", "key_use", "recount"):
            self._skip(key, "nothing of this kind is kept")
            return
        note = self._table(_TABLES[kind]).pop(id_, None)
        if note is not None and not isinstance(note, KeyUse):
            self._disown(note.bot, name)

    def _skip(self, key: bytes, why: str) -> None:
        self.state.skipped += 1
        self._lose(Lost(key[:200].decode("utf-8", "replace"), "unreadable", why[:500]))

    def _lose(self, lost: Lost) -> None:
        self.state.lost = (*self.state.lost, lost)[-MOST_LOST:]

    def _owned_by(self, bot: str) -> dict[str, None]:
        table = self._table("owned")
        if bot not in self._copied_of:
            self._copied_of.add(bot)
            table[bot] = dict(table.get(bot, {}))
        found: dict[str, None] = table.setdefault(bot, {})
        return found

    def _disown(self, bot: str, name: str) -> None:
        if bot not in self.state.owned:
            return
        owned = self._owned_by(bot)
        owned.pop(name, None)
        if not owned:
            del self._table("owned")[bot]

    def _table(self, name: str) -> dict[Any, Any]:
        """Return a table that may be changed: nobody else holds it."""
        if name not in self._copied:
            self._copied.add(name)
            setattr(self.state, name, dict(getattr(self.state, name)))
        table: dict[Any, Any] = getattr(self.state, name)
        return table
