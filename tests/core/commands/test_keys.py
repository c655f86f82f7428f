"""Requests about keys become facts, or refusals that say why."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from app.core.commands.keys import LONGEST_GRACE_S, MOST_KEYS, create_key, revoke_key, rotate_key
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, Key, Scope
from app.core.times import END_MS
from tests.facts import told

PIZZA = Bot("pizza-x1y2", "Pizza", "facebook", 1_000)
INGEST = Key("k1", "ingest", "a" * 64, 1_000, "pizza-x1y2", name="shop")
NEW = Key("k2", "read", "b" * 64, 3_000)
STATE = told(PIZZA, INGEST)


def code_of(outcome: Sequence[Fact] | Refusal) -> str:
    """Return the code of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.code


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        pytest.param("needs_bot", {"scope": "ingest", "bot": None}, id="ingest for all bots"),
        pytest.param("unknown_bot", {"bot": "nobody"}, id="unknown bot"),
        pytest.param("id_taken", {"id": "k1"}, id="id of another"),
        pytest.param("bad_name", {"name": "x" * 201}, id="name"),
        pytest.param("bad_name", {"name": "x\ny"}, id="two lines"),
        pytest.param("bad_expiry", {"expires_at": 3_000}, id="no time to live"),
        pytest.param("bad_expiry", {"expires_at": END_MS}, id="no year that can be written"),
    ],
)
def test_create_key_refuses(expected: str, changes: dict[str, object]) -> None:
    """A key that would open nothing, or what nobody named, is refused."""
    assert expected == code_of(create_key(STATE, msgspec.structs.replace(NEW, **changes)))


@pytest.mark.parametrize(
    ("expected", "scope", "bot", "channel"),
    [
        pytest.param("needs_channel", "botanalytics-v2", PIZZA.id, "", id="no channel"),
        pytest.param("needs_channel", "botanalytics-v2", PIZZA.id, "smoke", id="unknown channel"),
        pytest.param("needs_channel", "botanalytics-v2", None, "rasa", id="no bot"),
        pytest.param("no_channel", "ingest", PIZZA.id, "rasa", id="channel of another scope"),
    ],
)
def test_channels_of_keys(expected: str, scope: Scope, bot: str | None, channel: str) -> None:
    """A key for Botanalytics v2, and no other, is for one channel of one bot."""
    assert expected == code_of(create_key(STATE, Key("k2", scope, "b" * 64, 1, bot, channel=channel)))


def test_a_key_of_a_channel() -> None:
    """With bot and channel the key is made."""
    key = Key("k2", "botanalytics-v2", "b" * 64, 1, PIZZA.id, channel="rasa")

    assert [Fact("key_created", key, 1)] == create_key(STATE, key)


def test_revoke_key_once() -> None:
    """A revoked key has the time; again, and of no key, is refused."""
    revoked = msgspec.structs.replace(INGEST, revoked_at=7)

    assert [Fact("key_revoked", revoked, 2)] == revoke_key(STATE, "k1", 7)
    assert "revoked" == code_of(revoke_key(told(PIZZA, revoked), "k1", 8))
    assert "unknown_key" == code_of(revoke_key(STATE, "k9", 8))


def test_rotate_key() -> None:
    """A new key takes the place of one in all but id, hash and time; the old one goes on for the grace."""
    after = Key("k2", "ingest", "b" * 64, 3_000, "pizza-x1y2", name="shop")
    before = msgspec.structs.replace(INGEST, expires_at=65_000, rotated_at=5_000)

    assert [Fact("key_created", after, 1), Fact("key_rotated", before, 2)] == rotate_key(
        STATE, "k1", NEW, 5_000, 60
    )


def test_a_rotated_key_lives_as_long_as_the_one_before() -> None:
    """A key that was made for some time is replaced by one for the same time, from now on."""
    monthly = msgspec.structs.replace(INGEST, expires_at=INGEST.created_at + 30_000)
    facts = rotate_key(told(PIZZA, monthly), "k1", NEW, 5_000, 60)

    assert isinstance(facts, list)
    assert NEW.created_at + 30_000 == getattr(facts[0].subject, "expires_at", None)


def test_a_rotated_key_ends_in_a_year_that_can_be_written() -> None:
    """A life until 2100 that starts anew does not end beyond."""
    long = msgspec.structs.replace(INGEST, expires_at=END_MS - 1)
    facts = rotate_key(told(PIZZA, long), "k1", NEW, 5_000, 60)

    assert isinstance(facts, list)
    assert END_MS - 1 == getattr(facts[0].subject, "expires_at", None)


def test_a_key_is_rotated_once() -> None:
    """A second time it would hand on the little life that its grace is."""
    rotated = msgspec.structs.replace(INGEST, expires_at=65_000, rotated_at=5_000)

    assert "rotated" == code_of(rotate_key(told(PIZZA, rotated), "k1", NEW, 6_000, 60))


def test_keys_are_limited() -> None:
    """Those of one bot that open something, also by rotating; one that ends at once makes room for its own."""
    many = [Key(f"m{n}", "read", f"{n:064}", 1_000, PIZZA.id) for n in range(MOST_KEYS - 1)]
    full = told(PIZZA, INGEST, *many)
    new = msgspec.structs.replace(NEW, bot=PIZZA.id)

    assert "too_many" == code_of(create_key(full, new))
    assert "too_many" == code_of(rotate_key(full, "k1", new, 5_000, 60))
    assert isinstance(rotate_key(full, "k1", new, 5_000, 0), list)
    assert isinstance(create_key(full, NEW), list)


def test_the_grace_is_no_longer_life() -> None:
    """A key that would expire earlier does not live longer because it is replaced."""
    expiring = msgspec.structs.replace(INGEST, expires_at=6_000)
    facts = rotate_key(told(PIZZA, expiring), "k1", NEW, 5_000, 60)

    assert isinstance(facts, list)
    assert 6_000 == getattr(facts[1].subject, "expires_at", None)


@pytest.mark.parametrize(
    ("expected", "key", "when", "grace_s"),
    [
        pytest.param("unknown_key", "k9", 5_000, 0, id="no key"),
        pytest.param("bad_grace", "k1", 5_000, LONGEST_GRACE_S + 1, id="too long"),
        pytest.param("bad_grace", "k1", 5_000, -1, id="negative"),
        pytest.param("revoked", "k1", 9_000, 0, id="expired"),
    ],
)
def test_rotate_key_refuses(expected: str, key: str, when: int, grace_s: int) -> None:
    """What opens nothing cannot be replaced, and the old key does not stay for ever."""
    state = told(PIZZA, msgspec.structs.replace(INGEST, expires_at=9_000))

    assert expected == code_of(rotate_key(state, key, NEW, when, grace_s))
