"""People and accounts in a real browser: invited, in, changed, locked out, and back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from aiohttp import web
from playwright.sync_api import expect

from app.core.registry import Person
from app.web.api import links, me, people, roles
from app.web.parts import PARTS
from tests.browser.conftest import PHONE, Visit, bot
from tests.browser.fake import FakeApi
from tests.web.site import EMAIL, NOW_MS, PASSWORD, PASSWORD_HASH

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]
CHOSEN = "a new one for me"
OWNER = Person("olga", "olga@example.org", PASSWORD_HASH, NOW_MS, name="Olga Owner", roles={"pizza": "owner"})


class PeopleApi(FakeApi):
    """The fake numbers, and people as they are."""

    def attach(self, app: web.Application) -> None:
        """Answer like the whole API."""
        super().attach(app)
        for area in (me, people, roles, links):
            area.attach(app)


def sign_in_as(there: Visit, email: str, password: str = PASSWORD) -> None:
    """Fill in the form that is shown."""
    there.page.fill("[name=email]", email)
    there.page.fill("[name=password]", password)
    there.page.click("main button[type=submit]")
    expect(there.page.locator(".bar-end")).to_be_visible()


@pytest.mark.parametrize("width", [pytest.param(1440, id="wide"), pytest.param(PHONE, id="phone")])
def test_from_invitation_to_the_first_page(visit: Open, width: int) -> None:
    """An administrator invites, passes the link on, and the invited person is in with their own password."""
    there = visit(PeopleApi(), bot(), bot("support", "Support"), width=width)
    page = there.page
    there.go("/people")
    page.get_by_label("E-mail").fill("new@example.org")
    page.get_by_label("Name").fill("Nina New")
    page.locator("[data-invite] [name=bot]").select_option("support")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="new@example.org is invited.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    link = page.locator(".done code").inner_text()
    page.context.clear_cookies()

    page.goto(link)
    expect(page.get_by_role("heading", name="Welcome to botpulse")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(CHOSEN)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.locator("h1")).to_have_text("Support")
    page.goto(link)
    expect(page.get_by_role("heading", name="This link is of no use any more")).to_be_visible()
    assert not [one for one in there.complaints if "400" not in one]


def test_a_refused_password_is_said_at_its_field(visit: Open) -> None:
    """With the words of the server, and the link still works."""
    there = visit(PeopleApi(), bot(), OWNER)
    page = there.page
    there.go("/account")
    page.locator("[aria-labelledby=password]").get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill("password123")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert")).to_contain_text("everybody tries")
    expect(page.get_by_label("New password")).to_be_focused()
    expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")


def test_the_account(visit: Open) -> None:
    """Name, zone and password are changed in place, and signing out everywhere leads to the form."""
    there = visit(PeopleApi(), bot())
    page = there.page
    there.go("/account")
    page.locator("[name=name]").fill("Anna")
    page.locator("[name=time_zone]").select_option("Europe/Rome")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.locator("[aria-labelledby=password]").get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill(CHOSEN)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status").filter(has_text="Every other session")).to_be_visible()
    page.reload()
    expect(page.locator("[name=name]")).to_have_value("Anna")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in_as(there, EMAIL, CHOSEN)
    assert [] == there.complaints


def test_roles_are_changed_in_place(visit: Open) -> None:
    """One is taken, another given; the page shows it."""
    there = visit(PeopleApi(), bot(), bot("support", "Support"), OWNER)
    page = there.page
    there.go("/people")
    row = page.locator('[data-person="olga"]')
    expect(row.locator(".person-roles")).to_have_text("owner of Pizza")
    row.locator("summary").click()
    row.locator("select[data-bots]").select_option("support")
    row.locator("form:has([data-bots]) [name=role]").select_option("editor")
    row.get_by_role("button", name="Give a role").click()
    expect(row.locator(".person-roles")).to_have_text("owner of Pizza, editor of Support")
    row.locator("summary").click()
    row.locator("[name=role]").first.select_option("")
    row.get_by_role("button", name="Save").first.click()
    expect(row.locator(".person-roles")).to_have_text("editor of Support")
    assert [] == there.complaints


def test_the_last_administrator_is_told_why(visit: Open) -> None:
    """The refusal stands beside the button, and nothing happens."""
    there = visit(PeopleApi(), bot())
    there.go("/people")
    row = there.page.locator('[data-person="p1"]')
    row.locator("summary").click()
    row.get_by_role("button", name="Disable").click()
    expect(row.get_by_role("alert")).to_contain_text("make somebody else administrator first")


def test_somebody_is_disabled_and_removed(visit: Open) -> None:
    """Removing asks first."""
    there = visit(PeopleApi(), bot(), OWNER)
    page = there.page
    page.on("dialog", lambda dialog: dialog.accept())
    there.go("/people")
    row = page.locator('[data-person="olga"]')
    row.locator("summary").click()
    row.get_by_role("button", name="Disable").click()
    expect(row.locator(".badge")).to_have_text("disabled")
    row.locator("summary").click()
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    assert [] == there.complaints


def test_an_owner_sees_their_own_bots_only(visit: Open) -> None:
    """No administrator's buttons, and no bot of others."""
    other = Person("otto", "otto@example.org", PASSWORD_HASH, NOW_MS, roles={"support": "viewer"})
    there = visit(PeopleApi(), bot(), bot("support", "Support"), OWNER, other)
    page = there.page
    page.goto(f"{there.site.url}/people")
    sign_in_as(there, OWNER.email)
    expect(page.locator("[data-person]")).to_have_count(1)
    expect(page.locator("[data-invite] [name=bot]").locator("option")).to_have_text(["Pizza"])
    page.locator("[data-person] summary").click()
    expect(page.get_by_role("button", name="Make administrator")).to_have_count(0)
    expect(page.get_by_text("Administrator: everything")).to_have_count(0)


