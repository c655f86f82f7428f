"""
The short text form of a rule, read: `direction = in and not (text ~ "refund|money back" or intent in (refund, other))`.

    rule      = every {"or" every}
    every     = single {"and" single}
    single    = "not" single | "(" rule ")" | condition
    condition = field ("=" | "!=" | "~" | "<" | "<=" | ">" | ">=" | "contains" | "starts" "with") value
              | field ["not"] "in" "(" value {"," value} ")" | field "exists"

A value is a word or stands in double quotes; so may the name of an attribute: `attributes."first name" = Ada`.
"""

from __future__ import annotations

import re
from typing import Final, cast

from app.core.rules.clauses import part_places
from app.core.rules.language import FIELDS, PREFIXES, SIZES, Fault, Op, Rule, Sort, parts_of, sort_of
from app.core.rules.reading import check_rule
from app.core.rules.tokens import Token, Unexpected, expected, tokens_of, unquoted
from app.core.rules.writing import RESERVED, SIGNS

__all__ = ["parse_text", "read_text"]

_DEEPEST: Final = 50
_OPS: Final = {sign: cast("Op", op) for op, sign in SIGNS.items()}
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_FIELDS: Final = f"{', '.join(FIELDS)}, {' or '.join(f'{prefix}NAME' for prefix in PREFIXES)}"


def read_text(text: str) -> Rule | Fault:
    """Return the rule that *text* spells, checked as `read_rule` does; faults say at which character."""
    found = parse_text(text)
    if isinstance(found, Fault):
        return found
    rule, starts = found
    fault = check_rule(rule)

    return Fault(fault.message, fault.place, _start_of(fault.place, rule, starts)) if fault else rule


def parse_text(text: str) -> tuple[Rule, list[int]] | Fault:
    """Return the rule that *text* spells, whatever it asks for, and where each of its conditions begins."""
    try:
        parser = _Parser(tokens_of(text))
        return parser.parse(), parser.starts
    except Unexpected as error:
        return error.fault


def _start_of(place: str, rule: Rule, starts: list[int]) -> int:
    """Return where the condition begins that *place* is about; conditions come in the same order in both forms."""
    for start, condition in zip(starts, _condition_places(rule, ""), strict=True):
        if condition.startswith(place) or place.startswith(condition):
            return start

    return 0


def _condition_places(rule: Rule, place: str) -> list[str]:
    parts = parts_of(rule)
    if not parts:
        return [place]
    places = zip(part_places(rule, place), parts, strict=True)

    return [found for at, part in places for found in _condition_places(part, at)]


class _Parser:
    """Goes through the tokens once."""

    def __init__(self, tokens: list[Token]) -> None:
        self.starts: list[int] = []
        self._tokens = iter(tokens)
        self._next = next(self._tokens)
        self._depth = 0

    def parse(self) -> Rule:
        rule = self._rule()
        if self._next.kind != "end":
            raise expected("`and`, `or` or the end", self._next)

        return rule

    def _rule(self) -> Rule:
        parts = [self._every()]
        while self._takes("or"):
            parts.append(self._every())

        return Rule(any=tuple(parts)) if len(parts) > 1 else parts[0]

    def _every(self) -> Rule:
        parts = [self._single()]
        while self._takes("and"):
            parts.append(self._single())

        return Rule(all=tuple(parts)) if len(parts) > 1 else parts[0]

    def _single(self) -> Rule:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise expected(f"no more than {_DEEPEST} levels of parentheses and `not`", self._next)
        if self._takes("not"):
            rule = Rule(not_=self._single())
        elif self._takes("("):
            rule = self._rule()
            self._expect(")")
        else:
            rule = self._condition()
        self._depth -= 1

        return rule

    def _condition(self) -> Rule:
        self.starts.append(self._next.at)
        field = self._field()
        if self._takes("exists"):
            return Rule(field=field, op="exists")
        if self._takes("!="):
            return Rule(not_=Rule(field=field, value=self._value(field, "is")))
        if self._takes("not"):
            self._expect("in")
            return Rule(not_=Rule(field=field, op="in", value=self._list(field)))
        if self._takes("in"):
            return Rule(field=field, op="in", value=self._list(field))
        op = self._op()

        return Rule(field=field, op=op, value=self._value(field, op))

    def _field(self) -> str:
        token = self._next
        if token.kind != "word" or token.says("and") or token.says("or"):
            raise expected("a field such as text, `not` or `(`", token)
        group, dot, name = token.text.partition(".")
        field = group + dot + (unquoted(name) if name.startswith('"') else name)
        if sort_of(field) is None:
            raise expected(f"a field ({_FIELDS})", token)
        self._step()

        return field

    def _op(self) -> Op:
        for sign, op in _OPS.items():
            first, *others = sign.split()
            if self._takes(first):
                for word in others:
                    self._expect(word)
                return op

        raise expected(f"one of {', '.join(_OPS)}, !=, in, not in, exists", self._next)

    def _list(self, field: str) -> tuple[str, ...]:
        self._expect("(")
        values = [str(self._value(field, "in"))]
        while self._takes(","):
            values.append(str(self._value(field, "in")))
        self._expect(")")

        return tuple(values)

    def _value(self, field: str, op: Op) -> str | float | bool:
        token = self._next
        sort = sort_of(field)
        if op in SIZES or (sort is Sort.NUMBER and op == "is"):
            value: str | float | bool = _number(token)
        elif sort is Sort.FLAG and op == "is":
            value = _flag(token)
        else:
            value = _text(token)
        self._step()

        return value

    def _takes(self, word: str) -> bool:
        """Step over *word* if it comes next."""
        found = self._next.says(word)
        if found:
            self._step()

        return found

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise expected(f"`{word}`", self._next)

    def _step(self) -> None:
        self._next = next(self._tokens, self._next)


def _number(token: Token) -> float:
    if token.kind != "word" or not _NUMBER.fullmatch(token.text):
        raise expected("a number such as 0.5", token)

    return float(token.text)


def _flag(token: Token) -> bool:
    if not (token.says("true") or token.says("false")):
        raise expected("true or false", token)

    return token.says("true")


def _text(token: Token) -> str:
    if token.kind == "quoted":
        return unquoted(token.text)
    if token.kind != "word" or token.text.lower() in RESERVED:
        raise expected('a value: a word, or anything in double quotes such as "money back"', token)

    return token.text
