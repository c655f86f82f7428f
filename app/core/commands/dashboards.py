"""Dashboards: create, change, remove. A new rule is a new version, and what was counted under the old one stays."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.core.alerts.watching import dashboard_watched
from app.core.commands.bots import no_bot
from app.core.commands.kept import kept_of, removal_of
from app.core.commands.names import fault_of_name
from app.core.measures import MEASURES
from app.core.refusal import Refusal
from app.core.registry import Dashboard, Fact, State
from app.core.rules.language import Rule, without_shells
from app.core.rules.reading import read_rule
from app.core.rules.text import read_text

__all__ = [
    "MOST_DASHBOARDS",
    "change_dashboard",
    "create_dashboard",
    "dashboard_of",
    "fault_of_removal",
    "remove_dashboard",
    "rule_of",
]

MOST_DASHBOARDS: Final = 2000
"""Of one bot: every event is held against all of them."""

_MOST_NAMED: Final = 5
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
    if before.rule is not None and after.rule is not None:
        is_same = without_shells(after.rule) == without_shells(before.rule)
        rule, version = (before.rule, before.version) if is_same else (after.rule, before.version + 1)
        after = msgspec.structs.replace(after, rule=rule, version=version)
    fault = _fault_of(after)
    if fault or after == before:
        return fault or []
    return [state.fact("dashboard_changed", after)]


def remove_dashboard(state: State, bot: str, id: str, when: int) -> list[Fact] | Refusal:
    """Return the fact that a dashboard counts no more and is shown no more; its history stays. Not while an alert watches it."""
    found = dashboard_of(state, bot, id)
    fault = None if isinstance(found, Refusal) else fault_of_removal(state, found)
    return fault or removal_of(state, found, when)


def fault_of_removal(state: State, dashboard: Dashboard) -> Refusal | None:
    """Return which alerts watch *dashboard*, if any do, turned off or not."""
    names = [
        repr(one.name[:60])
        for one in state.alerts_of(dashboard.bot)
        if dashboard_watched(one.measure) == dashboard.id
    ]
    if not names:
        return None
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return Refusal(
        "watched",
        f"Alerts watch this dashboard: {', '.join(names[:_MOST_NAMED])}{more}. "
        "Remove them, or let them watch something else, first.",
    )


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
