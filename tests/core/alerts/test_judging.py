"""Does a condition hold? Numbers against windows, bases, and what is not known yet."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.alerts.definitions import Definitions, evaluate, home_of
from app.core.alerts.judging import Known, Question, Verdict, asks, change_of, holds, judge
from app.core.alerts.machine import Reading
from app.core.alerts.table import AlertTable
from app.core.alerts.watching import Watch, watches_of
from app.core.alerts.windows import Span
from app.core.events import Reporting
from app.core.registry import (
    Alert,
    Bot,
    Change,
    Condition,
    Dashboard,
    Recounting,
    State,
    Subject,
    fold_all,
    kind_of,
    record_of,
)
from app.core.rules.language import Rule
from tests.core.alerts.made import NOON_MS, alert, cells, state_of
from tests.facts import told

NOON = NOON_MS // 1000
DAY = 86_400
MIDNIGHT = NOON // DAY * DAY
ORDERS = Dashboard("d1", "pizza", "Orders", 0, Rule(field="kind", value="text"))
ORDERS_OFF = msgspec.structs.replace(ORDERS, enabled=False)


def known(
    watched: Alert, *, counted_ms: int = NOON_MS, asked: Any = None, state: State | None = None
) -> Known:
    """Return what is known at noon: everything has been counted."""
    return Known(NOON_MS, counted_ms, state or state_of(watched), asked or {})


def table_of(watched: Alert, minutes: dict[int, int], whole_from: int = 0, **cell: Any) -> AlertTable:
    """Return a table with values of minutes, counted from noon, in which nothing is missing."""
    table = AlertTable(0, {})
    for minute, value in minutes.items():
        table.take(cells(NOON + minute * 60, value, **cell))
    for watch in watches_of(watched, 0):
        table.set_whole(watch, whole_from, 1)
    return table


@pytest.mark.parametrize(
    ("op", "threshold", "reading", "expected"),
    [
        pytest.param("above", 5, Reading(6), True, id="above"),
        pytest.param("above", 5, Reading(5), False, id="not-above"),
        pytest.param("below", 5, Reading(4), True, id="below"),
        pytest.param("below", 5, Reading(5), False, id="not-below"),
        pytest.param("below", 5, Reading(None), False, id="no-number-is-not-below"),
        pytest.param("rises_by", 50, Reading(15, 10, 50), True, id="rises"),
        pytest.param("rises_by", 50, Reading(14, 10, 40), False, id="rises-too-little"),
        pytest.param("rises_by", 50, Reading(5, 0, None), False, id="from-zero-is-no-rise"),
        pytest.param("falls_by", 100, Reading(0, 10, -100), True, id="falls-to-zero"),
        pytest.param("falls_by", 50, Reading(6, 10, -40), False, id="falls-too-little"),
        pytest.param("falls_by", 0, Reading(0, 0, None), False, id="zero-from-zero-is-no-fall"),
    ],
)
def test_conditions(op: Any, threshold: float, reading: Reading, expected: bool) -> None:
    """Above and below are strict; changes reach their threshold; what is undefined does not hold."""
    assert expected == holds(Condition(op, threshold), reading)


@pytest.mark.parametrize(
    ("value", "base", "expected"),
    [(15, 10, 50), (0, 10, -100), (5, 0, None), (None, 10, None), (5, None, None)],
)
def test_changes(value: float | None, base: float | None, expected: float | None) -> None:
    """A change is in per cent of what was before, and undefined where that was nothing."""
    assert expected == change_of(value, base)


def test_the_present_minute_counts_at_once() -> None:
    """Six messages within five minutes, the last one just now, are more than five; the minute before them is out."""
    watched = alert("above", 5)
    table = table_of(watched, {0: 1, -4: 5, -5: 99})

    assert Verdict(True, Reading(6)) == judge(watched, table, known(watched))


def test_silence_is_below() -> None:
    """Nothing at all within whole minutes is below one."""
    watched = alert("below", 1)

    assert Verdict(True, Reading(0)) == judge(watched, table_of(watched, {0: 7, -6: 7}), known(watched))


@pytest.mark.parametrize("op", ["below", "falls_by"])
def test_silence_is_not_judged_before_all_is_counted(op: str) -> None:
    """While the stages before are behind, nobody knows whether it is silence."""
    watched = alert(op, 1)
    late = known(watched, counted_ms=NOON_MS - 1)

    assert judge(watched, table_of(watched, {}), late).holds is None


def test_silence_is_not_judged_before_the_alert_was_there_for_a_window() -> None:
    """An alert of a minute ago says nothing of five minutes."""
    verdicts = [
        judge(watched, table_of(watched, {}), known(watched)).holds
        for watched in (alert("below", 1, created_at=NOON_MS - age_s * 1000) for age_s in (299, 300))
    ]

    assert [None, True] == verdicts


@pytest.mark.parametrize(
    "pause",
    [
        pytest.param(Bot("pizza", "Pizza", "generic", 0, archived_at=1), id="its bot was archived"),
        pytest.param(alert("below", 1, measure="dashboard:d1", enabled=False), id="it was disabled"),
        pytest.param(ORDERS_OFF, id="its dashboard was disabled"),
    ],
)
def test_silence_is_not_judged_before_it_was_watched_again_for_a_window(pause: Subject) -> None:
    """What nobody could send, or nobody counted, is no silence: from when it is in use again a window has to pass."""
    watched = alert("below", 1, measure="dashboard:d1")
    bot = Bot("pizza", "Pizza", "generic", 0)
    before = told(bot, ORDERS, watched, pause)
    [again] = [one for one in (bot, ORDERS, watched) if kind_of(one) == kind_of(pause)]
    table = table_of(watched, {})
    verdicts = []
    for ago_s in (299, 300):
        change = Change("again", NOON_MS - ago_s * 1000, "test", (before.fact("again", again),))
        after = fold_all(before, [record_of(change)]).state
        verdicts.append(judge(watched, table, known(watched, state=after)).holds)

    assert [None, True] == verdicts


@pytest.mark.parametrize(
    ("op", "whole_from", "expected"),
    [
        pytest.param("above", NOON, False, id="too much is too much anyway"),
        pytest.param("below", NOON - 299, None, id="below, not whole"),
        pytest.param("below", NOON - 300, True, id="below, whole"),
        pytest.param("rises_by", NOON - 241, None, id="the base is not whole"),
        pytest.param("rises_by", NOON - 540, False, id="the base is whole"),
    ],
)
def test_what_is_missing_is_not_zero(op: str, whole_from: int, expected: bool | None) -> None:
    """Where values of before the alert are still to be fetched, no fall and no rise is made up of it."""
    watched = alert(op, 1)

    assert expected == judge(watched, table_of(watched, {}, whole_from), known(watched)).holds


def test_against_the_window_before() -> None:
    """Six in five minutes after four in the five before are 50 % more."""
    watched = alert("rises_by", 50)

    assert Verdict(True, Reading(6, 4, 50)) == judge(
        watched, table_of(watched, {0: 6, -5: 4}), known(watched)
    )


@pytest.mark.parametrize(("against", "back_s"), [("day", DAY), ("week", 7 * DAY)])
def test_against_another_day_is_asked_for(against: str, back_s: int) -> None:
    """The base of a day or a week ago comes from ClickHouse; until it answers nothing is said."""
    watched = alert("rises_by", 50, against)
    span = Span(NOON - 240 - back_s, NOON + 60 - back_s)
    question = Question("pizza", "messages_in", 0, span, span.end_s * 1000)
    table = table_of(watched, {0: 6})

    assert [question] == asks(watched, known(watched))
    assert judge(watched, table, known(watched)).holds is None
    assert Verdict(True, Reading(6, 4, 50)) == judge(watched, table, known(watched, asked={question: 4}))


def test_users_of_a_day() -> None:
    """Active users are those of the bot's day; its cells are of days, the base is asked for."""
    watched = alert("falls_by", 50, measure="active_users")
    table = table_of(watched, {}, measure="active_users", window="day")
    table.take(cells(MIDNIGHT - DAY, 4, measure="active_users", window="day"))
    [question] = asks(watched, known(watched))

    assert Span(MIDNIGHT - 2 * DAY, MIDNIGHT - DAY) == question.span
    assert Verdict(True, Reading(4, 10, -60)) == judge(watched, table, known(watched, asked={question: 10}))


