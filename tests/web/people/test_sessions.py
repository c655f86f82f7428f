"""Sessions: how they end, and that other sites cannot use them."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from argon2 import PasswordHasher

from app.adapters.passwords import hash_password, is_outdated
from app.ports import Unavailable
from app.web.auth import checking
from tests.web.people.visitors import CHOSEN, VERA, World
from tests.web.site import PASSWORD, PASSWORD_HASH, tell


async def test_a_session_lasts_two_weeks(world: World) -> None:
    """To the millisecond by the site's clock."""
    vera = await world.stranger()
    await vera.sign_in(VERA.email)
    world.now_ms += 14 * 24 * 3600 * 1000 - 1
    assert 200 == (await vera.ask("GET", "me"))[0]

    world.now_ms += 1
    assert 401 == (await vera.ask("GET", "me"))[0]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"epoch": 1}, id="signed out everywhere"),
        pytest.param({"password": "$argon2id$other"}, id="another password"),
        pytest.param({"disabled_at": 1}, id="disabled"),
    ],
)
async def test_sessions_of_before_are_over(world: World, changes: dict[str, object]) -> None:
    """With the next request."""
    vera = await world.signed_in(VERA.email)
    await tell(world.site.registry, msgspec.structs.replace(world.person("vera"), **changes))

    assert 401 == (await vera.ask("GET", "me"))[0]


async def test_signing_out_everywhere_ends_every_session(world: World) -> None:
    """Here and elsewhere; signing in again works."""
    here, there = await world.signed_in(VERA.email), await world.signed_in(VERA.email)
    assert 200 == (await here.ask("POST", "me/sign-out-everywhere"))[0]

    assert [401, 401] == [(await one.ask("GET", "me"))[0] for one in (here, there)]
    assert 200 == await here.sign_in(VERA.email)


async def test_signing_out_ends_this_session_only(world: World) -> None:
    """The other browser stays signed in."""
    here, there = await world.signed_in(VERA.email), await world.signed_in(VERA.email)
    await here.client.post(f"{here.url}/logout")

    assert [401, 200] == [(await one.ask("GET", "me"))[0] for one in (here, there)]


async def test_who_is_disabled_or_invited_cannot_sign_in(world: World) -> None:
    """With the words of a wrong password."""
    await tell(world.site.registry, msgspec.structs.replace(VERA, disabled_at=1))
    stranger = await world.stranger()

    assert [401, 401] == [await stranger.sign_in(email) for email in (VERA.email, "eve@example.org")]


async def test_a_password_kept_by_old_parameters_is_kept_anew(world: World) -> None:
    """At sign-in, when it is known; the session holds."""
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await tell(world.site.registry, msgspec.structs.replace(VERA, password=weak))
    vera = await world.stranger()
    assert 200 == await vera.sign_in(VERA.email)

    assert not is_outdated(world.person("vera").password)
    assert 200 == (await vera.ask("GET", "me"))[0]
    assert 200 == await vera.sign_in(VERA.email)


async def test_signing_in_works_while_nothing_can_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is kept anew another time."""
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await tell(world.site.registry, msgspec.structs.replace(VERA, password=weak))

    async def away(*_: object) -> None:
        raise Unavailable("The broker is away.")

    monkeypatch.setattr(world.site.registry, "change", away)
    vera = await world.stranger()
    assert 200 == await vera.sign_in(VERA.email)

    assert 200 == (await vera.ask("GET", "me"))[0]


OLD = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"epoch": 1}, id="signed out everywhere"),
        pytest.param({"password": OLD.hash(CHOSEN), "epoch": 1}, id="another password"),
        pytest.param({"password": OLD.hash(CHOSEN)}, id="nothing but another password"),
        pytest.param({"disabled_at": 1, "epoch": 1}, id="disabled"),
    ],
)
async def test_a_password_that_holds_no_more_when_it_is_kept_anew(
    world: World, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    """What ends every session meanwhile ends the one that is about to begin: it is refused like a wrong password."""
    await tell(world.site.registry, msgspec.structs.replace(VERA, password=OLD.hash(PASSWORD)))
    during_rehash(world, monkeypatch, changes)
    vera = await world.stranger()

    assert 401 == await vera.sign_in(VERA.email)
    assert 401 == (await vera.ask("GET", "me"))[0]


async def test_a_password_that_somebody_else_keeps_anew_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is still the right one: of two sign-ins at once both begin a session."""
    await tell(world.site.registry, msgspec.structs.replace(VERA, password=OLD.hash(PASSWORD)))
    during_rehash(world, monkeypatch, {"password": PASSWORD_HASH})
    vera = await world.stranger()

    assert 200 == await vera.sign_in(VERA.email)
    assert 200 == (await vera.ask("GET", "me"))[0]


def during_rehash(world: World, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]) -> None:
    """Let *changes* of Vera happen while the hash of her password is computed."""
    loop = asyncio.get_running_loop()

    def slow(password: str) -> str:
        after = msgspec.structs.replace(world.person("vera"), **changes)
        asyncio.run_coroutine_threadsafe(tell(world.site.registry, after), loop).result(30)
        return hash_password(password)

    monkeypatch.setattr(checking, "hash_password", slow)


FOREIGN = [
    pytest.param({"Origin": "https://evil.example"}, id="origin"),
    pytest.param({"Origin": "null"}, id="no origin to speak of"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, id="fetch metadata"),
    pytest.param({"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example.org"}, id="a neighbour"),
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_other_sites_cannot_use_a_session(world: World, headers: dict[str, str]) -> None:
    """To change anything; nothing happens."""
    vera = await world.signed_in(VERA.email)
    status, answer = await vera.ask("PATCH", "me", {"name": "Evil"}, **headers)

    assert (403, "foreign_origin") == (status, answer["error"]["code"])
    assert "" == world.person("vera").name


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["login", "logout", "data/v1/reset", "data/v1/set-password"])
async def test_other_sites_cannot_sign_anybody_in_or_out(
    world: World, path: str, headers: dict[str, str]
) -> None:
    """Nor into somebody else's account."""
    stranger = await world.stranger()
    content = {"email": VERA.email, "password": PASSWORD}
    async with stranger.client.post(f"{stranger.url}/{path}", json=content, headers=headers) as answer:
        assert 403 == answer.status
        assert not answer.cookies


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="a program"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, id="our page"),
        pytest.param({"Origin": "http://bots.example.org"}, id="our page behind a proxy"),
    ],
)
async def test_our_own_pages_can(posting: World, headers: dict[str, str]) -> None:
    """By the public address, too."""
    vera = await posting.signed_in(VERA.email)

    assert 200 == (await vera.ask("PATCH", "me", {"name": "Vera"}, **headers))[0]


async def test_a_key_needs_no_origin(world: World) -> None:
    """No browser sends one by itself, so a program on another site's page may use its own."""
    status, _ = await world.admin.ask("PATCH", "people/vera", {"name": "V"}, Origin="https://other.example")

    assert 200 == status


async def test_a_changed_password_ends_the_other_sessions(world: World) -> None:
    """Here it goes on, and the new password works."""
    here, there = await world.signed_in(VERA.email), await world.signed_in(VERA.email)
    status, _ = await here.ask("POST", "me/password", {"present": PASSWORD, "password": CHOSEN})

    assert 200 == status
    assert [200, 401] == [(await one.ask("GET", "me"))[0] for one in (here, there)]
    assert [401, 200] == [await there.sign_in(VERA.email, one) for one in (PASSWORD, CHOSEN)]
