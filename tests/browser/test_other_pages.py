"""Sign-in and the list of bots in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, bot
from tests.browser.fake import FakeApi

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]


def test_signing_in_and_out(visit: Open) -> None:
    """A wrong password is said in place, the right one leads to the page asked for, and the button leads out."""
    there = visit(FakeApi(), bot(), bot("support", "Support"))
    page = there.page
    page.goto(f"{there.site.url}/bots/support")
    there.sign_in("wrong")
    expect(page.get_by_role("alert")).to_have_text("E-mail or password is wrong.")
    expect(page.locator("[name=password]")).to_be_focused()
    there.sign_in()
    expect(page.locator("h1")).to_have_text("Support")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{there.site.url}/bots/support")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_list_shows_todays_numbers(visit: Open) -> None:
    """Each bot has today's users and messages and a line of the days before."""
    there = visit(
        FakeApi(value=lambda measure, _, ago: {"active_users": 1234, "messages": 56_789}[measure] - ago),
        bot(),
        bot("support", "Support"),
    )
    there.go("/")
    row = there.page.locator('[data-bot="support"]')
    expect(row.locator('[data-figure="active_users"]')).to_have_text("1,234")
    expect(row.locator('[data-figure="messages"]')).to_have_text("56,789")
    expect(row.locator("svg")).to_have_attribute("aria-label", "from 1,205 to 1,233, at most 1,233")
    row.click()
    expect(there.page.locator("h1")).to_have_text("Support")
    assert [] == there.complaints


def test_without_bots_the_way_to_one_is_shown(visit: Open) -> None:
    """The commands are there, and can be copied."""
    there = visit(FakeApi())
    there.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    there.go("/")
    page = there.page
    expect(page.get_by_role("heading", name="No bots yet")).to_be_visible()
    page.locator(".snippet", has_text="curl").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl {there.site.url}/v1/events \\\n")
    assert [] == there.complaints
