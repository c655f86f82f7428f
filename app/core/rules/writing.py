"""The text form of a rule, as people read it: `direction = in and text ~ "refund|money back"`."""

from __future__ import annotations

import re
from typing import Final

from app.core.rules.language import PREFIXES, Rule, parts_of, without_shells

__all__ = ["RESERVED", "SIGNS", "write_condition", "write_rule"]

SIGNS: Final = {
    "is": "=",
    "above": ">",
    "at_least": ">=",
    "below": "<",
    "at_most": "<=",
    "matches": "~",
    "contains": "contains",
    "starts_with": "starts with",
}
"""How the text form writes those ops that one value follows."""

RESERVED: Final = frozenset(("and", "or", "not", "exists"))
"""Words that stand for a value in quotes only: there one has been forgotten, else."""

_BARE: Final = re.compile(r"[a-z_][a-z0-9_.-]*", re.IGNORECASE | re.ASCII)
_ESCAPED: Final = re.compile(r'"|\\(?=[\\"]|\Z)')


def write_rule(rule: Rule) -> str:
    """Return the text form of *rule*."""
    return _write(without_shells(rule))


def _write(rule: Rule) -> str:
    if rule.not_ is not None:
        return _write_not(rule.not_)
    if rule.all is not None:
        return " and ".join(_grouped(part, is_tight=True) for part in parts_of(rule))
    if rule.any is not None:
        return " or ".join(_grouped(part, is_tight=False) for part in parts_of(rule))

    return write_condition(rule)


def write_condition(condition: Rule, is_wanted: bool = True) -> str:
    """Return the text form of one condition, or of its contrary."""
    field, op, value = _field(condition.field), condition.op, condition.value
    contrary = "" if is_wanted else "not "
    if op == "exists":
        return f"{contrary}{field} exists"
    if op == "in" and isinstance(value, tuple):
        return f"{field} {contrary}in ({', '.join(map(_value, value))})"
    if op == "is":
        return f"{field} {'=' if is_wanted else '!='} {_value(value)}"

    return f"{contrary}{field} {SIGNS[op]} {_value(value)}"


def _write_not(rule: Rule) -> str:
    if rule.all or rule.any:
        return f"not ({_write(rule)})"
    if rule.not_ is not None:
        return f"not {_write(rule)}"

    return write_condition(rule, is_wanted=False)


def _grouped(part: Rule, *, is_tight: bool) -> str:
    """Return the text of a part of `and` (tight) or `or`, in parentheses where it would be read otherwise without."""
    written = _write(part)

    return f"({written})" if part.any or (part.all and is_tight) else written


def _field(field: str) -> str:
    if not field.startswith(PREFIXES):
        return field
    group, _, name = field.partition(".")

    return f"{group}.{name if _BARE.fullmatch(name) else _quote(name)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)

    return text if _BARE.fullmatch(text) and text.lower() not in RESERVED else _quote(text)


def _quote(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda found: f"\\{found[0]}", text) + '"'
