"""What was deleted may leave the log: wherever deleting and compaction stop, every reader sees the same state."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.registry import Note, Record, State, fold_all, forgettable, history
from tests.core.registry_play import PLAYS, STEPS, play

Steps = list[tuple[int, str | Note, int]]


def state_of(log: list[Record]) -> State:
    """Return what *log* adds up to, less what is only counted."""
    return msgspec.structs.replace(fold_all(State(), log).state, refused=0, skipped=0, lost=())


def of(*commands: str) -> list[Record]:
    """Return the log of *commands*, one after the other."""
    log, _ = play([(0, command, 100) for command in commands for _ in range(2)], 1)
    return log


def without(log: list[Record], keys: list[bytes]) -> list[Record]:
    """Return what compaction leaves of *log* when *keys* are deleted."""
    return [record for record in log if record[0] not in keys]


def compacted(log: list[Record], chosen: list[bool]) -> list[Record]:
    """Return *log* less those records of *chosen* that a later one of their key replaces."""
    last = {key: place for place, (key, _) in enumerate(log)}
    return [
        record
        for place, record in enumerate(log)
        if last[record[0]] == place or not chosen[place % len(chosen)]
    ]


@settings(max_examples=500)
@given(STEPS, st.integers(0), st.integers(0), st.lists(st.booleans(), min_size=1), st.booleans())
def test_forgetting_changes_nothing(
    steps: Steps, written: int, effective: int, chosen: list[bool], are_there: bool
) -> None:
    """However much of it is written, and has taken effect, and however many old notes are gone, the state is the same."""
    log, _ = play(steps)
    keys = forgettable(log)
    ends = keys[: written % (len(keys) + 1)]
    gone = ends[: effective % (len(ends) + 1)]
    left = compacted(without(log, gone), chosen) + [(key, None) for key in ends if are_there]

    assert state_of(log) == state_of(left)


@settings(max_examples=200)
@given(STEPS, STEPS, st.integers(0))
def test_the_registry_goes_on_after_forgetting(steps: Steps, more: Steps, gone: int) -> None:
    """What is changed later is judged alike with and without the forgotten, and may be forgotten in its turn."""
    log, _ = play([*steps, *more])
    early = log[: gone % (len(log) + 1)]
    keys = forgettable(early)
    left = without(log, keys)

    assert state_of(log) == state_of(left) == state_of(without(left, forgettable(left)))


@settings(max_examples=100)
@given(STEPS)
def test_histories_stay(steps: Steps) -> None:
    """Of what is still there, and of the administrators, the history is the same."""
    log, _ = play(steps)
    left = without(log, forgettable(log))
    state = state_of(log)

    for kind, table in (("bot", state.bots), ("person", state.people), ("dashboard", state.dashboards)):
        for id_ in table:
            assert history(log, kind, id_) == history(left, kind, id_)


def test_nothing_is_left_of_a_deleted_bot() -> None:
    """Of a bot that was created for itself only that it was deleted stays, and nothing of what belonged to it."""
    log = of(
        "create b1", "create d1", "rename d1", "install i1", "create k1", "add h1", "rename b1", "delete b1"
    )

    assert log[-1:] == without(log, forgettable(log))


def test_nothing_is_left_of_a_deleted_person() -> None:
    """Of somebody who never administered only that they were deleted stays."""
    log = of("invite ada", "invite cyd", "role of cyd in b2", "delete cyd")

    assert [log[0], log[-1]] == without(log, forgettable(log))


@pytest.mark.parametrize(
    ("expected", "commands"),
    [
        pytest.param([], ["create b1", "create d1", "rename d1"], id="what is there"),
        pytest.param([], ["invite ada", "invite bob", "delete ada"], id="who administered"),
        pytest.param(
            [], ["create b3 of eve", "delete b3"], id="what says something of somebody who is there"
        ),
        pytest.param(
            [],
            ["create b3 of eve", "dashboard d3 of b3 and eve", "rename eve", "delete b3"],
            id="what somebody's history goes on with",
        ),
        pytest.param(
            [],
            ["invite eve", "create b3", "dashboard d3 of b3 and eve", "delete b3"],
            id="the bot it is about",
        ),
        pytest.param(
            [],
            [
                *("invite eve", "create b2", "create b3", "install i3 of b3 and eve", "other token of i3"),
                *("install i4 with the first token of i3", "delete b3"),
            ],
            id="that it let go of what another has",
        ),
    ],
)
def test_not_forgotten(expected: list[bytes], commands: list[str]) -> None:
    """What something follows from stays."""
    assert expected == forgettable(of(*commands))


def test_refused_changes_go_first() -> None:
    """A change that lost against what is forgotten would win the next time, so it goes before."""
    names = ["create b1", "create b2", "install i1"]
    log, _ = play(
        [(0, name, 100) for name in names for _ in range(2)]
        + [(1, "install i2 with that token", 2)]
        + [(0, "delete b1", 100)]
    )
    lost = [key for key, value in log if b'"i2"' in (value or b"")]

    assert lost == forgettable(log)[:1]


@pytest.mark.parametrize(
    ("expected", "key", "value"),
    [
        pytest.param(0, b"change:x", b'{"type":"change","facts":[{"new":1}]}', id="of a later version"),
        pytest.param(2, b"change:x", b"\x00", id="what nobody can read"),
        pytest.param(2, b"note:x", b"{}", id="a note"),
    ],
)
def test_what_a_later_version_wrote_stops_it(expected: int, key: bytes, value: bytes) -> None:
    """Where a change may say something to a later version, nothing is forgotten here."""
    log = of("create b1", "rename b1", "delete b1")

    assert expected == len(forgettable([*log[:1], (key, value), *log[1:]]))


def test_forgotten_once() -> None:
    """What is deleted from the log already is not deleted again."""
    log = of("create b1", "rename b1", "delete b1")

    assert [] == forgettable([*log, *((key, None) for key in forgettable(log))])


def test_the_play_forgets() -> None:
    """The commands of the play delete something, so that the laws above are about something."""
    assert {"delete b1", "delete cyd", "delete b3"} <= set(PLAYS)
