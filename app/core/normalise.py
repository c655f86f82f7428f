"""
One record of raw-events in, bot events and dead letters out: `normalise`.

A function of its arguments alone, so that a repeat after a crash or a replay after a year gives the same ids.  Which rules
an event is held against is one of them: the dashboards that it hits are those of the day on which it is read (decision 16).
Whatever is wrong costs itself only: a line that is no delivery, an item nobody can read, a reader that fails.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from app.core.dashboards.hits import NO_HITS, HitBook
from app.core.deliveries import ERASE, Delivery, read_envelope
from app.core.dialects import DIALECTS, Dialect
from app.core.events import BotEvent, EventBatch, Reporting, pack, partition_of
from app.core.outcome import DeadLetter, Outcome, Reason, Rejection
from app.core.platforms.context import Context, context_of

__all__ = ["STAGE", "Normalised", "normalise", "read_item"]

STAGE: Final = "normalise"
"""The stage that dead letters made here name."""

_MOST_HITS: Final = 10_000
"""What a raw record's events hit is named at each of them up to here; from here on it is packed, or no broker would take it."""


class Normalised(msgspec.Struct):
    """What a raw record holds: events by partition of bot-events, each in its order, and what was refused."""

    batches: dict[int, EventBatch]
    dead_letters: list[DeadLetter]


def normalise(
    record: bytes,
    raw_partition: int,
    raw_offset: int,
    partitions: int,
    book: HitBook = NO_HITS,
    removed: Container[str] = (),
    reportings: Mapping[str, Reporting] = MappingProxyType({}),
) -> Normalised:
    """
    Read the raw record at *raw_partition* and *raw_offset* for bot-events of *partitions* partitions.

    Events and refusals are numbered together from 0 in the order they stand in the record (`raw_index`).  Events of
    one delivery come in the order of their times, incoming before outgoing at the same instant.  *book* holds the rules
    of the bots' dashboards.  Of bots that were *removed* nothing is passed on but that they are to be erased.  *reportings*
    are those of bots whose numbers were counted anew: they take the place of older ones, with which a delivery was accepted.
    """
    pages = list(read_envelope(record))
    received_at = max((page.received_at for page in pages if isinstance(page, Delivery)), default=0)
    has_nul = record.find(_NUL) >= 0
    sheet = _Sheet(raw_partition, raw_offset, partitions, received_at, has_nul, book, removed, reportings)
    for page in pages:
        if isinstance(page, Delivery):
            sheet.take(page)
        else:
            sheet.refuse_line(page)
    if sheet.hits > _MOST_HITS:
        for batch in sheet.batches.values():
            pack(batch)

    return Normalised(sheet.batches, sheet.dead_letters)


def read_item(item: bytes, context: Context) -> Outcome:
    """Read one item with the reader of its way in; a reader that fails is a rejection too."""
    outcome = _read(DIALECTS.get(context.dialect), item, context)
    # a backslash is found, or not, far faster than what may follow it
    if item.find(b"\\") >= 0 and item.find(_NUL) >= 0:
        _blank_nul(outcome.events)

    return outcome


def _read(dialect: Dialect | None, item: bytes, context: Context) -> Outcome:
    if dialect is None:
        known = ", ".join(DIALECTS)
        return _refused(Reason.UNKNOWN_DIALECT, f"no way in is called {context.dialect!r}; there are {known}")
    try:
        outcome = dialect.read(item, context)
    except Exception as error:  # noqa: BLE001  a reader's bug must cost one item, not the stream
        why = f"the reader failed with {type(error).__name__}; please report it"
        return _refused(Reason.READER_FAILED, why)

    return outcome


