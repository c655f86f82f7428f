"""How much gets through: never more than the rate, and who waits as told is served."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.rates import BURST_S, Rates

PER_S = 50
REQUESTS = st.lists(st.tuples(st.floats(0, 20), st.integers(1, 900)), min_size=1, max_size=60)


@given(requests=REQUESTS)
def test_no_more_than_the_rate_gets_through(requests: list[tuple[float, int]]) -> None:
    """Between any two requests, what was taken is bounded by the time between them."""
    rates, now_s = Rates(PER_S), 1_000.0
    taken: list[tuple[float, int]] = []
    for pause_s, amount in requests:
        now_s += pause_s
        if not rates.take("bot", amount, now_s):
            taken.append((now_s, amount))

    for first, (begin_s, _) in enumerate(taken):
        for last in range(first, len(taken)):
            before_last = sum(amount for _, amount in taken[first:last])
            assert before_last <= PER_S * (taken[last][0] - begin_s + BURST_S) + 1e-6


@given(requests=REQUESTS)
def test_who_waits_as_told_is_served(requests: list[tuple[float, int]]) -> None:
    """And not a second time told to wait."""
    rates, now_s = Rates(PER_S), 1_000.0
    for pause_s, amount in requests:
        now_s += pause_s
        wait_s = rates.take("bot", amount, now_s)
        if wait_s:
            now_s += wait_s + 1e-6

            assert 0 == rates.take("bot", amount, now_s)


def test_steady_senders_are_not_held_back() -> None:
    """Who sends what is allowed may go on for ever."""
    rates = Rates(PER_S)

    assert {0} == {rates.take("bot", PER_S, float(second)) for second in range(1000)}


def test_names_do_not_share() -> None:
    """One bot's flood is not another's."""
    rates = Rates(PER_S)
    rates.take("loud", 10_000, 0)

    assert rates.take("loud", 1, 0) > 0 == rates.take("quiet", 1, 0)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """And takes nothing away either."""
    rates = Rates(PER_S)
    rates.take("bot", PER_S * BURST_S, 100)

    assert rates.take("bot", 1, 90) == rates.take("bot", 1, 90) > 0
