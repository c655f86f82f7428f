"""
The rule of a dashboard: a tree of conditions on one event, as it is kept and as JSON writes it.

    {"all": [{"field": "direction", "value": "in"}, {"field": "text", "op": "matches", "value": "refund|money back"}]}

A node is either one of `all`, `any` and `not`, or a condition: field, op and value.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, Literal

import msgspec

from app.core.events import CUSTOM, MESSAGE_KINDS, SIGNAL_KINDS

__all__ = [
    "CONTRARY",
    "FIELDS",
    "OPS",
    "POSSIBLE",
    "PREFIXES",
    "SIZES",
    "Fault",
    "Op",
    "Rule",
    "Sort",
    "Value",
    "parts_of",
    "sort_of",
    "without_shells",
]

Op = Literal[
    "is", "in", "contains", "starts_with", "matches", "above", "at_least", "below", "at_most", "exists"
]

Value = str | float | bool | tuple[str, ...] | None


class Rule(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename={"not_": "not"}
):
    """One node: exactly one of `all`, `any`, `not`, or a condition (`field`, `op`, `value`)."""

    all: tuple[Rule, ...] | None = None
    any: tuple[Rule, ...] | None = None
    not_: Rule | None = None
    field: str = ""
    op: Op = "is"
    value: Value = None


class Fault(msgspec.Struct, frozen=True):
    """
    What is wrong with a rule and what to do about it.

    `place` is where in the JSON (`all[1].value`, empty for all of it); `at` is the character of the text form.
    """

    message: str
    place: str = ""
    at: int | None = None


class Sort(Enum):
    """What a field holds, which decides what may be asked of it."""

    CHOICE = auto()
    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()
    ATTRIBUTE = auto()


FIELDS: Final = {
    "kind": Sort.CHOICE,
    "direction": Sort.CHOICE,
    "platform": Sort.TEXT,
    "intent": Sort.TEXT,
    "confidence": Sort.NUMBER,
    "text": Sort.TEXT,
    "event": Sort.TEXT,
    "locale": Sort.TEXT,
    "not_handled": Sort.FLAG,
    "amount": Sort.NUMBER,
}
"""Fields of an event by name (`confidence` is its intent_confidence, `event` its event_name)."""

PREFIXES: Final = ("attributes.", "user_attributes.")
"""`attributes.plan` is the attribute `plan`; what SDKs call metadata is kept in attributes."""

POSSIBLE: Final = {
    "kind": MESSAGE_KINDS | SIGNAL_KINDS | {CUSTOM},
    "direction": frozenset(("in", "out", "none")),
}
"""All values of the fields that hold a choice."""

_CHOICES: Final[tuple[Op, ...]] = ("is", "in", "exists")
_TEXTS: Final[tuple[Op, ...]] = ("is", "in", "contains", "starts_with", "matches", "exists")
SIZES: Final[tuple[Op, ...]] = ("above", "at_least", "below", "at_most")
"""Comparisons by size."""

CONTRARY: Final = {"above": "at_most", "at_least": "below", "below": "at_least", "at_most": "above"}
"""Which comparison holds of a number when another does not."""

OPS: Final[dict[Sort, tuple[Op, ...]]] = {
    Sort.CHOICE: _CHOICES,
    Sort.TEXT: _TEXTS,
    Sort.NUMBER: ("is", *SIZES, "exists"),
    Sort.FLAG: ("is", "exists"),
    Sort.ATTRIBUTE: (*_TEXTS, *SIZES),
}
"""What may be asked of each sort of field."""


def sort_of(field: str) -> Sort | None:
    """Return what *field* holds; nothing where there is no such field."""
    if field.startswith(PREFIXES):
        return Sort.ATTRIBUTE if field.partition(".")[2] else None

    return FIELDS.get(field)


def parts_of(rule: Rule) -> tuple[Rule, ...]:
    """Return the nodes right below *rule*."""
    if rule.not_ is not None:
        return (rule.not_,)

    return rule.all or rule.any or ()


def without_shells(rule: Rule) -> Rule:
    """Return *rule* without `all` and `any` of one part, which say no more than the part and which text cannot write."""
    if rule.not_ is not None:
        return Rule(not_=without_shells(rule.not_))
    parts = tuple(map(without_shells, parts_of(rule)))
    if len(parts) == 1:
        return parts[0]
    if rule.all:
        return Rule(all=parts)

    return Rule(any=parts) if rule.any else rule
