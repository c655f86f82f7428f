"""The live page in a real browser: its numbers are the API's, they move by themselves, and it says when they cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.web.errors import Fault
from tests.browser.clock import now
from tests.browser.conftest import PHONE, WIDE, Visit, bot
from tests.browser.fake import FakeApi, line, stage, standing

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
AWAY = Fault(503, "unavailable", "ClickHouse does not answer; try again.", {"Retry-After": "1"})


def numbers(measure: str, window: str, ago: int) -> int:
    """Thousands that differ by measure and day."""
    first = {"active_users": 1000, "messages_in": 9000, "messages_out": 11_000, "not_handled": 90}
    return first.get(measure, 2000) + ago if window == "day" else 10


def api(**changed: Any) -> FakeApi:
    """A read API with numbers of all kinds."""
    ready: dict[str, Any] = {
        "value": numbers,
        "groups": {"order": 1200, "hours": 300},
        "events": [line(2, text="hello there"), line(1)],
        "cohort": lambda _, n: 200 if n == 0 else 100 - n,
    }
    return FakeApi(**ready | changed)


def cell(measure: str, value: int, window: str = "day", **changed: Any) -> dict[str, Any]:
    """One number that changed: of today, or of this minute."""
    at = now()
    start = at.date().isoformat() if window == "day" else at.replace(second=0, microsecond=0).isoformat()
    return {
        "measure": measure,
        "dim": "",
        "key": "",
        "window": window,
        "start": start,
        "value": value,
    } | changed


def tile(page: Page, measure: str, part: str = "value") -> Any:
    """The number of a tile, or one of the lines below it."""
    return page.locator(f"#tile-{measure} [data-{part}]")


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"))


def test_numbers_are_those_of_the_api(visit: Open) -> None:
    """Tiles, charts' tables, intents and retention say what the API answered, with separators."""
    there = visit(api(), bot(zone="UTC"))
    there.go("/bots/pizza")
    page = there.page
    for measure, shown in {
        "active_users": "1,000",
        "active_users_7d": "2,000",
        "messages_in": "9,000",
        "messages_out": "11,000",
        "new_users": "2,000",
        "sessions": "2,000",
        "not_handled": "1.0 %",
    }.items():
        expect(tile(page, measure)).to_have_text(shown)
    expect(tile(page, "active_users", "line")).to_have_text("−0.1 % so far, yesterday 1,001")
    expect(tile(page, "not_handled", "line")).to_have_text("90 of 9,000 turns")
    page.locator("#active summary").click()
    rows = page.locator("#active tbody tr")
    expect(rows).to_have_count(30)
    expect(rows.nth(0)).to_contain_text("(so far)")
    expect(rows.nth(1).locator("td")).to_have_text(["1,001", "−0.1 %"])
    expect(page.locator("#intent-bars li").first).to_contain_text("1,200")
    expect(page.locator("#heat tbody tr.mean td").nth(1)).to_have_text("49.5")
    expect(page.locator("#verdict")).to_have_text("Everything is up to date.")
    assert [] == there.complaints


def test_numbers_move_without_loading_again(visit: Open) -> None:
    """A change in the stream moves tile, minute, chart and conversation of the page that is open."""
    there = visit(api(), bot(zone="UTC"))
    there.go("/bots/pizza")
    page = there.page
    expect(tile(page, "messages_in")).to_have_text("9,000")
    expect(page.locator("#minutes [data-readout]")).to_have_text(
        re.compile(r"1,(20|18)0 in the last 60 minutes")
    )
    page.evaluate("window.stays = true")
    there.site.do(
        there.site.api.tell,
        cell("messages_in", 9_123),
        cell("active_users", 1_042),
        cell("messages_in", 77, window="minute"),
    )
    there.site.do(there.site.api.say, line(7, text="a live line"))
    expect(tile(page, "messages_in")).to_have_text("9,123")
    expect(tile(page, "active_users")).to_have_text("1,042")
    expect(page.locator("#minutes [data-readout]")).to_have_text(
        re.compile(r"1,2[3-6]7 in the last 60 minutes")
    )
    expect(page.locator("#active [data-readout]")).to_contain_text("1,042 so far")
    expect(page.locator("#lines li").first).to_contain_text("a live line")
    assert page.evaluate("window.stays")
    assert [] == there.complaints


def test_the_conversation_can_be_stopped(visit: Open) -> None:
    """While paused no line moves; what came meanwhile is there afterwards."""
    there = visit(api(), bot())
    there.go("/bots/pizza")
    lines = there.page.locator("#lines li")
    expect(lines.first).to_contain_text("hello there")
    there.page.click("#pause")
    there.site.do(there.site.api.say, line(8, text="while paused"))
    there.site.do(there.site.api.tell, cell("sessions", 4321))
    expect(tile(there.page, "sessions")).to_have_text("4,321")
    expect(lines.first).to_contain_text("hello there")
    there.page.click("#pause")
    expect(lines.first).to_contain_text("while paused")


