"""A bot's numbers are wanted by other settings, claimed by a process, shown when they are counted; or called off."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.commands.bots import change_bot
from app.core.commands.recounting import (
    claim_recount,
    finish_recount,
    is_claimed,
    wanted_reporting,
    wanting,
)
from app.core.events import Reporting
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, Recounting, State
from tests.facts import told

ROME = Reporting("Europe/Rome", generation=3)
SHOWN = Bot("pizza", "Pizza", "kik", 1, ROME, generations=5)
GAPS = st.integers(1, 86_400)


def after(facts: list[Fact] | Refusal) -> Bot:
    """Return the bot that a command's only fact is about."""
    assert isinstance(facts, list)
    [fact] = facts
    assert isinstance(fact.subject, Bot)
    return fact.subject


def refused(outcome: list[Fact] | Refusal) -> tuple[str, str]:
    """Return code and field of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.code, outcome.field


def changed(bot: Bot, **changes: Any) -> Bot:
    """Return *bot* after somebody asked for other settings."""
    return after(change_bot(told(bot), bot.id, changes))


def claimed(bot: Bot, by: str = "w1", when: int = 7) -> Bot:
    """Return *bot* after a process claimed its recount."""
    assert bot.recounting is not None
    return after(claim_recount(told(bot), bot.id, bot.recounting, by, when))


def test_what_is_shown_stays_until_the_other_is_counted() -> None:
    """Several settings that are changed one by one are one recount; nobody does it yet."""
    both = changed(changed(SHOWN, zone="Asia/Tokyo"), week_start="sunday")

    assert (ROME, 5) == (both.reporting, both.generations)
    assert Recounting(Reporting("Asia/Tokyo", "sunday")) == both.recounting
    assert Reporting("Asia/Tokyo", "sunday") == wanted_reporting(both)
    assert wanted_reporting(SHOWN) == ROME


@pytest.mark.parametrize("is_claimed", [False, True], ids=["not begun", "begun"])
def test_going_back_calls_it_off(is_claimed: bool) -> None:
    """Back at what is shown there is nothing to count, whoever is at it."""
    coming = changed(SHOWN, zone="Asia/Tokyo")
    back = changed(claimed(coming) if is_claimed else coming, zone="Europe/Rome")

    assert (None, ROME) == (back.recounting, back.reporting)


def test_half_way_back_is_not_back() -> None:
    """What is left of the change is still to be counted."""
    both = changed(SHOWN, zone="Asia/Tokyo", session_gap_s=60)

    assert (
        Recounting(Reporting("Europe/Rome", session_gap_s=60)) == changed(both, zone="Europe/Rome").recounting
    )


def test_another_change_makes_a_claim_void() -> None:
    """Who counts by settings that nobody wants any more counts in vain: the generation is to be another."""
    begun = claimed(changed(SHOWN, zone="Asia/Tokyo"))
    other = changed(begun, zone="Asia/Seoul")

    assert Recounting(Reporting("Asia/Seoul")) == other.recounting
    assert not is_claimed(other, 6)
    assert 7 == wanted_reporting(claimed(other)).generation


@pytest.mark.parametrize(
    "changes", [{"name": "P"}, {"zone": "Asia/Tokyo"}, {"confidence_threshold": 0.4}], ids=str
)
def test_a_claim_stands_where_the_cut_stays(changes: dict[str, Any]) -> None:
    """A name, a threshold, or what was wanted anyway, take nothing from the process that counts."""
    begun = claimed(changed(SHOWN, zone="Asia/Tokyo"))
    found = wanting(begun, changes)

    assert found.recounting is not None
    assert ("w1", 7, 6) == (
        found.recounting.by,
        found.recounting.claimed_at,
        wanted_reporting(found).generation,
    )


def test_a_threshold_holds_at_once() -> None:
    """It cuts no number, so it is not waited for; and it does not go again when the new numbers are shown."""
    begun = claimed(changed(SHOWN, zone="Asia/Tokyo"))
    found = changed(begun, confidence_threshold=0.4)
    shown = after(finish_recount(told(found), "pizza", 6))

    assert 0.4 == found.reporting.confidence_threshold == shown.reporting.confidence_threshold
    assert 3 == found.reporting.generation


def test_a_threshold_alone_is_no_recount() -> None:
    """Nothing is counted anew for it, and it can be taken away."""
    found = changed(SHOWN, confidence_threshold=0.4)

    assert None is found.recounting
    assert None is changed(found, confidence_threshold=None).reporting.confidence_threshold


def test_a_change_to_what_is_wanted_anyway_is_none() -> None:
    """Asked for again, it leaves no fact."""
    begun = claimed(changed(SHOWN, zone="Asia/Tokyo"))

    assert [] == change_bot(told(begun), "pizza", {"zone": "Asia/Tokyo"})
    assert [] == change_bot(told(SHOWN), "pizza", {"zone": "Europe/Rome"})


def test_a_claim_says_who_and_since_when() -> None:
    """And as which generation: one nobody has counted."""
    wanted = Recounting(Reporting("Asia/Tokyo"))
    [fact] = claim_recount(told(changed(SHOWN, zone="Asia/Tokyo")), "pizza", wanted, "w1", 9)  # type: ignore[misc]
    coming = Reporting("Asia/Tokyo", generation=6)
    bot = msgspec.structs.replace(SHOWN, recounting=Recounting(coming, "w1", 9), generations=6)

    assert Fact("bot_recount_begun", bot, 2) == fact


def test_the_last_claim_is_finished_and_no_other() -> None:
    """Of two processes that count at the same time, what the second one counted is shown."""
    first = claimed(changed(SHOWN, zone="Asia/Tokyo"), "w1", 7)
    second = claimed(first, "w2", 8)
    shown = after(finish_recount(told(second), "pizza", 7))

    assert ("not_recounting", "bot") == refused(finish_recount(told(second), "pizza", 6))
    assert [True, False] == [is_claimed(second, one) for one in (7, 6)]
    assert (Reporting("Asia/Tokyo", generation=7), None, 7) == (
        shown.reporting, shown.recounting, shown.generations,
    )  # fmt: skip


def test_what_is_shown_is_told_as_such() -> None:
    """The history of the bot says that its numbers were counted."""
    begun = claimed(changed(SHOWN, zone="Asia/Tokyo"))
    [fact] = finish_recount(told(begun), "pizza", 6)  # type: ignore[misc]

    assert ("bot_recounted", 2) == (fact.type, fact.revision)


@pytest.mark.parametrize(
    ("bot", "state"),
    [
        pytest.param("pizza", told(SHOWN), id="nothing is wanted"),
        pytest.param("nobody", told(SHOWN), id="no such bot"),
        pytest.param(
            "pizza", told(claimed(changed(SHOWN, zone="Asia/Tokyo")), SHOWN), id="it was called off"
        ),
    ],
)
def test_nothing_to_do(bot: str, state: State) -> None:
    """Neither begun nor finished."""
    assert ("not_recounting", "bot") == refused(
        claim_recount(state, bot, Recounting(Reporting("Asia/Tokyo")), "w1", 1)
    )
    assert ("not_recounting", "bot") == refused(finish_recount(state, bot, 6))


_NOTHING: list[Fact] | Refusal = []
STEPS = st.one_of(
    st.tuples(st.just("change"), st.sampled_from(["UTC", "Europe/Rome", "Asia/Tokyo"])),
    st.tuples(st.just("claim"), st.just("")),
    st.tuples(st.just("finish"), st.just("")),
)


@given(st.lists(STEPS, max_size=20))
def test_no_number_is_given_twice(steps: list[tuple[str, str]]) -> None:
    """Whatever is wanted, called off, begun again and finished, numbers of generations rise; nothing is shown unclaimed."""
    bot, given_out = Bot("pizza", "Pizza", "kik", 1), [0]
    for what, zone in steps:
        state, facts = told(bot), _NOTHING
        if what == "change":
            facts = change_bot(state, "pizza", {"zone": zone})
        elif bot.recounting is not None and what == "claim":
            facts = claim_recount(
                state, "pizza", state.bots["pizza"].recounting or Recounting(Reporting("UTC")), "w1", 1
            )
            given_out.append(wanted_reporting(after(facts)).generation)
        elif bot.recounting is not None and bot.recounting.by:
            facts = finish_recount(state, "pizza", wanted_reporting(bot).generation)
        bot = after(facts) if facts else bot

        assert bot.reporting.generation in given_out

    assert sorted(set(given_out)) == given_out


@given(GAPS, GAPS)
def test_two_changes_are_as_good_as_the_last(first: int, second: int) -> None:
    """However a gap was changed before, the last one is wanted; where it is the one that is shown, nothing is."""
    bot = wanting(wanting(SHOWN, {"session_gap_s": first}), {"session_gap_s": second})

    assert second == wanted_reporting(bot).session_gap_s
    assert (second == ROME.session_gap_s) == (bot.recounting is None)


def test_of_two_that_saw_the_same_one_claims() -> None:
    """Whoever comes second is refused, as what it saw is no longer so; nobody takes over what was claimed a moment ago."""
    wanted = changed(SHOWN, zone="Asia/Tokyo")
    first = claimed(wanted, "w1")

    assert wanted.recounting is not None
    assert ("not_recounting", "bot") == refused(
        claim_recount(told(first), "pizza", wanted.recounting, "w2", 8)
    )
