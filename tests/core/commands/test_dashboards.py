"""Requests about dashboards become facts, or refusals that say why; a new rule is a new version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.commands.dashboards import change_dashboard, create_dashboard, remove_dashboard
from app.core.refusal import Refusal
from app.core.registry import Alert, Bot, Condition, Dashboard, Fact
from app.core.rules.language import Rule, parts_of
from tests.core.rules.strategies import rules
from tests.facts import told

PIZZA = Bot("pizza", "Pizza", "facebook", 1_000)
RULE, OTHER = Rule(field="direction", value="in"), Rule(field="direction", value="out")
ANGRY = Dashboard("d1", "pizza", "Angry", 1_000, RULE)
USERS = Dashboard("d2", "pizza", "New users", 1_000, measure="new_users")
STATE = told(PIZZA, ANGRY, USERS)


def code_of(outcome: Sequence[Fact] | Refusal) -> str:
    """Return the code of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.code


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        pytest.param("unknown_bot", {"bot": "nobody"}, id="no bot"),
        pytest.param("id_taken", {"id": "d1"}, id="id of another"),
        pytest.param("bad_name", {"name": " "}, id="no name"),
        pytest.param("bad_name", {"name": "x" * 201}, id="long name"),
        pytest.param("bad_rule", {"rule": None}, id="neither rule nor measure"),
        pytest.param("bad_rule", {"measure": "new_users"}, id="rule and measure"),
        pytest.param("unknown_measure", {"rule": None, "measure": "smoke"}, id="no such measure"),
    ],
)
def test_create_refuses(expected: str, changes: dict[str, Any]) -> None:
    """A dashboard that could not be told apart or counted is refused."""
    wanted = msgspec.structs.replace(ANGRY, id="d9", name="Another")

    assert expected == code_of(create_dashboard(STATE, msgspec.structs.replace(wanted, **changes)))


def test_create() -> None:
    """A sound dashboard becomes a fact that carries it."""
    assert [Fact("dashboard_created", ANGRY, 1)] == create_dashboard(told(PIZZA), ANGRY)


def test_another_rule_is_another_version() -> None:
    """With a new rule the version grows, and the older ones are still shown; with a new name nothing else changes."""
    ruled = msgspec.structs.replace(ANGRY, rule=OTHER, version=2)
    named = msgspec.structs.replace(ANGRY, name="Sad")

    assert [Fact("dashboard_changed", ruled, 2)] == change_dashboard(STATE, "pizza", "d1", {"rule": OTHER})
    assert [Fact("dashboard_changed", named, 2)] == change_dashboard(STATE, "pizza", "d1", {"name": "Sad"})


def test_no_change_is_no_fact() -> None:
    """The same rule and name again leave no trace."""
    assert [] == change_dashboard(STATE, "pizza", "d1", {"rule": RULE, "name": "Angry"})


@pytest.mark.parametrize(
    ("expected", "bot", "id_", "changes"),
    [
        pytest.param("unknown_dashboard", "pizza", "d9", {"name": "x"}, id="no dashboard"),
        pytest.param("unknown_dashboard", "other", "d1", {"name": "x"}, id="of another bot"),
        pytest.param("no_rule", "pizza", "d2", {"rule": RULE}, id="rule where there is a measure"),
        pytest.param("bad_name", "pizza", "d1", {"name": ""}, id="no name"),
    ],
)
def test_change_refuses(expected: str, bot: str, id_: str, changes: dict[str, Any]) -> None:
    """What is not there, or would not be sound afterwards, is not changed."""
    assert expected == code_of(change_dashboard(STATE, bot, id_, changes))


@given(rule=rules(max_leaves=4), data=st.data())
def test_the_same_in_shells_is_the_same(rule: Rule, data: st.DataObject) -> None:
    """`all` or `any` around a single part, anywhere, make no other rule, whoever of both has them."""
    shelled = in_shells(rule, data)
    state = told(PIZZA, msgspec.structs.replace(ANGRY, rule=shelled))

    assert [] == change_dashboard(state, "pizza", "d1", {"rule": rule, "name": "Angry"})
    assert [] == change_dashboard(
        told(PIZZA, msgspec.structs.replace(ANGRY, rule=rule)), "pizza", "d1", {"rule": shelled}
    )


def in_shells(rule: Rule, data: st.DataObject) -> Rule:
    """Return *rule* with shells around some of its nodes."""
    parts = [in_shells(part, data) for part in parts_of(rule)]
    if rule.not_ is not None:
        rule = Rule(not_=parts[0])
    elif parts:
        rule = Rule(all=tuple(parts)) if rule.all else Rule(any=tuple(parts))
    for name in data.draw(st.lists(st.sampled_from(("all", "any")), max_size=2)):
        rule = Rule(all=(rule,)) if name == "all" else Rule(any=(rule,))
    return rule


@pytest.mark.parametrize("measure", ["dashboard:d1", "dashboard_users:d1"])
@pytest.mark.parametrize("is_on", [True, False], ids=["on", "off"])
def test_what_is_watched_stays(measure: str, is_on: bool) -> None:
    """A dashboard that an alert watches is not removed, and who watches is named; one that was removed watches nothing."""
    alert = Alert("a1", "pizza", "Many", measure, 600, Condition("above", 5), 1_000, enabled=is_on)
    others = [msgspec.structs.replace(alert, id=f"b{n}", name=f"More {n}") for n in range(6)]
    found = remove_dashboard(told(PIZZA, ANGRY, alert, *others), "pizza", "d1", 5)
    gone = msgspec.structs.replace(alert, removed_at=4)

    assert "watched" == code_of(found)
    assert isinstance(found, Refusal)
    assert "'Many', 'More 0', 'More 1', 'More 2', 'More 3' and 2 more" in found.message
    assert not isinstance(remove_dashboard(told(PIZZA, ANGRY, gone), "pizza", "d1", 5), Refusal)
    assert not isinstance(remove_dashboard(told(PIZZA, ANGRY, USERS, alert), "pizza", "d2", 5), Refusal)


def test_remove_once() -> None:
    """A removed dashboard counts no more, has the time and is not found again."""
    removed = msgspec.structs.replace(ANGRY, enabled=False, removed_at=5)

    assert [Fact("dashboard_removed", removed, 2)] == remove_dashboard(STATE, "pizza", "d1", 5)
    assert "unknown_dashboard" == code_of(remove_dashboard(told(PIZZA, removed), "pizza", "d1", 6))
