"""
The state of one bot-events partition: records in, exact numbers out, whatever crashes in between.

Everything that is kept is an entry `key -> stamp + value` of one changelog partition, where the stamp is the offset
of the last bot-events record folded into the value:

    c|log day|cell   value of a counter's part (8 bytes)           written first
    b|bot            newest event time of a bot (8 bytes)          written second, with
    u|bot|user       user (app/core/users.py)                      the users
    k                clock: where we stand                         written last

A flush writes all that changed in this order, so a crash leaves a prefix of it.  Reading on from the clock is then
exact: a value whose stamp is not below a record's offset has that record in it already and is left alone.  Any
value is a function of the log and its stamp, so of two values for a key the one with the higher stamp holds, also
where a worker that was thought dead wrote the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

import msgspec

from app.core.calendar import DAY_MS, HOUR_MS
from app.core.counters import CellBatch, CellName, cell_of, key_of
from app.core.events import BotEvent, EventBatch, Reporting
from app.core.ledger import BotLedger
from app.core.users import User, decode_user, encode_user, fold_event, prune

__all__ = ["CLOCK_KEY", "Clock", "Shard", "Writes", "stamp_of"]

CLOCK_KEY: Final = b"k"
_DEFAULT: Final = Reporting()
_STAMP: Final = 8


class Clock(msgspec.Struct, array_like=True):
    """
    Where a shard stands.

    `offset`: last bot-events record folded.  `sources`: last raw offset folded per raw partition, so that what a
    restarted normaliser sends again is dropped.  `log_ms`: latest time of receipt seen.
    """

    offset: int = -1
    sources: dict[int, int] = {}
    log_ms: int = 0


class Writes(msgspec.Struct):
    """
    One flush, to be sent in this order, each step after the one before is acknowledged.

    `counters` to the counters topic; `entries` to the changelog, in their order; `sealed` keys as tombstones.
    Then everything up to `offset` of the input is done.
    """

    offset: int
    counters: list[CellBatch]
    entries: list[tuple[bytes, bytes]]
    sealed: list[bytes]


def stamp_of(entry: bytes) -> int:
    """Return the stamp of an entry's value."""
    return int.from_bytes(entry[:_STAMP], "big")


