"""What a rule means, condition by condition."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.rules.evaluation import matches
from app.core.rules.language import Rule
from app.core.rules.text import read_text
from tests.events import event

EVENT: dict[str, Any] = {
    "kind": "text",
    "direction": "in",
    "platform": "facebook",
    "text": "I want my MONEY back.\nNow!",
    "intent": "refund",
    "intent_confidence": 0.5,
    "event_name": "Level Up",
    "locale": "en_GB",
    "amount": 9.5,
    "attributes": {"plan": "Free", "seats": "5.0", "empty": "", "long": "5 seats", "huge": "1e999"},
    "user_attributes": {"plan": "pro"},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("kind = text and direction = in and platform = facebook", True, id="equality"),
        pytest.param("intent = Refund", False, id="equality minds case"),
        pytest.param("intent in (order, refund)", True, id="in a list"),
        pytest.param("intent in (order, REFUND)", False, id="lists mind case"),
        pytest.param("event = Level", False, id="equality is of the whole"),
        pytest.param('text contains "money BACK"', True, id="contains ignores case"),
        pytest.param('text contains "back."', True, id="contains takes signs as they are"),
        pytest.param('text contains "back.n"', False, id="a dot is a dot"),
        pytest.param('text starts with "i WANT"', True, id="starts with ignores case"),
        pytest.param("text starts with want", False, id="starts with starts at the start"),
        pytest.param("text ~ mon[aeiou]y", True, id="pattern anywhere, ignoring case"),
        pytest.param('text ~ "(?-i)money"', False, id="pattern that minds case"),
        pytest.param('text ~ "^now"', False, id="^ is the start of all"),
        pytest.param('text ~ "(?m)^now"', True, id="start of a line"),
        pytest.param('text ~ "back..now"', False, id="a dot is no line end"),
        pytest.param("confidence = 0.5 and confidence <= 0.5 and confidence >= 0.5", True, id="at the edge"),
        pytest.param("confidence < 0.5 or confidence > 0.5", False, id="beyond the edge"),
        pytest.param("amount > 9 and amount < 10", True, id="between"),
        pytest.param("not_handled = false", True, id="flag"),
        pytest.param("attributes.plan = Free and user_attributes.plan = pro", True, id="attributes"),
        pytest.param("attributes.seats > 4 and attributes.seats <= 5", True, id="attribute as number"),
        pytest.param("attributes.seats = 5", False, id="equality compares texts"),
        pytest.param("attributes.long > 4 or attributes.long <= 4", False, id="not a number as a whole"),
        pytest.param("attributes.huge > 1e300", True, id="larger than numbers go"),
        pytest.param("locale exists and attributes.plan exists", True, id="exists"),
        pytest.param("attributes.empty exists or attributes.gone exists", False, id="empty is missing"),
        pytest.param("attributes.gone = x or attributes.gone < 3 or attributes.gone ~ x", False, id="missing is nothing"),
        pytest.param("attributes.gone != x and not attributes.gone < 3", True, id="missing is not anything"),
    ],
)  # fmt: skip
def test_conditions(text: str, expected: bool) -> None:
    """Each form holds, or does not, of the one event."""
    rule = read_text(text)

    assert isinstance(rule, Rule)
    assert expected == matches(rule, event("e", **EVENT))


@pytest.mark.parametrize("op", ["above", "at_least", "below", "at_most", "is", "exists"])
def test_no_confidence_is_no_number(op: Any) -> None:
    """Without a confidence nothing is true of it, so the contrary of everything is."""
    condition = Rule(field="confidence", op=op, value=None if op == "exists" else 0.0)

    assert (False, True) == (matches(condition, event("e")), matches(Rule(not_=condition), event("e")))


@given(
    text=st.text(alphabet="ab.*\\\n(É ", max_size=12),
    part=st.text(alphabet="ab.*\\\n(É ", min_size=1, max_size=4),
)
def test_contains_and_starts_with_are_those_of_texts(text: str, part: str) -> None:
    """No character of what is looked for has a meaning of its own."""
    seen = event("e", text=text)
    contains = Rule(field="text", op="contains", value=part)
    starts = Rule(field="text", op="starts_with", value=part)

    assert (part.lower() in text.lower()) == matches(contains, seen)
    assert text.lower().startswith(part.lower()) == matches(starts, seen)


@given(
    text=st.text(alphabet="abc \n", max_size=12),
    pattern=st.sampled_from(["a+b", "^a.c", "b$", "(ab|c)c", "[^a]", r"\bb"]),
)
def test_patterns_are_the_usual_ones(text: str, pattern: str) -> None:
    """Common patterns find what Python's own do, but that `$` is the very end."""
    own = pattern.replace("$", r"\Z")

    assert (re.search(own, text, re.IGNORECASE) is not None) == matches(
        Rule(field="text", op="matches", value=pattern), event("e", text=text)
    )


def test_half_a_surrogate_pair_is_text() -> None:
    """Text that is no proper Unicode is searched like any other."""
    assert matches(Rule(field="text", op="contains", value="refund"), event("e", text="\ud800 refund"))
