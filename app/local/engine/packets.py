"""
The packets of the native TCP protocol, read from one client's socket and written to it.

We advertise revision 54429: the first with settings sent as strings, and below the one that changes blocks
(see ``blocks.py``).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from app.local.engine import blocks
from app.local.engine.failure import Failure
from app.local.engine.wire import ProtocolError, Reader, pack_frame, pack_string, pack_varint, unpack_frame

__all__ = ["REVISION", "Block", "FromClient", "Greeting", "Packets", "Query"]

REVISION = 54429
_RECEIVE_BYTES = 1 << 18
_GREETING_STRING_BYTES = 1 << 12


class FromClient(IntEnum):
    """What a client's packet is."""

    HELLO = 0
    QUERY = 1
    DATA = 2
    CANCEL = 3
    PING = 4


class _ToClient(IntEnum):
    HELLO = 0
    DATA = 1
    EXCEPTION = 2
    PROGRESS = 3
    PONG = 4
    END_OF_STREAM = 5
    PROFILE_INFO = 6


class Greeting(NamedTuple):
    """Who wants to come in."""

    revision: int
    database: str
    user: str
    password: str


class Query(NamedTuple):
    """A statement and the settings that hold for it alone; those *required* may not be unknown."""

    sql: str
    settings: dict[str, str]
    required: set[str]


class Block(NamedTuple):
    """Rows from the client: of an external *table*, or of the INSERT under way."""

    table: str
    columns: list[blocks.Column]
    rows: int
    native: bytes


class Packets:
    """Both directions of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._wire = self._data = Reader(lambda: sock.recv(_RECEIVE_BYTES))
        self._is_compressed = False

    def read_kind(self) -> int:
        """Return what the next packet is; packets have no length, so an unknown one is the end."""
        kind = self._wire.varint()
        self._wire.cut()
        return kind

    def read_greeting(self) -> Greeting:
        """Read what anybody may send, so strings are kept short."""
        wire = self._wire
        wire.string(_GREETING_STRING_BYTES), wire.varint(), wire.varint()  # client name and version
        revision = wire.varint()
        database, user, password = (wire.string(_GREETING_STRING_BYTES) for _ in range(3))
        return Greeting(revision, database, user, password)

    def read_query(self) -> Query:
        """Read a statement; from here to the next one blocks are compressed or are not, as the client says."""
        wire = self._wire
        wire.string()  # query id
        if wire.byte():
            self._skip_client_info()
        settings, required = {}, set()
        while name := wire.string():
            if wire.varint() & 1:
                required.add(name)
            settings[name] = wire.string()
        wire.varint()  # stage
        self._is_compressed = bool(wire.varint())
        self._data = Reader(lambda: unpack_frame(wire)) if self._is_compressed else wire
        return Query(wire.string(), settings, required)

    def read_blocks(self) -> Iterator[Block]:
        """Yield the blocks up to the empty one that ends them."""
        while (block := self._read_block()).table or block.columns:
            yield block

    def send_hello(self, version: str, timezone: str) -> None:
        """Answer a greeting."""
        major, minor, patch = (int(part) for part in version.split(".")[:3])
        numbers = [pack_varint(number) for number in (major, minor, REVISION)]
        names = [pack_string(timezone), pack_string("embedded")]
        self._send(_ToClient.HELLO, pack_string("ClickHouse"), *numbers, *names, pack_varint(patch))

    def send_pong(self) -> None:
        """Answer a ping."""
        self._send(_ToClient.PONG)

    def send_header(self, columns: Sequence[blocks.Column]) -> None:
        """Send the columns of what follows, or of what is expected."""
        self.send_block(blocks.header(columns))

    def send_block(self, native: bytes) -> None:
        """Send rows as FORMAT Native has them."""
        block = blocks.BLOCK_INFO + native
        self._send(_ToClient.DATA, pack_string(""), pack_frame(block) if self._is_compressed else block)

    def send_profile(self, rows: int, count: int, size_bytes: int) -> None:
        """Send what the client reports about a finished SELECT."""
        self._send(_ToClient.PROFILE_INFO, *map(pack_varint, (rows, count, size_bytes, 0, 0, 0)))

    def send_progress(self, rows: int = 0, size_bytes: int = 0, written_rows: int = 0) -> None:
        """Send how much was read or written since the last time."""
        self._send(_ToClient.PROGRESS, *map(pack_varint, (rows, size_bytes, 0, written_rows, 0)))

    def send_failure(self, failure: Failure) -> None:
        """End the query with an error."""
        texts = [pack_string(text) for text in ("DB::Exception", failure.text, "")]
        self._send(_ToClient.EXCEPTION, struct.pack("<i", failure.code), *texts, b"\0")

    def send_end(self) -> None:
        """End the query."""
        self._send(_ToClient.END_OF_STREAM)

    def _skip_client_info(self) -> None:
        wire = self._wire
        wire.string(), wire.string(), wire.string(), wire.byte()
        wire.string(), wire.string(), wire.string()
        wire.varint(), wire.varint(), wire.varint(), wire.string(), wire.varint()

    def _read_block(self) -> Block:
        kind = self.read_kind()
        if kind != FromClient.DATA:  # a Cancel as well: an INSERT given up half-way writes nothing
            msg = f"expected data, got packet {kind}"
            raise ProtocolError(msg)
        table = self._wire.string()
        self._wire.cut()
        try:
            blocks.skip_block_info(self._data)
            self._data.cut()
            columns, rows = blocks.walk_block(self._data)
        except Failure as failure:
            self.send_failure(failure)
            msg = f"lost in a block: {failure.text}"
            raise ProtocolError(msg) from failure
        return Block(table, columns, rows, self._data.cut())

    def _send(self, kind: _ToClient, *parts: bytes) -> None:
        self._sock.sendall(pack_varint(kind) + b"".join(parts))
