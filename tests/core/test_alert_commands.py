"""Alerts: what can be watched, how, and who can be told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.core.commands.alerts import MOST_ALERTS, change_alert, create_alert, remove_alert
from app.core.refusal import Refusal
from app.core.registry import Alert, Bot, Channel, Condition, Dashboard, Fact
from app.core.rules.language import Rule
from app.core.webhook_secrets import is_webhook_secret
from tests.facts import told

NOW_MS = 1_700_000_000_000
STATE = told(
    Bot("pizza", "Pizza", "generic", NOW_MS),
    Bot("plain", "Plain", "generic", NOW_MS),
    Dashboard("d1", "pizza", "Refunds", NOW_MS, Rule(field="direction", value="in")),
    Dashboard("d2", "plain", "Others", NOW_MS, Rule(field="direction", value="in")),
    Dashboard("d3", "pizza", "New", NOW_MS, measure="new_users"),
    Dashboard("d4", "pizza", "Gone", NOW_MS, Rule(field="direction", value="in"), removed_at=NOW_MS),
)
ALERT = Alert("a1", "pizza", "Many", "events", 600, Condition("above", 5), NOW_MS)
HOOK = Channel("webhook", "https://example.org/hook?x=1", "sealed")
MAIL = Channel("email", "ops@example.org")


def alert(**fields: Any) -> Alert:
    """Return the alert with other fields."""
    return msgspec.structs.replace(ALERT, **fields)


GOOD = [
    {"measure": "dashboard:d1"}, {"measure": "dashboard_users:d1"}, {"measure": "not_handled_share"},
    {"measure": "new_error_reasons"}, {"measure": "response_seconds_p50"}, {"measure": "active_users", "window_s": 86_400},
    {"window_s": 60}, {"window_s": 86_400}, {"condition": Condition("below", 1)}, {"condition": Condition("below", 0.2)},
    {"condition": Condition("falls_by", 100, "day")}, {"condition": Condition("rises_by", 500, "week")},
    {"channels": (HOOK, MAIL)}, {"channels": (Channel("webhook", "http://127.0.0.1:9000/", "sealed"),)},
    {"for_s": 86_400, "cool_down_s": 0},
]  # fmt: skip


@pytest.mark.parametrize("fields", GOOD, ids=str)
def test_what_can_be_watched(fields: dict[str, Any]) -> None:
    """Every number, window, comparison and channel that alerts know."""
    assert [Fact("alert_created", alert(**fields), 1)] == create_alert(STATE, alert(**fields))


BAD: list[tuple[str, dict[str, Any]]] = [
    ("name", {"name": " "}), ("name", {"name": "x" * 201}),
    ("measure", {"measure": "nonsense"}), ("measure", {"measure": "stickiness"}), ("measure", {"measure": "dashboard:d2"}),
    ("measure", {"measure": "dashboard:"}), ("measure", {"measure": "dashboard:d3"}), ("measure", {"measure": "dashboard_users:d4"}),
    ("window_s", {"window_s": 59}), ("window_s", {"window_s": 86_401}), ("window_s", {"window_s": 90}),
    ("window_s", {"measure": "active_users", "window_s": 3600}),
    ("for_s", {"for_s": -1}), ("cool_down_s", {"cool_down_s": 86_401}),
    ("condition.threshold", {"condition": Condition("above", float("nan"))}),
    ("condition.threshold", {"condition": Condition("above", float("inf"))}),
    ("condition.threshold", {"condition": Condition("above", -1)}), ("condition.threshold", {"condition": Condition("below", 0)}),
    ("condition.threshold", {"condition": Condition("rises_by", 0)}), ("condition.threshold", {"condition": Condition("falls_by", 101)}),
    ("condition.against", {"condition": Condition("above", 1, "day")}),
    ("channels[0].to", {"channels": (Channel("email", "nobody"),)}), ("channels[1].to", {"channels": (MAIL, Channel("email", "a b@c"))}),
    ("channels[1]", {"channels": (MAIL, MAIL)}),
    ("channels[0].secret", {"channels": (Channel("webhook", "https://example.org/"),)}),
    ("channels", {"channels": tuple(Channel("email", f"a{n}@example.org") for n in range(11))}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "fields"), BAD, ids=[f"{field} {fields}"[:60] for field, fields in BAD])
def test_what_cannot(field: str, fields: dict[str, Any]) -> None:
    """Is refused with the field at fault, when it is created and when it is changed."""
    created = create_alert(STATE, alert(**fields))
    changed = change_alert(told_alert(), "pizza", "a1", fields)

    assert isinstance(created, Refusal)
    assert field == created.field
    assert created == changed


ADDRESSES = [
    "", "example.org/hook", "ftp://example.org/", "javascript:alert(1)", "https://", "https:///path", "http://user:secret@example.org/",
    "https://example.org:99999/", "https://example.org:0/", "https://exa mple.org/", "https://example.org/\n", "https://example.org/#x",
    "https://[::1", f"https://example.org/{'x' * 2048}", "https://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example/",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=[one[:30] for one in ADDRESSES])
def test_addresses_of_webhooks(address: str) -> None:
    """Only http and https, to a host, without a secret in them."""
    outcome = create_alert(STATE, alert(channels=(Channel("webhook", address, "sealed"),)))

    assert isinstance(outcome, Refusal)
    assert ("bad_address", "channels[0].to") == (outcome.code, outcome.field)


def told_alert() -> Any:
    """Return the state with the alert in it."""
    return told(*STATE.bots.values(), *STATE.dashboards.values(), ALERT)


def test_the_same_is_no_change() -> None:
    """No fact where nothing would be another."""
    assert [] == change_alert(told_alert(), "pizza", "a1", {"name": "Many", "window_s": 600})


@pytest.mark.parametrize("measure", ["dashboard:d4", "dashboard_users:d9", "dashboard:d3"])
def test_whatever_became_of_its_dashboard(measure: str) -> None:
    """An alert can be turned off, named and made to watch something else; it cannot be made to watch what is gone."""
    state = told(*STATE.bots.values(), *STATE.dashboards.values(), alert(measure=measure))
    changes: list[dict[str, Any]] = [{"enabled": False}, {"name": "x"}, {"measure": "events"}]
    done = [change_alert(state, "pizza", "a1", {"measure": measure} | one) for one in changes]
    refused = change_alert(state, "pizza", "a1", {"measure": "dashboard_users:d4"})

    assert [
        [Fact("alert_changed", msgspec.structs.replace(alert(measure=measure), **one), 2)] for one in changes
    ] == done
    assert isinstance(refused, Refusal)
    assert "measure" == refused.field


def test_removed_is_gone() -> None:
    """It watches no more, cannot be changed, and its name is free."""
    outcome = remove_alert(told_alert(), "pizza", "a1", NOW_MS)
    assert not isinstance(outcome, Refusal)
    [fact] = outcome
    assert isinstance(fact.subject, Alert)
    state = told(*STATE.bots.values(), *STATE.dashboards.values(), ALERT, fact.subject)
    again = change_alert(state, "pizza", "a1", {"name": "x"})

    assert ("alert_removed", False, NOW_MS) == (fact.type, fact.subject.enabled, fact.subject.removed_at)
    assert isinstance(again, Refusal)
    assert "unknown_alert" == again.code
    assert not isinstance(create_alert(state, alert(id="a2")), Refusal)


@pytest.mark.parametrize(("bot", "id"), [("plain", "a1"), ("pizza", "a2")], ids=["another bot's", "none"])
def test_unknown(bot: str, id: str) -> None:
    """An alert of another bot is none of this one."""
    outcome = change_alert(told_alert(), bot, id, {"name": "x"})

    assert isinstance(outcome, Refusal)
    assert "unknown_alert" == outcome.code


def test_there_is_an_end() -> None:
    """A bot has at most so many."""
    many = [alert(id=f"b{n}", name=f"Alert {n}") for n in range(MOST_ALERTS)]
    outcome = create_alert(told(*STATE.bots.values(), *many), ALERT)

    assert isinstance(outcome, Refusal)
    assert "too_many" == outcome.code


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(True, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id="Standard Webhooks' own"),
        pytest.param(True, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id="bare"),
        pytest.param(False, "whsec_c2hvcnQ=", id="short"),
        pytest.param(False, "whsec_" + "QUJD" * 30, id="long"),
        pytest.param(False, "whsec_not base64!", id="no base64"),
        pytest.param(False, "", id="empty"),
        pytest.param(False, "whsec_\N{SLICE OF PIZZA}", id="no ASCII"),
    ],
)
def test_secrets_of_webhooks(expected: bool, text: str) -> None:
    """24 to 64 bytes in base64."""
    assert expected is is_webhook_secret(text)
