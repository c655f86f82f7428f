"""
Which rules can no event ever match?

Every clause of such a rule asks of one field what no value of it can give: another value at the same time, a number both
above and below, a word that does not match the pattern.  What is said to be impossible is; some impossible rules pass,
such as two patterns that exclude each other.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, TypeGuard

from app.core.rules.clauses import Clause, Literal, clauses_of
from app.core.rules.evaluation import holds
from app.core.rules.language import CONTRARY, POSSIBLE, SIZES, Rule, Sort, sort_of

__all__ = ["Contradiction", "contradiction_in"]

Contradiction = tuple[Literal, ...]
"""Conditions on one field that exclude each other."""

_ALWAYS_THERE: Final = frozenset(("kind", "direction", "not_handled"))


def contradiction_in(rule: Rule) -> Contradiction | None:
    """Return what makes *rule* impossible in its first alternative, if no alternative is possible."""
    first: Contradiction | None = None
    for clause in clauses_of(rule).clauses:
        found = _contradiction_in(clause)
        if found is None:
            return None
        first = first or found

    return first


def _contradiction_in(clause: Clause) -> Contradiction | None:
    by_field: defaultdict[str, list[Literal]] = defaultdict(list)
    for literal in clause:
        by_field[literal.condition.field].append(literal)
    for field, literals in by_field.items():
        if not _is_possible(field, literals):
            return _least(field, literals)

    return None


def _least(field: str, literals: list[Literal]) -> Contradiction:
    """Leave away what does not matter to the contradiction."""
    kept = literals
    for literal in literals:
        fewer = [other for other in kept if other is not literal]
        if not _is_possible(field, fewer):
            kept = fewer

    return tuple(kept)


def _is_possible(field: str, literals: list[Literal]) -> bool:
    wanted = [literal.condition for literal in literals if literal.is_wanted]
    unwanted = [literal.condition for literal in literals if not literal.is_wanted]
    if not wanted and field not in _ALWAYS_THERE:
        return True  # of an event without the field
    if any(condition.op == "exists" for condition in unwanted) or set(wanted) & set(unwanted):
        return False
    values = _values(field, wanted)
    if values is not None:
        return any(_fits(value, wanted, unwanted) for value in values)

    is_number = sort_of(field) is Sort.NUMBER or any(condition.op in SIZES for condition in wanted)

    return not is_number or _has_number(field, wanted, unwanted)


def _values(field: str, wanted: list[Rule]) -> Iterable[str | float | bool] | None:
    """Return the only values there can be, where those can be told."""
    for condition in wanted:
        if condition.op == "in" and isinstance(condition.value, tuple):
            return condition.value
        if condition.op == "is" and condition.value is not None and not isinstance(condition.value, tuple):
            return (condition.value,)
    if sort_of(field) is Sort.FLAG:
        return (True, False)

    return POSSIBLE.get(field)


def _fits(value: str | float | bool, wanted: list[Rule], unwanted: list[Rule]) -> bool:
    return all(holds(one, value) for one in wanted) and not any(holds(one, value) for one in unwanted)


def _has_number(field: str, wanted: list[Rule], unwanted: list[Rule]) -> bool:
    """Tell whether a number lies within all bounds."""
    bounds = [(one.op, one.value) for one in wanted] + [(CONTRARY.get(one.op), one.value) for one in unwanted]
    lows = [
        (value, op == "above") for op, value in bounds if op in ("above", "at_least") and _is_number(value)
    ]
    highs = [
        (value, op != "below") for op, value in bounds if op in ("below", "at_most") and _is_number(value)
    ]
    low, is_above = max(lows, default=(-math.inf, False))
    high, is_with = min(highs, default=(math.inf, True))
    if low != high:
        return low < high
    # the number of an attribute may be spelt otherwise, so only of a number it matters that it be another
    is_hole = sort_of(field) is Sort.NUMBER and any(one.op == "is" and one.value == low for one in unwanted)

    return is_with and not is_above and not is_hole


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, float)
