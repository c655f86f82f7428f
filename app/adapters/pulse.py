"""
Which stages live, how far and how fast they are: what their heartbeats of the last seconds say.

The age of a heartbeat is counted from its arrival here, so that clocks of other machines do not matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.adapters.heartbeat import HEARTBEATS, Heartbeat, read_beat
from app.adapters.tail import Places, Record, Tail, from_time
from app.core.readable import Unreadable, read

__all__ = ["ALIVE_MS", "FORGET_MS", "Instance", "Pulse", "follow_pulse"]

ALIVE_MS: Final = 5_000
"""A stage that was silent for longer is not there."""

FORGET_MS: Final = 60_000
"""After so long nothing is known of it any more."""

_SPAN_MS: Final = 10_000


class Instance(NamedTuple):
    """One process of a stage: its last word, how long ago that was, and its figures per second."""

    beat: Heartbeat
    age_ms: int
    rates: dict[str, float]

    @property
    def is_alive(self) -> bool:
        """Tell whether it spoke just now."""
        return self.age_ms < ALIVE_MS


class Pulse:
    """Keeps the heartbeats of the last ten seconds, by process."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._heard: dict[tuple[str, str], deque[tuple[int, Heartbeat]]] = {}

    def hear(self, beat: Heartbeat, arrived_ms: int) -> None:
        """Take a heartbeat in."""
        heard = self._heard.setdefault((beat.stage, beat.instance), deque())
        if heard and (heard[-1][1].started_at != beat.started_at):
            heard.clear()
        heard.append((arrived_ms, beat))
        while heard[0][0] < arrived_ms - _SPAN_MS:
            heard.popleft()

    def instances(self, stage: str) -> list[Instance]:
        """Return the processes of *stage* that spoke within the last minute."""
        now_ms = self._clock()
        found = []
        for (name, _), heard in sorted(self._heard.items()):
            age_ms = max(now_ms - heard[-1][0], 0)
            if name == stage and age_ms < FORGET_MS:
                found.append(Instance(heard[-1][1], age_ms, _rates(heard)))
        return found

    def stages(self) -> list[str]:
        """Name the stages that were heard of."""
        return sorted({stage for stage, _ in self._heard})

    def is_ready(self, stage: str) -> bool:
        """Tell whether a process of *stage* is alive and ready."""
        return any(one.is_alive and one.beat.ready for one in self.instances(stage))

    def forget_silent(self) -> None:
        """Let go of processes that have been silent for a minute."""
        oldest = self._clock() - FORGET_MS
        self._heard = {name: heard for name, heard in self._heard.items() if heard[-1][0] >= oldest}


def follow_pulse(bootstrap: str, pulse: Pulse, clock: Callable[[], int], back_ms: int = _SPAN_MS) -> Tail:
    """Return what keeps *pulse* current, to be run; it begins with what was said *back_ms* ago."""

    async def last_seconds(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> Places:
        return await from_time(consumer, partitions, clock() - back_ms)

    def take(records: Sequence[Record]) -> None:
        for record in records:
            beat = _read(record.value)
            if beat is not None:
                arrived_ms = clock() if tail.is_caught_up else min(record.timestamp, clock())
                pulse.hear(beat, arrived_ms)
        pulse.forget_silent()

    tail = Tail(bootstrap, HEARTBEATS, last_seconds, take)
    return tail


def _read(record: bytes | None) -> Heartbeat | None:
    try:
        return read(read_beat, record)
    except Unreadable:
        return None


def _rates(heard: deque[tuple[int, Heartbeat]]) -> dict[str, float]:
    """Return figures per second over what is kept, by the process's own clock."""
    first, last = heard[0][1], heard[-1][1]
    seconds = (last.at - first.at) / 1000
    if seconds <= 0:
        return dict.fromkeys(last.figures, 0.0)
    return {name: (value - first.figures.get(name, 0)) / seconds for name, value in last.figures.items()}