class _Sheet:
    """Gathers what one raw record gives."""

    def __init__(
        self,
        raw_partition: int,
        raw_offset: int,
        partitions: int,
        received_at: int,
        has_nul: bool,
        book: HitBook,
        removed: Container[str],
        reportings: Mapping[str, Reporting],
    ) -> None:
        self.batches: dict[int, EventBatch] = {}
        self.dead_letters: list[DeadLetter] = []
        self.hits = 0
        self._raw_partition = raw_partition
        self._raw_offset = raw_offset
        self._partitions = partitions
        self._received_at = received_at
        self._has_nul = has_nul
        self._book = book
        self._removed = removed
        self._reportings = reportings
        self._place = f"{raw_partition}-{raw_offset}-"
        self._index = 0

    def take(self, delivery: Delivery) -> None:
        """Read the items of *delivery*; those of a bot that is gone are numbered, too, or their neighbours' ids would differ."""
        if delivery.way == ERASE:
            self._erase(delivery.bot)
            return
        events = self._events_of(delivery)
        if delivery.bot in self._removed:
            return
        matcher = self._book.matcher(delivery.bot)
        if matcher is not None:
            for event in events:
                event.dashboards = found = matcher.hits(event)
                self.hits += len(found)
        if len(events) > 1:
            events.sort(key=_by_time)
        reporting, newer = delivery.reporting, self._reportings.get(delivery.bot)
        if newer is not None and newer.generation > reporting.generation:
            reporting = newer
        self._share_out(events, reporting)

    def refuse_line(self, line: bytes) -> None:
        """Put away a line that is no delivery."""
        rejection = Rejection(Reason.UNKNOWN_SHAPE, "the line is no delivery that this version can read")
        self._refuse(rejection, line, Delivery(bot="", way="", received_at=self._received_at, items=[]))

    def _events_of(self, delivery: Delivery) -> list[BotEvent]:
        context = context_of(delivery)
        dialect = DIALECTS.get(delivery.way)
        events: list[BotEvent] = []
        for raw in delivery.items:
            item = bytes(raw)
            outcome = _read(dialect, item, context)
            if self._has_nul:
                _blank_nul(outcome.events)
            for event in outcome.events:
                event.raw_index = self._index
                if not event.event_id:
                    event.event_id = f"{self._place}{self._index}"
                self._index += 1
                events.append(event)
            for rejection in outcome.rejections:
                self._refuse(rejection, item, delivery)

        return events

    def _erase(self, bot: str) -> None:
        for partition in range(self._partitions):
            self._batch(partition).erase.append(bot)

    def _share_out(self, events: list[BotEvent], reporting: Reporting) -> None:
        differs = reporting != _DEFAULT
        batches: dict[str, EventBatch] = {}  # a delivery is of one bot, and its events are of few users
        for event in events:
            batch = batches.get(event.user_id)
            if batch is None:
                partition = partition_of(event.bot_id, event.user_id, self._partitions)
                batch = batches[event.user_id] = self._batch(partition)
            batch.events.append(event)
            if differs:
                batch.reporting[event.bot_id] = reporting

    def _batch(self, partition: int) -> EventBatch:
        batch = self.batches.get(partition)
        if batch is None:
            batch = EventBatch(self._raw_partition, self._raw_offset, self._received_at, [])
            self.batches[partition] = batch

        return batch

    def _refuse(self, rejection: Rejection, item: bytes, delivery: Delivery) -> None:
        letter = DeadLetter(
            bot_id=delivery.bot,
            reason=rejection.reason,
            message=rejection.message,
            stage=STAGE,
            raw_partition=self._raw_partition,
            raw_offset=self._raw_offset,
            raw_index=self._index,
            received_at=delivery.received_at,
            body=item.decode(errors="replace"),
            path=rejection.path,
            way=delivery.way,
            platform=delivery.platform,
            type=delivery.type,
            sdk=delivery.sdk,
        )
        self._index += 1
        if delivery.bot not in self._removed:
            self.dead_letters.append(letter)


_DEFAULT: Final = Reporting()


def _by_time(event: BotEvent) -> int:
    return event.at * 2 + (event.direction == "out")


def _refused(reason: Reason, message: str) -> Outcome:
    return Outcome([], [Rejection(reason, message)])


_NUL: Final = b"\\u0000"
"""As JSON has to write it. Looked for once in a record: searching each item costs more than all but reading it."""


def _blank_nul(events: list[BotEvent]) -> None:
    """Replace NUL, which ClickHouse keeps and many of its clients do not, by U+FFFD."""
    for event in events:
        for field in event.__struct_fields__:
            value = getattr(event, field)
            if isinstance(value, str):
                setattr(event, field, _without_nul(value))
            elif isinstance(value, dict):
                texts = {_without_nul(name): _without_nul(text) for name, text in value.items()}
                setattr(event, field, texts)


def _without_nul(text: str) -> str:
    return text.replace("\0", "\ufffd")
