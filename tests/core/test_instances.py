"""Installs: which are the same, what they take over from each other, and what is refused."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from app.core.commands.instances import add_instance, change_instance, instance_number, instance_with
from app.core.refusal import Refusal
from app.core.registry import Bot, Change, Fact, Instance, State, fold_all, record_of

AT = 1_700_000_000_000


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _install(token: str, platform: str = "slack", bot: str = "b", **more: Any) -> Instance:
    values: dict[str, Any] = {"installed_at": AT, "state": "enabled"} | more

    return Instance(instance_number(_hash(token)), bot, platform, _hash(token), AT, **values)


def _after(state: State, facts: list[Fact] | Refusal) -> State:
    assert isinstance(facts, list)
    folded = fold_all(state, [record_of(Change("c", AT, "test", tuple(facts)))])
    assert [None] == list(folded.verdicts.values())

    return folded.state


def _state(*installs: Instance) -> State:
    state = State()
    for bot in (Bot("b", "B", "slack", AT), Bot("c", "C", "slack", AT)):
        state = _after(state, [state.fact("bot_created", bot)])
    for one in installs:
        state = _after(state, add_instance(state, one))

    return state


@pytest.mark.parametrize(
    ("expected", "first", "second"),
    [
        pytest.param(2, _install("x"), _install("y"), id="two teams of Slack"),
        pytest.param(1, _install("x", attributes={"team_id": "T"}), _install("y", attributes={"team_id": "T"}), id="one team, a new token"),
        pytest.param(2, _install("x", attributes={"team_id": "T"}), _install("y", attributes={"team_id": "V"}), id="different teams"),
        pytest.param(1, _install("x"), _install("x"), id="the same token"),
        pytest.param(1, _install("x", "facebook"), _install("y", "facebook"), id="Messenger"),
        pytest.param(1, _install("x", "kik"), _install("y", "kik"), id="Kik"),
        pytest.param(2, _install("x", "kik"), _install("y", "facebook"), id="two platforms of a bot"),
        pytest.param(2, _install("x", "telegram"), _install("y", "telegram"), id="elsewhere by token"),
        pytest.param(2, _install("x", "facebook"), _install("y", "facebook", bot="c"), id="two bots"),
    ],
)  # fmt: skip
def test_how_many(expected: int, first: Instance, second: Instance) -> None:
    """Slack has an install for each team, Messenger and Kik one for each bot; the same token is the same install."""
    assert expected == len(_state(first, second).instances)


def test_the_second_registration_updates_the_first() -> None:
    """It keeps number and date, takes the new token over and what is told anew, and forgets the old token's sealed text."""
    first = _install("x", "kik", uid="bot", installed_at=5, attributes={"a": "1"}, sealed="old")
    state = _state(first, _install("y", "kik", attributes={"b": "2"}))
    [found] = state.instances.values()

    assert (first.id, _hash("y"), "bot", 5, {"a": "1", "b": "2"}, "") == (
        found.id, found.token_sha256, found.uid, found.installed_at, found.attributes, found.sealed,
    )  # fmt: skip
    assert (found, None) == (instance_with(state, _hash("y")), instance_with(state, _hash("x")))


def test_a_date_told_later() -> None:
    """A second registration may date the install back."""
    state = _state(_install("x"), _install("x", installed_at=7))

    assert [7] == [one.installed_at for one in state.instances.values()]


def test_nothing_new_is_no_fact() -> None:
    """A client that registers at every start writes nothing."""
    assert [] == add_instance(_state(_install("x")), _install("x"))


def test_a_number_that_is_taken() -> None:
    """The number of a token that its install no longer has is not given to another install."""
    state = _state(_install("x", "facebook"), _install("y", "facebook"))
    state = _after(state, add_instance(state, _install("x", "facebook", bot="c")))

    assert 2 == len(state.instances)
    assert {"b", "c"} == {one.bot for one in state.instances.values()}


@pytest.mark.parametrize(
    ("expected", "instance"),
    [
        pytest.param("unknown_bot", _install("x", bot="nobody"), id="no such bot"),
        pytest.param("bad_instance", _install("x", uid="u" * 501), id="a long name"),
        pytest.param(
            "bad_instance", _install("x", attributes={str(n): "" for n in range(51)}), id="much to tell"
        ),
        pytest.param("bad_time", _install("x", installed_at=-1), id="before 1970"),
    ],
)
def test_refusals(expected: str, instance: Instance) -> None:
    """What cannot be kept says why."""
    found = add_instance(_state(), instance)

    assert isinstance(found, Refusal)
    assert expected == found.code


@pytest.mark.parametrize(
    ("expected", "bot", "id_", "changes"),
    [
        pytest.param("unknown_instance", "b", "17", {}, id="no such install"),
        pytest.param("unknown_instance", "c", instance_number(_hash("x")), {}, id="of another bot"),
        pytest.param("bad_state", "b", instance_number(_hash("x")), {"state": "asleep"}, id="no such state"),
    ],
)
def test_changes_refused(expected: str, bot: str, id_: str, changes: dict[str, Any]) -> None:
    """A change that makes no sense is refused."""
    found = change_instance(_state(_install("x")), bot, id_, changes)

    assert isinstance(found, Refusal)
    assert expected == found.code


def test_change() -> None:
    """State, name, place and token can change; the same again is no fact."""
    state = _state(_install("x"))
    [id_] = state.instances
    changes = {"state": "disabled", "uid": "U", "attributes": {"team_name": "N"}}
    state = _after(state, change_instance(state, "b", id_, changes, _hash("y"), "sealed"))
    found = state.instances[id_]

    assert ("disabled", "U", {"team_name": "N"}, _hash("y"), "sealed") == (
        found.state, found.uid, found.attributes, found.token_sha256, found.sealed,
    )  # fmt: skip
    assert [] == change_instance(state, "b", id_, changes, _hash("y"), "sealed")
