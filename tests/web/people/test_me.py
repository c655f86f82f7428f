"""What somebody may do with their own account."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from tests.web.people.visitors import CHOSEN, VERA, World
from tests.web.site import PASSWORD


async def test_me(world: World) -> None:
    """Who has signed in sees who they are and all their roles."""
    vera = await world.signed_in(VERA.email)
    expected = {
        "id": "vera",
        "email": VERA.email,
        "name": "",
        "time_zone": "UTC",
        "state": "active",
        "admin": False,
        "roles": {"pizza": "viewer", "plain": "editor"},
        "created_at": "2023-11-14T22:13:20.000Z",
        "disabled_at": None,
    }

    assert (200, expected) == await vera.ask("GET", "me")


async def test_name_and_zone(world: World) -> None:
    """Are anybody's own to change, and the session goes on."""
    vera = await world.signed_in(VERA.email)
    status, answer = await vera.ask("PATCH", "me", {"name": " Vera ", "time_zone": "Europe/Rome"})

    assert (200, "Vera", "Europe/Rome") == (status, answer["name"], answer["time_zone"])
    assert 200 == (await vera.ask("GET", "me"))[0]


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        pytest.param((400, "bad_zone", "time_zone"), {"time_zone": "Mars/Base"}, id="no zone"),
        pytest.param((400, "unknown_field", "zone"), {"zone": "UTC"}, id="unknown field"),
        pytest.param((400, "bad_value", "name"), {"name": 1}, id="wrong type"),
        pytest.param((400, "bad_name", "name"), {"name": "x" * 201}, id="long name"),
        pytest.param(
            (400, "unknown_field", "email"),
            {"email": "boss@example.org"},
            id="an e-mail that others may invite",
        ),
        pytest.param((400, "unknown_field", "admin"), {"admin": True}, id="making oneself administrator"),
    ],
)
async def test_refusals_name_the_field(
    world: World, expected: tuple[int, str, str], content: dict[str, Any]
) -> None:
    """And nothing changes."""
    vera = await world.signed_in(VERA.email)
    before = world.person("vera")
    status, answer = await vera.ask("PATCH", "me", content)

    assert expected == (status, answer["error"]["code"], answer["error"]["field"])
    assert before == world.person("vera")


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        pytest.param(("wrong_password", "present"), {"present": "x", "password": CHOSEN}, id="wrong present"),
        pytest.param(("bad_password", "password"), {"present": PASSWORD, "password": "x"}, id="short"),
        pytest.param(
            ("common_password", "password"), {"present": PASSWORD, "password": VERA.email}, id="e-mail"
        ),
        pytest.param(("missing_field", "present"), {"password": CHOSEN}, id="no present"),
    ],
)
async def test_passwords_that_are_refused(
    world: World, expected: tuple[str, str], content: dict[str, Any]
) -> None:
    """The field at fault is named."""
    vera = await world.signed_in(VERA.email)
    status, answer = await vera.ask("POST", "me/password", content)

    assert (400, *expected) == (status, answer["error"]["code"], answer["error"]["field"])


async def test_guessing_the_present_password_is_limited(world: World) -> None:
    """As at the sign-in form, and together with it."""
    vera = await world.signed_in(VERA.email)
    wrong = {"present": "guess", "password": CHOSEN}
    statuses = [(await vera.ask("POST", "me/password", wrong))[0] for _ in range(6)]

    assert [400] * 5 + [429] == statuses
    assert 429 == await vera.sign_in(VERA.email)


async def test_guessing_the_present_password_at_once_is_limited(world: World) -> None:
    """A guess counts before it is looked at."""
    vera = await world.signed_in(VERA.email)
    wrong = {"present": "guess", "password": CHOSEN}
    tries = await asyncio.gather(*(vera.ask("POST", "me/password", wrong) for _ in range(8)))

    assert [400] * 5 + [429] * 3 == sorted(status for status, _ in tries)


async def test_the_right_present_password_is_no_guess(world: World) -> None:
    """Changing it often locks nobody out."""
    vera = await world.signed_in(VERA.email)
    passwords = [PASSWORD, *(f"{CHOSEN} {number}" for number in range(6))]
    for present, password in pairwise(passwords):
        assert 200 == (await vera.ask("POST", "me/password", {"present": present, "password": password}))[0]


async def test_a_key_has_no_account(world: World) -> None:
    """It is nobody's."""
    status, answer = await world.admin.ask("GET", "me")

    assert (403, "not_a_person") == (status, answer["error"]["code"])
