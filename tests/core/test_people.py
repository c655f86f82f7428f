"""Commands on people: what they change, what they refuse, and what two at the same time come to."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.commands.people import (
    Authority,
    change_password,
    change_person,
    invite_person,
    may_hold_link_of,
    person_by_email,
    rehash_password,
    remove_person,
    set_role,
    sign_out_everywhere,
    use_link,
)
from app.core.refusal import Refusal
from app.core.registry import Bot, Change, Fact, Person, Role, State, email_key, fold_all, record_of
from tests.facts import told

NOW_MS = 1_700_000_000_000
BOTS = (Bot("pizza", "Pizza", "generic", 1), Bot("pasta", "Pasta", "generic", 1))
ADA = Person("ada", "ada@example.org", "hash", 1, admin=True)
EVE = Person("eve", "Eve@example.org", "hash", 2, name="Eve", roles={"pizza": "viewer"})
NEW = Person("new", "new@example.org", "", 3, roles={"pizza": "editor"})
ADMIN = Authority(is_admin=True)
OWNER = Authority(owned=frozenset({"pizza"}))


def state(*people: Person) -> State:
    """Return a registry with two bots, an administrator and *people*."""
    return told(*BOTS, ADA, *people)


def only(outcome: Sequence[Fact] | Refusal) -> Any:
    """Return the subject of the only fact."""
    assert not isinstance(outcome, Refusal), outcome
    [fact] = outcome
    return fact.subject


def refused(outcome: Sequence[Fact] | Refusal) -> tuple[str, str]:
    """Return code and field of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.code, outcome.field


def after(before: State, name: str, outcome: Sequence[Fact] | Refusal) -> tuple[State, Refusal | None]:
    """Return the state after a change with the facts of *outcome*, and its verdict."""
    assert not isinstance(outcome, Refusal), outcome
    folded = fold_all(before, [record_of(Change(name, 1, "test", tuple(outcome)))])
    return folded.state, folded.verdicts[name]


def test_somebody_new_is_invited_without_a_password() -> None:
    """Whatever is handed in, there is no password before the invitation is accepted."""
    invited = only(invite_person(state(), msgspec.structs.replace(NEW, password="x", epoch=7), OWNER))

    assert NEW == invited


def test_somebody_known_gets_the_role() -> None:
    """Also by the e-mail in capitals; the other roles stay."""
    wanted = Person("other", "EVE@EXAMPLE.ORG", "", 3, roles={"pasta": "owner"})

    expected = msgspec.structs.replace(EVE, roles={"pizza": "viewer", "pasta": "owner"})
    assert expected == only(invite_person(state(EVE), wanted, ADMIN))


def test_inviting_again_changes_nothing() -> None:
    """Only the link is wanted again."""
    assert [] == invite_person(state(NEW), msgspec.structs.replace(NEW, id="twice"), OWNER)


@pytest.mark.parametrize(
    ("expected", "changes", "by"),
    [
        pytest.param(("bad_email", "email"), {"email": "nobody"}, ADMIN, id="no address"),
        pytest.param(("bad_email", "email"), {"email": "a b@c.de"}, ADMIN, id="address with a space"),
        pytest.param(("bad_email", "email"), {"email": "a@b@c.de"}, ADMIN, id="address with two signs"),
        pytest.param(("bad_name", "name"), {"name": "Eve\nBcc: all"}, ADMIN, id="name of two lines"),
        pytest.param(("bad_name", "name"), {"name": "x" * 201}, ADMIN, id="long name"),
        pytest.param(("bad_zone", "time_zone"), {"zone": "Mars/Base"}, ADMIN, id="no zone"),
        pytest.param(("unknown_bot", "roles"), {"roles": {"soup": "viewer"}}, ADMIN, id="no bot"),
        pytest.param(("not_allowed", "roles"), {"roles": {"pasta": "viewer"}}, OWNER, id="another's bot"),
        pytest.param(("not_allowed", "admin"), {"admin": True}, OWNER, id="an owner makes an administrator"),
        pytest.param(("missing_field", "roles"), {"roles": {}}, OWNER, id="an owner gives no role"),
        pytest.param(("not_allowed", ""), {"email": ADA.email}, OWNER, id="a role for an administrator"),
    ],
)
def test_invitations_that_are_refused(
    expected: tuple[str, str], changes: dict[str, Any], by: Authority
) -> None:
    """The field at fault is named."""
    assert expected == refused(invite_person(state(), msgspec.structs.replace(NEW, **changes), by))


