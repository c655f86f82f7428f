"""Which rules are held against which events: those of the bot's own dashboards, as they are now."""

from __future__ import annotations

import msgspec
import pytest

from app.core.dashboards.hits import HitBook, book_of
from app.core.registry import Bot, Dashboard, State
from app.core.rules.language import Rule
from tests.events import event
from tests.facts import told

TEXTS = Rule(field="kind", value="text")
IMAGES = Rule(field="kind", value="image")
BROKEN = Rule(not_=Rule(field="text", op="matches", value="("))


def dashboard(name: str, rule: Rule | None = TEXTS, bot: str = "pizza", **more: object) -> Dashboard:
    """Return a dashboard of a bot."""
    return Dashboard(name, bot, name, 0, rule, **more)  # type: ignore[arg-type]


def state(*dashboards: Dashboard) -> State:
    """Return the registry with these."""
    return told(Bot("pizza", "Pizza", "generic", 0), Bot("pasta", "Pasta", "generic", 0), *dashboards)


def hits(book: HitBook, bot: str = "pizza") -> list[str]:
    """Return what a text of the bot hits."""
    matcher = book.matcher(bot)

    return matcher.hits(event("m", bot_id=bot)) if matcher else []


def test_an_event_hits_what_it_matches() -> None:
    """Under the version that each dashboard has."""
    book = book_of(state(dashboard("texts", version=3), dashboard("images", IMAGES), dashboard("all")))

    assert ["all@1", "texts@3"] == sorted(hits(book))


def test_rules_of_other_bots_do_not_matter() -> None:
    """Each bot has its own; one without any is not in the book."""
    book = book_of(state(dashboard("texts", bot="pasta")))

    assert (["texts@1"], None) == (hits(book, "pasta"), book.matcher("pizza"))


@pytest.mark.parametrize(
    "idle",
    [
        pytest.param(dashboard("a", enabled=False), id="switched off"),
        pytest.param(dashboard("a", enabled=False, removed_at=1), id="removed"),
        pytest.param(dashboard("a", None, measure="new_users"), id="without a rule"),
    ],
)
def test_what_is_not_counted(idle: Dashboard) -> None:
    """It is as if it were not there."""
    assert book_of(state(idle)).matcher("pizza") is None


def test_only_what_changed_is_compiled_anew() -> None:
    """The pages of other bots are taken over as they are, and a new rule counts from now on."""
    before = state(dashboard("a"), dashboard("b", bot="pasta"))
    first = book_of(before)
    changed = msgspec.structs.replace(
        before, dashboards=before.dashboards | {"a": dashboard("a", IMAGES, version=2)}
    )
    second = book_of(changed, first)

    assert first.matcher("pasta") is second.matcher("pasta")
    assert (["a@1"], []) == (hits(first), hits(second))


def test_a_bad_rule_costs_itself_only() -> None:
    """It hits nothing, whatever it says, its neighbours go on, and it is named; also when it stays over a change."""
    bad = book_of(state(dashboard("bad", BROKEN), dashboard("good")))
    later = book_of(state(dashboard("bad", BROKEN), dashboard("good"), dashboard("more")), bad)

    assert (["good@1"], ["good@1", "more@1"]) == (hits(bad), sorted(hits(later)))
    assert ["bad@1"] == list(bad.faults) == list(later.faults)
    assert "missing" in bad.faults["bad@1"]


def test_a_rule_that_was_mended_counts() -> None:
    """The fault goes with the rule that had it."""
    bad = book_of(state(dashboard("a", BROKEN)))
    mended = book_of(state(dashboard("a", TEXTS, version=2)), bad)

    assert (["a@2"], {}) == (hits(mended), mended.faults)
