"""
People: invite, change, give roles, set passwords, disable, remove; hashes, ids and time are arguments.

An administrator may do everything here, an owner give and take roles in their own bots (`Authority`).  A new password or
e-mail, disabling, and signing out everywhere raise the `epoch`: sessions and links made before are void.

Without a mail server an owner is shown the links of whom they invite, and can use them.  So a password set by such a link ends
when its person gets power beyond the bots they had then: they need a new link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.core.commands.bots import no_bot
from app.core.refusal import Refusal
from app.core.registry import Fact, Person, Removed, Role, State, email_key, is_zone

__all__ = [
    "Authority",
    "change_password",
    "change_person",
    "invite_person",
    "may_hold_link_of",
    "person_by_email",
    "person_of",
    "powers_of",
    "rehash_password",
    "remove_person",
    "set_role",
    "sign_out_everywhere",
    "use_link",
]

_LONGEST_NAME: Final = 200
_LONGEST_EMAIL: Final = 254
_MOST_PEOPLE: Final = 10_000
_FACTS: Final = {"email": "email_changed", "admin": "admin_changed"}


class Authority(msgspec.Struct, frozen=True):
    """In whose name something is done: an administrator's, or that of the owner of some bots."""

    is_admin: bool = False
    owned: frozenset[str] = frozenset()

    def owns(self, bot: str) -> bool:
        """Tell whether people of *bot* are theirs to manage."""
        return self.is_admin or bot in self.owned


def invite_person(state: State, person: Person, by: Authority) -> list[Fact] | Refusal:
    """
    Return the fact that *person* is invited; somebody known by this e-mail gets the roles instead.

    Nothing changes where they have them already: then only the link is wanted again.
    """
    fault = _email_fault(person.email) or _fault_of(person) or _not_allowed(state, person, by)
    if fault:
        return fault
    known = person_by_email(state, person.email)
    if known is None and len(state.people) >= _MOST_PEOPLE:
        return Refusal(
            "too_many_people", f"There are {_MOST_PEOPLE:,} people; remove some who left first.", "email"
        )
    if known is None:
        return [state.fact("person_invited", msgspec.structs.replace(person, password="", epoch=0))]
    if known.disabled_at is not None:
        return Refusal(
            "disabled", "Somebody with this e-mail was disabled; an administrator can enable them.", "email"
        )
    if known.admin and not by.is_admin:
        return _of_an_admin()
    roles = known.roles | person.roles
    after = msgspec.structs.replace(known, roles=roles, admin=known.admin or person.admin)
    return [] if after == known else [state.fact("role_changed", _safe(known, after))]


def use_link(state: State, seen: Person, password: str) -> list[Fact] | Refusal:
    """
    Return the fact that a link made for *seen* was used to set the hash *password*; it can be done once.

    One that an owner was shown (`passed_on`) is of no use once its person may do more than they did.
    """
    now = state.people.get(seen.id, seen)
    is_void = seen.disabled_at is not None or (seen.passed_on and powers_of(now) != powers_of(seen))
    if is_void or not _is_as_seen(state, seen):
        return Refusal(
            "link_used", "This link was used already, or is of no use any more; ask for a new one.", "link"
        )
    return _with_password(
        state, "password_set", msgspec.structs.replace(now, passed_on=seen.passed_on), password
    )


def change_password(state: State, seen: Person, password: str) -> list[Fact] | Refusal:
    """Return the fact that *seen*, whose present password was checked, has the hash *password*."""
    if not _is_as_seen(state, seen):
        return Refusal("conflict", "The password was changed at the same time; sign in with the new one.")
    return _with_password(state, "password_changed", state.people[seen.id], password)


def rehash_password(state: State, seen: Person, password: str) -> list[Fact]:
    """Return the fact that the same password is kept as *password* now; nothing where it changed meanwhile."""
    if not _is_as_seen(state, seen):
        return []
    return [
        state.fact("password_rehashed", msgspec.structs.replace(state.people[seen.id], password=password))
    ]


def change_person(state: State, person: str, changes: Mapping[str, Any], when: int) -> list[Fact] | Refusal:
    """Return the fact that somebody has new values for name, zone, email, admin or disabled; none where nothing differs."""
    before = person_of(state, person)
    if isinstance(before, Refusal):
        return before
    after = msgspec.structs.replace(
        before, **{name: changes[name] for name in ("name", "zone", "email", "admin") if name in changes}
    )
    if after.email != before.email:
        fault, after = _email_fault(after.email), _anew(after)
        if fault:
            return fault
    if "disabled" in changes and changes["disabled"] != (before.disabled_at is not None):
        is_disabled = changes["disabled"]
        after = msgspec.structs.replace(_anew(after), disabled_at=when if is_disabled else None)
    if after == before:
        return []
    return _fault_of(after) or [state.fact(_fact_type(changes), _safe(before, after))]


