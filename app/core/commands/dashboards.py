"""Dashboards: create, change, remove. A new rule is a new version, and what was counted under the old one stays."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.commands.bots import no_bot
from app.core.commands.kept import kept_of, removal_of
from app.core.commands.names import fault_of_name
from app.core.measures import MEASURES
from app.core.refusal import Refusal
from app.core.registry import Dashboard, Fact, State
from app.core.rules.language import Rule
from app.core.rules.reading import read_rule
from app.core.rules.text import read_text

__all__ = [
    "MOST_DASHBOARDS",
    "change_dashboard",
    "create_dashboard",
    "dashboard_of",
    "remove_dashboard",
    "rule_of",
]

MOST_DASHBOARDS: Final = 2000
"""Of one bot: every event is held against all of them."""

_CHANGEABLE: Final = ("name", "rule", "enabled", "counted_from")


def create_dashboard(state: State, dashboard: Dashboard) -> list[Fact] | Refusal:
    """Return the fact that *dashboard* counts from now on. Its rule was read by `read_rule`, so it is sound."""
    if dashboard.bot not in state.bots:
        return no_bot(dashboard.bot)
    if dashboard.id in state.dashboards:
        return Refusal("id_taken", f"There is a dashboard {dashboard.id!r} already.", "id")
    if len(state.dashboards_of(dashboard.bot)) >= MOST_DASHBOARDS:
        return Refusal("too_many", f"A bot has at most {MOST_DASHBOARDS} dashboards; remove one first.")
    fault = _fault_of(dashboard)
    return fault or [state.fact("dashboard_created", dashboard)]


def change_dashboard(state: State, bot: str, id: str, changes: dict[str, Any]) -> list[Fact] | Refusal:
    """Return the fact that a dashboard has new values for name, rule, enabled or counted_from; the same rule is no new version."""
    before = dashboard_of(state, bot, id)
    if isinstance(before, Refusal):
        return before
    after = msgspec.structs.replace(
        before, **{name: changes[name] for name in _CHANGEABLE if name in changes}
    )
    if before.rule is None and after.rule is not None:
        return Refusal(
            "no_rule", f"This dashboard shows {before.measure} and has no rule; create another.", "rule"
        )
    if after.rule != before.rule:
        after = msgspec.structs.replace(after, version=before.version + 1)
    fault = _fault_of(after)
    if fault or after == before:
        return fault or []
    return [state.fact("dashboard_changed", after)]


def remove_dashboard(state: State, bot: str, id: str, when: int) -> list[Fact] | Refusal:
    """Return the fact that a dashboard counts no more and is shown no more; its history stays."""
    return removal_of(state, dashboard_of(state, bot, id), when)


def dashboard_of(state: State, bot: str, id: str) -> Dashboard | Refusal:
    """Return the dashboard *id* of *bot*."""
    return kept_of(state.dashboards, "dashboard", bot, id)


def rule_of(data: dict[str, Any] | None, text: str | None) -> Rule | Refusal:
    """Return the rule that was given as JSON or as text: one of them."""
    if (data is None) == (text is None):
        return Refusal("bad_rule", "Give the rule as `rule` (JSON) or as `text`, one of them.", "rule")
    outcome = read_rule(data) if data is not None else read_text(text or "")
    if isinstance(outcome, Rule):
        return outcome
    if data is not None:
        return Refusal("bad_rule", outcome.message, ".".join(filter(None, ("rule", outcome.place))))
    place = (
        ""
        if outcome.at is None or outcome.message.startswith("Character")
        else f"Character {outcome.at + 1}: "
    )
    return Refusal("bad_rule", place + outcome.message, "text")


def _fault_of(dashboard: Dashboard) -> Refusal | None:
    fault = fault_of_name(dashboard.name, "A dashboard's")
    if fault:
        return fault
    if (dashboard.rule is None) == (not dashboard.measure):
        return Refusal("bad_rule", "A dashboard has a rule, or a measure without one.", "rule")
    if dashboard.measure and dashboard.measure not in MEASURES:
        return Refusal("unknown_measure", f"There is no measure {dashboard.measure[:60]!r}.", "measure")
    return None