def test_who_is_disabled_is_not_invited() -> None:
    """An administrator enables them first."""
    disabled = msgspec.structs.replace(EVE, disabled_at=5)

    assert ("disabled", "email") == refused(
        invite_person(state(disabled), msgspec.structs.replace(NEW, email=EVE.email), ADMIN)
    )


def test_a_link_sets_the_password_and_ends_what_was_before() -> None:
    """The epoch grows, so sessions and links of before are void."""
    found = only(use_link(state(NEW), NEW, "new hash"))

    assert ("new hash", 1) == (found.password, found.epoch)


def test_a_link_works_once() -> None:
    """The second use sees the epoch of the first."""
    accepted, _ = after(state(NEW), "c1", use_link(state(NEW), NEW, "first"))

    assert ("link_used", "link") == refused(use_link(accepted, NEW, "second"))


def test_of_two_uses_at_once_the_log_takes_one() -> None:
    """Both were decided on the same state: the second is a conflict, and refused when it is asked again."""
    before = state(NEW)
    first, second = use_link(before, NEW, "first"), use_link(before, NEW, "second")
    between, _ = after(before, "c1", first)
    end, verdict = after(between, "c2", second)

    assert ("first", "conflict") == (end.people["new"].password, verdict.code if verdict else "")
    assert ("link_used", "link") == refused(use_link(end, NEW, "second"))


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(msgspec.structs.replace(EVE, epoch=1), id="signed out everywhere"),
        pytest.param(msgspec.structs.replace(EVE, password="other"), id="another password"),
        pytest.param(None, id="removed"),
    ],
)
def test_a_link_of_before_is_void(now: Person | None) -> None:
    """A link holds for the person as they were."""
    assert ("link_used", "link") == refused(use_link(state(*[now] if now else []), EVE, "x"))


def test_a_changed_password_ends_other_sessions() -> None:
    """By the epoch."""
    found = only(change_password(state(EVE), EVE, "new hash"))

    assert ("new hash", 1) == (found.password, found.epoch)


def test_a_password_changed_meanwhile_is_a_conflict() -> None:
    """The present password that was checked is not the present one any more."""
    now = msgspec.structs.replace(EVE, password="other")

    assert ("conflict", "") == refused(change_password(state(now), EVE, "x"))


def test_a_password_kept_anew_keeps_the_epoch() -> None:
    """It is the same password."""
    found = only(rehash_password(state(EVE), EVE, "new hash"))

    assert ("new hash", 0) == (found.password, found.epoch)


def test_a_password_changed_meanwhile_is_not_kept_anew() -> None:
    """The newer one stays."""
    assert [] == rehash_password(state(msgspec.structs.replace(EVE, password="other")), EVE, "x")


def test_name_and_zone_change() -> None:
    """The rest stays."""
    found = only(change_person(state(EVE), "eve", {"name": "Eva", "zone": "Europe/Rome"}, NOW_MS))

    assert msgspec.structs.replace(EVE, name="Eva", zone="Europe/Rome") == found


def test_a_new_email_ends_links_to_the_old_one() -> None:
    """By the epoch."""
    found = only(change_person(state(EVE), "eve", {"email": "eva@example.org"}, NOW_MS))

    assert ("eva@example.org", 1) == (found.email, found.epoch)


def test_disabling_ends_sessions_for_good() -> None:
    """Enabling does not bring them back."""
    disabled = only(change_person(state(EVE), "eve", {"disabled": True}, NOW_MS))
    enabled = only(change_person(state(disabled), "eve", {"disabled": False}, NOW_MS))

    assert (NOW_MS, 1) == (disabled.disabled_at, disabled.epoch)
    assert (None, 2) == (enabled.disabled_at, enabled.epoch)


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        pytest.param(("bad_email", "email"), {"email": "x"}, id="no address"),
        pytest.param(("bad_zone", "time_zone"), {"zone": "Factory"}, id="no zone"),
        pytest.param(("bad_name", "name"), {"name": "a\x00b"}, id="name with a control character"),
    ],
)
def test_changes_that_are_refused(expected: tuple[str, str], changes: dict[str, Any]) -> None:
    """The field at fault is named."""
    assert expected == refused(change_person(state(EVE), "eve", changes, NOW_MS))


