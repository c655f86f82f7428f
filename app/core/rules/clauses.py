"""
A rule as alternatives: clauses, each a list of conditions that all must hold, or must not.

An event that matches the rule satisfies a clause.  Where writing them all out would be too much, conditions are left out:
then more events satisfy a clause than match.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from app.core.rules.language import Rule, parts_of

__all__ = ["Clause", "Clauses", "Literal", "clauses_of", "part_places"]

_MOST: Final = 128
"""Clauses of one rule; as many conditions as a rule may have fit one by one."""


class Literal(NamedTuple):
    """A condition that must hold, or must not; `place` is where it stands in the rule."""

    condition: Rule
    is_wanted: bool
    place: str


Clause = tuple[Literal, ...]


class Clauses(NamedTuple):
    """All alternatives; exact where satisfying one is the same as matching."""

    clauses: list[Clause]
    is_exact: bool


_ANYTHING: Final = Clauses([()], is_exact=False)


def clauses_of(rule: Rule, is_wanted: bool = True, place: str = "") -> Clauses:
    """Return the alternatives in which *rule* holds, or does not."""
    if rule.not_ is not None:
        return clauses_of(rule.not_, not is_wanted, part_places(rule, place)[0])
    if rule.all is None and rule.any is None:
        return Clauses([(Literal(rule, is_wanted, place),)], is_exact=True)
    parts = [
        clauses_of(part, is_wanted, at)
        for at, part in zip(part_places(rule, place), parts_of(rule), strict=True)
    ]

    return _all_of(parts) if (rule.all is not None) == is_wanted else _any_of(parts)


def part_places(rule: Rule, place: str) -> list[str]:
    """Return where the nodes right below *rule* stand, which itself stands at *place*."""
    start = f"{place}." if place else ""
    if rule.not_ is not None:
        return [f"{start}not"]
    name = "any" if rule.all is None else "all"

    return [f"{start}{name}[{i}]" for i in range(len(parts_of(rule)))]


def _all_of(parts: list[Clauses]) -> Clauses:
    product: list[Clause] = [()]
    is_exact = True
    for part in sorted(parts, key=lambda part: len(part.clauses)):
        if len(product) * len(part.clauses) > _MOST:
            is_exact = False
            break
        product = [one + more for one in product for more in part.clauses]
        is_exact &= part.is_exact

    return Clauses(product, is_exact)


def _any_of(parts: list[Clauses]) -> Clauses:
    clauses = [clause for part in parts for clause in part.clauses]
    if len(clauses) > _MOST:
        return _ANYTHING

    return Clauses(clauses, all(part.is_exact for part in parts))
