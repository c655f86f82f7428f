"""
What one partition of the alert stage keeps: values of the watched minutes and days, and where each alert stands.

Everything is an entry `key -> stamp + value` of the stage's changelog; of two values of a key the one with the higher stamp
holds, so whatever is read or written twice changes nothing.

    m|bot|measure|window|start|partition|log day|key   part of a cell; its stamp is that of the part (app/core/counters.py)
    w|bot|measure|window|dashboard                     second from which on every value is here; stamped with the time
    a|alert                                            state and what is still to be told; stamped with the time

What is to be told is written here before it is told, and taken away after: a crash in between tells it again, in the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from app.core.alerts.machine import AlertState, Transition
from app.core.alerts.watching import Watch
from app.core.alerts.windows import Span
from app.core.counters import CellBatch
from app.core.entries import STAMP, prefix_of, stamp_of
from app.core.generations import bot_in
from app.core.groups import from_bytes, to_bytes

__all__ = ["AlertTable", "Writes"]

_MOST_GONE: Final = 50_000
"""Entries deleted in one flush at most."""

_MOST_SUMS: Final = 64
"""Sums of a series that are remembered: windows move on every minute."""

_Series = tuple[str, str, str, str]
"""Bot, measure, window, key"""


class Writes(NamedTuple):
    """One flush: `entries` to the changelog, `gone` as records without a value, then `told` to the topic `alerts`."""

    entries: list[tuple[bytes, bytes]]
    gone: list[bytes]
    told: list[Transition]


class _Kept(msgspec.Struct, array_like=True):
    state: AlertState
    told: list[Transition]


class _Number:
    """A cell: the sum of its parts, and the keys of their entries."""

    __slots__ = ("keys", "total")

    def __init__(self) -> None:
        self.total = 0
        self.keys: set[bytes] = set()


class AlertTable:
    """`entries` is the restored state and is kept current."""

    def __init__(self, partition: int, entries: dict[bytes, bytes]) -> None:
        self.partition = partition
        self.entries = entries
        self._numbers: dict[_Series, dict[int, _Number]] = {}
        self._sums: dict[_Series, dict[Span, int]] = {}
        self._kept: dict[str, _Kept] = {}
        self._dirty: dict[bytes, None] = {}
        self._gone: dict[bytes, None] = {}
        self._untold: list[Transition] = []
        for key, entry in entries.items():
            self._restore(key, entry)

    def take(self, batch: CellBatch) -> set[str]:
        """Take in values of parts and return the bots whose numbers changed."""
        changed = set()
        prefix = prefix_of(batch.stamp)
        for bot, measure, _, window, start, name, value in batch.cells:
            where = f"{bot}|{measure}|{window}|{start}|{batch.partition}|{batch.log_day}|{name}"
            key = b"m|" + where.encode()
            old = self.entries.get(key)
            if old is not None and stamp_of(old) >= batch.stamp:
                continue
            before = 0 if old is None else from_bytes(old[STAMP:])
            self._put(key, prefix + to_bytes(value))
            self._count((bot, measure, window, name), start, key, value - before)
            changed.add(bot_in(bot))
        return changed

    def number(self, watch: Watch, keys: Iterable[str], span: Span) -> int:
        """Return the sum of the cells in *span*."""
        total = 0
        for name in keys:
            series = (watch.bot, watch.measure, watch.window, name)
            sums = self._sums.setdefault(series, {})
            found = sums.get(span)
            if found is None:
                if len(sums) >= _MOST_SUMS:
                    sums.clear()
                found = sums[span] = self._sum(series, span)
            total += found
        return total

    def state_of(self, alert: str) -> AlertState:
        """Return where an alert stands."""
        kept = self._kept.get(alert)
        return AlertState() if kept is None else kept.state

    @property
    def alerts(self) -> list[str]:
        """Everything of which a state is kept."""
        return list(self._kept)

    def keep(self, alert: str, state: AlertState, told: Transition | None, now_ms: int) -> None:
        """Note where an alert stands from now on, and what is to be told."""
        kept = self._kept.get(alert)
        if kept is None:
            kept = self._kept[alert] = _Kept(AlertState(), [])
        elif kept.state == state and told is None:
            return
        kept.state = state
        if told is not None:
            kept.told.append(told)
            self._untold.append(told)
        self._write(alert, kept, now_ms)

    def forget(self, alert: str) -> None:
        """Let go of an alert nobody knows any more."""
        if self._kept.pop(alert, None) is not None:
            self._drop(_alert_key(alert))

    def whole_from(self, watch: Watch) -> int | None:
        """Return the second from which on no value is missing; None if *watch* is new here."""
        entry = self.entries.get(_watch_key(watch))
        return None if entry is None else from_bytes(entry[STAMP:])

    def set_whole(self, watch: Watch, from_s: int, now_ms: int) -> None:
        """Note from when on no value is missing."""
        key = _watch_key(watch)
        self._put(key, self._stamped(key, now_ms) + to_bytes(from_s))

    def expire(self, oldest: Mapping[Watch, int]) -> None:
        """Delete what no watch needs any more; *oldest* says from which start on each of them needs values."""
        left = _MOST_GONE
        for series in list(self._numbers):
            bot, measure, window, name = series
            first_s = oldest.get(Watch(bot, measure, window, name.rpartition("@")[0]))
            numbers = self._numbers[series]
            for start in [start for start in numbers if first_s is None or start < first_s][: max(left, 0)]:
                for key in numbers.pop(start).keys:
                    self._drop(key)
                    left -= 1
                self._sums.pop(series, None)
            if not numbers:
                del self._numbers[series]
        for key in [key for key in self.entries if key[:2] == b"w|" and _watch_of(key) not in oldest]:
            self._drop(key)

    def flush(self) -> Writes:
        """Return everything that changed since the last call and begin anew."""
        entries = [(key, self.entries[key]) for key in self._dirty]
        writes = Writes(entries, list(self._gone), self._untold)
        self._dirty, self._gone, self._untold = {}, {}, []
        return writes

    def has_told(self, told: Iterable[Transition], now_ms: int) -> None:
        """Note what need not be told again."""
        for one in told:
            kept = self._kept.get(one.alert)
            if kept is not None:
                kept.told = [other for other in kept.told if other.id != one.id]
                self._write(one.alert, kept, now_ms)

    def __len__(self) -> int:
        return len(self.entries)

    def _restore(self, key: bytes, entry: bytes) -> None:
        kind, _, rest = key.partition(b"|")
        if kind == b"m":
            bot, measure, window, start, _, _, name = rest.decode().split("|", 6)
            self._count((bot, measure, window, name), int(start), key, from_bytes(entry[STAMP:]))
        elif kind == b"a":
            kept = msgspec.msgpack.decode(entry[STAMP:], type=_Kept)
            self._kept[rest.decode()] = kept
            self._untold += kept.told

    def _sum(self, series: _Series, span: Span) -> int:
        first_s, end_s = span
        numbers = self._numbers.get(series, {})
        return sum(one.total for start, one in numbers.items() if first_s <= start < end_s)

    def _count(self, series: _Series, start: int, key: bytes, change: int) -> None:
        numbers = self._numbers.setdefault(series, {})
        number = numbers.get(start)
        if number is None:
            number = numbers[start] = _Number()
        if change:
            number.total += change
            self._sums.pop(series, None)
        number.keys.add(key)

    def _write(self, alert: str, kept: _Kept, now_ms: int) -> None:
        key = _alert_key(alert)
        self._put(key, self._stamped(key, now_ms) + msgspec.msgpack.encode(kept))

    def _stamped(self, key: bytes, now_ms: int) -> bytes:
        """Return a stamp of the time, always above that of the entry there is: clocks go back now and then."""
        old = self.entries.get(key)
        return prefix_of(max(now_ms, 0 if old is None else stamp_of(old) + 1))

    def _put(self, key: bytes, entry: bytes) -> None:
        self.entries[key] = entry
        self._dirty[key] = None
        self._gone.pop(key, None)

    def _drop(self, key: bytes) -> None:
        self.entries.pop(key, None)
        self._dirty.pop(key, None)
        self._gone[key] = None


def _alert_key(alert: str) -> bytes:
    return f"a|{alert}".encode()


def _watch_key(watch: Watch) -> bytes:
    return ("w|" + "|".join(watch)).encode()


def _watch_of(key: bytes) -> Watch:
    _, bot, measure, window, dashboard = key.decode().split("|")
    return Watch(bot, measure, window, dashboard)