def test_range_and_window_are_chosen_and_kept(visit: Open) -> None:
    """The choice asks for other numbers, and is in the address."""
    there = visit(api(), bot(zone="UTC"))
    there.go("/bots/pizza")
    page = there.page
    page.locator("#active summary").click()
    expect(page.locator("#active tbody tr")).to_have_count(30)
    page.get_by_label("7 days", exact=True).focus()
    page.keyboard.press("Space")
    expect(page.locator("#active tbody tr")).to_have_count(7)
    page.get_by_label("Month", exact=True).first.check(force=True)
    expect(page.locator("#active tbody tr").first).to_contain_text(now().strftime("%Y"))
    assert page.url.endswith("/bots/pizza?range=7&window=month")
    page.reload()
    expect(page.get_by_label("7 days", exact=True)).to_be_checked()


def test_retention_has_modes(visit: Open) -> None:
    """The mode is asked for and named on the cells."""
    asked: list[str] = []
    there = visit(api(), bot())
    there.page.on(
        "request", lambda request: asked.append(request.url) if "/retention" in request.url else None
    )
    there.go("/bots/pizza")
    expect(there.page.locator("#heat tr").first).to_be_visible()
    there.page.locator("#mode").select_option("unbroken")
    expect(there.page.locator("#heat tbody tr.mean td").nth(1)).to_have_attribute(
        "title", re.compile("active in every day from 0 to 1")
    )
    assert "mode=unbroken" in asked[-1]


def test_an_empty_bot_says_how_to_begin(visit: Open) -> None:
    """Without events there is a line to send one; the first event puts its number in that place."""
    there = visit(FakeApi(), bot(zone="UTC"))
    there.go("/bots/pizza")
    page = there.page
    expect(page.locator("#first-event")).to_contain_text(f"curl {there.site.url}/v1/events")
    expect(tile(page, "active_users")).to_have_text("0")
    expect(page.locator("#retention")).to_contain_text("Nobody was active for the first time")
    there.site.do(there.site.api.tell, cell("active_users", 1))
    expect(page.locator("#first-event")).to_be_hidden()
    expect(tile(page, "active_users")).to_have_text("1")
    assert [] == there.complaints


def test_a_lost_connection_is_said_and_mended(visit: Open) -> None:
    """Without the server the page says since when its numbers are old, and follows again when it is back."""
    there = visit(api(), bot(zone="UTC"))
    there.go("/bots/pizza")
    page = there.page
    expect(page.locator("#live")).to_contain_text("live")
    expect(tile(page, "messages_in")).to_have_text("9,000")
    there.site.stop()
    expect(page.locator("#connection")).to_have_text(
        re.compile(r"Connection lost\. Numbers are as of \d\d:\d\d:\d\d UTC\.")
    )
    expect(page.locator("#live")).to_have_text("not live")
    expect(tile(page, "messages_in")).to_have_text("9,000")
    there.site.start()
    expect(page.locator("#connection")).to_be_hidden(timeout=20_000)
    there.site.do(there.site.api.tell, cell("messages_in", 9_555))
    expect(tile(page, "messages_in")).to_have_text("9,555")


def test_without_clickhouse_the_rest_goes_on(visit: Open) -> None:
    """Panels that need history say so, live numbers move, and all is read again when it is back."""
    there = visit(
        api(fault=AWAY, pipeline=standing(away={"clickhouse": AWAY.message}, disk=None, stored=None)),
        bot(zone="UTC"),
    )
    there.go("/bots/pizza")
    page = there.page
    expect(page.locator("#history")).to_contain_text("ClickHouse does not answer")
    expect(page.locator("#retention [data-note]")).to_have_text(AWAY.message)
    expect(page.locator("#verdict")).to_contain_text(AWAY.message)
    there.site.do(there.site.api.tell, cell("messages_in", 31))
    expect(tile(page, "messages_in")).to_have_text("31")
    there.site.api.fault = None
    expect(page.locator("#heat tbody tr")).to_have_count(15, timeout=20_000)
    expect(page.locator("#history")).to_be_hidden()


def test_a_session_that_ended_is_said(visit: Open) -> None:
    """The page of somebody signed out elsewhere leads to the form."""
    there = visit(api(), bot(zone="UTC"))
    there.go("/bots/pizza")
    expect(tile(there.page, "messages_in")).to_have_text("9,000")
    there.page.context.clear_cookies()
    there.site.do(there.site.api.hang_up)
    expect(there.page.locator("#connection")).to_contain_text("You are signed out")
    there.page.click("#connection a")
    there.sign_in()
    expect(tile(there.page, "messages_in")).to_have_text("9,000")


