"""All rules at once are found like one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import BotEvent
from app.core.rules.evaluation import matches
from app.core.rules.language import Rule
from app.core.rules.matching import Matcher
from app.core.rules.patterns import LONGEST_SEARCHED
from app.core.rules.text import read_text
from tests.core.rules.strategies import events, rules
from tests.events import event


@given(found=st.lists(rules(), max_size=12), seen=st.lists(events(), min_size=1, max_size=6))
def test_like_one_by_one(found: list[Rule], seen: list[BotEvent]) -> None:
    """Whatever the rules and whatever events came before, the names are those whose rule matches, in their order."""
    named = {f"rule-{number}": rule for number, rule in enumerate(found)}
    matcher = Matcher(named)

    assert [[name for name, rule in named.items() if matches(rule, one)] for one in seen * 2] == [
        matcher.hits(one) for one in seen * 2
    ]


@given(one=rules(max_leaves=60, least=3), seen=st.lists(events(), min_size=1, max_size=4))
def test_entangled_rules(one: Rule, seen: list[BotEvent]) -> None:
    """A rule with more alternatives than are written out is found all the same."""
    pairs = tuple(Rule(any=(one, Rule(field="intent", value=f"i{number}"))) for number in range(9))
    named = {
        "product": Rule(all=pairs),
        "contrary": Rule(not_=Rule(all=pairs)),
        "sum": Rule(any=(one, Rule(all=pairs))),
    }
    matcher = Matcher(named)

    assert [[name for name, rule in named.items() if matches(rule, each)] for each in seen] == [
        matcher.hits(each) for each in seen
    ]


def test_no_rules() -> None:
    """A bot without dashboards has no hits."""
    assert [] == Matcher({}).hits(event("e", text="refund"))


def test_answers_are_the_caller_s() -> None:
    """What a caller does to the list does not show in the next answer."""
    matcher = Matcher({"a": Rule(field="kind", value="text")})
    matcher.hits(event("e")).append("b")

    assert ["a"] == matcher.hits(event("e"))


def test_many_patterns() -> None:
    """Of 2,500 patterns, which are more than one search takes, each is found in its text, and only there."""
    matcher = Matcher(
        {str(n): Rule(field="text", op="matches", value=rf"order {n}\b|nr\.? {n}$") for n in range(2500)}
    )

    assert [[str(n)] for n in range(2500)] == [
        matcher.hits(event("e", text=f"Where is ORDER {n}?")) for n in range(2500)
    ]


def test_patterns_that_do_not_fit_together() -> None:
    """Where the words of the patterns are too many for RE2's memory, the search is split and finds all."""
    named = {
        f"{n:04}": Rule(field="text", op="matches", value=f"{n:04}[abcd][abcd]{'x' * 90}") for n in range(400)
    }
    matcher = Matcher(named)

    assert [[name] for name in named] == [
        matcher.hits(event("e", text=f"{name}CD{'X' * 90}")) for name in named
    ]


def test_catastrophic_patterns() -> None:
    """Patterns that take backtracking engines ages for this text are answered, by RE2, like any other."""
    patterns = ("(a+)+$", "(a|aa)+$", "(.*a){20}$", "(x+x+)+y")
    matcher = Matcher({pattern: Rule(field="text", op="matches", value=pattern) for pattern in patterns})

    assert [] == matcher.hits(event("e", text="a" * 4_000 + "b"))
    assert ["(a+)+$", "(a|aa)+$", "(.*a){20}$"] == matcher.hits(event("e", text="a" * 4_000))


@pytest.mark.parametrize(
    ("text", "before"),
    [
        pytest.param("text contains refund", LONGEST_SEARCHED - 6, id="contains"),
        pytest.param("text ~ refund", LONGEST_SEARCHED - 6, id="words"),
        pytest.param(r'text ~ "[r-t]\w{4}[c-e]"', LONGEST_SEARCHED - 6, id="no word to look for"),
        pytest.param("not text ~ refund$", LONGEST_SEARCHED - 7, id="the end is that of the part"),
    ],
)
def test_a_long_text_is_searched_in_part(text: str, before: int) -> None:
    """What lies wholly in the first characters is found, and nothing after them, by one rule as by all."""
    rule = read_text(text)
    assert isinstance(rule, Rule)
    seen = [
        event("e", text="\N{SLICE OF PIZZA}" * count + "refund" + "!" * 300_000)
        for count in (before, before + 1)
    ]

    assert [["r"], []] == [Matcher({"r": rule}).hits(one) for one in seen]
    assert [True, False] == [matches(rule, one) for one in seen]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        pytest.param({"user_attributes": {"plan": "pro"}}, ["user", "not event"], id="of the user"),
        pytest.param({"attributes": {"plan": "pro"}}, ["event"], id="of the event"),
        pytest.param({"attributes": {"plan": ""}}, ["not event"], id="empty"),
    ],
)
def test_attributes_of_event_and_user(fields: dict[str, Any], found: list[str]) -> None:
    """The same name means another attribute with the user than with the event."""
    named = {
        "event": Rule(field="attributes.plan", value="pro"),
        "user": Rule(field="user_attributes.plan", value="pro"),
        "not event": Rule(not_=Rule(field="attributes.plan", value="pro")),
    }

    assert found == Matcher(named).hits(event("e", **fields))


def test_what_is_remembered_is_bounded() -> None:
    """More values, attributes and outcomes than are remembered change no answer."""
    named = {f"{n}": Rule(field="attributes.size", op="above", value=float(n)) for n in range(40)}
    named |= {f"i{n}": Rule(field="intent", value=f"intent {n}") for n in range(3000)}
    matcher = Matcher(named)

    for n in range(3000):
        expected = [f"{m}" for m in range(40) if m < n % 50] + [f"i{n}"]
        assert expected == matcher.hits(event("e", intent=f"intent {n}", attributes={"size": str(n % 50)}))


def test_a_rule_that_reading_refuses_matches_nothing() -> None:
    """Of an older version's rule that makes no sense any more no condition holds, and the others go on."""
    named = {
        "pattern": Rule(field="text", op="matches", value="("),
        "field": Rule(field="mood", value="good"),
        "value": Rule(field="amount", op="above", value="x"),
        "fine": Rule(field="text", value="("),
    }
    seen = event("e", text="(", amount=1.0)

    assert (
        ["fine"] == Matcher(named).hits(seen) == [name for name, rule in named.items() if matches(rule, seen)]
    )
