"""A bot whose numbers are counted anew, on its page: what is coming, how far it is, and then the new numbers."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.fake import FakeApi
from tests.browser.test_bot_page import Open, api, bot, fits

pytestmark = pytest.mark.browser

COMING = {"time_zone": "Asia/Kathmandu", "week_start": "sunday", "session_gap_s": 1800}


def test_it_says_what_is_coming_and_how_far_it_is(visit: Open) -> None:
    """What changes is named, the rest is not; the share of events done follows, and when it is over the words go."""
    there = visit(api(), bot(zone="UTC"))
    there.go("/bots/pizza")
    words = there.page.locator("#recounting")
    expect(words).to_be_hidden()
    expect(there.page.locator("#live")).to_have_attribute("data-state", "open")
    there.site.do(there.site.api.recount, {**COMING, "events": 0, "of": 0})
    expect(words).to_have_text(
        "Numbers are being counted anew: days in Asia/Kathmandu, weeks from Sunday, sessions ended by 30 min of silence."
        " Until then this page shows them as they were."
    )
    there.site.do(there.site.api.recount, {**COMING, "week_start": "monday", "events": 1_999, "of": 4_000})
    expect(words).to_contain_text("49 % of 4,000 events are done.")
    expect(words).not_to_contain_text("Sunday")
    there.page.set_viewport_size({"width": 390, "height": 800})
    assert fits(there.page)
    there.site.do(there.site.api.recount, None)
    expect(words).to_be_hidden()
    assert [] == there.complaints


def test_what_ended_while_the_connection_was_lost_is_not_said_any_more(visit: Open) -> None:
    """A stream that begins anew says what goes on; what it does not say is over."""
    there = visit(api(), bot(zone="UTC"))
    there.go("/bots/pizza")
    expect(there.page.locator("#live")).to_have_attribute("data-state", "open")
    there.site.do(there.site.api.recount, {**COMING, "events": 1, "of": 2})
    expect(there.page.locator("#recounting")).to_be_visible()
    there.site.do(there.site.api.hang_up)
    expect(there.page.locator("#recounting")).to_be_hidden()


def test_another_generation_loads_the_page_again(visit: Open) -> None:
    """Numbers of other days are no continuation: the page begins anew when the stream names another generation."""
    there = visit(api(), bot(zone="UTC"))
    there.go("/bots/pizza")
    expect(there.page.locator("#live")).to_have_attribute("data-state", "open")
    there.page.evaluate("window.stays = true")
    fake: FakeApi = there.site.api
    with there.page.expect_navigation():
        there.site.do(_flip, fake)

    assert there.page.evaluate("window.stays") is None


def _flip(fake: FakeApi) -> None:
    """Send one number of another generation, and then of the first again, which the page has when it is loaded again."""
    fake.generation = 1
    fake.tell()
    fake.generation = 0
