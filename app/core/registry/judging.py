"""
Which changes are accepted: by what the log says before them, so that every process decides alike.

A change is refused, all of it, when one of its facts is no newer than what its subject is already (somebody else was faster:
`conflict`), takes what another has (an e-mail, a name within a bot, a token, the only place of an install) and does not
give up in the same change, is about a bot that is not there, or leaves no administrator.  A fact may skip a revision: the one between was written by a later version, and not for us to read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from app.core.refusal import Refusal
from app.core.registry.changes import Change, Record, encode_change, key_of, read_record
from app.core.registry.state import State
from app.core.registry.subjects import (
    Alert,
    Bot,
    Dashboard,
    Instance,
    Key,
    Person,
    Removed,
    Subject,
    email_key,
    kind_of,
    name_of,
)

__all__ = ["claims_of", "first_fault", "is_administrator", "judge", "place_of", "proposed"]


def proposed(state: State, change: Change) -> Record | Refusal:
    """Return the record to write for *change*; why not, where it would be refused as things are: the log is for races only."""
    key, value = key_of(change), encode_change(change)
    try:
        read_record(key, value)
    except ValueError as error:
        return Refusal("unreadable", f"This cannot be kept: {error}.")
    return judge(state, change) or (key, value)


def judge(state: State, change: Change) -> Refusal | None:
    """Return why *change* is refused after all that made *state*; None where it is accepted."""
    found = first_fault(state, change)
    return found and found[1]


def first_fault(state: State, change: Change) -> tuple[int | None, Refusal] | None:
    """Return which fact *change* is refused for, by number, and why; no number where it is all of them together."""
    revisions: dict[str, int] = {}
    claims: dict[str, str] = {}
    kept = {name_of(fact.subject): claims_of(fact.subject) for fact in change.facts}
    for number, fact in enumerate(change.facts):
        subject, name = fact.subject, name_of(fact.subject)
        if fact.revision <= (revisions.get(name) or state.revisions.get(name, 0)):
            message = f"Somebody changed {name} at the same time; look at it and try again."
            return number, Refusal("conflict", message)
        revisions[name] = fact.revision
        if name in state.removed and not isinstance(subject, Removed):
            return number, Refusal(f"unknown_{kind_of(subject)}", f"{name} was deleted.", kind_of(subject))
        bot = getattr(subject, "bot", None)
        if bot is not None and bot not in state.bots and not _is_made(bot, change):
            return number, Refusal("unknown_bot", f"There is no bot {bot!r}.", "bot")
        for claim in claims_of(subject):
            holder = state.taken.get(claim, name)
            is_free = holder == name or claim not in kept.get(holder, (claim,))
            if not (is_free and claims.setdefault(claim, name) == name):
                return number, _taken(claim)

    fault = _without_administrator(state, change)
    return (None, fault) if fault else None


def claims_of(subject: Subject) -> tuple[str, ...]:
    """Return what nobody else may have at the same time."""
    claims = _CLAIMS.get(type(subject))
    return tuple(filter(None, claims(subject))) if claims else ()


def place_of(instance: Instance) -> str:
    """Return the place that only one install of a bot can have: a page, a Kik account, a team; empty for any other."""
    of_platform = f"place:{instance.bot}:{instance.platform}:"
    if instance.platform in _SOLE:
        return of_platform
    team = instance.attributes.get("team_id", "")
    return team and of_platform + team


def is_administrator(person: Person | None) -> bool:
    """Tell whether *person* can do everything now; whoever was invited and has not come yet cannot."""
    return person is not None and person.admin and bool(person.password) and person.disabled_at is None


def _is_made(bot: str, change: Change) -> bool:
    return any(isinstance(fact.subject, Bot) and fact.subject.id == bot for fact in change.facts)


def _without_administrator(state: State, change: Change) -> Refusal | None:
    touched = {
        fact.subject.id: fact.subject if isinstance(fact.subject, Person) else None
        for fact in change.facts
        if kind_of(fact.subject) == "person"
    }
    if not any(is_administrator(state.people.get(person)) for person in touched):
        return None
    if any(map(is_administrator, touched.values())):
        return None
    if any(is_administrator(person) for id_, person in state.people.items() if id_ not in touched):
        return None

    return Refusal(
        "last_admin", "Nobody else could administer: make somebody else administrator first.", "admin"
    )


_SOLE: Final = frozenset({"facebook", "kik"})
"""Platforms of which a bot has one install."""


def _name(one: Dashboard | Alert) -> str:
    return "" if one.removed_at is not None else f"name:{kind_of(one)}:{one.bot}:{one.name.casefold()}"


_CLAIMS: Final[dict[type, Callable[[Any], tuple[str, ...]]]] = {
    Person: lambda one: (f"email:{email_key(one.email)}",),
    Key: lambda one: (f"key:{one.sha256}",),
    Instance: lambda one: (f"token:{one.token_sha256}", place_of(one)),
    Dashboard: lambda one: (_name(one),),
    Alert: lambda one: (_name(one),),
}


def _taken(claim: str) -> Refusal:
    what, _, _ = claim.partition(":")
    if what == "email":
        return Refusal(
            "email_taken", "Somebody has this e-mail already; take another, or edit theirs.", "email"
        )
    if what == "name":
        return Refusal("name_taken", "There is one of this name in this bot already; choose another.", "name")
    if what == "token":
        return Refusal("token_taken", "This token belongs to another install already.", "token")
    if what == "place":
        return Refusal(
            "place_taken", "The bot has another install there already; change that one.", "instance"
        )
    return Refusal("key_taken", "This key exists already; make another.")
