"""JSON becomes a rule, or a fault that says where, what, and what to write instead."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given

from app.core.rules.language import Fault, Rule
from app.core.rules.reading import DEEPEST, MOST_CONDITIONS, check_rule, read_rule
from app.core.rules.schema import rule_schema
from tests.core.rules.strategies import rules

TEXT = {"field": "text", "value": "refund"}
VALIDATOR = jsonschema.Draft202012Validator(rule_schema())


def nested(levels: int) -> dict[str, Any]:
    node: dict[str, Any] = TEXT
    for _ in range(levels - 1):
        node = {"not": node}
    return node


def containing(*sizes: int) -> list[dict[str, Any]]:
    """Return conditions that look for texts of so many characters."""
    return [{"field": "text", "op": "contains", "value": "x" * size} for size in sizes]


@given(rule=rules())
def test_what_is_written_is_read(rule: Rule) -> None:
    """A sound rule comes back from JSON as it was; the JSON Schema allows it; no other rule is read."""
    fault = check_rule(rule)
    expected = fault or rule

    assert expected == read_rule(msgspec.json.encode(rule)) == read_rule(msgspec.to_builtins(rule))
    assert fault is None or "No event can ever match" in fault.message
    assert VALIDATOR.is_valid(msgspec.json.decode(msgspec.json.encode(rule)))


SHAPES = [
    pytest.param({}, "", "Nothing is asked", id="empty"),
    pytest.param({"all": []}, "all", "is empty", id="empty all"),
    pytest.param({"not": {"any": []}}, "not.any", "is empty", id="empty any, further down"),
    pytest.param({"all": [TEXT], "any": [TEXT]}, "any", "an object of its own", id="two groups"),
    pytest.param({"all": [{"any": [TEXT], "field": "text"}]}, "all[0].field", "an object of its own", id="group and field"),
    pytest.param({"all": [TEXT, {**TEXT, "colour": 1}]}, "all[1].colour", "'colour'", id="unknown member"),
    pytest.param({"all": TEXT}, "all", "got `object`", id="no list"),
    pytest.param({"all": [3]}, "all[0]", "Expected `object`", id="no object"),
    pytest.param({"value": "refund"}, "field", "The field is not named", id="no field"),
    pytest.param({"field": "mood", "value": "good"}, "field", "confidence", id="unknown field"),
    pytest.param({"field": "attributes.", "value": "good"}, "field", "attributes.NAME", id="attribute without a name"),
    pytest.param({"field": "text", "op": "like", "value": "x"}, "op", "starts_with", id="unknown op"),
    pytest.param({"field": "text", "op": "above", "value": 3}, "op", "contains", id="size of a text"),
    pytest.param({"field": "confidence", "op": "matches", "value": "3"}, "op", "at_least", id="pattern of a number"),
    pytest.param({"field": "kind", "op": "contains", "value": "te"}, "op", "is, in and exists", id="part of a choice"),
    pytest.param({"field": "text", "value": 3}, "value", "in quotes", id="text without quotes"),
    pytest.param({"field": "attributes.seats", "value": 3}, "value", "attributes are texts", id="attribute as number"),
    pytest.param({"field": "confidence", "op": "above", "value": "0.5"}, "value", "a number", id="number in quotes"),
    pytest.param({"field": "amount", "value": True}, "value", "a number", id="flag as number"),
    pytest.param({"field": "not_handled", "value": "true"}, "value", "true or false", id="text as flag"),
    pytest.param({"field": "text", "op": "exists", "value": True}, "value", "takes no value", id="value of exists"),
    pytest.param({"field": "text"}, "value", "in quotes", id="no value"),
    pytest.param({"field": "text", "value": ""}, "value", "`exists`", id="empty text"),
    pytest.param({"field": "intent", "op": "in", "value": []}, "value", "at least one", id="empty list"),
    pytest.param({"field": "intent", "op": "in", "value": "a"}, "value", "a list", id="list without brackets"),
    pytest.param({"field": "intent", "op": "in", "value": ["a", ""]}, "value", "`exists`", id="empty text in a list"),
    pytest.param({"field": "intent", "op": "in", "value": ["a"] * 1001}, "value", "1001 values", id="long list"),
    pytest.param({"field": "kind", "value": "photo"}, "value", "quick_reply", id="unknown kind"),
    pytest.param({"field": "direction", "op": "in", "value": ["in", "up"]}, "value", "in, none and out", id="unknown direction"),
    pytest.param({"field": "text", "op": "matches", "value": "a" * 1001}, "value", "1001 characters", id="long pattern"),
]  # fmt: skip
MEANINGS = [
    pytest.param({"field": "text", "op": "matches", "value": "("}, "value", "missing )", id="no pattern"),
    pytest.param({"not": {"field": "text", "op": "matches", "value": r"(?=x)"}}, "not.value", "(?=", id="pattern RE2 has not"),
    pytest.param({"field": "text", "op": "matches", "value": r"\pL{900}"}, "value", "too large", id="huge pattern"),
    pytest.param({"any": [TEXT, {"field": "text", "op": "matches", "value": "[ab]*a[ab]{1000}[ab]{500}z"}]}, "any[1].value", "1507 steps", id="large pattern"),
    pytest.param({"any": containing(1000, 1000, 1000, 1000, 981)}, "any[4].value", "With this on text the patterns of the rule have 5001 steps", id="large rule"),
    pytest.param({"field": "text", "value": "\ud800"}, "value", "surrogate", id="half a character"),
    pytest.param({"field": "amount", "op": "above", "value": float("inf")}, "value", "a number", id="infinite"),
    pytest.param(nested(DEEPEST + 1), "not." * 9 + "not", "at most 10 levels", id="too deep"),
    pytest.param({"any": [TEXT] * (MOST_CONDITIONS + 1)}, "any[100]", "at most 100 conditions", id="too many"),
    pytest.param({"all": [TEXT, {"not": TEXT}]}, "all[1].not", "No event can ever match", id="impossible"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "place", "words"), SHAPES + MEANINGS)
def test_faults_say_where_and_what(data: dict[str, Any], place: str, words: str) -> None:
    """The place leads to the member at fault; the message says what can stand there."""
    found = read_rule(data)

    assert isinstance(found, Fault)
    assert (place, True) == (found.place, words in found.message)


@pytest.mark.parametrize(("data", "place", "words"), SHAPES)
def test_schema_refuses_the_same_shapes(data: dict[str, Any], place: str, words: str) -> None:
    """What is wrong with the shape alone, the JSON Schema refuses, too."""
    assert not VALIDATOR.is_valid(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"{", "not JSON", id="no JSON"),
        pytest.param(b"[]", "Expected `object`", id="a list"),
        pytest.param(b'{"not":' * 100_000, "at most 10 levels", id="a tower"),
        pytest.param(b'{"field": "text", "value": "\xff"}', "not JSON", id="no UTF-8"),
    ],
)
def test_what_is_no_rule_at_all(data: bytes, words: str) -> None:
    """Bytes of any kind are answered."""
    found = read_rule(data)

    assert isinstance(found, Fault)
    assert words in found.message


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(nested(DEEPEST), id="deep"),
        pytest.param({"any": [TEXT] * MOST_CONDITIONS}, id="wide"),
        pytest.param({"field": "confidence", "op": "at_least", "value": 1}, id="whole number"),
        pytest.param({"field": "text", "op": "contains", "value": "(" * 1000}, id="long text"),
        pytest.param({"any": containing(1000, 1000, 1000, 1000, 980)}, id="many steps"),
        pytest.param({"field": "text", "op": "matches", "value": ".{187}"}, id="large pattern"),
        pytest.param({"field": "attributes.a.b c", "op": "below", "value": 1e300}, id="odd name"),
    ],
)
def test_what_just_fits(data: dict[str, Any]) -> None:
    """Limits are limits that can be reached."""
    assert isinstance(read_rule(json.dumps(data).encode()), Rule)