@pytest.mark.parametrize(
    ("not_handled", "messages", "expected"),
    [(1, 4, Verdict(True, Reading(0.25))), (0, 0, Verdict(False, Reading(None)))],
    ids=["a-quarter", "nobody-spoke"],
)
def test_share_of_turns_not_handled(not_handled: int, messages: int, expected: Verdict) -> None:
    """It is what was not understood of what was said; where nothing was said there is no share."""
    watched = alert("above", 0.2, measure="not_handled_share")
    table = table_of(watched, {0: messages})
    table.take(cells(NOON, not_handled, measure="not_handled"))

    assert expected == judge(watched, table, known(watched))


def test_what_only_clickhouse_knows_is_asked_for() -> None:
    """Response times have no cells: window and base are asked for, and nothing is said before the answer."""
    watched = alert("rises_by", 50, measure="response_seconds_p50")
    now, base = asks(watched, known(watched))
    asked = {now: 3.0, base: 2.0}

    assert judge(watched, AlertTable(0, {}), known(watched, asked={now: 3.0})).holds is None
    assert Verdict(True, Reading(3, 2, 50)) == judge(watched, AlertTable(0, {}), known(watched, asked=asked))


def test_a_share_is_not_said_of_half_of_its_numbers() -> None:
    """What was not understood is loaded, what was said is not: a share of the two is none."""
    watched = alert("above", 0.5, measure="not_handled_share")
    table = AlertTable(0, {})
    table.take(cells(NOON - 60, 500, measure="not_handled"))
    table.take(cells(NOON, 300))
    not_handled, messages = watches_of(watched, 0)
    table.set_whole(not_handled, 0, 1)
    table.set_whole(messages, NOON - 60, 1)

    assert judge(watched, table, known(watched)).holds is None


