"""
What a rule means: one rule held against one event, plainly.

An event either has a value of a field or has not; the empty text is none.  Of a value that is not there no condition
holds, so `not` of any condition on it does.  Equality is exact; patterns ignore case.
"""

from __future__ import annotations

import re
from typing import Final

from app.core.events import BotEvent
from app.core.rules.language import FIELDS, Op, Rule
from app.core.rules.patterns import PATTERN_OPS, found_in, pattern_of

__all__ = ["COLUMNS", "field_value", "holds", "matches", "number_in"]

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
COLUMNS: Final = {field: field for field in FIELDS} | {
    "confidence": "intent_confidence",
    "event": "event_name",
}
"""The attribute of BotEvent that each field is."""


def matches(rule: Rule, event: BotEvent) -> bool:
    """Tell whether *event* is one that *rule* is about."""
    if rule.all is not None:
        return all(matches(part, event) for part in rule.all)
    if rule.any is not None:
        return any(matches(part, event) for part in rule.any)
    if rule.not_ is not None:
        return not matches(rule.not_, event)
    value = field_value(rule.field, event)

    return value is not None and holds(rule, value)


def field_value(field: str, event: BotEvent) -> str | float | bool | None:
    """Return what *event* has as *field*, if anything."""
    group, _, name = field.partition(".")
    if group == "attributes":
        return event.attributes.get(name) or None
    if group == "user_attributes":
        return event.user_attributes.get(name) or None
    found: str | float | bool | None = getattr(event, COLUMNS[field]) if field in COLUMNS else None

    return None if found == "" else found


def holds(condition: Rule, value: str | float | bool) -> bool:
    """Tell whether *condition* holds of a field that has *value*."""
    op, wanted = condition.op, condition.value
    if op == "exists":
        return True
    if op == "is":
        return value == wanted
    if op == "in":
        return isinstance(wanted, tuple) and value in wanted
    if op in PATTERN_OPS:
        return isinstance(wanted, str) and isinstance(value, str) and found_in(pattern_of(op, wanted), value)
    number = number_in(value)

    return isinstance(wanted, float) and number is not None and _compare(op, number, wanted)


def number_in(value: str | float | bool) -> float | None:
    """Return the number that *value* is or, as a whole, spells."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None

    return None if isinstance(value, bool) else value


def _compare(op: Op, number: float, wanted: float) -> bool:
    if op == "above":
        return number > wanted
    if op == "at_least":
        return number >= wanted

    return number < wanted if op == "below" else number <= wanted
