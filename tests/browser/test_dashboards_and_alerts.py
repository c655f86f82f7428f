"""Dashboards and alerts on the live page: what counts and what fires is there without loading again, and text stays text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from app.core.alerts.machine import Transition, TransitionType
from app.core.registry import Alert, Condition, Dashboard, Subject
from app.core.rules.language import Rule
from tests.browser.clock import now, now_ms
from tests.browser.conftest import PHONE, WIDE, Visit, bot
from tests.browser.fake import FakeApi, line
from tests.web.site import NOW_MS

pytestmark = pytest.mark.browser

Open = Callable[..., Visit]

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
REFUNDS = Rule(field="text", op="matches", value="refund|money back")
DASHBOARDS = "**/data/v1/bots/pizza/dashboards"
ALERTS = "**/data/v1/bots/pizza/alerts"


def dashboard(id: str = "refunds", name: str = "Refunds", **changed: Any) -> Dashboard:
    """Return a dashboard that counts."""
    wanted: dict[str, Any] = {"id": id, "bot": "pizza", "name": name, "created_at": NOW_MS, "rule": REFUNDS}
    return Dashboard(**wanted | changed)


def alert(id: str = "rise", name: str = "Refunds rise", **changed: Any) -> Alert:
    """Return an alert on a dashboard."""
    wanted: dict[str, Any] = {
        "id": id, "bot": "pizza", "name": name, "measure": "dashboard:refunds", "window_s": 300,
        "condition": Condition("above", 4), "created_at": NOW_MS,
    }  # fmt: skip
    return Alert(**wanted | changed)


def became(of: Alert, type: TransitionType, episode: int = 1, **changed: Any) -> Transition:
    """Return what is told of an alert now."""
    at = now_ms()
    told: dict[str, Any] = {
        "id": f"{of.id}-{episode}-{type}", "type": type, "alert": of.id, "bot": of.bot, "episode": episode, "at": at,
        "started_at": at, "name": of.name, "measure": of.measure, "window_s": of.window_s, "condition": of.condition,
        "value": 6.0,
    }  # fmt: skip
    return Transition(**told | changed)


def hits(value: int, key: str = "refunds@1") -> dict[str, Any]:
    """Return a cell with today's hits of a dashboard."""
    start = now().date().isoformat()
    return {
        "measure": "hits",
        "dim": "dashboard",
        "key": key,
        "window": "day",
        "start": start,
        "value": value,
    }


def days(measure: str, window: str, ago: int) -> int:
    """Count 10 today, 11 yesterday, and so on."""
    return 10 + ago if measure.startswith("dashboard:") else 0


@pytest.fixture
def at(visit: Open) -> Callable[..., Visit]:
    """Open the page of a bot that has what is given."""

    def opened(*subjects: Subject, api: FakeApi | None = None, width: int = WIDE) -> Visit:
        there = visit(api or FakeApi(days), bot(zone="UTC"), *subjects, width=width)
        there.go("/bots/pizza")
        return there

    return opened


def card(page: Page, id: str = "refunds") -> Locator:
    """Return where a dashboard is shown."""
    return page.locator(f'[data-dashboard="{id}"]')


def firing(page: Page) -> Locator:
    """Return what fires, on top of the page."""
    return page.locator("#firing li")


def row(page: Page, id: str = "rise") -> Locator:
    """Return where an alert stands in the list."""
    return page.locator(f'.alert-row[data-alert="{id}"]')


def is_away(route: Route) -> None:
    """Answer as a server does that cannot."""
    error = {"code": "unavailable", "message": "The registry does not answer; try again.", "request_id": "r1"}
    route.fulfill(status=503, json={"error": error})


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"))


def test_a_dashboard_shows_its_rule_and_its_days(at: Callable[..., Visit]) -> None:
    """Name, rule as text, today's number, and a bar for each of seven days."""
    there = at(dashboard())
    expect(card(there.page).locator("h3")).to_have_text("Refunds")
    expect(card(there.page).locator(".rule")).to_have_text('text ~ "refund|money back"')
    expect(card(there.page).locator("[data-value]")).to_have_text("10")
    expect(card(there.page).locator("svg g")).to_have_count(7)
    expect(card(there.page).locator("svg")).to_have_attribute(
        "aria-label", re.compile(r": 16, .*: 11, .*: 10$")
    )
    assert [] == there.complaints


def test_hits_move_without_loading_again(at: Callable[..., Visit]) -> None:
    """Today's number is the sum of the versions that are shown, as the stream tells them."""
    there = at(dashboard(version=3, counted_from=2))
    expect(card(there.page).locator("[data-value]")).to_have_text("10")
    there.site.do(there.site.api.tell, hits(500, "refunds@1"), hits(40, "refunds@2"), hits(2, "refunds@3"))
    expect(card(there.page).locator("[data-value]")).to_have_text("42")
    expect(card(there.page).locator("svg")).to_have_attribute("aria-label", re.compile(": 42$"))


