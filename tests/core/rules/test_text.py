"""The text form: what is written is read back, and errors say where and what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.rules.language import Fault, Rule
from app.core.rules.reading import read_rule
from app.core.rules.text import parse_text, read_text
from app.core.rules.writing import write_rule
from tests.core.rules.strategies import conditions, rules

ODD = st.text(min_size=1) | st.sampled_from(
    ["and", "OR", "in", '"', "\\", '\\"', "a\\", "\\\\d", "'", "a,b", "(", "true", "5"]
)


def without_shells(rule: Rule) -> Rule:
    """Take away every `all` and `any` of one part, which text has no way to write."""
    if rule.not_ is not None:
        return Rule(not_=without_shells(rule.not_))
    parts = tuple(without_shells(part) for part in rule.all or rule.any or ())
    if len(parts) == 1:
        return parts[0]
    if rule.all:
        return Rule(all=parts)

    return Rule(any=parts) if rule.any else rule


def named(condition: Rule, name: str) -> Rule:
    """Return *condition*, about the attribute *name* if it is about one."""
    group, dot, _ = condition.field.partition(".")
    return Rule(field=f"{group}{dot}{name if dot else ''}", op=condition.op, value=condition.value)


@given(rule=rules(st.builds(named, conditions(ODD), ODD)))
def test_what_is_written_is_read(rule: Rule) -> None:
    """Any rule, with anything as values and names of attributes, comes back as it was."""
    found = parse_text(write_rule(rule))

    assert not isinstance(found, Fault)
    assert without_shells(rule) == found[0]


@given(text=st.text(alphabet=st.sampled_from(list("ab.=!<>~(),\"\\' \n05")) | st.characters(), max_size=60))
def test_any_text_is_answered(text: str) -> None:
    """Whatever is typed gives a rule or a fault at one of its characters, never an exception."""
    found = read_text(text)

    assert isinstance(found, Rule) or (found.at is not None and 0 <= found.at <= len(text))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("kind = text", Rule(field="kind", value="text"), id="equality"),
        pytest.param("NOT kind=text", Rule(not_=Rule(field="kind", value="text")), id="keywords in any case"),
        pytest.param("kind != text", Rule(not_=Rule(field="kind", value="text")), id="unequal"),
        pytest.param("intent in (a, b)", Rule(field="intent", op="in", value=("a", "b")), id="list"),
        pytest.param(
            "intent not in (a)", Rule(not_=Rule(field="intent", op="in", value=("a",))), id="not in a list"
        ),
        pytest.param(
            r'text ~ "\d{4}"', Rule(field="text", op="matches", value=r"\d{4}"), id="pattern as it is"
        ),
        pytest.param(r'text = "say \"hi\" \\"', Rule(field="text", value='say "hi" \\'), id="escapes"),
        pytest.param("text starts with hi", Rule(field="text", op="starts_with", value="hi"), id="two words"),
        pytest.param("text contains 5", Rule(field="text", op="contains", value="5"), id="digits as text"),
        pytest.param("amount >= -1.5e2", Rule(field="amount", op="at_least", value=-150.0), id="number"),
        pytest.param("not_handled = true", Rule(field="not_handled", value=True), id="flag"),
        pytest.param("attributes.x exists", Rule(field="attributes.x", op="exists"), id="exists"),
        pytest.param(
            'user_attributes."first name" = Ada',
            Rule(field="user_attributes.first name", value="Ada"),
            id="name in quotes",
        ),
        pytest.param(
            "kind = text or kind = image and not direction = in",
            Rule(
                any=(
                    Rule(field="kind", value="text"),
                    Rule(
                        all=(
                            Rule(field="kind", value="image"),
                            Rule(not_=Rule(field="direction", value="in")),
                        )
                    ),
                )
            ),
            id="and before or",
        ),
        pytest.param(
            "(kind = text or kind = image) and locale exists",
            Rule(
                all=(
                    Rule(any=(Rule(field="kind", value="text"), Rule(field="kind", value="image"))),
                    Rule(field="locale", op="exists"),
                )
            ),
            id="parentheses",
        ),
    ],
)
def test_reading(text: str, rule: Rule) -> None:
    """Each form means the rule beside it."""
    assert rule == read_text(text)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        pytest.param(Rule(not_=Rule(field="intent", value="a b")), 'intent != "a b"', id="unequal"),
        pytest.param(
            Rule(not_=Rule(field="text", op="matches", value=r"a\.b")),
            r'not text ~ "a\.b"',
            id="not a pattern",
        ),
        pytest.param(Rule(field="confidence", op="below", value=0.5), "confidence < 0.5", id="number"),
        pytest.param(Rule(all=(Rule(any=(Rule(field="amount", value=3.0),)),)), "amount = 3", id="shells"),
    ],
)
def test_writing(rule: Rule, text: str) -> None:
    """The shortest form is taken."""
    assert text == write_rule(rule)


def test_the_page_is_true() -> None:
    """The two forms at the top of docs/rules.md are one rule, and every line of its table can be read."""
    page = (Path(__file__).parents[3] / "docs" / "rules.md").read_text("utf-8")
    [text] = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    [data] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    lines = re.findall(
        r"^\| (?:`\w|in `not`)[^|]*\| (`[^\n]*`) \| ", page.partition("## Conditions")[2], re.MULTILINE
    )
    forms = [form for line in lines for form in re.findall("`(.*?)`", line.replace("\\|", "|"))]

    assert read_text(text) == read_rule(data.encode())
    assert 12 == len(forms)
    assert all(isinstance(read_text(form), Rule) for form in forms)


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        pytest.param("", 0, "a field", id="nothing"),
        pytest.param("mood = good", 0, "user_attributes.NAME", id="unknown field"),
        pytest.param("kind text", 5, "one of =", id="no sign"),
        pytest.param("kind = ", 7, "a value", id="no value"),
        pytest.param("text = and kind = text", 7, "a value", id="a value forgotten"),
        pytest.param("kind = text kind = image", 12, "`and`, `or` or the end", id="no and"),
        pytest.param("(kind = text", 12, "`)`", id="left open"),
        pytest.param("kind = text)", 11, "`and`, `or` or the end", id="closed twice"),
        pytest.param("intent in a", 10, "`(`", id="list without parentheses"),
        pytest.param("text starts hi", 12, "`with`", id="starts without with"),
        pytest.param("confidence > high", 13, "a number", id="no number"),
        pytest.param('amount = "3"', 9, "a number", id="number in quotes"),
        pytest.param("not_handled = yes", 14, "true or false", id="no flag"),
        pytest.param('text ~ "refund', 7, "a closing quote", id="quote left open"),
        pytest.param("text = 'refund'", 7, "double quotes", id="single quotes"),
        pytest.param("(" * 5000, 50, "no more than 50 levels", id="too deep"),
    ],
)
def test_errors_say_where_and_what(text: str, at: int, expected: str) -> None:
    """A fault names the character, what was expected there and what is there."""
    found = read_text(text)

    assert isinstance(found, Fault)
    assert (at, True) == (found.at, f"Character {at + 1}: expected" in found.message)
    assert expected in found.message


@pytest.mark.parametrize(
    ("text", "at", "place"),
    [
        pytest.param('kind = text and text ~ "("', 16, "all[1].value", id="pattern"),
        pytest.param("kind = text or (not kind = photo)", 20, "any[1].not.value", id="kind"),
        pytest.param("locale exists and direction > 3", 18, "all[1].op", id="op"),
    ],
)
def test_what_is_wrong_with_a_condition_is_said_where_it_begins(text: str, at: int, place: str) -> None:
    """Faults that only the rule as a whole shows lead back to the text, too."""
    found = read_text(text)

    assert isinstance(found, Fault)
    assert (at, place) == (found.at, found.place)
