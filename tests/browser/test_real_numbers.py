"""The page over the real read API and the real engine: what it shows is what the API says, live and stored."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from app.adapters.clickhouse import connect
from app.adapters.live import Transcript
from app.adapters.migrations import migrate
from app.config import Settings
from app.core.counters import CellBatch
from app.core.events import BotEvent, Reporting
from app.web import api
from app.web.api.states import LIVE
from tests.browser.conftest import WIDE, Visit, bot
from tests.browser.served import PERSON, served
from tests.engine import EngineServer
from tests.events import event
from tests.web.api.stock import stock

pytestmark = [pytest.mark.browser, pytest.mark.clickhouse]

DAY_MS = 86_400_000
TILES = (
    "active_users", "active_users_7d", "active_users_30d", "new_users", "messages_in", "messages_out", "sessions",
)  # fmt: skip


def history(now_ms: int) -> list[BotEvent]:
    """Return twelve days of some users' conversations; user n comes every n-th day, the twelfth today only."""
    found = []
    for ago in range(11, -1, -1):
        for user in range(1, 13):
            if ago % user == 0:
                at = now_ms - ago * DAY_MS - 60_000
                known = {"user_id": f"u{user}", "received_at": now_ms}
                intent = "order" if user % 2 else "hours"
                found += [
                    event(f"i{ago}-{user}", at=at, direction="in", text="hello", intent=intent, **known),
                    event(f"o{ago}-{user}", at=at + 2000, direction="out", text="hello you", **known),
                ]
    return found


@contextmanager
def stocked(engine: EngineServer, now_ms: int) -> Iterator[Settings]:
    """Give a database of its own with `history` in it."""
    settings = Settings(
        clickhouse=f"clickhouse://default@127.0.0.1:{engine.tcp_port}/page_{uuid.uuid4().hex[:12]}",
        clickhouse_password_file=engine.folder.with_name(f"{engine.folder.name}.password"),
    )
    migrate(settings)
    with connect(settings) as client:
        stock(client, history(now_ms), Reporting("UTC"))
        yield settings
        client.execute(f"DROP DATABASE `{client.connection.database}` SYNC")


def test_the_page_says_what_the_api_says(
    engine: EngineServer, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiles, intents and retention show the API's numbers, and a number counted later takes its place."""
    monkeypatch.setattr(Transcript, "start", lambda _: None)  # there is no broker to follow here
    now_ms = time.time_ns() // 1_000_000
    with stocked(engine, now_ms) as settings, served(api, PERSON, bot(zone="UTC"), settings=settings) as site:
        context = browser.new_context(viewport={"width": WIDE, "height": 900})
        there = Visit(site, context.new_page())
        there.go("/bots/pizza")
        page = there.page
        expect(page.locator("#heat tbody tr")).to_have_count(15)

        def read(path: str) -> Any:
            return json.loads(context.request.get(f"{site.url}/data/v1/bots/pizza/{path}").body())

        for measure in TILES:
            value = read(f"series?measure={measure}&window=day")["points"][-1]["value"]
            assert value > 0
            expect(page.locator(f"#tile-{measure} [data-value]")).to_have_text(f"{value:,}")
        groups = read("series?measure=intents&window=day&by=intent")["groups"]
        sums = sorted((-sum(point["value"] for point in one["points"]), one["key"]) for one in groups)
        expect(page.locator("#intent-bars .bars-count")).to_have_text([str(-total) for total, _ in sums])
        expect(page.locator("#intent-bars .bars-name")).to_have_text([key for _, key in sums])
        overall = read("retention?period=day&mode=on&periods=14")["overall"]
        expect(page.locator("#heat tr.mean td").nth(1)).to_have_text(f"{overall[1]['rate'] * 100:.1f}")
        expect(page.locator("#lines li").first).to_contain_text("hello you")

        today_s = now_ms // DAY_MS * 86_400
        batch = CellBatch(0, now_ms // DAY_MS, 1, [("pizza", "sessions", "", "day", today_s, "", 4321)])
        site.do(site.app[LIVE]._note, [batch])
        expect(page.locator("#tile-sessions [data-value]")).to_have_text("4,321")
        context.close()
