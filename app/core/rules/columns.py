"""
Which clauses does the value of one field leave possible?

Sets of clauses are the bits of a number, so that leaving out those that a field rules out is one `&` whatever their count.
A column knows the conditions that all clauses have on its field, finds those that hold by dictionary, by bisection or by one
search for all patterns, and remembers the answer for short values: fields like intent have few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Final, TypeVar

from app.core.rules.clauses import Literal
from app.core.rules.evaluation import number_in
from app.core.rules.language import SIZES, Rule
from app.core.rules.patterns import PATTERN_OPS, Patterns, pattern_of
from app.core.rules.sizes import Bound, Sizes

__all__ = ["Column", "Needs"]

_MOST_REMEMBERED: Final = 5000
_LONGEST_REMEMBERED: Final = 40
_Key = TypeVar("_Key", bound=Hashable)


class Needs:
    """Clauses by what they need: an item holds or it does not, and a clause wants some to and some not to."""

    def __init__(self, every: int) -> None:
        self.concerned = 0
        self._free = every
        self._by_only: defaultdict[Hashable, int] = defaultdict(int)
        self._by_first: defaultdict[Hashable, list[tuple[int, frozenset[Hashable]]]] = defaultdict(list)
        self._barred: defaultdict[Hashable, int] = defaultdict(int)

    def add(self, clause: int, wanted: Iterable[Hashable], unwanted: Iterable[Hashable]) -> None:
        """Note what the clause of this bit needs; once for each clause."""
        self.concerned |= clause
        for item in unwanted:
            self._barred[item] |= clause
        items = list(dict.fromkeys(wanted))
        if items:
            self._free &= ~clause
        if len(items) == 1:
            self._by_only[items[0]] |= clause
        elif items:
            self._by_first[items[0]].append((clause, frozenset(items[1:])))

    def possible(self, holding: Collection[Hashable]) -> int:
        """Return the clauses that have what they need when exactly *holding* hold."""
        found = self._free
        barred = 0
        for item in holding:
            found |= self._by_only.get(item, 0)
            barred |= self._barred.get(item, 0)
            for clause, others in self._by_first.get(item, ()):
                if others.issubset(holding):
                    found |= clause

        return found & ~barred


class Column:
    """
    All conditions on one field, by the clauses that have them.

    No value, `None` or the empty text, means that no condition holds.
    """

    def __init__(self, every: int, literals: Mapping[int, list[Literal]]) -> None:
        self._needs = Needs(every)
        self._any_value: list[int] = []
        self._equal: defaultdict[Hashable, list[int]] = defaultdict(list)
        self._patterns: defaultdict[str, list[int]] = defaultdict(list)
        bounds = self._learn(literals)
        self._sizes = Sizes(every, bounds) if bounds else None
        self._search = Patterns([*self._patterns])
        self._items_of_pattern = [*self._patterns.values()]
        self._by_items: dict[tuple[int, ...], int] = {}
        self._by_value: dict[str | float | bool | None, int] = {}
        self.concerned = self._needs.concerned | sum(bounds)

    def possible(self, value: str | float | bool | None) -> int:
        """Return the clauses that *value* does not rule out."""
        known = self._by_value.get(value)

        return self._work_out(value) if known is None else known

    def _learn(self, literals: Mapping[int, list[Literal]]) -> dict[int, list[Bound]]:
        """Take in all conditions; return those by size."""
        numbers: dict[Rule, int] = {}
        bounds: defaultdict[int, list[Bound]] = defaultdict(list)
        for clause, ones in literals.items():
            wanted: list[int] = []
            unwanted: list[int] = []
            for condition, is_wanted, _ in ones:
                if condition.op in SIZES and isinstance(condition.value, float):
                    bounds[clause].append(Bound(condition.op, condition.value, is_wanted))
                else:
                    number = numbers.setdefault(condition, len(numbers))
                    (wanted if is_wanted else unwanted).append(number)
            self._needs.add(clause, wanted, unwanted)
        for condition, number in numbers.items():
            self._file(condition, number)

        return bounds

    def _file(self, condition: Rule, number: int) -> None:
        """Put a condition where the values are found for which it holds; one that makes no sense holds for none."""
        op, value = condition.op, condition.value
        if op == "exists":
            self._any_value.append(number)
        elif op in PATTERN_OPS and isinstance(value, str):
            self._patterns[pattern_of(op, value)].append(number)
        elif op in ("is", "in") and value is not None:
            for one in dict.fromkeys(value) if isinstance(value, tuple) else [value]:
                self._equal[one].append(number)

    def _work_out(self, value: str | float | bool | None) -> int:
        items = (
            tuple(self._holding(value)) if self._needs.concerned and value is not None and value != "" else ()
        )
        found = self._by_items.get(items)
        if found is None:
            found = self._needs.possible(items)
            _remember(self._by_items, items, found)
        if self._sizes:
            found &= self._sizes.possible(number_in(value) if value is not None else None)
        if value is None or (isinstance(value, str) and len(value) <= _LONGEST_REMEMBERED):
            _remember(self._by_value, value, found)

        return found

    def _holding(self, value: str | float | bool) -> list[int]:
        """Return the conditions that hold, but for those by size."""
        items = [*self._any_value, *self._equal.get(value, ())]
        if self._patterns and isinstance(value, str):
            for place in self._search.found_in(value):
                items += self._items_of_pattern[place]

        return items


def _remember(answers: dict[_Key, int], key: _Key, found: int) -> None:
    if len(answers) >= _MOST_REMEMBERED:
        answers.clear()
    answers[key] = found
