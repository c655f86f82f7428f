"""
What would be read from a body, without storing it: `explain`, for people who debug their bots.

A body takes the same steps as a real one: it is cut into items as its way in does, cleaned of secrets, checked, and
read by normalise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from app.core.deliveries import Delivery, encode_delivery
from app.core.events import BotEvent, is_activity, is_message
from app.core.links import LinkBook
from app.core.normalise import normalise
from app.core.outcome import Outcome, Reason, Rejection
from app.core.parcels import Parcel, parcel_of
from app.core.platforms import PLATFORMS
from app.core.redact import prepare
from app.core.rows import EVENT_COLUMNS

__all__ = ["COLUMNS", "explain"]

COLUMNS: Final = (*EVENT_COLUMNS, "raw_partition", "raw_offset", "is_message", "is_activity")
"""Those of `bot_events`. Times are milliseconds; what only storing would give is null."""


def explain(
    way: str, platform: str, type: str, path: str, body: bytes, bot: str, received_at: int
) -> dict[str, Any]:
    """Return the events, rejections, removed secrets and warnings of *body* as it would come by *way*."""
    report: dict[str, Any] = {"events": [], "rejections": [], "removed": [], "warnings": []}
    parcel = parcel_of(way, platform, type, path, body)
    if isinstance(parcel, Rejection):
        report["rejections"].append(_refusal(parcel))
        return report
    if way == "webhook" and PLATFORMS[parcel.platform].hook is None:
        report["warnings"].append(f"{parcel.platform} has no webhook of its own: bodies come by other ways")
    reading = _Reading(way, parcel, bot, received_at)
    for place, item in enumerate(parcel.items):
        reading.take(item, f"[{place}]" if len(parcel.items) > 1 else "", report)
    reading.events.sort(key=lambda event: (event.at, event.direction == "out"))
    report["events"] = list(map(_row, reading.events))
    report["warnings"] += _warnings(reading.events)
    if not report["events"] and not report["rejections"]:
        report["warnings"].append("nothing in this body is an event; it is taken, and nothing comes of it")

    return report


class _Reading:
    """Reads item after item as the web process and normalise do."""

    def __init__(self, way: str, parcel: Parcel, bot: str, received_at: int) -> None:
        self.events: list[BotEvent] = []
        self._read = 0
        self._book = LinkBook()
        self._delivery = Delivery(bot, way, received_at, [], parcel.platform, parcel.type)

    def take(self, item: bytes, place: str, report: dict[str, Any]) -> None:
        """Add what *item* gives to *report*."""
        told = self._delivery
        try:
            prepared = prepare(told.way, told.platform, item, told.type)
        except Exception as error:  # noqa: BLE001  a reader's bug is shown, as normalise shows it
            why = f"the reader failed with {type(error).__name__}; please report it"
            prepared = Rejection(Reason.READER_FAILED, why)
        if isinstance(prepared, Rejection):
            report["rejections"].append(_refusal(prepared, place))
            return
        report["removed"] += [_joined(place, one) for one in prepared.removed]
        found = self._found(prepared.outcome)
        if found.missing:
            report["warnings"].append(
                f"{_named(place)}would be looked up in what other messages told: {', '.join(found.missing)}"
            )
        delivery = msgspec.structs.replace(told, items=[msgspec.Raw(prepared.item)], links=found.links)
        read = normalise(encode_delivery(delivery), 0, 0, 1)
        report["rejections"] += [
            _refusal(Rejection(one.reason, one.message, one.path), place) for one in read.dead_letters
        ]
        for event in (event for batch in read.batches.values() for event in batch.events):
            event.raw_index += self._read
            self.events.append(event)
        self._read = len(self.events) + len(report["rejections"])

    def _found(self, outcome: Outcome | None) -> _Found:
        if outcome is None:
            return _Found({}, [])
        links = self._book.find(self._delivery.bot, outcome.wanted)
        self._book.learn(self._delivery.bot, outcome.learned)

        return _Found(links, [name for name in dict.fromkeys(outcome.wanted) if name not in links])


class _Found(NamedTuple):
    links: dict[str, str]
    missing: list[str]


def _row(event: BotEvent) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in EVENT_COLUMNS}
    if not event.repeats:
        row["event_id"] = ""  # its place in raw-events, which it has not

    return row | {
        "raw_partition": None,
        "raw_offset": None,
        "is_message": is_message(event),
        "is_activity": is_activity(event),
    }


def _warnings(events: list[BotEvent]) -> Iterator[str]:
    for place, event in enumerate(events):
        for warning in event.warnings:
            yield f"events[{place}]: {warning}: {_WORDS[warning]}"
        if not event.user_id and event.direction != "none":
            yield f"events[{place}]: no_user: nobody is named, so it counts for no user"
        if event.kind == "unknown":
            yield f"events[{place}]: unknown_kind: the platform's frame is known, what is in it is not"


_WORDS: Final = {
    "no_time": "no time is named, so it is that of receipt",
    "clock_skew": "its time lies ahead of receipt and is replaced by it",
}


def _refusal(rejection: Rejection, place: str = "") -> dict[str, str]:
    return {
        "reason": rejection.reason.value,
        "message": rejection.message,
        "path": _joined(place, rejection.path),
    }


def _joined(place: str, path: str) -> str:
    return f"{place}.{path}" if place and path and path[0] != "[" else place + path


def _named(place: str) -> str:
    return f"{place}: " if place else ""
