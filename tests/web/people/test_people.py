"""People over HTTP: who may see and change whom."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.core.registry import Person
from tests.web.people.visitors import EVE, OLGA, VERA, World
from tests.web.site import EMAIL, NOW_MS, PASSWORD_HASH, tell

NEW = {"email": "new@example.org", "name": "New", "time_zone": "Europe/Rome", "roles": {"pizza": "editor"}}


async def test_the_list(world: World) -> None:
    """The administrator sees everybody, an owner people of their bots, and only their roles there."""
    owner = await world.signed_in(OLGA.email)
    _, all_of_them = await world.admin.ask("GET", "people")
    _, own = await owner.ask("GET", "people")

    assert {"p1", "olga", "vera", "eve"} == {one["id"] for one in all_of_them["people"]}
    assert {"eve": {"pizza": "editor"}, "olga": {"pizza": "owner"}, "vera": {"pizza": "viewer"}} == {
        one["id"]: one["roles"] for one in own["people"]
    }
    assert ["invited"] == [one["state"] for one in own["people"] if one["id"] == "eve"]


async def test_inviting(world: World) -> None:
    """Without a mail server whoever invites gets the link to pass on."""
    owner = await world.signed_in(OLGA.email)
    status, answer = await owner.ask("POST", "people", NEW)

    assert (201, "invited", False) == (status, answer["person"]["state"], answer["mailed"])
    assert f"{world.site.url}/set-password?link=" in answer["link"]
    made = world.person(answer["person"]["id"])
    assert ("new@example.org", "New", "Europe/Rome", {"pizza": "editor"}) == (
        made.email,
        made.name,
        made.zone,
        made.roles,
    )


async def test_an_invitation_is_mailed(posting: World) -> None:
    """With a mail server the link goes to who is invited, and to nobody else."""
    _, answer = await posting.admin.ask("POST", "people", NEW)

    assert (True, None) == (answer["mailed"], answer["link"])
    [(to, subject, text)] = posting.mail.sent
    assert ("new@example.org", "You are invited to botpulse") == (to, subject)
    assert "Hello New,\n" in text
    assert "http://bots.example.org/set-password?link=" in text


async def test_somebody_known_gets_the_role_and_no_link(world: World) -> None:
    """They have a password already."""
    owner = await world.signed_in(OLGA.email)
    status, answer = await owner.ask(
        "POST", "people", {"email": "VERA@example.org", "roles": {"pizza": "owner"}}
    )

    assert (201, None, {"pizza": "owner"}) == (status, answer["link"], answer["person"]["roles"])
    assert {"pizza": "owner", "plain": "editor"} == world.person("vera").roles


async def test_an_owner_gets_no_link_of_who_was_invited_to_another_bot(world: World) -> None:
    """Whoever holds it could act there."""
    await tell(world.site.registry, msgspec.structs.replace(EVE, roles={"plain": "viewer"}))
    owner = await world.signed_in(OLGA.email)
    status, answer = await owner.ask("POST", "people", {"email": EVE.email, "roles": {"pizza": "viewer"}})

    assert (201, None) == (status, answer["link"])


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        pytest.param((400, "bad_email", "email"), {"email": "new@"}, id="no address"),
        pytest.param((400, "bad_zone", "time_zone"), {"time_zone": "Mars/Base"}, id="no zone"),
        pytest.param((400, "bad_value", "roles[...]"), {"roles": {"pizza": "king"}}, id="no role"),
        pytest.param((404, "unknown_bot", "roles"), {"roles": {"soup": "viewer"}}, id="no bot"),
        pytest.param((403, "not_allowed", "roles"), {"roles": {"plain": "viewer"}}, id="another's bot"),
        pytest.param((403, "not_allowed", "admin"), {"admin": True}, id="administrator"),
        pytest.param((400, "missing_field", "roles"), {"roles": {}}, id="an owner, without a role"),
        pytest.param((400, "unknown_field", "rolls"), {"rolls": {}}, id="unknown field"),
        pytest.param((400, "too_long", "why"), {"why": "x" * 501}, id="long reason"),
    ],
)
async def test_invitations_that_are_refused(
    world: World, expected: tuple[int, str, str], changes: dict[str, Any]
) -> None:
    """The field at fault is named, and nobody is invited."""
    owner = await world.signed_in(OLGA.email)
    before = world.site.registry.state.people
    status, answer = await owner.ask("POST", "people", NEW | changes)

    assert expected == (status, answer["error"]["code"], answer["error"]["field"])
    assert before == world.site.registry.state.people


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        pytest.param({"name": "Vera"}, {"name": "Vera"}, id="name"),
        pytest.param({"time_zone": "Asia/Tokyo"}, {"time_zone": "Asia/Tokyo"}, id="zone"),
        pytest.param({"email": "v@example.org"}, {"email": "v@example.org"}, id="e-mail"),
        pytest.param({"admin": True}, {"admin": True}, id="administrator"),
        pytest.param({"state": "disabled"}, {"disabled": True}, id="disabled"),
    ],
)
async def test_administrators_change_people(
    world: World, expected: dict[str, Any], changes: dict[str, Any]
) -> None:
    """The answer shows them after it."""
    status, answer = await world.admin.ask("PATCH", "people/vera", changes)
    _, shown = await world.admin.ask("GET", "people/vera")

    assert (200, answer) == (status, shown)
    assert expected.items() <= shown.items()


async def test_the_last_administrator_stays(world: World) -> None:
    """However it is tried."""
    tries = [("PATCH", {"admin": False}), ("PATCH", {"disabled": True}), ("DELETE", None)]
    answers = [await world.admin.ask(method, "people/p1", content) for method, content in tries]

    assert [(409, "last_admin")] * 3 == [(status, answer["error"]["code"]) for status, answer in answers]


async def test_another_administrator_may_go(world: World) -> None:
    """As long as one is left who can sign in."""
    second = Person("second", "second@example.org", PASSWORD_HASH, NOW_MS, admin=True)
    await tell(world.site.registry, second)

    assert 200 == (await world.admin.ask("DELETE", "people/second"))[0]


async def test_who_is_removed_is_gone(world: World) -> None:
    """The session, the account; the history stays."""
    vera = await world.signed_in(VERA.email)
    status, _ = await world.admin.ask("DELETE", "people/vera?why=left")
    _, past = await world.admin.ask("GET", "people/vera/history")

    assert 200 == status
    assert [401, 404] == [
        (await vera.ask("GET", "me"))[0],
        (await world.admin.ask("GET", "people/vera"))[0],
    ]
    assert ("person_removed", "left", "key:k3") == tuple(
        past["history"][0][one] for one in ("what", "why", "who")
    )


async def test_history_tells_who_changed_what_and_no_secret(world: World) -> None:
    """Newest first."""
    await world.admin.ask("PATCH", "people/vera", {"name": "Vera", "why": "asked for"})
    vera = await world.signed_in(VERA.email)
    await vera.ask("POST", "me/sign-out-everywhere")
    _, answer = await world.admin.ask("GET", "people/vera/history")
    newest, changed = answer["history"][:2]

    assert ("person:vera", "signed_out_everywhere") == (newest["who"], newest["what"])
    assert ("key:k3", "asked for", {"name": ["", "Vera"]}) == (
        changed["who"],
        changed["why"],
        changed["changed"],
    )
    assert "argon2" not in str(answer)


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        pytest.param("GET", "people", None, id="list"),
        pytest.param("POST", "people", NEW, id="invite"),
        pytest.param("PATCH", "people/vera", {"admin": True}, id="change oneself"),
        pytest.param("DELETE", "people/vera", None, id="remove oneself"),
        pytest.param("POST", "people/vera/link", None, id="link"),
        pytest.param("GET", "people/olga/history", None, id="history of another"),
        pytest.param("GET", "bots/pizza/people", None, id="people of a bot"),
        pytest.param("PUT", "bots/pizza/people/vera", {"role": "owner"}, id="more for oneself"),
        pytest.param("DELETE", "bots/pizza/people/olga", None, id="less for another"),
    ],
)
async def test_viewers_and_editors_manage_nobody(
    world: World, method: str, path: str, content: dict[str, Any] | None
) -> None:
    """Nothing changes."""
    before = world.site.registry.state.people
    vera = await world.signed_in(VERA.email)
    status, answer = await vera.ask(method, path, content)

    assert (403, "not_allowed") == (status, answer["error"]["code"])
    assert before == world.site.registry.state.people


@pytest.mark.parametrize("path", ["people/olga", "people/p1", "people/nobody"])
async def test_others_look_like_nobody(world: World, path: str) -> None:
    """To whoever has no business with them."""
    vera = await world.signed_in(VERA.email)

    assert (404, "unknown_person") == _code(await vera.ask("GET", path))


async def test_owners_change_no_accounts(world: World) -> None:
    """Only roles in their own bots."""
    owner = await world.signed_in(OLGA.email)
    tries = [("PATCH", {"email": "mine@example.org"}), ("PATCH", {"admin": True}), ("DELETE", None)]

    assert [(403, "not_allowed")] * 3 == [
        _code(await owner.ask(method, "people/eve", content)) for method, content in tries
    ]


async def test_roles(world: World) -> None:
    """An owner gives and takes them, and sees who has one."""
    owner = await world.signed_in(OLGA.email)
    given = await owner.ask("PUT", "bots/pizza/people/vera", {"role": "editor"})
    taken = await owner.ask("DELETE", "bots/pizza/people/eve")
    _, left = await owner.ask("GET", "bots/pizza/people")

    assert (200, {"pizza": "editor"}) == (given[0], given[1]["roles"])
    assert (200, {}) == (taken[0], taken[1]["roles"])
    assert {"olga": {"pizza": "owner"}, "vera": {"pizza": "editor"}} == {
        one["id"]: one["roles"] for one in left["people"]
    }
    assert {"pizza": "editor", "plain": "editor"} == world.person("vera").roles


@pytest.mark.parametrize(
    ("expected", "path", "content"),
    [
        pytest.param((404, "unknown_bot"), "bots/plain/people/vera", {"role": "owner"}, id="another's bot"),
        pytest.param(
            (404, "unknown_person"), "bots/pizza/people/p1", {"role": "viewer"}, id="somebody unseen"
        ),
        pytest.param((400, "bad_value"), "bots/pizza/people/vera", {"role": "king"}, id="no role"),
        pytest.param((400, "missing_field"), "bots/pizza/people/vera", {}, id="nothing"),
    ],
)
async def test_roles_that_are_refused(
    world: World, expected: tuple[int, str], path: str, content: dict[str, Any]
) -> None:
    """An owner's power ends with their bots."""
    owner = await world.signed_in(OLGA.email)

    assert expected == _code(await owner.ask("PUT", path, content))


