"""What a user forgets, and that it does not matter when."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.events import BotEvent, Reporting
from app.core.ledger import BotLedger
from app.core.users import MEMORY_HOURS, User, decode_user, encode_user, fold_event, is_bare, prune
from tests.core.test_shard import events

HOUR_0 = 473_000


@settings(max_examples=100, deadline=None)
@given(own=events(), seed=st.integers(0, 2**32))
def test_forgetting_in_between_changes_nothing(own: list[BotEvent], seed: int) -> None:
    """Pruned at any hours on the way, a user ends as one that is pruned once, at the last of them."""
    rng = random.Random(seed)
    user, hour = folded(own, rng)
    last = hour + rng.randrange(100)
    once, often = decode_user(encode_user(user)), decode_user(encode_user(user))
    for at in sorted(rng.randrange(hour, last + 1) for _ in range(3)):
        prune(often, at)
        often = decode_user(encode_user(often))
    prune(once, last)
    prune(often, last)

    assert encode_user(once) == encode_user(often)


@settings(max_examples=50, deadline=None)
@given(own=events(), seed=st.integers(0, 2**32))
def test_bare_is_who_has_nothing_to_forget(own: list[BotEvent], seed: int) -> None:
    """Two days after the last event a user is bare; before, only one whose events left nothing behind."""
    user, hour = folded(own, random.Random(seed))
    remembers = bool(user.seen)

    assert not remembers or not is_bare(encode_user(user))

    prune(user, hour + MEMORY_HOURS + 1)

    assert is_bare(encode_user(user))
    assert user == decode_user(encode_user(user))


def folded(own: list[BotEvent], rng: random.Random) -> tuple[User, int]:
    """Return a user with *own* folded in over a few hours, and the last of these."""
    user, hour, ledger = User(), HOUR_0, BotLedger("b1", Reporting())
    for event in own:
        hour += rng.choice([0, 0, 1, 20])
        prune(user, hour)
        fold_event(user, event, hour, ledger)

    return user, hour
