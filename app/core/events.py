"""
The one normalised shape, `BotEvent`, and the `bot-events` record that carries it.

Times are milliseconds since 1970, UTC.  A field that the platform does not give stays at its default and is
left out of the JSON.  The columns of ClickHouse's `bot_events` are these fields, by name.
"""

from __future__ import annotations

import zlib
from typing import Final, Literal

import msgspec

from app.core.dashboards.packing import PackedHits, pack_hits, unpack_hits

__all__ = [
    "CUSTOM",
    "MAX_AMOUNT",
    "MESSAGE_KINDS",
    "NOWHERE",
    "SIGNAL_KINDS",
    "BotEvent",
    "Direction",
    "EventBatch",
    "Recount",
    "Reporting",
    "Warn",
    "decode_batches",
    "encode_batches",
    "is_activity",
    "is_message",
    "pack",
    "partition_of",
]

Direction = Literal["in", "out", "none"]
Warn = Literal["clock_skew", "no_time"]

CUSTOM: Final = "custom"
"""The kind of an event that a bot's maker named: `event_name` says which."""

MESSAGE_KINDS: Final = frozenset(
    {
        "text", "image", "video", "audio", "file", "sticker", "location", "contact", "link", "template",
        "postback", "quick_reply", "command", "shortcut", "form", "intent",
    }
)  # fmt: skip
"""Kinds with content (metrics.md); everything else (receipts, typing, edits, joins, ...) is no message."""

SIGNAL_KINDS: Final = frozenset(
    {
        "edit", "delete", "reaction", "delivery", "read", "failure", "typing", "presence", "join", "leave",
        "subscribe", "unsubscribe", "optin", "referral", "account_link", "handover", "payment", "beacon",
        "session_start", "session_end", "no_input", "inline_query", "friend_picker", "uninstall", "profile", "system",
        "control", "unknown",
    }
)  # fmt: skip
"""Kinds that platforms themselves name and that are no message: receipts, typing, edits, joins, notices, ..."""

NOWHERE: Final = -1
"""In the place of a partition of raw-events."""

MAX_AMOUNT: Final = 10**12
"""Largest amount either way: sums of millionths stay within 64 bits."""


class BotEvent(msgspec.Struct, omit_defaults=True, gc=False):
    """
    One thing a user or a bot did.

    `direction` is `in` (user to bot), `out` (bot or human agent to user) or `none`.  `user_id` is the human,
    on both directions; empty where the platform names nobody (a page's feed, a plugin's guest).  `event_id` is the platform's message id scoped to bot, direction and user where there is
    one (then `repeats` is true: the same event may arrive again), else its place in raw-events.  `dashboards` are those whose
    rules matched when it was normalised, as `<id>@<version>`.
    """

    event_id: str
    bot_id: str
    user_id: str
    at: int
    received_at: int
    kind: str
    direction: Direction = "in"
    repeats: bool = False
    platform: str = "generic"
    text: str = ""
    intent: str = ""
    intent_confidence: float | None = None
    not_handled: bool = False
    conversation_id: str = ""
    session_id: str = ""
    message_id: str = ""
    event_name: str = ""
    amount: float | None = None
    currency: str = ""
    locale: str = ""
    attributes: dict[str, str] = {}
    user_attributes: dict[str, str] = {}
    dialect: str = "native"
    sdk: str = ""
    warnings: list[Warn] = []
    dashboards: list[str] = []
    raw_index: int = 0


class Reporting(msgspec.Struct, omit_defaults=True, frozen=True):
    """
    How a bot's numbers are cut: IANA time zone, first day of the week, session gap, confidence threshold.

    `generation` says which of its generations is cut so (app/core/generations.py).
    """

    zone: str = "UTC"
    week_start: Literal["monday", "sunday"] = "monday"
    session_gap_s: int = 900
    confidence_threshold: float | None = None
    generation: int = 0


class Recount(msgspec.Struct, omit_defaults=True, frozen=True):
    """
    Which generations of a bot are counted from here on: the one that is shown, and one that is to be shown next.

    Of several orders that of the highest `revision`, which is the bot's in the registry, holds.
    """

    revision: int
    shown: Reporting
    coming: Reporting | None = None


class EventBatch(msgspec.Struct, omit_defaults=True):
    """
    The bot events of one raw record that belong to one bot-events partition, in their order.

    A bot-events record is a JSON array of these.  `reporting` holds the settings of bots that differ from the
    default, as they were at acceptance, so that track is a function of this topic alone.  `erase` names bots that were deleted:
    from here on nothing of them counts, whenever it came.  `hits`, by bot, holds the dashboards of all events where
    they are too many to be named at each (app/core/dashboards/packing.py).

    A batch of raw partition `NOWHERE` comes from no raw record: it brings `recounts`, or, as `history`, events that were
    stored before, for a new generation of their bot alone: `bot_id` is its name there.
    """

    raw_partition: int
    raw_offset: int
    received_at: int
    events: list[BotEvent]
    reporting: dict[str, Reporting] = {}
    erase: list[str] = []
    hits: dict[str, PackedHits] = {}
    recounts: dict[str, Recount] = {}
    history: bool = False


def is_message(event: BotEvent) -> bool:
    """Tell whether *event* carries content from or to a user."""
    return event.direction != "none" and event.kind in MESSAGE_KINDS


def is_activity(event: BotEvent) -> bool:
    """Tell whether *event* makes its user active: an incoming message or a custom event, of somebody."""
    if not event.user_id:
        return False

    return event.kind == CUSTOM or (event.direction == "in" and event.kind in MESSAGE_KINDS)


def partition_of(bot_id: str, user_id: str, partitions: int) -> int:
    """Return the bot-events partition of a user: all events of one user of one bot meet in one place."""
    return zlib.crc32(f"{bot_id}|{user_id}".encode("utf-8", "surrogatepass")) % partitions


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[EventBatch])


def encode_batches(batches: list[EventBatch]) -> bytes:
    """Write one bot-events record."""
    return _encoder.encode(batches)


def decode_batches(record: bytes) -> list[EventBatch]:
    """Read one bot-events record. Raises msgspec.DecodeError on anything we did not write."""
    batches = _decoder.decode(record)
    for batch in batches:
        if batch.hits:
            _unpack(batch)

    return batches


def pack(batch: EventBatch) -> None:
    """Move what the events of *batch* hit into `hits`; what is read from its record has it at the events again."""
    for bot, events in _by_bot(batch).items():
        batch.hits[bot] = pack_hits(event.dashboards for event in events)
        for event in events:
            event.dashboards = []


def _unpack(batch: EventBatch) -> None:
    own = _by_bot(batch)
    try:
        for bot, packed in batch.hits.items():
            for event, hits in zip(own[bot], unpack_hits(packed), strict=True):
                event.dashboards = hits
    except (LookupError, ValueError) as error:
        msg = "the hits do not belong to these events"
        raise msgspec.ValidationError(msg) from error
    batch.hits = {}


def _by_bot(batch: EventBatch) -> dict[str, list[BotEvent]]:
    found: dict[str, list[BotEvent]] = {}
    for event in batch.events:
        found.setdefault(event.bot_id, []).append(event)

    return found
