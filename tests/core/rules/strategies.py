"""Random rules and events that have something to do with each other: few values, so that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from app.core.events import BotEvent
from app.core.rules.language import PREFIXES, SIZES, Rule
from app.core.rules.patterns import LONGEST_SEARCHED, PATTERN_OPS
from tests.events import event

__all__ = ["conditions", "events", "rules"]

LONG = f"{'x' * (LONGEST_SEARCHED - 3)}refund"
"""Of which patterns see the half of a word."""

WORDS = (
    "refund",
    "Refund",
    "money back",
    "I want my MONEY back!",
    "plan",
    "1",
    "1.0",
    "7.5",
    "-3",
    "ß",
    "é",
    "a\nb",
    "x" * 50,
)
PATTERNS = (
    "refund|money back",
    "^i want",
    r"back!?$",
    r"\d",
    r"\bmy\b",
    "a.b",
    r"[a-z]+",
    "m.*y",
    "É",
    "(a+)+$",
    r"^\S+$",
)
KINDS = ("text", "image", "delivery", "custom")
DIRECTIONS = ("in", "out", "none")
NUMBERS = (-3.0, 0.0, 0.5, 0.9, 1.0, 7.5)
TEXTS = ("text", "intent", "event", "locale", "platform")
ATTRIBUTES = tuple(f"{prefix}{name}" for prefix in PREFIXES for name in ("plan", "a b", "x.y"))

words = st.sampled_from(WORDS)
numbers = st.sampled_from(NUMBERS)


def _lists(of: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(of, min_size=1, max_size=3).map(tuple)


def _choice(field: str, values: tuple[str, ...]) -> st.SearchStrategy[Rule]:
    return st.builds(Rule, field=st.just(field), value=st.sampled_from(values)) | st.builds(
        Rule, field=st.just(field), op=st.just("in"), value=_lists(st.sampled_from(values))
    )


def _texts(fields: tuple[str, ...], values: st.SearchStrategy[str]) -> st.SearchStrategy[Rule]:
    field = st.sampled_from(fields)
    return (
        st.builds(Rule, field=field, value=values)
        | st.builds(Rule, field=field, op=st.just("in"), value=_lists(values))
        | st.builds(Rule, field=field, op=st.sampled_from(PATTERN_OPS[:2]), value=values)
        | st.builds(Rule, field=field, op=st.just("matches"), value=st.sampled_from(PATTERNS))
    )


def _sizes(fields: tuple[str, ...]) -> st.SearchStrategy[Rule]:
    return st.builds(Rule, field=st.sampled_from(fields), op=st.sampled_from(SIZES), value=numbers)


def conditions(values: st.SearchStrategy[str] = words) -> st.SearchStrategy[Rule]:
    """Return every kind of condition on every kind of field, texts taken from *values*."""
    named = ("kind", "confidence", "not_handled", *TEXTS, *ATTRIBUTES)
    return st.one_of(
        _choice("kind", KINDS),
        _choice("direction", DIRECTIONS),
        _texts(TEXTS, values),
        _texts(ATTRIBUTES, values),
        _sizes(ATTRIBUTES),
        _sizes(("confidence", "amount")),
        st.builds(Rule, field=st.sampled_from(("confidence", "amount")), value=numbers),
        st.builds(Rule, field=st.just("not_handled"), value=st.booleans()),
        st.builds(Rule, field=st.sampled_from(named), op=st.just("exists")),
    )


def rules(
    leaves: st.SearchStrategy[Rule] | None = None, max_leaves: int = 8, least: int = 1
) -> st.SearchStrategy[Rule]:
    """Return trees of conditions."""

    def grown(parts: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
        several = st.lists(parts, min_size=least, max_size=4).map(tuple)
        return st.builds(Rule, all=several) | st.builds(Rule, any=several) | st.builds(Rule, not_=parts)

    return st.recursive(conditions() if leaves is None else leaves, grown, max_leaves=max_leaves)


def events() -> st.SearchStrategy[BotEvent]:
    """Return events that lack some fields and have others."""
    maybe = st.sampled_from(("", LONG)) | words
    attributes = st.dictionaries(st.sampled_from(("plan", "a b", "x.y", "other")), maybe, max_size=3)
    fields: dict[str, st.SearchStrategy[Any]] = {
        "kind": st.sampled_from(KINDS),
        "direction": st.sampled_from(DIRECTIONS),
        "platform": words,
        "text": maybe,
        "intent": maybe,
        "event_name": maybe,
        "locale": maybe,
        "intent_confidence": st.none() | numbers,
        "amount": st.none() | numbers,
        "not_handled": st.booleans(),
        "attributes": attributes,
        "user_attributes": attributes,
    }
    return st.fixed_dictionaries(fields).map(lambda given: event("e", **given))