async def test_a_role_works_at_once(world: World) -> None:
    """Without signing in again."""
    vera = await world.signed_in(VERA.email)
    await world.admin.ask("PUT", "bots/old/people/vera", {"role": "viewer"})
    assert {"pizza", "plain", "old"} == await _bots_of(vera)

    await world.admin.ask("DELETE", "bots/old/people/vera")
    assert {"pizza", "plain"} == await _bots_of(vera)


async def test_no_hash_ever_leaves(world: World) -> None:
    """Whatever is asked."""
    paths = ["people", "people/vera", "people/vera/history", "bots/pizza/people"]
    answers = [str(await world.admin.ask("GET", path)) for path in paths]

    assert not [one for one in answers if "argon2" in one or "password" in one.replace("password_", "")]


async def test_an_administrator_who_changes_their_email_stays_signed_in(world: World) -> None:
    """Other sessions end."""
    anna = await world.signed_in(EMAIL)
    status, _ = await anna.ask("PATCH", "people/p1", {"email": "anna2@example.org"})

    assert (200, 200) == (status, (await anna.ask("GET", "me"))[0])


async def test_the_history_of_nobody(world: World) -> None:
    """Is not there, rather than wrongly asked for."""
    assert (404, "unknown_person") == _code(await world.admin.ask("GET", "people/nobody/history"))


