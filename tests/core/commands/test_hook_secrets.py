"""Requests about secrets of webhooks become facts, or refusals that say why."""

from __future__ import annotations

import msgspec
import pytest

from app.core.commands.hook_secrets import MOST_ACTIVE, add_hook_secret, hooked, revoke_hook_secret
from app.core.platforms import PLATFORMS
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, HookSecret, State
from tests.facts import told as state

PIZZA = Bot("pizza", "Pizza", "slack", 1_000)
OLD = Bot("old", "Old", "slack", 1_000, archived_at=2_000)
SECRET = HookSecret("h1", "pizza", "slack", 1_000, "gAAA")


def test_add() -> None:
    """A sound secret becomes a fact that carries it."""
    assert [Fact("hook_secret_added", SECRET, 1)] == add_hook_secret(state(PIZZA), SECRET)


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        pytest.param("unknown_platform", {"platform": "nowhere"}, id="platform"),
        pytest.param("no_hook", {"platform": "generic"}, id="no webhook"),
        pytest.param("unknown_bot", {"bot": "nobody"}, id="bot"),
        pytest.param("archived", {"bot": "old"}, id="archived"),
        pytest.param("id_taken", {"id": "h0"}, id="id of another"),
    ],
)
def test_add_refuses(expected: str, changes: dict[str, str]) -> None:
    """A secret that nothing would ask for is refused."""
    outcome = add_hook_secret(
        state(PIZZA, OLD, msgspec.structs.replace(SECRET, id="h0")),
        msgspec.structs.replace(SECRET, **changes),
    )

    assert isinstance(outcome, Refusal)
    assert expected == outcome.code


def test_too_many() -> None:
    """There is a limit of active ones; revoked ones do not count."""
    active = [msgspec.structs.replace(SECRET, id=f"a{n}") for n in range(MOST_ACTIVE)]
    revoked = [msgspec.structs.replace(one, sealed="", revoked_at=2) for one in active[:1]]

    assert isinstance(add_hook_secret(state(PIZZA, *active), SECRET), Refusal)
    assert isinstance(add_hook_secret(state(PIZZA, *active, *revoked), SECRET), list)


def test_revoke() -> None:
    """A revoked secret loses its sealed text, once."""
    revoked = HookSecret("h1", "pizza", "slack", 1_000, "", 3_000)
    again = revoke_hook_secret(state(PIZZA, revoked), "h1", 4_000)
    unknown = revoke_hook_secret(State(), "h1", 4_000)

    assert [Fact("hook_secret_revoked", revoked, 2)] == revoke_hook_secret(state(PIZZA, SECRET), "h1", 3_000)
    assert isinstance(again, Refusal)
    assert isinstance(unknown, Refusal)
    assert ("revoked", "unknown_secret") == (again.code, unknown.code)


def test_hooked_by_any_name() -> None:
    """Platforms are found by the names that clients use."""
    assert PLATFORMS["facebook"] is hooked("Facebook-Messenger")
