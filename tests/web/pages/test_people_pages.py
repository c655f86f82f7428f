"""Pages of people and accounts as they come from the server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.core.registry import Person
from tests.web.people.visitors import OLGA, VERA, Visitor, World, world
from tests.web.site import EMAIL, NOW_MS, PASSWORD_HASH, tell

HTML = {"Accept": "text/html"}


@pytest_asyncio.fixture
async def one() -> AsyncIterator[World]:
    """A site with an administrator, an owner, a viewer and somebody invited."""
    async with world() as opened:
        yield opened


async def get(visitor: Visitor, path: str) -> tuple[int, str]:
    """Ask for a page."""
    async with visitor.client.get(visitor.url + path, headers=HTML, allow_redirects=False) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("expected", "email"),
    [
        pytest.param((200, True), EMAIL, id="administrator"),
        pytest.param((200, False), OLGA.email, id="owner"),
        pytest.param((403, False), VERA.email, id="editor"),
    ],
)
async def test_people_are_for_who_manages_them(one: World, expected: tuple[int, bool], email: str) -> None:
    """An owner has no administrator's buttons."""
    status, page = await get(await one.signed_in(email), "/people")

    assert expected == (status, "Make administrator" in page)


async def test_an_owner_is_told_of_no_bot_of_others(one: World) -> None:
    """Neither in the choices nor in anybody's roles."""
    _, page = await get(await one.signed_in(OLGA.email), "/people")

    assert "viewer of Pizza" in page
    assert not [one for one in ('"plain"', "Plain", "of plain") if one in page.replace('class="plain"', "")]


async def test_names_stay_text(one: World) -> None:
    """Never HTML."""
    odd = Person(
        "odd", "odd@example.org", PASSWORD_HASH, NOW_MS, name="<script>alert(1)</script>", admin=True
    )
    await tell(one.site.registry, odd)
    for path in ("/people", "/account"):
        _, page = await get(await one.signed_in(odd.email), path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


async def test_a_link_is_looked_at_without_being_used(one: World) -> None:
    """Mail scanners open links, too."""
    link, stranger = one.link("eve"), await one.stranger()
    pages = [await get(stranger, f"/set-password?link={link}") for _ in range(30)]

    assert {200} == {status for status, _ in pages}
    assert "For <bdi>eve@example.org</bdi>" in pages[-1][1]


async def test_guessing_links_at_the_page_is_limited(one: World) -> None:
    """As at the address that uses them."""
    stranger = await one.stranger()
    statuses = [(await get(stranger, f"/set-password?link={number}"))[0] for number in range(21)]

    assert [400] * 20 + [429] == statuses


async def test_a_key_has_no_account_page(one: World) -> None:
    """It is nobody's."""
    assert 403 == (await get(one.admin, "/account"))[0]