def test_what_differs_in_nothing_is_no_fact() -> None:
    """So history has no empty lines."""
    assert [] == change_person(state(EVE), "eve", {"name": "Eve", "disabled": False}, NOW_MS)


def test_an_email_is_taken_once() -> None:
    """The log decides."""
    _, verdict = after(
        state(EVE), "c1", change_person(state(EVE), "eve", {"email": "ADA@example.org"}, NOW_MS)
    )

    assert "email_taken" == (verdict.code if verdict else "")


@pytest.mark.parametrize(
    "changes",
    [pytest.param({"admin": False}, id="taken away"), pytest.param({"disabled": True}, id="disabled")],
)
def test_the_last_administrator_stays(changes: dict[str, Any]) -> None:
    """The log decides."""
    _, verdict = after(state(EVE), "c1", change_person(state(EVE), "ada", changes, NOW_MS))

    assert "last_admin" == (verdict.code if verdict else "")


def test_the_last_administrator_is_not_removed() -> None:
    """The log decides."""
    _, verdict = after(state(EVE), "c1", remove_person(state(EVE), "ada", NOW_MS))

    assert "last_admin" == (verdict.code if verdict else "")


@pytest.mark.parametrize(
    ("expected", "role"),
    [
        pytest.param({"pizza": "owner"}, "owner", id="another"),
        pytest.param({}, None, id="none"),
    ],
)
def test_roles_are_given_and_taken(expected: dict[str, Role], role: Role | None) -> None:
    """By an owner of the bot."""
    assert expected == only(set_role(state(EVE), "pizza", "eve", role, OWNER)).roles


@pytest.mark.parametrize(
    ("expected", "bot", "person", "role"),
    [
        pytest.param(("not_allowed", "roles"), "pasta", "eve", "viewer", id="another's bot"),
        pytest.param(("not_allowed", ""), "pizza", "ada", "viewer", id="an administrator"),
        pytest.param(("unknown_bot", "bot"), "soup", "eve", "viewer", id="no bot"),
        pytest.param(("unknown_person", "id"), "pizza", "nobody", "viewer", id="nobody"),
        pytest.param(("unknown_role", "id"), "pizza", "bob", None, id="no role to take"),
    ],
)
def test_roles_that_are_refused(expected: tuple[str, str], bot: str, person: str, role: Role | None) -> None:
    """An owner manages their own bots, and no administrators."""
    bob = Person("bob", "bob@example.org", "hash", 3)

    assert expected == refused(set_role(state(EVE, bob), bot, person, role, OWNER))


def test_who_is_removed_leaves_the_email() -> None:
    """Somebody else may have it."""
    end, verdict = after(state(EVE), "c1", remove_person(state(EVE), "eve", NOW_MS))

    assert (None, None) == (verdict, person_by_email(end, EVE.email))
    assert NEW.id == only(invite_person(end, msgspec.structs.replace(NEW, email=EVE.email), ADMIN)).id


def test_signing_out_everywhere_raises_the_epoch() -> None:
    """That is all of it."""
    assert msgspec.structs.replace(EVE, epoch=1) == only(sign_out_everywhere(state(EVE), "eve"))


@pytest.mark.parametrize(
    ("expected", "person", "by"),
    [
        pytest.param(True, ADA, ADMIN, id="administrator, anybody"),
        pytest.param(True, EVE, OWNER, id="owner, of somebody of their bot"),
        pytest.param(False, ADA, OWNER, id="owner, of an administrator"),
        pytest.param(
            False,
            msgspec.structs.replace(EVE, roles={"pizza": "viewer", "pasta": "viewer"}),
            OWNER,
            id="owner, of somebody of another bot too",
        ),
        pytest.param(
            False, msgspec.structs.replace(EVE, roles={}), OWNER, id="owner, of somebody without a role"
        ),
    ],
)
def test_who_may_hold_a_link(expected: bool, person: Person, by: Authority) -> None:
    """A link is the power of its person, so nobody gets one beyond their own."""
    assert expected == may_hold_link_of(person, by)


