"""A real Chromium, and a site with a bot and a person who can sign in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.core.events import Reporting
from app.core.registry import Bot, Subject
from tests.browser.fake import FakeApi
from tests.browser.served import PERSON, Served, served
from tests.web.site import EMAIL, NOW_MS, PASSWORD

__all__ = ["Visit", "bot", "browser", "visit"]

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
WIDE, PHONE = 1440, 360

# A machine that is busy with other tests may take its time.
expect.set_options(timeout=20_000)


def bot(identifier: str = "pizza", name: str = "Pizza", zone: str = "Europe/Rome") -> Bot:
    """Return a bot."""
    return Bot(identifier, name, "generic", NOW_MS, Reporting(zone))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests: BOTPULSE_CHROMIUM, or the one on the path; where there is none, they are skipped."""
    path = os.environ.get("BOTPULSE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("no Chromium found: install Debian's package chromium, or set BOTPULSE_CHROMIUM to one")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@dataclass
class Visit:
    """A page of a site, what it complained about, and the site."""

    site: Served
    page: Page
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, password: str = PASSWORD) -> None:
        """Fill in the form that is shown and send it."""
        self.page.fill("[name=email]", EMAIL)
        self.page.fill("[name=password]", password)
        self.page.click("main button[type=submit]")

    def go(self, path: str) -> None:
        """Open *path* as somebody who has signed in."""
        self.page.goto(self.site.url + path)
        if "/login" in self.page.url:
            self.sign_in()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Open a fresh browser at a site with an API and what the registry knows."""
    with ExitStack() as stack:

        def opened(api: FakeApi, *subjects: Subject, width: int = WIDE) -> Visit:
            site = stack.enter_context(served(api, PERSON, *subjects))
            context = browser.new_context(viewport={"width": width, "height": 800})
            stack.callback(context.close)
            visit = Visit(site, context.new_page())
            visit.page.on(
                "console", lambda said: visit.complaints.append(said.text) if said.type == "error" else None
            )
            visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
            return visit

        yield opened
