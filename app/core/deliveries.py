"""
What the web process writes to `raw-events`: deliveries, one a line (NDJSON).

A delivery is what one request brought for one bot: which way it came in, when, with what settings of the bot, and
the untouched items less third-party secrets.  A raw-events record (an envelope) gathers the deliveries of a few
milliseconds, so every later stage pays its cost per record only once for many events.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from app.core.events import Reporting

__all__ = ["ERASE", "MAX_ITEMS", "Delivery", "compact", "encode_delivery", "read_envelope"]

MAX_ITEMS = 200
"""Most items of one delivery; a larger request becomes several."""

ERASE = "erase"
"""The way of a delivery without items that says: everything of this bot is to be forgotten, and nothing more comes of it."""


class Delivery(msgspec.Struct, omit_defaults=True):
    """
    The accepted items of one request, for one bot.

    `way` names the dialect (`native`, `dashbot`, ...), `platform` and `type` are what the caller said of the body,
    `sdk` the client and its version, `import_id` marks rows of a file.  `items` are raw JSON values without line
    breaks; an item may hold several events (a Messenger webhook) or none (a receipt).  `links` are those that the items
    need, as they were known at acceptance (see links.py).
    """

    bot: str
    way: str
    received_at: int
    items: list[msgspec.Raw]
    platform: str = ""
    type: str = ""
    sdk: str = ""
    import_id: str = ""
    reporting: Reporting = Reporting()
    links: dict[str, str] = {}


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Delivery)


def compact(item: bytes) -> bytes:
    """Return JSON *item* on one line; its numbers and strings stay as they were written."""
    # find() and not `in`, which takes twice as long for bytes
    return item if item.find(b"\n") < 0 else msgspec.json.format(item, indent=-1)


def encode_delivery(delivery: Delivery) -> bytes:
    """Write one line of an envelope, without its line break."""
    return _encoder.encode(delivery)


def read_envelope(record: bytes) -> Iterator[Delivery | bytes]:
    """Yield the deliveries of a raw-events record; a line that is none of ours comes as its bytes."""
    for line in record.split(b"\n"):
        if not line:
            continue
        try:
            yield _decoder.decode(line)
        except (ValueError, RecursionError):
            # msgspec raises these two beside its own DecodeError: for bytes that are no UTF-8, for depth
            yield line
