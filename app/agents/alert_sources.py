"""
What alerts need besides the stream: values from before they were there, numbers only ClickHouse has, and how far the stages are.

    history   when an alert begins to look at something, its values so far are loaded: at once, and again when the store has
              everything that was counted before every worker knew of the alert.  Values are stamped, so twice is no harm
    asked     response times, distinct users, and what is compared with yesterday or last week: every other second
    waves     how far counting and storing are (app/adapters/wave.py), while there is an alert
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Container, Iterable
from typing import Final, NamedTuple

import structlog
from aiokafka.errors import KafkaError

from app.adapters.alert_numbers import AlertNumbers
from app.adapters.catching_up import ALERT, NORMALISE, STORE, TRACK
from app.adapters.ends import ends_of
from app.adapters.reader import Reader
from app.adapters.topics import ALERT_INPUTS, BOT_EVENTS, COUNTERS, DEAD_LETTERS, RAW_EVENTS
from app.adapters.wave import Wave
from app.agents.registered import Registered
from app.config import Settings
from app.core.alerts.judging import Known, Question, asks
from app.core.alerts.watching import Watch
from app.core.counters import CellBatch
from app.core.registry import Alert, State
from app.ports import Clock, Unavailable

__all__ = ["LEARNING_S", "Sources"]

LEARNING_S: Final = 12
"""So long after an alert is new somebody may still pass over what it looks at: longer than a process may stand still."""

_ROUND_S: Final = 2.0
_AHEAD_MS: Final = 15_000
_WAVES_S: Final = 1.0
_STALE_S: Final = 30.0
_STILL_S: Final = 600
"""What ended so long ago is not asked for twice."""

_SPARED: Final = 2.0
"""A number that could not be had is left alone for so many times as long as the try took."""

_log = structlog.get_logger(__name__)


class _Wish(NamedTuple):
    partition: int
    first_s: int
    since: float


class Sources:
    """Runs beside the agents; `asked` and `counted_ms` are what they see."""

    def __init__(
        self,
        settings: Settings,
        registered: Registered,
        partitions: Callable[[], Iterable[int]],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._registered = registered
        self._partitions = partitions
        self._clock = clock
        self._reader = Reader(settings, threads=2)
        self._numbers = AlertNumbers(self._reader)
        self._wishes: dict[Watch, _Wish] = {}
        self._glanced: set[Watch] = set()
        self._answered_at: dict[Question, float] = {}
        self._spared: dict[tuple[str, str], float] = {}
        self._said: set[str] = set()
        counted = (
            (NORMALISE, (RAW_EVENTS,)),
            (TRACK, (BOT_EVENTS,)),
            (ALERT, (COUNTERS,)),
            (ALERT, (ALERT_INPUTS,)),
        )
        stored = (
            (NORMALISE, (RAW_EVENTS,)),
            (TRACK, (BOT_EVENTS,)),
            (STORE, (BOT_EVENTS, DEAD_LETTERS, COUNTERS)),
        )
        self._counted, self._stored = (
            Wave(settings.kafka, steps, settings.partitions, clock) for steps in (counted, stored)
        )
        self.asked: dict[Question, float | None] = {}
        self.figures = {"asking_ms": 0}
        self.load: Callable[[int, list[CellBatch]], None] = lambda *_: None
        self.set_whole: Callable[[int, Watch, int], None] = lambda *_: None

    @property
    def counted_ms(self) -> int:
        """Every event accepted before this instant has been counted and is in the tables."""
        return self._counted.reached_ms

    def want(self, partition: int, watch: Watch, first_s: int) -> None:
        """Ask for the values of *watch* from *first_s* on, unless that is done already."""
        if watch not in self._wishes:
            self._wishes[watch] = _Wish(partition, first_s, time.monotonic())

    def want_only(self, partition: int, wanted: Container[Watch]) -> None:
        """Drop the wishes in *partition* that nobody has any more: of what is not watched, values are passed over."""
        for watch, wish in list(self._wishes.items()):
            if wish.partition == partition and watch not in wanted:
                del self._wishes[watch]
                self._glanced.discard(watch)

    async def run(self) -> None:
        """Do all of it until cancelled."""
        await self._registered.ready.wait()
        try:
            await asyncio.gather(self._fill(), self._ask(), self._follow_waves())
        finally:
            self._reader.close()

    # -- history

    async def _fill(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            try:
                await self._glance()
                await self._settle()
            except (Unavailable, KafkaError, OSError) as error:
                self._say("alert_history_waits", error)
                await asyncio.sleep(_ROUND_S)
            else:
                self._said.discard("alert_history_waits")

    async def _glance(self) -> None:
        """Load at once what there is: enough to see that something is too much already."""
        for watch, wish in list(self._wishes.items()):
            if watch not in self._glanced:
                self.load(wish.partition, await self._numbers.parts(watch, wish.first_s))
                self._glanced.add(watch)

    async def _settle(self) -> None:
        """Load again, when the store has what was counted until everybody knew of the watch."""
        ripe_at = time.monotonic() - LEARNING_S
        ripe = {watch: wish for watch, wish in self._wishes.items() if wish.since < ripe_at}
        if not ripe:
            return
        ends = await ends_of(self._settings.kafka, COUNTERS)
        while not await self._numbers.has_stored(COUNTERS, ends):
            await asyncio.sleep(0.5)
            await self._glance()
        for watch, wish in ripe.items():
            batches = await self._numbers.parts(watch, wish.first_s)
            if self._wishes.get(watch) is not wish:
                continue
            self.load(wish.partition, batches)
            self.set_whole(wish.partition, watch, wish.first_s)
            del self._wishes[watch]
            self._glanced.discard(watch)

    # -- numbers asked for

    async def _ask(self) -> None:
        while True:
            began = time.monotonic()
            await self._round()
            took_s = time.monotonic() - began
            self.figures["asking_ms"] = round(took_s * 1000)
            await asyncio.sleep(max(_ROUND_S - took_s, 0.5))

    async def _round(self) -> None:
        """Ask everything once; each answer counts as soon as it is there, and none waits for what fails."""
        state, questions = self._questions()
        self._let_go(questions)
        failed = False
        for question, alert in questions.items():
            if not (self._is_still(question) and question in self.asked) and not self._is_spared(question):
                failed |= not await self._answer(question, alert, state)
        if not failed:
            self._said.discard("alert_numbers_wait")

    async def _answer(self, question: Question, alert: Alert, state: State) -> bool:
        began = time.monotonic()
        try:
            self.asked[question] = await self._numbers.number(alert, state, question.span)
        except Unavailable as error:
            self._say("alert_numbers_wait", error)
            now = time.monotonic()
            self._spared[question.bot, question.measure] = now + _SPARED * (now - began)
            return False
        self._answered_at[question] = began
        return True

    def _is_spared(self, question: Question) -> bool:
        """Tell whether its number took so long to fail that the others go first."""
        return time.monotonic() < self._spared.get((question.bot, question.measure), 0.0)

    def _let_go(self, questions: Container[Question]) -> None:
        """Drop answers that nobody asks for, and those that are too old to judge by."""
        oldest = time.monotonic() - _STALE_S
        for question in list(self.asked):
            is_stale = self._answered_at[question] < oldest and not self._is_still(question)
            if is_stale or question not in questions:
                del self.asked[question], self._answered_at[question]

    def _is_still(self, question: Question) -> bool:
        return question.span.end_s < self._clock() // 1000 - _STILL_S

    def _questions(self) -> tuple[State, dict[Question, Alert]]:
        """Return what has to be asked for now, and in a moment when the minute is over."""
        now_ms, definitions = self._clock(), self._registered.definitions
        found: dict[Question, Alert] = {}
        for partition in self._partitions():
            for alert in self._live(partition):
                for at_ms in (now_ms, now_ms + _AHEAD_MS):
                    for question in asks(alert, Known(at_ms, 0, definitions.state, {})):
                        if question.over_ms <= self._stored.reached_ms:
                            found.setdefault(question, alert)
        return definitions.state, found

    def _say(self, what: str, error: Exception) -> None:
        """Say once that something waits, until it goes on."""
        if what not in self._said:
            _log.warning(what, error=str(error))
        self._said.add(what)

    # -- waves

    async def _follow_waves(self) -> None:
        """Send waves while somebody waits for them: they are questions to the broker."""
        running: asyncio.Task[None] | None = None
        while True:
            is_needed = any(self._live(n) for n in self._partitions())
            if is_needed and running is None:
                running = asyncio.create_task(self._run_waves())
            elif not is_needed and running is not None:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                running = None
            if running is not None and running.done():
                running.result()
            await asyncio.sleep(1)

    async def _run_waves(self) -> None:
        await asyncio.gather(self._counted.run(_WAVES_S), self._stored.run(_WAVES_S))

    def _live(self, partition: int) -> list[Alert]:
        definitions = self._registered.definitions
        live = (definitions.live.get(alert.id) for alert in definitions.alerts(partition))
        return [alert for alert in live if alert is not None]