@pytest.mark.parametrize(
    ("op", "measure"), [("above", "not_handled_share"), ("rises_by", "messages_in")], ids=["share", "rise"]
)
@pytest.mark.parametrize(("behind_s", "expected"), [(600, None), (1, True)], ids=["behind", "there"])
def test_no_share_and_no_rise_while_a_stage_is_behind(
    op: str, measure: str, behind_s: int, expected: bool | None
) -> None:
    """One partition of two is counted: its share, and its rise, need not be those of both."""
    watched = alert(op, 0.2, measure=measure)
    table = table_of(watched, {0: 3, -5: 1})
    table.take(cells(NOON, 1, measure="not_handled"))

    assert expected == judge(watched, table, known(watched, counted_ms=NOON_MS - behind_s * 1000)).holds


@pytest.mark.parametrize(("counted", "expected"), [(6, True), (5, None)], ids=["too-many", "not-yet"])
def test_what_is_on_the_way_does_not_resolve(counted: int, expected: bool | None) -> None:
    """While counting is behind, too many are too many, and not too many is not known."""
    watched = alert("above", 5)

    assert expected == judge(watched, table_of(watched, {0: counted}), known(watched, counted_ms=0)).holds


@pytest.mark.parametrize(
    "edited",
    [{"measure": "new_error_reasons"}, {"measure": "dashboard_users:orders"}, {"op": "below"}],
    ids=str,
)
def test_the_answer_to_another_question_is_none(edited: dict[str, Any]) -> None:
    """An alert that was edited is not judged by what was answered before."""
    before, after = (
        alert(measure="response_seconds_p50"),
        alert(**{"measure": "response_seconds_p50"} | edited),
    )
    asked = {asks(before, known(before))[0]: 40.0}

    assert judge(after, AlertTable(0, {}), known(after, asked=asked)).holds is None


def test_a_dashboard_that_counts_from_another_version_is_another_question() -> None:
    """After a back-fill users of the dashboard are asked for anew; alerts on the same number share the answer."""
    watched, other = (alert(id=name, measure="dashboard_users:orders") for name in ("a1", "a2"))
    states = [
        state_of(watched, other, dashboards=(Dashboard("orders", "pizza", "Orders", 0, counted_from=n),))
        for n in (1, 2)
    ]
    first, second = (asks(watched, known(watched, state=state)) for state in states)

    assert first != second
    assert first == asks(other, known(other, state=states[0]))


@given(st.dictionaries(st.integers(-20, 0), st.integers(0, 9)), st.integers(1, 9), st.integers(0, 20))
def test_the_window_is_what_it_says(minutes: dict[int, int], width: int, threshold: int) -> None:
    """A sum over the window, counted by hand, decides."""
    watched = alert("above", threshold, window_s=width * 60)
    total = sum(value for minute, value in minutes.items() if -width < minute)

    assert Verdict(total > threshold, Reading(total)) == judge(
        watched, table_of(watched, minutes), known(watched)
    )


def test_an_evaluation_notes_what_is_to_be_told() -> None:
    """An alert that holds fires; looked at again it is told once; disabled it resolves."""
    watched = alert("above", 5)
    table = table_of(watched, {0: 6})
    told = []
    for enabled in (True, True, False):
        state = state_of(alert("above", 5, enabled=enabled))
        definitions = Definitions(state, 4)
        home = definitions.alerts(home_of("pizza", 4))
        evaluate(table, home, definitions, known(watched, state=state))
        told += [one.id for one in table.flush().told]

    assert ["a1-1-firing", "a1-1-resolved"] == told