@pytest.mark.parametrize(
    ("expected", "email"),
    [pytest.param("", VERA.email, id="viewer"), pytest.param("anna@example.org", OLGA.email, id="owner")],
)
async def test_who_only_reads_a_bot_is_told_no_address(world: World, expected: str, email: str) -> None:
    """Of those who changed it."""
    anna, asker = await world.signed_in(EMAIL), await world.signed_in(email)
    await anna.ask("PATCH", "bots/pizza", {"name": "Pasta"})
    _, answer = await asker.ask("GET", "bots/pizza/history")

    assert ("person:p1", expected) == (answer["history"][0]["who"], answer["history"][0]["name"])


@pytest.mark.parametrize(
    ("expected", "query"),
    [
        pytest.param(("unknown_parameter", "x"), "x=1", id="unknown"),
        pytest.param(("too_long", "why"), f"why={'x' * 1001}", id="long"),
        pytest.param(("repeated_parameter", "why"), "why=a&why=b", id="twice"),
    ],
)
async def test_a_parameter_at_fault_is_named(world: World, expected: tuple[str, str], query: str) -> None:
    """As fields of bodies are."""
    _, answer = await world.admin.ask("DELETE", f"people/vera?{query}")

    assert expected == (answer["error"]["code"], answer["error"]["field"])


async def test_where_there_are_no_parameters_that_is_said(world: World) -> None:
    """Instead of a list of none."""
    _, answer = await world.admin.ask("GET", "people?x=1")

    assert answer["error"]["message"].endswith("this address takes none.")


def _code(asked: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    return asked[0], asked[1]["error"]["code"]


async def _bots_of(visitor: Any) -> set[str]:
    _, answer = await visitor.ask("GET", "bots")
    return {one["bot"] for one in answer["bots"]}