def set_role(state: State, bot: str, person: str, role: Role | None, by: Authority) -> list[Fact] | Refusal:
    """Return the fact that somebody has *role* in *bot*, or none."""
    if bot not in state.bots:
        return no_bot(bot)
    before = person_of(state, person)
    if isinstance(before, Refusal):
        return before
    if not by.owns(bot):
        return _of_owners(bot)
    if before.admin and not by.is_admin:
        return _of_an_admin()
    if role is None and bot not in before.roles:
        return Refusal("unknown_role", f"{before.email} has no role in {bot}.", "id")
    roles = {name: one for name, one in before.roles.items() if name != bot}
    after = msgspec.structs.replace(before, roles=roles | {bot: role} if role else roles)
    return [] if after == before else [state.fact("role_changed", _safe(before, after))]


def remove_person(state: State, person: str, when: int) -> list[Fact] | Refusal:
    """Return the fact that somebody is gone, with their roles."""
    before = person_of(state, person)
    if isinstance(before, Refusal):
        return before
    return [state.fact("person_removed", Removed("person", person, when, {"roles": len(before.roles)}))]


def sign_out_everywhere(state: State, person: str) -> list[Fact] | Refusal:
    """Return the fact that no session and no link of somebody holds any more."""
    before = person_of(state, person)
    if isinstance(before, Refusal):
        return before
    return [state.fact("signed_out_everywhere", _anew(before))]


def person_of(state: State, person: str) -> Person | Refusal:
    """Return somebody by id."""
    found = state.people.get(person)
    return found or Refusal("unknown_person", f"There is nobody with the id {person[:60]!r}.", "id")


def person_by_email(state: State, email: str) -> Person | None:
    """Return who has *email*, however it is written."""
    _, _, person = state.taken.get(f"email:{email_key(email)}", "").partition(":")
    return state.people.get(person)


def may_hold_link_of(person: Person, by: Authority) -> bool:
    """
    Tell whether *by* may see a link that sets the password of *person*: whoever holds it can act in their name.

    So an owner sees those of people who can do nothing beyond the owner's own bots.
    """
    if by.is_admin:
        return True
    return not person.admin and bool(person.roles) and by.owned.issuperset(person.roles)


def powers_of(person: Person) -> tuple[bool, list[str]]:
    """Return how far the power of *person* reaches: over everything, or which bots."""
    return person.admin, sorted(person.roles)


def _safe(before: Person, after: Person) -> Person:
    """Return *after*, without a password that somebody else may know, if it would open more than it did *before*."""
    is_more = after.admin > before.admin or not before.roles.keys() >= after.roles.keys()
    if not (before.passed_on and is_more):
        return after
    return _anew(msgspec.structs.replace(after, password="", passed_on=False))


def _with_password(state: State, type: str, person: Person, password: str) -> list[Fact]:
    return [state.fact(type, _anew(msgspec.structs.replace(person, password=password)))]


def _anew(person: Person) -> Person:
    return msgspec.structs.replace(person, epoch=person.epoch + 1)


def _is_as_seen(state: State, seen: Person) -> bool:
    now = state.people.get(seen.id)
    return now is not None and (now.epoch, now.password) == (seen.epoch, seen.password)


def _fact_type(changes: Mapping[str, Any]) -> str:
    if set(changes) == {"disabled"}:
        return "person_disabled" if changes["disabled"] else "person_enabled"
    [name, *more] = changes
    return "person_changed" if more else _FACTS.get(name, "person_changed")


def _not_allowed(state: State, person: Person, by: Authority) -> Refusal | None:
    for bot in person.roles:
        if bot not in state.bots:
            return Refusal("unknown_bot", f"There is no bot {bot[:60]!r}.", "roles")
        if not by.owns(bot):
            return _of_owners(bot)
    if by.is_admin:
        return None
    if person.admin:
        return Refusal("not_allowed", "Only an administrator can make administrators.", "admin")
    if not person.roles:
        return Refusal("missing_field", "Name the role in one of your bots that they are to have.", "roles")
    return None


def _of_owners(bot: str) -> Refusal:
    return Refusal("not_allowed", f"Roles in {bot} are given by its owners and by administrators.", "roles")


def _of_an_admin() -> Refusal:
    return Refusal("not_allowed", "This is an administrator, who may do everything; only others change that.")


def _fault_of(person: Person) -> Refusal | None:
    if len(person.name) > _LONGEST_NAME or not person.name.isprintable():
        return Refusal(
            "bad_name", f"A name has at most {_LONGEST_NAME} characters, all of them on one line.", "name"
        )
    if not is_zone(person.zone):
        return Refusal(
            "bad_zone",
            f"{person.zone[:60]!r} is no IANA time zone; write one like Europe/Berlin, or UTC.",
            "time_zone",
        )
    return None


def _email_fault(email: str) -> Refusal | None:
    """Say what is wrong with the shape of an address; the shells look closer."""
    local, _, domain = email.rpartition("@")
    is_plain = email.isprintable() and not any(one.isspace() for one in email)
    if local and domain and "@" not in local and is_plain and len(email) <= _LONGEST_EMAIL:
        return None
    return Refusal(
        "bad_email", f"{email[:60]!r} is no e-mail address; write one like ada@example.org.", "email"
    )
