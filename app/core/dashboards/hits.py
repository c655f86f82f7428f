"""
Which dashboards an event hits: the rules of every bot as they are now, ready to be held against its events.

A book is made of a state of the registry and never changes; the next one takes over the pages of all bots whose dashboards are
still the same, as making a page compiles every rule on it.  A rule that this version cannot use (a newer one may have written
it) costs itself only: it is left out, and `faults` says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from app.core.registry import Dashboard, State
from app.core.rules.language import Rule
from app.core.rules.matching import Matcher
from app.core.rules.reading import check_rule

__all__ = ["NO_HITS", "HitBook", "book_of", "hit_of", "is_counted"]


class HitBook:
    """What to hold against the events of each bot; bots without a dashboard are not in it."""

    def __init__(self, pages: Mapping[str, _Page], dashboards: Mapping[str, Dashboard] | None = None) -> None:
        self.pages = pages
        self.dashboards = dashboards

    def matcher(self, bot: str) -> Matcher | None:
        """Return the rules of *bot*, if it has any; what matches is called `<dashboard id>@<version>`."""
        page = self.pages.get(bot)

        return page and page.matcher

    @property
    def faults(self) -> dict[str, str]:
        """Return why rules were left out, by what their hits would be called."""
        return {hit: why for page in self.pages.values() for hit, why in page.faults.items()}


class _Page(NamedTuple):
    """The rules of one bot, by what a hit is called; those without a fault, compiled; and the faults of the others."""

    rules: dict[str, Rule]
    matcher: Matcher
    faults: dict[str, str]


NO_HITS: Final = HitBook({})


def hit_of(dashboard: Dashboard) -> str:
    """Return how hits of *dashboard* are called under its present rule."""
    return f"{dashboard.id}@{dashboard.version}"


def is_counted(dashboard: Dashboard) -> bool:
    """Tell whether events are held against *dashboard* as they come."""
    return dashboard.enabled and dashboard.removed_at is None and dashboard.rule is not None


def book_of(state: State, before: HitBook = NO_HITS) -> HitBook:
    """Return the book of *state*; *before* is the last one, for what has not changed."""
    if state.dashboards is before.dashboards:  # most records of the registry are about something else
        return before
    rules: defaultdict[str, dict[str, Rule]] = defaultdict(dict)
    for dashboard in state.dashboards.values():
        if is_counted(dashboard) and dashboard.rule is not None:
            rules[dashboard.bot][hit_of(dashboard)] = dashboard.rule

    pages = {bot: _page(own, before.pages.get(bot)) for bot, own in rules.items()}

    return HitBook(pages, state.dashboards)


def _page(rules: dict[str, Rule], before: _Page | None) -> _Page:
    if before is not None and before.rules == rules:
        return before
    faults = {hit: why for hit, rule in rules.items() if (why := _fault(hit, rule, before))}

    return _Page(rules, Matcher({hit: rule for hit, rule in rules.items() if hit not in faults}), faults)


def _fault(hit: str, rule: Rule, before: _Page | None) -> str:
    if before is not None and before.rules.get(hit) == rule:
        return before.faults.get(hit, "")
    fault = check_rule(rule)

    return fault.message if fault else ""