KNOWN = msgspec.structs.replace(EVE, passed_on=True)


def test_a_link_that_an_owner_was_shown_leaves_its_mark() -> None:
    """Until a link sets the password that nobody else was shown."""
    first = only(use_link(state(EVE), KNOWN, "new hash"))
    second = only(use_link(state(first), msgspec.structs.replace(first, passed_on=False), "newer hash"))

    assert [True, False] == [first.passed_on, second.passed_on]


def test_a_password_changed_with_the_present_one_keeps_the_mark() -> None:
    """Whoever knew the one may have set the other."""
    assert only(change_password(state(KNOWN), KNOWN, "new hash")).passed_on


def test_a_link_that_an_owner_was_shown_opens_nothing_more() -> None:
    """When its person got power after it was found to be good."""
    promoted = msgspec.structs.replace(EVE, admin=True)

    assert ("link_used", "link") == refused(use_link(state(promoted), KNOWN, "x"))


@pytest.mark.parametrize(
    "promoted",
    [
        pytest.param(lambda state: change_person(state, "eve", {"admin": True}, NOW_MS), id="administrator"),
        pytest.param(lambda state: set_role(state, "pasta", "eve", "viewer", ADMIN), id="another bot"),
        pytest.param(
            lambda state: invite_person(
                state, msgspec.structs.replace(NEW, email=EVE.email, admin=True), ADMIN
            ),
            id="invited to be administrator",
        ),
        pytest.param(
            lambda state: invite_person(
                state, msgspec.structs.replace(NEW, email=EVE.email, roles={"pasta": "owner"}), ADMIN
            ),
            id="invited to another bot",
        ),
    ],
)
@pytest.mark.parametrize(
    ("expected", "before"),
    [
        pytest.param(("", 1, False), KNOWN, id="somebody else may know the password"),
        pytest.param(("hash", 0, False), EVE, id="nobody else knows it"),
    ],
)
def test_more_power_voids_a_password_that_somebody_else_may_know(
    expected: tuple[str, int, bool], before: Person, promoted: Callable[[State], Sequence[Fact] | Refusal]
) -> None:
    """Sessions and links end with it; everybody else keeps theirs."""
    found = only(promoted(state(before)))

    assert expected == (found.password, found.epoch, found.passed_on)


@pytest.mark.parametrize("role", ["owner", None])
def test_a_role_in_the_same_bot_keeps_the_password(role: Role | None) -> None:
    """Who may know it is an owner there."""
    assert "hash" == only(set_role(state(KNOWN), "pizza", "eve", role, OWNER)).password


def test_there_is_an_end_to_people() -> None:
    """Whoever is known gets a role all the same."""
    many = {f"p{number}": EVE for number in range(10_000)}
    full = msgspec.structs.replace(state(EVE), people={**many, "eve": EVE})

    assert ("too_many_people", "email") == refused(invite_person(full, NEW, ADMIN))
    assert "eve" == only(invite_person(full, msgspec.structs.replace(NEW, email=EVE.email), ADMIN)).id


@given(st.text())
def test_an_e_mail_is_the_same_however_it_is_written(email: str) -> None:
    """By accents as letters of their own or not, and what was made the same stays the same."""
    key = email_key(email)

    assert {key} == {
        email_key(one) for one in (key, *(unicodedata.normalize(form, email) for form in ("NFC", "NFD")))
    }


def test_people_of_one_e_mail_are_not_two() -> None:
    """Somebody is found, and their e-mail taken, however it is written."""
    state = told(msgspec.structs.replace(EVE, email="jose\u0301@example.org"))
    found = person_by_email(state, "JOS\u00c9@example.org")
    assert found

    assert EVE.id == found.id
    second = told(found, msgspec.structs.replace(found, id="other", email="jos\u00e9@example.org"))
    assert [EVE.id] == list(second.people)
