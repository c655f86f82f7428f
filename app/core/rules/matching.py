"""
All rules of a bot, held against each event at once: the price grows with what matches, hardly with how many rules there are.

Rules are taken apart into clauses.  Each field of the event leaves some clauses possible (columns.py); what is possible by
all fields matches.  Conditions on attributes cost only events that have the attribute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Final

from app.core.events import BotEvent
from app.core.rules.clauses import Literal, clauses_of
from app.core.rules.columns import Column, Needs
from app.core.rules.evaluation import COLUMNS, matches
from app.core.rules.language import PREFIXES, Rule

__all__ = ["Matcher"]

_Literals = dict[int, list[Literal]]
"""Of one field: the conditions of each clause, by its bit."""

_Read = Callable[[BotEvent], str | float | bool | None]

_MOST_PRESENT: Final = 1000
_MOST_REMEMBERED: Final = 20_000
"""Names, of all answers together; a busy bot has the same answers again and again."""


class Matcher:
    """
    Named rules, compiled. To be made anew when a rule changes.

    A rule so entangled that its clauses would be too many is found by some of its conditions and then evaluated.
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._owners: list[str] = []
        self._doubtful: dict[str, Rule] = {}
        fields = self._take_apart(rules)
        self._every = (1 << len(self._owners)) - 1
        text = fields.pop("text", {})
        self._columns = [
            (_reader(field), self._column(fields[field])) for field in fields if not _is_attribute(field)
        ]
        self._text = self._column(text)
        self._attributes = self._columns_of(fields, "attributes.")
        self._user_attributes = self._columns_of(fields, "user_attributes.")
        self._presence = _presence(self._every, fields)
        self._present: dict[tuple[str, ...], int] = {}
        self._names: dict[int, list[str]] = {}
        self._remembered = 0

    def hits(self, event: BotEvent) -> list[str]:
        """Return the names of the rules that match *event*, in the order of the mapping."""
        possible = self._every
        for read, column in self._columns:
            possible &= column.possible(read(event))
        if possible and (self._attributes or self._user_attributes):
            possible &= self._possible_by_attributes(event)
        if possible & self._text.concerned:
            possible &= self._text.possible(event.text)
        if not possible:
            return []
        names = self._names_of(possible)
        if not self._doubtful:
            return names

        return [name for name in names if name not in self._doubtful or matches(self._doubtful[name], event)]

    def _take_apart(self, rules: Mapping[str, Rule]) -> dict[str, _Literals]:
        fields: defaultdict[str, _Literals] = defaultdict(dict)
        for name, rule in rules.items():
            clauses, is_exact = clauses_of(rule)
            if not is_exact:
                self._doubtful[name] = rule
            for clause in clauses:
                bit = 1 << len(self._owners)
                self._owners.append(name)
                for literal in clause:
                    fields[literal.condition.field].setdefault(bit, []).append(literal)

        return fields

    def _column(self, literals: _Literals) -> Column:
        return Column(self._every, literals)

    def _columns_of(self, fields: Mapping[str, _Literals], prefix: str) -> dict[str, tuple[str, Column]]:
        return {
            field.removeprefix(prefix): (field, self._column(literals))
            for field, literals in fields.items()
            if field.startswith(prefix)
        }

    def _possible_by_attributes(self, event: BotEvent) -> int:
        possible = self._every
        present: list[str] = []
        for columns, attributes in (
            (self._attributes, event.attributes),
            (self._user_attributes, event.user_attributes),
        ):
            for name, value in attributes.items() if columns else ():
                known = columns.get(name) if value else None
                if known:
                    field, column = known
                    present.append(field)
                    possible &= column.possible(value)

        return possible & self._possible_by_presence(tuple(present))

    def _possible_by_presence(self, present: tuple[str, ...]) -> int:
        """Return the clauses that do not need any attribute but those of these fields."""
        found = self._present.get(present)
        if found is None:
            found = self._presence.possible(present)
            if len(self._present) >= _MOST_PRESENT:
                self._present.clear()
            self._present[present] = found

        return found

    def _names_of(self, clauses: int) -> list[str]:
        found = self._names.get(clauses)
        if found is None:
            found = list(dict.fromkeys(self._owners[place] for place in _places(clauses)))
            self._remembered += len(found)
            if self._remembered > _MOST_REMEMBERED:
                self._names.clear()
                self._remembered = len(found)
            self._names[clauses] = found

        return found.copy()


def _places(clauses: int) -> Iterator[int]:
    """Yield the place of every bit, from the lowest."""
    digits = f"{clauses:b}"[::-1]
    place = digits.find("1")
    while place >= 0:
        yield place
        place = digits.find("1", place + 1)


def _is_attribute(field: str) -> bool:
    return field.startswith(PREFIXES)


def _reader(field: str) -> _Read:
    column = COLUMNS.get(field)

    return attrgetter(column) if column else _nothing


def _nothing(event: BotEvent) -> None:
    """Read a field that there is not, which has no value."""


def _presence(every: int, fields: Mapping[str, _Literals]) -> Needs:
    """Return which attributes have to be there for each clause: those of which it wants something to hold."""
    wanted: defaultdict[int, list[str]] = defaultdict(list)
    for field, literals in fields.items():
        for clause, ones in literals.items() if _is_attribute(field) else ():
            if any(one.is_wanted for one in ones):
                wanted[clause].append(field)
    presence = Needs(every)
    for clause, names in wanted.items():
        presence.add(clause, names, ())

    return presence