def test_alerts_are_kept_where_their_bot_is() -> None:
    """Every alert is in exactly one partition, and may be asked for by its bot."""
    definitions = Definitions(state_of(alert()), 4)
    found = [n for n in range(4) if definitions.alerts(n)]

    assert [home_of("pizza", 4)] == found
    assert [[], ["a1"]] == [
        [one.id for one in definitions.alerts(found[0], bots)] for bots in ({"other"}, {"pizza"})
    ]


COMING = Reporting("Asia/Tokyo", generation=1)
BEING_COUNTED: dict[str, Any] = {"recounting": Recounting(COMING, "w1", 1), "generations": 1}
COUNTED: dict[str, Any] = {"reporting": COMING, "generations": 1}


@pytest.mark.parametrize(
    ("names", "bot"),
    [
        pytest.param({"pizza"}, {}, id="before"),
        pytest.param({"pizza", "pizza~1"}, BEING_COUNTED, id="while it is counted"),
        pytest.param({"pizza~1"}, COUNTED, id="when it is shown"),
    ],
)
def test_the_next_generation_is_watched_while_it_is_counted(names: set[str], bot: dict[str, Any]) -> None:
    """Its cells are let through and kept beside the old ones, as far back; afterwards the old ones are not."""
    definitions = Definitions(state_of(alert(), **bot), 1)
    wanted = definitions.wanted(0, NOON_MS)
    told = [("messages_in", "", "minute", NOON, "", 1)]

    assert {Watch(name, "messages_in", "minute"): NOON - 660 for name in names} == wanted
    assert names == {
        name
        for name in ("pizza", "pizza~1", "pizza~2")
        for cell in told
        if definitions.watchlist.wants((name, *cell))
    }


@pytest.mark.parametrize(
    ("expected", "bot"),
    [
        pytest.param(Reading(6), BEING_COUNTED, id="while the next one is counted"),
        pytest.param(Reading(9), COUNTED, id="when it is shown"),
    ],
)
def test_the_generation_that_is_shown_is_judged(expected: Reading, bot: dict[str, Any]) -> None:
    """Half-counted numbers judge nothing; from the moment they are shown they do, and the old ones no more."""
    watched = alert("above", 5)
    table = table_of(watched, {0: 6})
    table.take(cells(NOON, 9, bot="pizza~1"))

    assert Verdict(True, expected) == judge(watched, table, known(watched, state=state_of(watched, **bot)))


def test_a_generation_is_whole_by_itself() -> None:
    """That nothing of the old one is missing says nothing of the next one."""
    watched, state = alert("below", 1), state_of(alert("below", 1), **COUNTED)
    table = table_of(watched, {})
    before = judge(watched, table, known(watched, state=state)).holds
    table.set_whole(watches_of(watched, 1)[0], 0, 1)

    assert [None, True] == [before, judge(watched, table, known(watched, state=state)).holds]


def test_another_generation_is_another_question() -> None:
    """What ClickHouse said of the old numbers answers nothing about the new ones."""
    watched = alert("rises_by", 50, "day")
    before, after = (
        asks(watched, known(watched, state=state_of(watched, **bot))) for bot in (BEING_COUNTED, COUNTED)
    )

    assert [["pizza"], ["pizza~1"]] == [[one.bot for one in asked] for asked in (before, after)]


def test_days_are_those_of_the_zone_that_is_shown() -> None:
    """At noon UTC the next day has begun on Kiritimati; its users count, not those of today in UTC."""
    watched = alert("above", 3, measure="active_users")
    kiritimati = Reporting("Pacific/Kiritimati", generation=1)
    table = table_of(watched, {}, measure="active_users", window="day")
    for day, users in ((MIDNIGHT, 2), (MIDNIGHT + DAY, 9)):
        table.take(cells(day, users, bot="pizza~1", measure="active_users", window="day"))
    state = state_of(watched, reporting=kiritimati, generations=1)

    assert Verdict(True, Reading(9)) == judge(watched, table, known(watched, state=state))


def test_what_is_wanted_is_as_old_as_the_longest_window_needs() -> None:
    """Of two alerts on one number the one that looks farther back decides what is kept."""
    short, long = alert(), alert(id="a2", window_s=3600)
    definitions = Definitions(state_of(short, long), 1)

    assert {watches_of(long, 0)[0]: NOON - 7200 - 60} == definitions.wanted(0, NOON_MS)