def test_a_dashboard_may_show_a_measure(at: Callable[..., Visit]) -> None:
    """It moves with the cells of that measure."""
    there = at(dashboard("new", "New Users", rule=None, measure="new_users"))
    expect(card(there.page, "new").locator(".rule")).to_have_text("measure new_users")
    there.site.do(there.site.api.tell, hits(77) | {"measure": "new_users", "dim": "", "key": ""})
    expect(card(there.page, "new").locator("[data-value]")).to_have_text("77")


def test_default_dashboards_come_first(at: Callable[..., Visit]) -> None:
    """Then those that people made, and last what is off."""
    there = at(
        dashboard("off", "Off", enabled=False),
        dashboard("mine", "Mine", created_at=NOW_MS + 1),
        dashboard("theirs", "Theirs", default="messages", created_at=NOW_MS + 2),
    )
    expect(there.page.locator(".counted h3")).to_have_text(["Theirs", "Mine", "Off"])


def test_a_new_dashboard_appears_with_its_first_hit(at: Callable[..., Visit]) -> None:
    """Nobody has to load the page again."""
    there = at(dashboard())
    expect(card(there.page)).to_be_visible()
    there.site.know(dashboard("late", "Late"))
    there.site.do(there.site.api.tell, hits(123, "late@1"))
    expect(card(there.page, "late").locator("[data-value]")).to_have_text("123")


def test_many_dashboards_are_shown_on_request(at: Callable[..., Visit]) -> None:
    """The first dozen is there at once, all of them with a button."""
    there = at(*(dashboard(f"d{n}", f"Number {n}") for n in range(30)))
    expect(there.page.locator(".counted h3")).to_have_count(12)
    there.page.get_by_role("button", name="Show all 30").click()
    expect(there.page.locator(".counted h3")).to_have_count(30)
    expect(card(there.page, "d29").locator("[data-value]")).to_have_text("10")


def test_nothing_counts_and_nothing_is_watched(at: Callable[..., Visit]) -> None:
    """A bot without dashboards and alerts says how to make one."""
    there = at()
    expect(there.page.locator("#dashboards")).to_contain_text("No dashboards yet")
    expect(there.page.locator("#dashboards")).to_contain_text("botpulse dashboards create --bot pizza")
    expect(there.page.locator("#alerts")).to_contain_text("Nothing is watched yet")
    expect(there.page.locator("#alerts")).to_contain_text("botpulse alerts create --bot pizza")
    assert [] == there.complaints


def test_an_alert_that_fires_appears_on_top(at: Callable[..., Visit]) -> None:
    """With its name, what was seen, and since when, in a region that is read out, and no longer in the list."""
    rise = alert()
    there = at(dashboard(), rise)
    expect(row(there.page)).to_contain_text("“Refunds” in 5 min above 4")
    expect(row(there.page)).to_contain_text("never fired")
    there.page.evaluate("window.stays = true")
    there.site.do(there.site.api.warn, became(rise, "firing"))
    expect(firing(there.page)).to_have_text(
        re.compile(r"^Refunds rise6“Refunds” in 5 min above 4since \d\d:\d\d:\d\d$")
    )
    expect(there.page.locator('[aria-live="assertive"]').filter(has=firing(there.page))).to_be_visible()
    expect(row(there.page)).to_have_count(0)
    assert there.page.evaluate("window.stays")
    assert [] == there.complaints


def test_an_alert_that_resolves_leaves_the_top(at: Callable[..., Visit]) -> None:
    """It is back in the list as ok, and that it is over is said."""
    rise = alert()
    there = at(dashboard(), rise)
    expect(row(there.page)).to_be_visible()
    there.site.do(there.site.api.warn, became(rise, "firing"))
    expect(firing(there.page)).to_have_count(1)
    there.site.do(there.site.api.warn, became(rise, "resolved"))
    expect(firing(there.page)).to_have_count(0)
    expect(row(there.page).locator(".state")).to_have_text("ok")
    expect(there.page.locator("#alert-news")).to_contain_text("Refunds rise: over since")


def test_a_pending_alert_is_first_in_the_list(at: Callable[..., Visit]) -> None:
    """With what was seen."""
    calm, rise = alert("calm", "Calm"), alert(for_s=60, created_at=NOW_MS + 1)
    there = at(dashboard(), calm, rise)
    expect(there.page.locator(".alert-name")).to_have_text(["Calm", "Refunds rise"])
    there.site.do(there.site.api.warn, became(rise, "pending"))
    expect(there.page.locator(".alert-name")).to_have_text(["Refunds rise", "Calm"])
    expect(row(there.page)).to_contain_text("above 4, for 1 min · 6 seen")


def test_what_fired_before_is_there_from_the_start(at: Callable[..., Visit]) -> None:
    """The list says what fires, also while the stream is refused."""
    rise, api = alert(), FakeApi(days)
    api.alert_log.past.take(became(rise, "firing"))
    there = at(dashboard(), rise, api=api)
    there.page.route("**/live", is_away)
    there.page.reload()
    expect(firing(there.page)).to_contain_text("Refunds rise")


