"""
Waits until everything that is in the log now has been counted and stored: `remaining` says how much is to go.

    raw-events ends now -> normalise is there -> bot-events ends now -> track and store are there
                        -> counters and dead-letters end now -> store is there
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from app.adapters.topics import BOT_EVENTS, COUNTERS, DEAD_LETTERS, RAW_EVENTS
from app.config import Settings
from app.errors import BotpulseError

__all__ = [
    "ALERT",
    "NORMALISE",
    "STORE",
    "TRACK",
    "Spans",
    "admin_of",
    "catch_up",
    "spans_of",
    "wait_until_read",
]

Spans = dict[TopicPartition, tuple[int, int]]
"""Where partitions begin and end: the first offset, and the one after the last."""

NORMALISE: Final = "botpulse-normalise"
TRACK: Final = "botpulse-track"
STORE: Final = "botpulse-store"
ALERT: Final = "botpulse-alert"

_STEPS: Final = (
    ((NORMALISE,), (RAW_EVENTS,)),
    ((TRACK, STORE), (BOT_EVENTS,)),
    ((STORE,), (COUNTERS, DEAD_LETTERS)),
)
_EVERY_S: Final = 0.25
_PATIENCE_S: Final = 60.0


def catch_up(settings: Settings, tell: Callable[[str, int], None], patience_s: float = _PATIENCE_S) -> None:
    """
    Return when everything sent before the call is in counters and in ClickHouse.

    *tell* hears (group, records to go).  Raises when nothing has moved for *patience_s*.
    """
    with admin_of(settings) as admin:
        for groups, topics in _STEPS:
            spans = spans_of(admin, topics)
            for group in groups:
                _wait(_remaining(admin, group, spans), group, tell, patience_s)


def wait_until_read(
    settings: Settings,
    group: str,
    ends: Mapping[TopicPartition, int],
    tell: Callable[[str, int], None],
    patience_s: float = _PATIENCE_S,
) -> None:
    """Return when *group* has read everything before *ends*; *tell* and *patience_s* as in `catch_up`."""
    with admin_of(settings) as admin:
        spans = {place: (0, end) for place, end in ends.items()}
        _wait(_remaining(admin, group, spans), group, tell, patience_s)


@contextmanager
def admin_of(settings: Settings) -> Iterator[KafkaAdminClient]:
    """Give a client that administers the broker."""
    try:
        admin = KafkaAdminClient(bootstrap_servers=settings.kafka.split(","), bootstrap_timeout_ms=10_000)
        try:
            yield admin
        finally:
            admin.close()
    except KafkaError as error:
        msg = f"the broker at {settings.kafka} does not do what is asked: {error}; nothing in raw-events is lost"
        raise BotpulseError(msg, "kafka") from error


def spans_of(admin: KafkaAdminClient, topics: Sequence[str]) -> Spans:
    """Return where the partitions of *topics* begin and end."""
    described = admin.describe_topics(list(topics))
    places = [
        TopicPartition(one["name"], partition["partition_index"])
        for one in described
        for partition in one["partitions"]
    ]
    first = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
    last = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))

    return {place: (first[place].offset, last[place].offset) for place in places}


def _wait(remaining: Iterator[int], group: str, tell: Callable[[str, int], None], patience_s: float) -> None:
    least, moved_at = None, time.monotonic()
    for records in remaining:
        tell(group, records)
        if not records:
            return
        if least is None or records < least:
            least, moved_at = records, time.monotonic()
        if time.monotonic() - moved_at > patience_s:
            msg = (
                f"everything is sent and safe, but {group} has not moved for {patience_s:.0f} s and has {records} records "
                "to go; start the workers, or see what `botpulse doctor` says"
            )
            raise BotpulseError(msg, "not_counted_yet")
        time.sleep(_EVERY_S)


def _remaining(admin: KafkaAdminClient, group: str, spans: Spans) -> Iterator[int]:
    while True:
        committed = admin.list_group_offsets({group: list(spans)})[group]
        yield sum(
            max(0, last - max(first, committed[place].offset if place in committed else 0))
            for place, (first, last) in spans.items()
        )