@pytest.mark.parametrize(
    ("changed", "words", "state"),
    [
        pytest.param(
            {"lag_events": 12_340, "lag_records": 500, "lag_seconds": 75.0},
            "store is behind by 12,340 events, the oldest waits 1 min 15 s",
            "behind",
            id="behind",
        ),
        pytest.param({"alive": False, "ready": False}, "store is not running", "not running", id="down"),
        pytest.param({"ready": False}, "store is reading its state", "starting", id="starting"),
    ],
)
def test_what_is_behind_is_said(visit: Open, changed: dict[str, Any], words: str, state: str) -> None:
    """The pipeline names the stage, how far behind it is, and what that means."""
    stages = [stage("web"), stage("normalise"), stage("track"), stage("store", **changed)]
    there = visit(api(pipeline=standing(stages=stages)), bot())
    there.go("/bots/pizza")
    expect(there.page.locator("#verdict")).to_contain_text(words)
    expect(there.page.locator("#stages tbody tr").nth(3)).to_contain_text(state)


def hostile() -> FakeApi:
    """Names and texts that try to be more than text, or too long, or of the other direction."""
    groups = {f"{HOSTILE}{i}" if i % 3 else f"{'x' * 300}{i}": 5000 - i for i in range(1000)}
    said = [
        line(3, user_id=HOSTILE, text=HOSTILE, intent=HOSTILE),
        line(2, user_id="u" * 500, text="w" * 5000, intent="i" * 500),
        line(1, user_id="משתמש", text="שלום, אני רוצה להזמין פיצה"),
    ]
    return api(groups=groups, events=said)


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
def test_hostile_text_stays_text(visit: Open, width: int) -> None:
    """Markup in names, intents and texts is shown as it was written and runs nothing; nothing overflows."""
    there = visit(hostile(), bot(name=HOSTILE), width=width)
    there.go("/bots/pizza")
    page = there.page
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.locator("#lines .line-text").first).to_have_text(HOSTILE)
    expect(page.locator("#intent-bars .bars-name").nth(1)).to_have_text(f"{HOSTILE}1")
    expect(page.locator("#intent-bars li")).to_have_count(10)
    there.site.do(there.site.api.say, line(9, user_id=HOSTILE, text=HOSTILE, intent=HOSTILE))
    there.site.do(there.site.api.tell, cell("intents", 9999, dim="intent", key=HOSTILE))
    expect(page.locator("#lines .line-user").first).to_have_text(HOSTILE)
    page.locator("#intents summary").click()
    expect(page.locator("#intents tbody th").first).to_have_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert 0 == page.locator("main img").count()
    assert fits(page)
    assert [] == there.complaints


@pytest.mark.parametrize("api_of", [api, FakeApi], ids=["full", "empty"])
def test_a_phone_needs_no_scrolling_sideways(visit: Open, api_of: Callable[[], FakeApi]) -> None:
    """At 360 pixels every page fits, tables opened."""
    there = visit(api_of(), bot(), bot("support", "Support " * 20), width=PHONE)
    there.go("/bots/pizza")
    page = there.page
    expect(tile(page, "active_users")).not_to_have_text("–")
    expect(page.locator(".panel[data-state=loading]")).to_have_count(0)
    for summary in page.locator(".panel summary:visible").all():
        summary.click()
    assert fits(page)
    for path in ("/", "/bots/nobody"):
        page.goto(there.site.url + path)
        assert fits(page)


def test_nothing_jumps_while_loading(visit: Open) -> None:
    """Numbers arrive in places kept for them: the layout shifts by next to nothing."""
    there = visit(api(), bot())
    there.page.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.moved += one.value; }))"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    there.go("/bots/pizza")
    expect(there.page.locator("#heat tbody tr")).to_have_count(15)
    expect(there.page.locator("#verdict")).to_have_text("Everything is up to date.")
    assert there.page.evaluate("window.moved") < 0.05


def test_definitions_are_a_key_away(visit: Open) -> None:
    """With the keyboard alone a question mark opens its text, and Escape closes it."""
    there = visit(api(), bot())
    there.go("/bots/pizza")
    page = there.page
    page.get_by_role("button", name="What is not handled?").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#about-not_handled")).to_be_visible()
    expect(page.locator("#about-not_handled")).to_contain_text("Counted once per turn")
    page.keyboard.press("Escape")
    expect(page.locator("#about-not_handled")).to_be_hidden()


def test_times_are_the_bots(visit: Open) -> None:
    """A bot elsewhere has its own day and clock, and the zone is named."""
    there = visit(api(events=[line(1, at="2026-01-05T00:30:00.000Z")]), bot(zone="Asia/Kathmandu"))
    there.go("/bots/pizza")
    local = now() + timedelta(hours=5, minutes=45)
    expect(there.page.locator("#today-date")).to_contain_text(f"{local:%Y}, Asia/Kathmandu")
    expect(there.page.locator("#lines time")).to_have_text("06:15:00")


def test_a_full_house_is_said(visit: Open) -> None:
    """When the stream is refused for now, the page says why, and gets it later."""
    there = visit(
        api(live_fault=Fault(503, "too_many_watchers", "Too many pages are open; try again.")), bot()
    )
    there.go("/bots/pizza")
    expect(there.page.locator("#connection")).to_contain_text("Too many pages are open")
    there.site.api.live_fault = None
    expect(there.page.locator("#connection")).to_be_hidden(timeout=20_000)
