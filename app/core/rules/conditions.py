"""Whether one condition asks what can be asked: a field there is, an op that it has, a value that the op takes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from app.core.rules.language import FIELDS, OPS, POSSIBLE, PREFIXES, SIZES, Fault, Rule, Sort, sort_of
from app.core.rules.patterns import PATTERN_OPS, PatternError, pattern_of, steps_of

__all__ = ["LONGEST", "MOST_VALUES", "condition_fault", "join_place", "pattern_steps"]

LONGEST: Final = 1000
"""Characters of a value or of an attribute's name."""

MOST_VALUES: Final = 1000
"""Values after `in`."""

_MOST_STEPS: Final = 1500
"""Of what one `matches` is to RE2; texts to be contained are bounded by their length."""

_FIELDS: Final = (*FIELDS, *(f"{prefix}NAME" for prefix in PREFIXES))


def condition_fault(condition: Rule, place: str) -> Fault | None:
    """Return what is wrong with the condition at *place*."""
    sort = sort_of(condition.field)
    if sort is None:
        what = f"There is no field {condition.field[:60]!r}" if condition.field else "The field is not named"
        return Fault(f"{what}; there are {_listed(_FIELDS)}.", join_place(place, "field"))
    if len(condition.field) > LONGEST or not _is_unicode(condition.field):
        return Fault(f"An attribute's name has at most {LONGEST} characters.", join_place(place, "field"))
    if condition.op not in OPS[sort]:
        why = f"`{condition.op}` cannot be asked of {condition.field[:60]}; {_listed(OPS[sort])} can."
        return Fault(why, join_place(place, "op"))
    problem = _value_problem(condition, sort)

    return Fault(problem, join_place(place, "value")) if problem else None


def pattern_steps(condition: Rule) -> int:
    """Return how many steps the pattern of a sound condition has; none where it has no pattern."""
    return steps_of(pattern_of(condition.op, str(condition.value))) if condition.op in PATTERN_OPS else 0


def join_place(place: str, name: str) -> str:
    """Return where the member *name* of the node at *place* stands."""
    return f"{place}.{name}" if place else name


def _value_problem(condition: Rule, sort: Sort) -> str:
    op, value = condition.op, condition.value
    if op == "exists":
        return "" if value is None else "`exists` takes no value; for the contrary put it into `not`."
    if op == "in":
        return _list_problem(condition.field, value)
    if sort is Sort.FLAG:
        return "" if isinstance(value, bool) else "This must be true or false, without quotes."
    if sort is Sort.NUMBER or op in SIZES:
        is_number = isinstance(value, float) and math.isfinite(value)
        return "" if is_number else "This must be a number, without quotes."

    return _text_problem(condition.field, value) or _pattern_problem(condition)


def _list_problem(field: str, values: object) -> str:
    if not isinstance(values, tuple):
        return '`in` takes a list of texts, such as ["refund", "complaint"].'
    if not values:
        return "An empty list has nothing to find; name at least one value."
    if len(values) > MOST_VALUES:
        return f"This list has {len(values)} values; {MOST_VALUES} are the most."

    return next((problem for value in values if (problem := _text_problem(field, value))), "")


def _text_problem(field: str, value: object) -> str:
    if not isinstance(value, str):
        return 'This must be a text, in quotes, such as "refund"; attributes are texts, too.'
    if not value:
        return "An empty text counts as no value; ask with `exists`, in `not` for the contrary."
    if len(value) > LONGEST:
        return f"This has {len(value)} characters; {LONGEST} are the most."
    possible = POSSIBLE.get(field, (value,))
    if value not in possible:
        return f"There is no {field} {value[:60]!r}; there are {_listed(sorted(possible))}."

    return (
        "" if _is_unicode(value) else "This holds half a surrogate pair, which is no character; leave it out."
    )


def _pattern_problem(condition: Rule) -> str:
    try:
        steps = pattern_steps(condition)
    except PatternError as error:
        return f"This pattern cannot be used: {error}. The syntax is RE2's, without (?=...) and \\1."
    if condition.op != "matches" or steps <= _MOST_STEPS:
        return ""

    return (
        f"This pattern is too large: {steps} steps once repetitions and classes such as \\pL are written out; "
        f"{_MOST_STEPS} are the most."
    )


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _listed(words: Iterable[str]) -> str:
    *most, last = words

    return f"{', '.join(most)} and {last}"
