"""
The state of one bot-events partition: records in, exact numbers out, whatever crashes in between.

Everything that is kept is an entry (app/core/entries.py), stamped with the offset of the last record folded into it.
A flush writes parts of counters first, then bots and users, then the clock, so a crash leaves a prefix of it.  Reading
on from the clock is then exact: a value whose stamp is not below a record's offset has that record in it already and
is left alone.  Any value is a function of the log and its stamp, so of two values for a key the one with the higher
stamp holds, also where a worker that was thought dead wrote the other.

With each flush a few more entries are looked at, in turn: parts of a past log day are deleted, and users nobody has
heard of forget what they would have to forget before their next event anyway.

A bot that is erased leaves at once, all of it, and nothing of it is taken in any more: that it was is an entry, too.
One whose numbers are counted anew is folded twice for a while, under two names (app/core/recounts.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from app.core.calendar import DAY_MS, HOUR_MS
from app.core.counters import CellBatch
from app.core.entries import (
    CLOCK_KEY,
    PARTS,
    STAMP,
    USERS,
    bot_key,
    clock_of,
    log_day_of,
    prefix_of,
    stamp_of,
    user_key,
)
from app.core.erasure import Erasure
from app.core.events import NOWHERE, EventBatch, Recount, Reporting
from app.core.generations import counted_as
from app.core.groups import from_bytes, numbers_of, to_bytes
from app.core.ledger import BotLedger
from app.core.recounts import Recounts
from app.core.sweep import VISITS, Sweep
from app.core.users import User, decode_user, encode_user, fold_event, is_bare, prune

__all__ = ["Shard", "Writes"]

_DEFAULT: Final = Reporting()


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


_Changed = tuple[str, str, int, bytes, int, int, int]
"""Bot, window, start and name of a group that changed since the last flush, log day, value, and sum of changes."""


class Shard:
    """Folds the records of one partition. `entries` is the restored state and is kept current by `take`."""

    def __init__(self, partition: int, entries: dict[bytes, bytes], visits: int = VISITS) -> None:
        self.partition = partition
        self.entries = entries
        self.clock = clock_of(entries)
        self.pending_events = 0
        self._taken = self.clock.offset
        self._replayed_to = max(map(stamp_of, entries.values()), default=-1)
        self._hour = self.clock.log_ms // HOUR_MS
        self._log_day = self.clock.log_ms // DAY_MS
        self._ledgers: dict[str, BotLedger] = {}
        self._dirty: dict[bytes, _Changed] = {}
        self._sweep = Sweep(visits)
        self._erased = Erasure(entries)
        self._recounts = Recounts(entries)

    def fold(self, offset: int, batches: list[EventBatch]) -> None:
        """Fold the record at *offset*; one that was folded before changes nothing."""
        if offset <= self.clock.offset:
            return
        for batch in batches:
            if batch.raw_offset <= self.clock.sources.get(batch.raw_partition, -1):
                continue
            self._advance(batch.received_at, offset)
            if batch.erase:
                self._erase(batch.erase, offset)
            for bot, order in batch.recounts.items():
                self._recount(bot, order, offset)
            self._fold_events(batch, offset)
            self.pending_events += len(batch.events)
            if batch.raw_partition != NOWHERE:
                self.clock.sources[batch.raw_partition] = batch.raw_offset
        if offset <= self._replayed_to:
            self._settle(offset)
        self.clock.offset = offset

    def take(self) -> Writes | None:
        """Return everything that changed since the last call and begin anew; None if nothing was folded."""
        offset = self.clock.offset
        leaving = self._erased.take_leaving() + self._recounts.take_leaving()
        if offset == self._taken:
            return Writes(offset, [], [], leaving) if leaving else None
        self._taken = offset
        self._settle(offset)
        written = [(key, self.entries[key]) for key in self._dirty]
        counters = self._take_counters(offset)
        written += self._erased.take_marks() + self._recounts.take_marks()
        written += self._take_bots(offset)
        written += self._take_users(offset)
        self._ledgers.clear()
        forgetful, sealed = self._tidy(offset, len(written))
        written += forgetful
        clock = prefix_of(offset) + msgspec.msgpack.encode(self.clock)
        self.entries[CLOCK_KEY] = clock
        written.append((CLOCK_KEY, clock))
        self.pending_events = 0

        return Writes(offset, counters, written, leaving + sealed)

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
        for ledger in self._ledgers.values():
            for user in ledger.users.values():
                prune(user, hour)

    def _erase(self, bots: list[str], offset: int) -> None:
        """Forget everything of *bots*, what was gathered since the last flush included."""
        self._erased.add(bots, offset)
        self._recounts.forget(bots)
        self._let_go(lambda name: name not in self._erased)

    def _recount(self, bot: str, order: Recount, offset: int) -> None:
        """Begin or give up a generation of *bot*; one that begins knows what is late from the one that is shown."""
        if bot in self._erased:
            return
        self._recounts.follow(bot, order, offset)
        self._let_go(self._recounts.keeps)
        for name, reporting in self._recounts.begun(bot, offset):
            shown = self._ledger(counted_as(bot, order.shown.generation), offset, order.shown)
            self._ledger(name, offset, reporting).newest_ms = shown.newest_ms

    def _let_go(self, keeps: Callable[[str], bool]) -> None:
        """Forget what was gathered since the last flush of names that are not kept."""
        self._ledgers = {name: ledger for name, ledger in self._ledgers.items() if keeps(name)}
        self._dirty = {key: changed for key, changed in self._dirty.items() if keeps(changed[0])}

    def _fold_events(self, batch: EventBatch, offset: int) -> None:
        bot_id, hour = None, self._hour
        ledgers: list[BotLedger] = []
        for event in batch.events:
            if event.bot_id != bot_id:
                bot_id = event.bot_id
                ledgers = self._ledgers_of(bot_id, batch, offset)
            for ledger in ledgers:
                user = ledger.users.get(event.user_id)
                if user is None:
                    user = self._user(user_key(ledger.bot_id, event.user_id), offset)
                    if user is None:
                        continue  # folded before the crash, and so is every cell it changed
                    ledger.users[event.user_id] = user
                fold_event(user, event, hour, ledger)

    def _ledgers_of(self, bot_id: str, batch: EventBatch, offset: int) -> list[BotLedger]:
        """Return where the events of a bot in *batch* count: of history in the generation that it is for."""
        if bot_id in self._erased:
            return []
        if batch.history:
            named = self._recounts.counted_again(bot_id)
        else:
            named = self._recounts.counted(bot_id, batch.reporting.get(bot_id, _DEFAULT), offset)
        ledgers = [self._ledger(name, offset, reporting) for name, reporting in named]
        for ledger in ledgers:
            ledger.is_history = batch.history

        return ledgers

    def _user(self, key: bytes, offset: int) -> User | None:
        """Return a user as it was before the record at *offset*; None if it has the record in it."""
        entry = self.entries.get(key)
        if entry is None:
            return User()
        if stamp_of(entry) >= offset:
            return None
        user = decode_user(entry[STAMP:])
        prune(user, self._hour)

        return user

    def _ledger(self, bot_id: str, offset: int, reporting: Reporting) -> BotLedger:
        ledger = self._ledgers.get(bot_id)
        if ledger is None:
            ledger = self._ledgers[bot_id] = BotLedger(bot_id, reporting)
        elif ledger.reporting is not reporting and ledger.reporting != reporting:
            ledger = self._ledgers[bot_id] = ledger.successor(reporting)
        if not ledger.newest_ms:
            entry = self.entries.get(bot_key(bot_id))
            if entry is not None:  # None: this record is in it, and its lateness was counted before the crash
                ledger.newest_ms = int.from_bytes(entry[STAMP:], "big") if stamp_of(entry) < offset else None
        ledger.log_ms = self.clock.log_ms

        return ledger

    def _settle(self, stamp: int) -> None:
        """Move the ledgers' changes into the entries, leaving alone what has *stamp* in it already."""
        guarded, prefix = stamp <= self._replayed_to, prefix_of(stamp)
        entries, dirty, log_day = self.entries, self._dirty, self._log_day
        for bot_id, ledger in self._ledgers.items():
            for (window, start), sums in ledger.settle().items():
                where = f"c|{log_day}|{bot_id}|{window}|{start}|".encode()
                for name, change in sums.items():
                    key = where + name
                    value = total = change
                    old = entries.get(key)
                    if old is not None:
                        if guarded and stamp_of(old) >= stamp:
                            continue
                        value += from_bytes(old[STAMP:])
                        if key in dirty:
                            total += dirty[key][-1]
                    entries[key] = prefix + to_bytes(value)
                    dirty[key] = (bot_id, window, start, name, log_day, value, total)

    def _take_counters(self, offset: int) -> list[CellBatch]:
        batches: dict[int, CellBatch] = {}
        for bot_id, window, start, name, log_day, value, change in self._dirty.values():
            if log_day not in batches:
                batches[log_day] = CellBatch(self.partition, log_day, offset, [])
            cells = batches[log_day].cells
            for measure, dim, key, number in numbers_of(name, value, change):
                cells.append((bot_id, measure, dim, window, start, key, number))
        self._dirty.clear()

        return list(batches.values())

    def _take_bots(self, offset: int) -> Iterator[tuple[bytes, bytes]]:
        for bot_id, ledger in self._ledgers.items():
            if ledger.newest_ms:
                key, newest = bot_key(bot_id), ledger.newest_ms.to_bytes(8, "big")
                if self.entries.get(key, b"")[STAMP:] != newest:
                    self.entries[key] = prefix_of(offset) + newest
                    yield key, self.entries[key]

    def _take_users(self, offset: int) -> list[tuple[bytes, bytes]]:
        prefix, written = prefix_of(offset), []
        for bot_id, ledger in self._ledgers.items():
            users = ledger.users.items()
            written += [(user_key(bot_id, name), prefix + encode_user(user)) for name, user in users]
        self.entries.update(written)

        return written

    def _tidy(self, offset: int, written: int) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
        """Look at a few more entries; return users that forgot something, and parts that can not change any more."""
        forgetful: list[tuple[bytes, bytes]] = []
        sealed = []
        for key, entry in self._sweep.visit(self.entries, self._hour, written):
            if key[:1] == PARTS and log_day_of(key) < self._log_day:
                del self.entries[key]
                sealed.append(key)
            elif key[:1] == USERS and stamp_of(entry) <= offset and not is_bare(entry[STAMP:]):
                pruned = _pruned(entry, self._hour, offset)
                if pruned is not None:
                    self.entries[key] = pruned
                    forgetful.append((key, pruned))

        return forgetful, sealed


def _pruned(entry: bytes, hour: int, offset: int) -> bytes | None:
    """Return a user's entry with what has expired left out; None if nothing has."""
    user = decode_user(entry[STAMP:])
    prune(user, hour)
    value = encode_user(user)

    return None if value == entry[STAMP:] else prefix_of(offset) + value
