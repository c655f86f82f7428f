"""What is called impossible is, by trying all there is to try."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import BotEvent
from app.core.rules.contradictions import contradiction_in
from app.core.rules.evaluation import matches
from app.core.rules.language import SIZES, Fault, Rule
from app.core.rules.patterns import PATTERN_OPS
from app.core.rules.reading import check_rule
from app.core.rules.text import read_text
from tests.core.rules.strategies import rules
from tests.events import event

DIRECTIONS = ("in", "out", "none")
NUMBERS = (0.2, 0.5, 0.8)
GRID = (None, 0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 0.9)
"""The numbers that conditions name, some between and around, and none"""

NAMES = ("refund", "plan")
WORDS = ("refund", "Refund", "plan", "0.2", "0.20", "0.3", "0.8", "1")


def condition(field: str, op: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[Rule]:
    return st.builds(Rule, field=st.just(field), op=st.just(op), value=values)


def listed(values: tuple[str, ...]) -> st.SearchStrategy[object]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2).map(tuple)


PLAIN = st.one_of(
    condition("direction", "is", st.sampled_from(DIRECTIONS)),
    condition("direction", "in", listed(DIRECTIONS)),
    condition("not_handled", "is", st.booleans()),
    condition("intent", "is", st.sampled_from(NAMES)),
    condition("intent", "in", listed(NAMES)),
    condition("intent", "exists", st.none()),
    condition("confidence", "is", st.sampled_from(NUMBERS)),
    condition("confidence", "exists", st.none()),
    *(condition("confidence", op, st.sampled_from(NUMBERS)) for op in SIZES),
)
ATTRIBUTE = st.one_of(
    condition("attributes.plan", "is", st.sampled_from(WORDS)),
    condition("attributes.plan", "in", listed(WORDS)),
    condition("attributes.plan", "exists", st.none()),
    *(condition("attributes.plan", op, st.sampled_from(("refund", "plan", "2"))) for op in PATTERN_OPS),
    *(condition("attributes.plan", op, st.sampled_from(NUMBERS)) for op in SIZES),
)
PLAIN_EVENTS = [
    event("e", direction=direction, not_handled=not_handled, intent=intent, intent_confidence=confidence)
    for direction, not_handled, intent, confidence in itertools.product(
        DIRECTIONS, (True, False), ("", "other", *NAMES), GRID
    )
]
ATTRIBUTE_EVENTS = [event("e", attributes={"plan": word} if word else {}) for word in ("", "other", *WORDS)]


def is_matched(rule: Rule, among: list[BotEvent]) -> bool:
    return any(matches(rule, one) for one in among)


@given(rule=rules(PLAIN))
def test_plain_conditions(rule: Rule) -> None:
    """Equality, lists, sizes and existence, joined in any way: impossible is exactly what no event matches."""
    assert is_matched(rule, PLAIN_EVENTS) == (contradiction_in(rule) is None)


@given(rule=rules(ATTRIBUTE))
def test_patterns_and_numbers_in_texts(rule: Rule) -> None:
    """With patterns and numbers that are texts, nothing is called impossible that some event matches."""
    assert contradiction_in(rule) is None or not is_matched(rule, ATTRIBUTE_EVENTS)


@given(rule=rules(), seen=st.data())
def test_any_rule(rule: Rule, seen: st.DataObject) -> None:
    """Only a rule that no alternative makes possible is refused: with an `or` that can match, it can."""
    possible = Rule(any=(rule, Rule(field="text", op="exists")))

    assert contradiction_in(possible) is None


@pytest.mark.parametrize(
    ("text", "excluding"),
    [
        pytest.param(
            "direction = in and direction = out", "`direction = in` and `direction = out`", id="two values"
        ),
        pytest.param(
            "confidence > 0.8 and text ~ x and confidence < 0.2",
            "`confidence > 0.8` and `confidence < 0.2`",
            id="above and below",
        ),
        pytest.param(
            "kind = delivery and kind in (text, image)", "`kind in (text, image)`", id="not in the list"
        ),
        pytest.param(
            "not direction in (in, out, none)",
            "`direction not in (in, out, none)` is never true",
            id="no choice left",
        ),
        pytest.param("not kind exists", "`not kind exists` is never true", id="always there"),
        pytest.param(
            "intent = refund and not intent exists", "`not intent exists`", id="there and not there"
        ),
        pytest.param("intent = refund and intent ~ ^order", "`intent ~ ", id="equality and pattern"),
        pytest.param(
            "text ~ refund and not text ~ refund", "`not text ~ refund`", id="a pattern and its contrary"
        ),
        pytest.param("amount >= 3 and amount <= 3 and amount != 3", "`amount != 3`", id="a hole"),
        pytest.param(
            "attributes.seats = five and attributes.seats > 3", "`attributes.seats = five`", id="no number"
        ),
        pytest.param(
            "not (direction = in or direction != in)", "exclude each other", id="contrary of everything"
        ),
    ],
)
def test_refusals_say_what_excludes_each_other(text: str, excluding: str) -> None:
    """The conditions at fault are named, in the text form, and only those."""
    found = read_text(text)

    assert isinstance(found, Fault)
    assert excluding in found.message
    assert "text ~ x" not in found.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("direction = in or direction = out", id="one or the other"),
        pytest.param("not confidence > 0.8 and not confidence < 0.9", id="no confidence at all"),
        pytest.param("attributes.a = x and user_attributes.a = y", id="of event and user"),
        pytest.param("intent != a and intent != b", id="another still"),
        pytest.param(
            "attributes.n >= 3 and attributes.n <= 3 and attributes.n != 3", id="3 is also written 3.0"
        ),
        pytest.param("amount >= 3 and amount <= 3", id="exactly one number"),
        pytest.param("(direction = in and direction = out) or kind = text", id="one alternative is enough"),
    ],
)
def test_what_can_match_is_taken(text: str) -> None:
    """These look like contradictions and are none."""
    found = read_text(text)

    assert isinstance(found, Rule)
    assert check_rule(found) is None
