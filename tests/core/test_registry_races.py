"""Three writers race: everybody comes to the same state, nobody has what another has, and each command is answered."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.refusal import Refusal
from app.core.registry import Change, Note, Record, State, fold_all
from app.core.registry.judging import is_administrator
from tests.core.registry_play import STEPS, Writer, is_sound, play

Steps = list[tuple[int, str | Note, int]]


def read(log: list[Record], cuts: list[int]) -> tuple[State, dict[str, Refusal | None]]:
    """Read *log* in batches that end at *cuts*; return the state and what became of each change."""
    state, verdicts = State(), dict[str, Refusal | None]()
    for first, last in pairwise(sorted({0, len(log), *(cut % (len(log) + 1) for cut in cuts)})):
        state, found = fold_all(state, log[first:last])
        verdicts |= found
    return state, verdicts


@settings(max_examples=300)
@given(STEPS, st.lists(st.integers(0, 200)))
def test_every_reader_sees_the_same(steps: Steps, cuts: list[int]) -> None:
    """However the log is cut into batches, state and verdicts are the same."""
    log, _ = play(steps)

    assert read(log, []) == read(log, cuts) == read(log, list(range(len(log))))


@settings(max_examples=300)
@given(STEPS)
def test_nobody_has_what_another_has(steps: Steps) -> None:
    """After each record e-mails, names, tokens and hashes are one's own, nothing hangs in the air, and somebody administers."""
    log, _ = play(steps)
    states = [State()]
    for record in log:
        states.append(fold_all(states[-1], [record]).state)
    administered = [any(map(is_administrator, state.people.values())) for state in states]

    assert all(map(is_sound, states))
    assert sorted(administered) == administered


@settings(max_examples=300)
@given(STEPS)
def test_every_command_is_answered(steps: Steps) -> None:
    """A writer that asks again until nobody was faster succeeds, or is told what is wrong with its command."""
    _, outcomes = play(steps)

    assert not [one for one in outcomes if one.refusal is not None and one.refusal.code == "conflict"]


@settings(max_examples=100)
@given(STEPS)
def test_an_accepted_change_is_there_as_it_was_decided(steps: Steps) -> None:
    """A change is folded in as it stands, or not at all: all its facts are the latest of their subjects, or none is."""
    log, _ = play(steps)
    state = State()
    for record in log:
        before, (state, verdicts) = state, fold_all(state, [record])
        for refusal in verdicts.values():
            change = msgspec.json.decode(record[1] or b"", type=Change)
            revisions = {state.revision_of(fact.subject) == fact.revision for fact in change.facts}
            unchanged = msgspec.structs.replace(before, refused=before.refused + 1, lost=state.lost)
            assert revisions == {True} if refusal is None else state == unchanged


@pytest.mark.parametrize(
    ("expected", "before", "one", "other"),
    [
        pytest.param("id_taken", [], "create b1", "create b1 as another", id="id of a bot"),
        pytest.param(
            "name_taken", ["create b1"], "create d1", "create d2 of that name", id="name of a dashboard"
        ),
        pytest.param("id_taken", ["create b1"], "create d1", "create d1 as another", id="id of a dashboard"),
        pytest.param(
            "token_taken",
            ["create b1", "create b2"],
            "install i1",
            "install i2 with that token",
            id="token of an install",
        ),
        pytest.param(
            "place_taken",
            ["create b1"],
            "install i6 of a team",
            "install i7 of that team",
            id="team of an install",
        ),
        pytest.param("key_taken", ["create b1"], "create k1", "create k2 with that hash", id="hash of a key"),
        pytest.param("email_taken", [], "invite ada", "invite bob with that e-mail", id="e-mail"),
        pytest.param(
            "last_admin", ["invite ada", "invite bob"], "demote ada", "demote bob", id="last administrators"
        ),
        pytest.param(
            "last_admin", ["invite ada", "invite bob"], "disable bob", "delete ada", id="disabled and deleted"
        ),
        pytest.param(
            "unknown_dashboard",
            ["create b1", "create d1"],
            "delete b1",
            "rename d1",
            id="deleted and changed",
        ),
        pytest.param("unknown_bot", ["create b1"], "delete b1", "create k1", id="deleted and given a key"),
        pytest.param("unknown_bot", ["create b1"], "delete b1", "rename b1", id="deleted and renamed"),
    ],
)
def test_of_two_the_first_in_the_log_wins(expected: str, before: list[str], one: str, other: str) -> None:
    """Two who decide at the same time: the first is done, the other is told why not."""
    log: list[Record] = []
    setting, first, second = (Writer(name, log) for name in ("setting", "first", "second"))
    for command in before:
        setting.go(command, 100)
        setting.learn()
    first.go(one, 100)
    second.go(other, len(log) - 1)
    first.learn()
    while second.is_waiting:
        second.learn()

    [won], [lost] = first.outcomes, second.outcomes
    assert won.refusal is None
    assert lost.refusal is not None
    assert expected == lost.refusal.code


def test_a_second_install_at_the_same_time_is_the_same() -> None:
    """Of Kik a bot has one: of two who register it at once the second gives it another token, as it would have done later."""
    log: list[Record] = []
    setting, first, second = (Writer(name, log) for name in ("setting", "first", "second"))
    setting.go("create b1", 0)
    for writer, command in ((first, "install i1"), (second, "install i5 with another token")):
        writer.go(command, 1)
    for writer in (setting, first, second):
        while writer.is_waiting:
            writer.learn()
    [install] = second.state.instances.values()

    assert [None, None] == [one.refusal for one in (*first.outcomes, *second.outcomes)]
    assert ("i1", "5" * 64) == (install.id, install.token_sha256)


def test_every_command_can_win() -> None:
    """Each command of the play succeeds somewhere, so that the laws above are about something."""
    order = [
        "invite ada", "invite bob", "invite cyd", "create b1", "create b2", "create d1", "rename d1", "rename b1",
        "archive b1", "create k1", "revoke k1", "install i1", "other token of i1", "install i2 with that token",
        "install i5 with another token", "install i6 of a team", "other team of i6", "install i7 of that team",
        "role of cyd in b2", "promote cyd", "disable bob", "demote bob", "remove d1", "delete b1", "delete b2",
        "demote ada", "delete ada", "other e-mail of cyd", "create k2 with that hash", "invite dan with the e-mail of cyd",
        "delete dan", "create b3 of eve", "rename eve", "dashboard d3 of b3 and eve", "install i3 of b3 and eve", "other token of i3",
        "delete b3",
    ]  # fmt: skip
    _, outcomes = play([(0, command, 100) for command in order for _ in range(2)], 1)
    won = {one.command for one in outcomes if one.refusal is None}

    assert set(order) == won
