"""Which cells an alert needs, and which alerts are judged at all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.core.alerts.watching import (
    Watchlist,
    is_watchable,
    keys_of,
    live_alerts,
    watched_generations,
    watches_of,
)
from app.core.events import Reporting
from app.core.registry import Dashboard, Recounting
from app.core.rules.language import Rule
from tests.core.alerts.made import alert, state_of

ORDERS = Dashboard("orders", "pizza", "Orders", 0, rule=Rule(field="kind", value="text"))

SHOWN = Reporting(generation=1)
COMING = Reporting("Asia/Tokyo", generation=4)


def cell(measure: str, dim: str = "", key: str = "", window: str = "minute", bot: str = "pizza") -> Any:
    """Return a cell as counters has it."""
    return (bot, measure, dim, window, 60, key, 1)


@pytest.mark.parametrize(
    ("measure", "wanted"),
    [
        ("messages_in", [cell("messages_in")]),
        ("not_handled_share", [cell("not_handled"), cell("messages_in")]),
        ("active_users", [cell("active_users", window="day")]),
        ("dashboard:orders", [cell("hits", "dashboard", "orders@1"), cell("hits", "dashboard", "orders@12")]),
        ("new_error_reasons", []),
        ("dashboard_users:orders", []),
    ],
)  # fmt: skip
def test_only_what_is_watched_is_wanted(measure: str, wanted: list[Any]) -> None:
    """Of everything that is counted an alert takes its own cells only."""
    watchlist = Watchlist(watches_of(alert(measure=measure), 0))
    others = [
        cell("messages_in", bot="other"), cell("messages_in", "platform", "slack"), cell("messages_in", window="hour"),
        cell("hits", "dashboard", "others@1"), cell("events"),
    ]  # fmt: skip

    assert wanted == [one for one in [*wanted, *others] if watchlist.wants(one)]


def test_a_dashboard_counts_from_the_version_it_shows() -> None:
    """Hits of rules that the dashboard no longer shows do not count; those of later ones do."""
    shown = msgspec.structs.replace(ORDERS, version=4, counted_from=3)
    [watch] = watches_of(alert(measure="dashboard:orders"), 0)

    assert ["orders@3", "orders@4"] == keys_of(watch, state_of(dashboards=(shown,)))


@pytest.mark.parametrize("measure", ["messages_in", "not_handled_share", "active_users", "dashboard:orders"])
def test_another_generation_has_cells_of_its_own(measure: str) -> None:
    """The same cells under its name, and none of another generation's."""
    first, second = (watches_of(alert(measure=measure), generation) for generation in (0, 2))

    assert first
    assert [watch._replace(bot="pizza~2") for watch in first] == list(second)


@pytest.mark.parametrize(
    ("watched", "bot"),
    [
        pytest.param([0], {}, id="as it was made"),
        pytest.param([1], {"reporting": Reporting(generation=1), "generations": 4}, id="counted anew"),
        pytest.param(
            [1], {"reporting": SHOWN, "recounting": Recounting(Reporting("Asia/Tokyo"))}, id="wanted"
        ),
        pytest.param(
            [1, 4], {"reporting": SHOWN, "recounting": Recounting(COMING, "w1", 1)}, id="being counted"
        ),
    ],
)
def test_which_generations_are_watched(watched: list[int], bot: dict[str, Any]) -> None:
    """The one that is shown, and the one that somebody counts to be shown next, so that it is whole by then."""
    assert watched == watched_generations(state_of(**bot), "pizza")


@pytest.mark.parametrize(
    ("changed", "bot", "expected"),
    [
        pytest.param({}, {}, True, id="enabled"),
        pytest.param({"enabled": False}, {}, False, id="disabled"),
        pytest.param({"removed_at": 1}, {}, False, id="removed"),
        pytest.param({}, {"archived_at": 1}, False, id="archived-bot"),
        pytest.param({"bot": "gone"}, {}, False, id="no-bot"),
        pytest.param({"measure": "nonsense"}, {}, False, id="unknown-measure"),
        pytest.param({"measure": "dashboard:orders"}, {}, True, id="dashboard"),
        pytest.param({"measure": "dashboard:gone"}, {}, False, id="no-dashboard"),
    ],
)
def test_which_alerts_are_judged(changed: dict[str, Any], bot: dict[str, Any], expected: bool) -> None:
    """Whatever cannot have a number any more is not judged: its silence says nothing."""
    assert expected == ("a1" in live_alerts(state_of(alert(**changed), dashboards=(ORDERS,), **bot)))


@pytest.mark.parametrize("changed", [{"enabled": False}, {"removed_at": 1}, {"bot": "other"}], ids=str)
def test_a_dashboard_that_counts_nothing_raises_no_alarm(changed: dict[str, Any]) -> None:
    """Disabled, removed or another bot's, a dashboard silences its alerts."""
    dashboard = msgspec.structs.replace(ORDERS, **changed)

    assert {} == live_alerts(state_of(alert(measure="dashboard:orders"), dashboards=(dashboard,)))


def test_a_dashboard_of_a_measure_is_that_measure() -> None:
    """An alert on `new users` under its own name watches new users."""
    dashboard = Dashboard("new", "pizza", "New users", 0, measure="new_users")
    live = live_alerts(state_of(alert(measure="dashboard:new"), dashboards=(dashboard,)))

    assert "new_users" == live["a1"].measure


@pytest.mark.parametrize("measure", ["sessions", "revenue", "stickiness", "x"])
def test_what_cannot_be_watched(measure: str) -> None:
    """There is no window of minutes for these."""
    assert not is_watchable(measure)
