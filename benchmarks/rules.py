"""
How long an event takes with 10 and with 1,000 rules on its bot, for several kinds of rules; CPU time of one core.

    python -m benchmarks.rules [--json]

Both are taken in turns within one run.  The 10 are the first of the 1,000, so that hits grow with the rules.  The second ratio
is that of the whole time an event takes in the stage, normalise and rules together.  Then: the time from rule change to effect.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import time
from collections.abc import Callable

from app.core.events import BotEvent
from app.core.rules.evaluation import matches
from app.core.rules.language import Fault, Rule
from app.core.rules.matching import Matcher
from app.core.rules.text import read_text
from benchmarks.effect import measure_effect, print_effect
from benchmarks.normalise import measure_normalise
from benchmarks.report import machine, table

FEW, MANY = 10, 1000
EVENTS = 4000
ROUNDS = 7
COMMON = [
    "the", "a", "i", "my", "is", "it", "to", "you", "and", "what", "where",
    "when", "can", "please", "how", "not", "do", "want", "have", "need", "your", "hello", "thanks",
]  # fmt: skip
ATTRIBUTES = ("plan", "country", "campaign", "device", "shop", "version", "segment", "source")
CONSONANTS, VOWELS = "bcdfghjklmnprstvwz", "aeiou"

_random = random.Random(1)
_Made = Callable[[int], str]


def _word() -> str:
    syllables = _random.randint(2, 4)
    return "".join(
        _random.choice(CONSONANTS) + _random.choice(VOWELS) + _random.choice(("", "n", "r", "s"))
        for _ in range(syllables)
    )


VOCABULARY = [_word() for _ in range(5000)]
_RANKS = list(itertools.accumulate(1 / (rank + 5) for rank in range(len(VOCABULARY))))


def _text() -> str:
    """Return a message: half small words, half words as frequent as words of a language are."""
    count = _random.randint(1, 20)
    rare = _random.choices(VOCABULARY, cum_weights=_RANKS, k=count)
    words = [_random.choice(COMMON) if _random.random() < 0.5 else word for word in rare]

    return " ".join(words).capitalize() + _random.choice((".", "?", "!", ""))


def _event(number: int) -> BotEvent:
    is_incoming = _random.random() < 0.5
    return BotEvent(
        event_id=f"e{number}",
        bot_id="bot-1",
        user_id=f"u{number % 500}",
        at=number,
        received_at=number,
        kind=_random.choice(("text", "text", "text", "quick_reply", "image", "delivery", "read")),
        direction="in" if is_incoming else "out",
        platform=_random.choice(("facebook", "slack", "web")),
        text=_text(),
        intent=f"intent_{_random.randint(0, 1999)}" if is_incoming else "",
        intent_confidence=round(_random.random(), 4) if is_incoming else None,
        locale=_random.choice(("en_GB", "de_DE", "")),
        attributes={name: f"{name}-{_random.randint(0, 300)}" for name in _random.sample(ATTRIBUTES, 3)},
        user_attributes={"age": str(_random.randint(10, 90))},
    )


def _pattern(number: int) -> str:
    one, two, three = (_random.choice(VOCABULARY) for _ in range(3))
    shapes = (
        f"{one}|{two} {three}",
        rf"\b{one}\b",
        f"{one}.*{two}",
        rf"\b({one}|{two}|{three})s?\b",
        rf"^{one} \w+ {two}",
        rf"{one}(ed|ing)? (my|your) {two}",
        rf"{one}\s+\d{{3,}}",
    )

    return f'text ~ "{shapes[number % len(shapes)]}"'


def _intent(number: int) -> str:
    other = _random.randint(0, 1999)

    return f"intent in (intent_{number}, intent_{other})" if number % 4 == 0 else f"intent = intent_{number}"


def _attribute(number: int) -> str:
    name = ATTRIBUTES[number % len(ATTRIBUTES)]

    return f"attributes.{name} = {name}-{number % 301} and direction = in"


def _name(number: int) -> str:
    return f"attributes.flag_{number} exists or attributes.plan = plan-{number}"


def _span(number: int) -> str:
    low = _random.random()

    return (
        f"confidence >= {low:.4f} and confidence < {low + 0.002:.4f} and user_attributes.age > {number % 90}"
    )


def _mixed(number: int) -> str:
    made = (
        f"direction = in and ({_pattern(number)} or {_intent(number)})",
        f"direction = out and {_pattern(number)} and not ({_attribute(number)})",
        f"kind = text and intent = intent_{number} and confidence < 0.{number % 9 + 1}",
        f"{_attribute(number)} and platform != slack and locale exists",
        f'text contains "{_random.choice(VOCABULARY)}" and kind in (text, quick_reply)',
        f"{_span(number)} and not_handled = false",
    )

    return made[number % len(made)]


def _broad(number: int) -> str:
    return f"direction = {('in', 'out')[number % 2]} and not (intent = intent_{number} and confidence < 0.5)"


MIXES: dict[str, _Made] = {
    "patterns over the text": _pattern,
    "intents": _intent,
    "values of attributes": _attribute,
    "names of attributes": _name,
    "spans of numbers": _span,
    "all of these, mixed": _mixed,
    "rules that half of all events match": _broad,
}


def _rule(text: str) -> Rule:
    found = read_text(text)
    if isinstance(found, Fault):
        raise SystemExit(f"{text}: {found.message}")

    return found


def _rules(made: _Made) -> dict[str, Rule]:
    return {f"rule-{number}": _rule(made(number)) for number in range(MANY)}


def _measure(made: _Made, events: list[BotEvent], normalise_us: float) -> dict[str, float]:
    rules = _rules(made)
    started = time.process_time()
    many = Matcher(rules)
    build_ms = (time.process_time() - started) * 1000
    first_us = _us(many, events)
    few = Matcher(dict(itertools.islice(rules.items(), FEW)))
    many_us, few_us = _fastest([many, few], events)

    return {
        "few_us": few_us,
        "many_us": many_us,
        "ratio": many_us / few_us,
        "stage_ratio": (normalise_us + many_us) / (normalise_us + few_us),
        "new_us": first_us,
        "build_ms": build_ms,
        "one_by_one_us": _one_by_one_us(rules, events[:20]),
        "few_hits": sum(len(few.hits(event)) for event in events) / len(events),
        "many_hits": sum(len(many.hits(event)) for event in events) / len(events),
    }


def _fastest(matchers: list[Matcher], events: list[BotEvent]) -> list[float]:
    rounds = [[_us(matcher, events) for matcher in matchers] for _ in range(ROUNDS)]

    return [min(times) for times in zip(*rounds, strict=True)]


def _us(matcher: Matcher, events: list[BotEvent]) -> float:
    started = time.process_time_ns()
    for event in events:
        matcher.hits(event)

    return (time.process_time_ns() - started) / 1000 / len(events)


def _one_by_one_us(rules: dict[str, Rule], events: list[BotEvent]) -> float:
    started = time.process_time_ns()
    for event in events:
        for rule in rules.values():
            matches(rule, event)

    return (time.process_time_ns() - started) / 1000 / len(events)


def main() -> None:
    """Print microseconds per event."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    events = [_event(number) for number in range(EVENTS)]
    normalise_us = measure_normalise()["native"]["normalise"]
    measured = {name: _measure(made, events, normalise_us) for name, made in MIXES.items()}
    effect = measure_effect(_rules(_mixed))
    if chosen.json:
        rounded = {name: {key: round(value, 3) for key, value in of.items()} for name, of in measured.items()}
        print(json.dumps({"machine": machine(), "rules": rounded, "effect": effect}, indent=1))
        return
    table(f"rules, µs per event with {MANY} on its bot", [_row(name, of) for name, of in measured.items()])
    print_effect(effect)


def _row(name: str, of: dict[str, float]) -> tuple[str, str, str]:
    remark = (
        f"{FEW} rules {of['few_us']:.2f}, ratio {of['ratio']:.2f}, with normalise {of['stage_ratio']:.2f}; "
        f"hits an event {of['few_hits']:.2f} and {of['many_hits']:.2f}; first time {of['new_us']:.2f}; "
        f"one by one {of['one_by_one_us']:.0f}; made in {of['build_ms']:.0f} ms"
    )

    return name, f"{of['many_us']:.2f}", remark


if __name__ == "__main__":
    main()