def test_changes_are_told_in_per_cent(at: Callable[..., Visit]) -> None:
    """An alert on a change shows how much it was."""
    rise = alert(measure="messages_in", window_s=3600, condition=Condition("falls_by", 50, "week"))
    there = at(rise)
    expect(row(there.page)).to_contain_text("messages of users in 1 h falls by 50 % against a week earlier")
    there.site.do(there.site.api.warn, became(rise, "firing", base=24.0, change=-75.0))
    expect(firing(there.page).locator(".firing-value")).to_have_text("6 (−75.0 %)")


def test_an_alert_made_meanwhile_fires_too(at: Callable[..., Visit]) -> None:
    """One that the page has not heard of is shown when the stream tells of it; one that was removed is not."""
    late, gone = alert("late", "Late"), alert("gone", "Gone")
    there = at()
    expect(there.page.locator("#alerts")).to_contain_text("Nothing is watched yet")
    there.site.know(late)
    there.site.do(there.site.api.warn, became(gone, "firing"), became(late, "firing"))
    expect(firing(there.page)).to_have_text([re.compile("^Late")])


def test_many_that_fire_leave_the_page_usable(at: Callable[..., Visit]) -> None:
    """Five are on top, the others first in the list."""
    many = [alert(f"a{n}", f"Alert {n}") for n in range(8)]
    there = at(dashboard(), *many)
    expect(row(there.page, "a7")).to_be_visible()
    there.site.do(there.site.api.warn, *(became(one, "firing") for one in many))
    expect(firing(there.page)).to_have_count(5)
    expect(there.page.locator("#more-firing")).to_have_text("and 3 more, in the list of alerts")
    expect(there.page.locator('.alert-row[data-phase="firing"]')).to_have_count(3)


def test_what_cannot_be_read_is_said_and_mended(at: Callable[..., Visit]) -> None:
    """Without the lists each section says why, what fires is shown all the same, and all is read when it is back."""
    rise = alert()
    there = at()
    there.site.know(dashboard(), rise)
    for address in (DASHBOARDS, ALERTS):
        there.page.route(address, is_away)
    there.page.reload()
    for section in ("#dashboards", "#alerts"):
        expect(there.page.locator(f"{section} [data-note]")).to_have_text(
            "The registry does not answer; try again."
        )
    there.site.do(there.site.api.warn, became(rise, "firing"))
    expect(firing(there.page)).to_contain_text("Refunds rise")
    there.page.unroute_all()
    expect(card(there.page).locator("[data-value]")).to_have_text("10", timeout=20_000)
    expect(there.page.locator("#alerts [data-note]")).to_have_text(re.compile("^All alerts are firing"))


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
def test_hostile_names_stay_text(at: Callable[..., Visit], width: int) -> None:
    """Names and rules are shown as they were written and run nothing; nothing overflows."""
    mean = Rule(field="text", op="contains", value=HOSTILE + "x" * 300)
    bad = alert("bad", HOSTILE, measure="dashboard:mean")
    long = alert("long", "L" * 200)
    there = at(dashboard("mean", HOSTILE, rule=mean), dashboard("long", "D" * 200), bad, long, width=width)
    moment = now_ms()
    told = [became(one, "firing", at=moment, started_at=moment) for one in (bad, long)]
    there.site.do(there.site.api.warn, *told)
    expect(card(there.page, "mean").locator("h3")).to_have_text(HOSTILE)
    expect(firing(there.page).locator("bdi")).to_have_text([HOSTILE, "L" * 200])
    there.site.do(there.site.api.warn, became(bad, "resolved"), became(long, "resolved"))
    expect(row(there.page, "bad").locator(".alert-name")).to_have_text(HOSTILE)
    expect(row(there.page, "bad").locator(".alert-what")).to_contain_text(f"“{HOSTILE}” in 5 min")
    for rule in there.page.locator(".rule").all():
        rule.click()
    assert there.page.evaluate("window.hacked") is None
    assert fits(there.page)
    assert [] == there.complaints


@pytest.mark.parametrize("is_full", [True, False], ids=["full", "empty"])
def test_a_phone_needs_no_scrolling_sideways(at: Callable[..., Visit], is_full: bool) -> None:
    """At 360 pixels dashboards, list and what fires fit."""
    rise, calm = (
        alert(),
        alert("calm", "Nobody writes", measure="messages_in", condition=Condition("below", 1)),
    )
    there = at(*((dashboard(), rise, calm) if is_full else ()), width=PHONE)
    expect(there.page.locator(".shelf[data-state=loading]")).to_have_count(0)
    if is_full:
        there.site.do(there.site.api.warn, became(rise, "firing", value=1_234_567.0))
        expect(firing(there.page)).to_have_count(1)
    assert fits(there.page)


def test_dashboards_have_their_place_before_they_are_read(at: Callable[..., Visit]) -> None:
    """Cards take the room that was kept for them: what stands below does not move."""
    api = FakeApi(days, events=[line(1)])
    there = at(*(dashboard(f"d{n}", f"Number {n}") for n in range(7)), api=api)
    page = there.page
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.moved += one.value; }))"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page.reload()
    expect(card(page, "d6").locator("[data-value]")).to_have_text("10")
    assert page.evaluate("window.moved") < 0.05
