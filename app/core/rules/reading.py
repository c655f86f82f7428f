"""
Reads a rule from JSON and says what is wrong with it: where, what, and what to write instead.

What is read here compiles, can match something, and costs little: `matches` and `Matcher` take it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from app.core.rules.clauses import Literal, part_places
from app.core.rules.conditions import condition_fault, join_place, pattern_steps
from app.core.rules.contradictions import contradiction_in
from app.core.rules.language import Fault, Op, Rule, parts_of
from app.core.rules.writing import write_condition

__all__ = ["DEEPEST", "MOST_CONDITIONS", "MOST_STEPS", "check_rule", "read_rule"]

DEEPEST: Final = 10
"""Levels of all, any and not, the condition included."""

MOST_CONDITIONS: Final = 100
MOST_STEPS: Final = 5000
"""Of all patterns together: a text can cost some 70 microseconds for each."""

_decoder: Final = msgspec.json.Decoder(Rule)
_EXPLAINED: Final = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<place>.*)`)?", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_GROUPS: Final = ("all", "any", "not_")
_BLANK: Final = Rule()


def read_rule(data: bytes | dict[str, Any]) -> Rule | Fault:
    """Return the rule that *data* is, as JSON or as what JSON was decoded to."""
    try:
        rule = _decoder.decode(data) if isinstance(data, bytes) else msgspec.convert(data, Rule)
    except msgspec.ValidationError as error:
        return _explain(str(error))
    except RecursionError:
        return _too_deep("")
    except ValueError as error:
        return Fault(f"This is not JSON: {error}.")

    return check_rule(rule) or rule


def check_rule(rule: Rule) -> Fault | None:
    """Return the first thing that is wrong with *rule*."""
    conditions = steps = 0
    for node, place, depth in _nodes(rule, "", 1):
        fault = _node_fault(node, place, depth)
        if fault:
            return fault
        conditions += not parts_of(node)
        if conditions > MOST_CONDITIONS:
            return Fault(
                f"A rule has at most {MOST_CONDITIONS} conditions; one `in`, or one pattern with `|`, stands for many.",
                place,
            )
        steps += pattern_steps(node)
        if steps > MOST_STEPS:
            return Fault(
                f"With this on {node.field[:60]} the patterns of the rule have {steps} steps; {MOST_STEPS} are the most "
                "of one rule: shorten them, or make two dashboards.",
                join_place(place, "value"),
            )

    return _impossible(rule)


def _nodes(rule: Rule, place: str, depth: int) -> Iterator[tuple[Rule, str, int]]:
    yield rule, place, depth
    for at, part in zip(part_places(rule, place), parts_of(rule), strict=True):
        yield from _nodes(part, at, depth + 1)


def _node_fault(node: Rule, place: str, depth: int) -> Fault | None:
    if depth > DEEPEST:
        return _too_deep(place)
    given = [name for name in Rule.__struct_fields__ if getattr(node, name) != getattr(_BLANK, name)]
    if not given:
        return Fault(
            'Nothing is asked here; write a condition such as {"field": "kind", "value": "text"}.', place
        )
    first, *others = (name.rstrip("_") for name in given)
    if given[0] not in _GROUPS:
        return condition_fault(node, place)
    if others:
        return Fault(
            f"`{others[0]}` stands beside `{first}`; give each an object of its own.",
            join_place(place, others[0]),
        )

    return (
        None
        if parts_of(node)
        else Fault(f"`{first}` is empty; put a condition into it.", join_place(place, first))
    )


def _impossible(rule: Rule) -> Fault | None:
    found = contradiction_in(rule)
    if found is None:
        return None
    conditions = " and ".join(map(_quoted, found))
    what = f"{conditions} exclude each other" if len(found) > 1 else f"{conditions} is never true"

    return Fault(f"No event can ever match this rule: {what}.", found[-1].place)


def _quoted(literal: Literal) -> str:
    return f"`{write_condition(literal.condition, literal.is_wanted)}`"


def _explain(message: str) -> Fault:
    """Put what msgspec says into our words."""
    match = _EXPLAINED.fullmatch(message)
    what, place = (match["what"], match["place"] or "") if match else (message, "")
    unknown = _UNKNOWN.fullmatch(what)
    if unknown:
        name = unknown[1][:60]
        return Fault(
            f"There is no {name!r} in a rule; there are all, any, not, field, op and value.",
            join_place(place, name),
        )

    if place.rpartition(".")[2] == "op":
        what = f"{what}; there are {', '.join(get_args(Op))}"

    return Fault(f"{what}.", place)


def _too_deep(place: str) -> Fault:
    return Fault(
        f"A rule has at most {DEEPEST} levels; `all` within `all` and `any` within `any` need none.", place
    )
