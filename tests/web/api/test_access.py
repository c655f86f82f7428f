"""Who may read what, and how the read API says no."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import Settings as Chosen
from app.core.events import Reporting
from app.core.measures import MEASURES
from app.core.registry import Bot
from tests.web.api.brute import BOT, NOW_MS, Stocked
from tests.web.api.stock import reading
from tests.web.site import EMAIL, INGEST_KEY, PASSWORD, READ_KEY, tell

PATHS = ["series?measure=events", "retention", "events", "users", "users/u1", "conversations/c", "live"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["", "bpreadNOSUCHKEY", INGEST_KEY], ids=["none", "unknown", "ingest"])
async def test_without_a_key_for_reading_there_is_nothing(path: str, key: str, tmp_path: Any) -> None:
    """401, in our shape, with a request id."""
    async with reading(Chosen(home=tmp_path), Reporting(), NOW_MS, BOT) as api:
        status, answer = await api.get(f"/data/v1/bots/{BOT}/{path}", key)

    assert 401 == status
    assert {"code", "message", "request_id"} == set(answer["error"])


@pytest.mark.parametrize("path", PATHS)
async def test_anothers_bot_looks_like_none(path: str, tmp_path: Any) -> None:
    """A key of one bot gets the same answer for a bot of others and for one that is not there."""
    async with reading(Chosen(home=tmp_path), Reporting(), NOW_MS, BOT) as api:
        others = await api.get(f"/data/v1/bots/{BOT}/{path}", READ_KEY)
        nobodys = await api.get(f"/data/v1/bots/{'x' * len(BOT)}/{path}", READ_KEY)

    assert [404, 404] == [others[0], nobodys[0]]
    assert others[1]["error"]["message"].replace(BOT, "xx") == nobodys[1]["error"]["message"]


async def test_a_key_lists_its_own_bots(tmp_path: Any) -> None:
    """One bot for a bot's key, all for an administrator's, all for somebody signed in."""
    async with reading(Chosen(home=tmp_path), Reporting(), NOW_MS, BOT) as api:
        _, own = await api.get("/data/v1/bots", READ_KEY)
        _, every = await api.get("/data/v1/bots")
        await api.site.client.post(api.site.url + "/login", json={"email": EMAIL, "password": PASSWORD})
        _, signed_in = await api.get("/data/v1/bots", "")

    assert ["pizza"] == [bot["bot"] for bot in own["bots"]]
    assert {"pizza", "plain", "old", BOT} == {bot["bot"] for bot in every["bots"]}
    assert every == signed_in


async def test_clickhouse_away_is_503_with_retry_after(tmp_path: Any) -> None:
    """And says so in words, without a trace of the driver."""
    chosen = Chosen(home=tmp_path, clickhouse="clickhouse://default@127.0.0.1:9/botpulse")
    async with reading(chosen, Reporting(), NOW_MS, BOT) as api:
        url = f"{api.site.url}/data/v1/bots/{BOT}/series?measure=events"
        async with api.site.client.get(url, headers={"Authorization": f"Bearer {READ_KEY}"}) as refused:
            assert 404 == refused.status
        await tell(api.site.registry, Bot("pizza", "Pizza", "generic", NOW_MS))
        url = f"{api.site.url}/data/v1/bots/pizza/series?measure=events"
        async with api.site.client.get(url, headers={"Authorization": f"Bearer {READ_KEY}"}) as answer:
            body = await answer.json()

    assert 503 == answer.status
    assert int(answer.headers["Retry-After"]) > 0
    assert "ClickHouse does not answer; try again." == body["error"]["message"]


NAMES = ["measure", "window", "from", "to", "by", "period", "mode", "periods", "weeks", "user", "kind", "direction", "q", "limit", "cursor"]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([*MEASURES, "minute", "hour", "day", "week", "month", "windows", "unbroken", "relative"]),
    st.sampled_from(["1970-01-01", "2100-12-31", "2023-11-05T01:30-07:00", "9999-12-31", "0001-01-01", "-1", "0", "10", "1e3", "%", "%s", "'", "\\", "\x00", "platform"]),
    st.text(max_size=20),
    st.dates().map(str),
    st.datetimes().map(lambda at: at.isoformat()),
)  # fmt: skip


@pytest.mark.clickhouse
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["series", "retention", "events", "users", "users/%00%27", "conversations/%25s"]),
    asked=st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=5)), VALUES, max_size=5),
)
async def test_garbage_is_never_a_defect(stocked: Stocked, path: str, asked: dict[str, str]) -> None:
    """Whatever is asked: an answer, or a refusal in our shape."""
    asked = ({"measure": "events"} if path == "series" else {}) | asked
    async with reading(stocked.settings, stocked.reporting, NOW_MS, BOT) as api:
        status, answer = await api.get(f"/data/v1/bots/{BOT}/{path}", **asked)

    assert status in (200, 400, 404), answer
    assert status == 200 or answer["error"]["message"]
