"""Numbers asked of ClickHouse for alerts: one that fails keeps no other from being known, and nothing ends the stage."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from clickhouse_driver.errors import ErrorCodes, ServerException

from app.adapters.alert_numbers import AlertNumbers
from app.agents.alert_sources import Sources
from app.config import Settings
from app.core.alerts.definitions import Definitions
from app.core.alerts.watching import Watch
from app.core.alerts.windows import Span
from app.core.registry import Alert
from app.ports import Unavailable
from tests.core.alerts.made import NOON_MS, alert, state_of

SLOW = alert(id="slow", measure="response_seconds_p50")
QUICK = alert(id="quick", measure="new_error_reasons")


class Numbers:
    """ClickHouse: `failing` is what it does not answer."""

    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)
        self.asked: list[str] = []

    async def number(self, of: Alert, _state: object, _span: object) -> float:
        """Answer, or do not."""
        self.asked.append(of.id)
        if of.id in self.failing:
            raise Unavailable("too slow", retry_after_s=5)
        return 7.0


def sources(*alerts: Alert, numbers: Numbers) -> Sources:
    """Return sources of these alerts, at noon."""
    registered: Any = SimpleNamespace(definitions=Definitions(state_of(*alerts), 1))
    own = Sources(Settings(partitions=1), registered, lambda: [0], lambda: NOON_MS)
    own._numbers = numbers  # type: ignore[assignment]
    return own


async def test_each_answer_counts_by_itself() -> None:
    """The first number fails, the second is known all the same."""
    own = sources(SLOW, QUICK, numbers=Numbers("slow"))
    await own._round()

    assert {"new_error_reasons": 7.0} == {question.measure: value for question, value in own.asked.items()}


async def test_a_number_that_took_long_to_fail_lets_the_others_go_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What failed after thirty seconds is not asked in the next round; what was answered is."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    numbers = Numbers()
    own = sources(SLOW, QUICK, numbers=numbers)

    async def slowly(of: Alert, _state: object, _span: object) -> float:
        numbers.asked.append(of.id)
        if of.id == "slow":
            now[0] += 30
            raise Unavailable("too slow", retry_after_s=5)
        return 7.0

    numbers.number = slowly  # type: ignore[method-assign]
    await own._round()
    numbers.asked.clear()
    await own._round()

    assert {"quick"} == set(numbers.asked)


async def test_an_answer_does_not_outlive_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """ClickHouse stops answering: half a minute later what it said is not known any more."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    numbers = Numbers()
    own = sources(QUICK, numbers=numbers)
    await own._round()
    known = len(own.asked)
    numbers.failing = {"quick"}
    now[0] += 31
    await own._round()

    assert (True, {}) == (known > 0, own.asked)


async def test_a_base_is_not_asked_for_before_it_is_stored() -> None:
    """While the store is behind, yesterday's number is none to compare with."""
    numbers = Numbers()
    own = sources(alert("rises_by", 50, "day"), numbers=numbers)
    await own._round()
    before = list(numbers.asked)
    own._stored.reached_ms = NOON_MS
    await own._round()

    assert ([], True) == (before, "a1" in numbers.asked)


async def test_what_is_watched_no_more_is_not_wished_for() -> None:
    """A disabled alert's wish is dropped: its values are passed over meanwhile, so they would never be whole."""
    own = sources(numbers=Numbers())
    watch, other = Watch("pizza", "events", "minute"), Watch("pizza", "messages", "minute")
    own.want(0, watch, 0)
    own.want(0, other, 0)
    own.want_only(0, {other})

    assert [other] == list(own._wishes)


async def test_whatever_clickhouse_says_the_stage_goes_on() -> None:
    """An error that is not known to pass is one answer less, not the end of the process."""

    async def rows(*_args: object, **_parameters: object) -> Any:
        await asyncio.sleep(0)
        raise ServerException("DB::Exception: no such thing\nstack", ErrorCodes.NO_FREE_CONNECTION)

    with pytest.raises(Unavailable, match="no such thing"):
        await AlertNumbers(SimpleNamespace(rows=rows)).number(QUICK, state_of(QUICK), Span(0, 60))  # type: ignore[arg-type]
