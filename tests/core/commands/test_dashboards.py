"""Requests about dashboards become facts, or refusals that say why; a new rule is a new version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from app.core.commands.dashboards import change_dashboard, create_dashboard, remove_dashboard
from app.core.refusal import Refusal
from app.core.registry import Bot, Dashboard, Fact
from app.core.rules.language import Rule
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


def test_remove_once() -> None:
    """A removed dashboard counts no more, has the time and is not found again."""
    removed = msgspec.structs.replace(ANGRY, enabled=False, removed_at=5)

    assert [Fact("dashboard_removed", removed, 2)] == remove_dashboard(STATE, "pizza", "d1", 5)
    assert "unknown_dashboard" == code_of(remove_dashboard(told(PIZZA, removed), "pizza", "d1", 6))