class Shard:
    """Folds the records of one partition. `entries` is the restored state and is kept current by `take`."""

    def __init__(self, partition: int, entries: dict[bytes, bytes]) -> None:
        self.partition = partition
        self.entries = entries
        self.clock = _clock_of(entries)
        self.pending_events = 0
        self._taken = self.clock.offset
        self._replayed_to = max(map(stamp_of, entries.values()), default=-1)
        self._hour = self.clock.log_ms // HOUR_MS
        self._log_day = self.clock.log_ms // DAY_MS
        self._users: dict[bytes, User] = {}
        self._ledgers: dict[str, BotLedger] = {}
        self._retired: list[BotLedger] = []
        self._dirty: dict[bytes, tuple[CellName, int, int]] = {}
        self._sealed_before = self._log_day

    def fold(self, offset: int, batches: list[EventBatch]) -> None:
        """Fold the record at *offset*; one that was folded before changes nothing."""
        if offset <= self.clock.offset:
            return
        for batch in batches:
            if batch.raw_offset <= self.clock.sources.get(batch.raw_partition, -1):
                continue
            self._advance(batch.received_at, offset)
            for event in batch.events:
                self._fold_event(event, offset, batch.reporting.get(event.bot_id, _DEFAULT))
            self.pending_events += len(batch.events)
            self.clock.sources[batch.raw_partition] = batch.raw_offset
        if offset <= self._replayed_to:
            self._settle(offset)
        self.clock.offset = offset

    def take(self) -> Writes | None:
        """Return everything that changed since the last call and begin anew; None if nothing was folded."""
        offset = self.clock.offset
        if offset == self._taken:
            return None
        self._taken = offset
        self._settle(offset)
        counters = self._counters(offset)
        written = [(key, self.entries[key]) for key in self._dirty]
        written += self._take_bots(offset)
        written += self._take_users(offset)
        clock = offset.to_bytes(_STAMP, "big") + msgspec.msgpack.encode(self.clock)
        self.entries[CLOCK_KEY] = clock
        written.append((CLOCK_KEY, clock))
        self._dirty.clear()
        self.pending_events = 0

        return Writes(offset, counters, written, list(self._seal()))

    def _advance(self, received_at: int, offset: int) -> None:
        """Move log time on; a new log day closes the parts of the day before."""
        if received_at <= self.clock.log_ms:
            return
        self.clock.log_ms = received_at
        hour = received_at // HOUR_MS
        if hour == self._hour:
            return
        self._hour = hour
        if received_at // DAY_MS != self._log_day:
            self._settle(offset)
            self._log_day = received_at // DAY_MS
        for user in self._users.values():
            prune(user, hour)

    def _fold_event(self, event: BotEvent, offset: int, reporting: Reporting) -> None:
        key = f"u|{event.bot_id}|{event.user_id}".encode()
        user = self._users.get(key)
        if user is None:
            entry = self.entries.get(key)
            if entry is None:
                user = User()
            elif stamp_of(entry) >= offset:
                return  # folded before the crash, and so is every cell it changed
            else:
                user = decode_user(entry[_STAMP:])
                prune(user, self._hour)
            self._users[key] = user
        ledger = self._ledger(event.bot_id, offset, reporting)
        fold_event(user, event, self._hour, ledger)

    def _ledger(self, bot_id: str, offset: int, reporting: Reporting) -> BotLedger:
        ledger = self._ledgers.get(bot_id)
        if ledger is None or (ledger.reporting is not reporting and ledger.reporting != reporting):
            ledger = self._new_ledger(bot_id, reporting)
        if ledger.newest_ms == 0 or ledger.newest_ms is None:
            entry = self.entries.get(_bot_key(bot_id))
            if (
                entry is not None
            ):  # None: the newest time is from after this record, lateness was counted then
                ledger.newest_ms = int.from_bytes(entry[_STAMP:], "big") if stamp_of(entry) < offset else None
        ledger.log_ms = self.clock.log_ms

        return ledger

    def _new_ledger(self, bot_id: str, reporting: Reporting) -> BotLedger:
        new, old = BotLedger(bot_id, reporting), self._ledgers.get(bot_id)
        if old is not None:  # the bot's settings changed between two events
            new.newest_ms = old.newest_ms
            self._retired.append(old)
        self._ledgers[bot_id] = new

        return new

    def _deltas(self) -> Iterable[tuple[CellName, int]]:
        if not self._retired:
            return chain.from_iterable(ledger.settle() for ledger in self._ledgers.values())
        sums: Counter[CellName] = Counter()
        for ledger in (*self._retired, *self._ledgers.values()):
            for cell, delta in ledger.settle():
                sums[cell] += delta
        self._retired.clear()

        return sums.items()

    def _settle(self, stamp: int) -> None:
        """Move the ledgers' deltas into the entries, leaving alone what has *stamp* in it already."""
        guarded = stamp <= self._replayed_to
        prefix = stamp.to_bytes(_STAMP, "big")
        entries, log_day = self.entries, self._log_day
        for cell, delta in self._deltas():
            key = key_of(cell, log_day)
            old = entries.get(key)
            if old is None:
                value = delta
            elif guarded and stamp_of(old) >= stamp:
                continue
            else:
                value = int.from_bytes(old[_STAMP:], "big", signed=True) + delta
            entries[key] = prefix + value.to_bytes(8, "big", signed=True)
            self._dirty[key] = (cell, log_day, value)

    def _counters(self, offset: int) -> list[CellBatch]:
        batches: dict[int, CellBatch] = {}
        for cell, log_day, value in self._dirty.values():
            if log_day not in batches:
                batches[log_day] = CellBatch(self.partition, log_day, offset, [])
            batches[log_day].cells.append((*cell, value))

        return list(batches.values())

    def _take_bots(self, offset: int) -> Iterator[tuple[bytes, bytes]]:
        for bot_id, ledger in self._ledgers.items():
            if ledger.newest_ms:
                entry = offset.to_bytes(_STAMP, "big") + ledger.newest_ms.to_bytes(8, "big")
                key = _bot_key(bot_id)
                if self.entries.get(key, b"")[_STAMP:] != entry[_STAMP:]:
                    self.entries[key] = entry
                    yield key, entry

    def _take_users(self, offset: int) -> list[tuple[bytes, bytes]]:
        prefix = offset.to_bytes(_STAMP, "big")
        written = [(key, prefix + encode_user(user)) for key, user in self._users.items()]
        self.entries.update(written)
        self._users.clear()

        return written

    def _seal(self) -> Iterator[bytes]:
        """Forget the parts of past log days: they can not change any more."""
        if self._sealed_before == self._log_day:
            return
        self._sealed_before = self._log_day
        for key in [key for key in self.entries if key[:1] == b"c" and cell_of(key)[1] < self._log_day]:
            del self.entries[key]
            yield key


def _bot_key(bot_id: str) -> bytes:
    return f"b|{bot_id}".encode()


def _clock_of(entries: dict[bytes, bytes]) -> Clock:
    entry = entries.get(CLOCK_KEY)

    return msgspec.msgpack.decode(entry[_STAMP:], type=Clock) if entry else Clock()