def test_viewers_have_no_such_page(visit: Open) -> None:
    """Neither the link nor the page."""
    viewer = Person("vera", "vera@example.org", PASSWORD_HASH, NOW_MS, roles={"pizza": "viewer"})
    there = visit(PeopleApi(), bot(), viewer)
    page = there.page
    page.goto(f"{there.site.url}/people")
    page.fill("[name=email]", viewer.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    expect(page.get_by_role("link", name="People")).to_have_count(0)


def test_a_forgotten_password_by_mail(visit: Open) -> None:
    """The page says the same for anybody; the link in the mail leads in."""
    there = visit(PeopleApi(), bot(), OWNER)
    mail = there.site.app[PARTS].mail
    mail.is_set = True  # type: ignore[misc]
    page = there.page
    page.goto(f"{there.site.url}/login")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(OWNER.email)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("status")).to_contain_text("If somebody has this e-mail")
    [(_, _, text)] = mail.sent  # type: ignore[attr-defined]
    found = re.search(r"/set-password\S+", text)
    assert found
    page.goto(there.site.url + found[0])
    page.get_by_label("Password", exact=True).fill(CHOSEN)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.locator("h1")).to_have_text("Pizza")


def test_a_forgotten_password_without_mail(visit: Open) -> None:
    """The page says whom to ask."""
    there = visit(PeopleApi(), bot())
    there.page.goto(f"{there.site.url}/reset")
    expect(there.page.get_by_text("Ask an administrator")).to_be_visible()


def test_a_server_that_is_away_is_said_in_the_form(visit: Open) -> None:
    """What was typed stays."""
    there = visit(PeopleApi(), bot())
    page = there.page
    there.go("/people")
    # with its scripts, which cannot come any more afterwards
    page.wait_for_url("**/people", wait_until="load")
    page.get_by_label("E-mail").fill("new@example.org")
    there.site.stop()
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.get_by_label("E-mail")).to_have_value("new@example.org")


@pytest.mark.parametrize("path", ["/people", "/account", "/reset", "/set-password?link=x"])
def test_nothing_is_wider_than_a_phone(visit: Open, path: str) -> None:
    """With long names, too."""
    long = Person(
        "long", f"{'l' * 60}@example.org", PASSWORD_HASH, NOW_MS, name="N" * 80, roles={"pizza": "owner"}
    )
    there = visit(PeopleApi(), bot(name="P" * 80), long, width=PHONE)
    there.go("/account")
    there.page.goto(there.site.url + path)
    for summary in there.page.locator(".person summary").all():
        summary.click()
    assert there.page.evaluate("document.documentElement.scrollWidth") <= PHONE
