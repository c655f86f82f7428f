"""
Numbers, strings and compressed frames of the native protocol, out of bytes and into them.

Lengths come from a peer that may send anything: a ``Reader`` refuses absurd ones instead of waiting for data
that will never come.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import lz4.block
from clickhouse_cityhash.cityhash import CityHash128

from app.local.engine.failure import Failure

__all__ = ["ProtocolError", "Reader", "pack_frame", "pack_string", "pack_varint", "unpack_frame"]

_MAX_STRING_BYTES = 1 << 28
_MAX_FRAME_BYTES = 1 << 30
_MAX_VARINT_BITS = 63
_LZ4, _NONE = 0x82, 0x02
_CHECKSUM_DOES_NOT_MATCH, _UNKNOWN_COMPRESSION = 40, 89


class ProtocolError(ConnectionError):
    """The peer does not speak the protocol, or stopped; the connection is of no further use."""


def pack_varint(number: int) -> bytes:
    """Seven bits a byte, lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def pack_string(text: str) -> bytes:
    """Length, then UTF-8."""
    data = text.encode()
    return pack_varint(len(data)) + data


class Reader:
    """A buffer that *fill* makes longer; ``cut`` hands out raw what was read since the last cut."""

    def __init__(self, fill: Callable[[], bytes], data: bytes = b"") -> None:
        self._fill = fill
        self._buffer = bytearray(data)
        self._at = 0

    @property
    def is_drained(self) -> bool:
        """Tell whether all bytes that have come were read."""
        return self._at == len(self._buffer)

    def skip(self, size: int) -> None:
        """Pass over *size* bytes."""
        self._at += size
        while len(self._buffer) < self._at:
            data = self._fill()
            if not data:
                msg = "the peer went away"
                raise ProtocolError(msg)
            self._buffer += data

    def take(self, size: int) -> bytes:
        """Return the next *size* bytes."""
        self.skip(size)
        return bytes(self._buffer[self._at - size : self._at])

    def cut(self) -> bytes:
        """Return all that was read since the last cut, and forget it."""
        out = bytes(self._buffer[: self._at])
        del self._buffer[: self._at]
        self._at = 0
        return out

    def byte(self) -> int:
        """Return the next byte."""
        self.skip(1)
        return self._buffer[self._at - 1]

    def varint(self) -> int:
        """Return the next number of variable length."""
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > _MAX_VARINT_BITS:
                msg = "a number does not end"
                raise ProtocolError(msg)

    def u64(self) -> int:
        """Return the next eight bytes as a number."""
        return int.from_bytes(self.take(8), "little")

    def string(self, limit: int = _MAX_STRING_BYTES) -> str:
        """Return the next string."""
        size = self.varint()
        if size > limit:
            msg = f"a string of {size} bytes"
            raise ProtocolError(msg)
        return self.take(size).decode("utf-8", "replace")

    def skip_strings(self, count: int) -> None:
        """Pass over *count* strings.  Most of the time of walking a block is spent in this loop."""
        while count:
            buffer, at = self._buffer, self._at
            end = len(buffer)
            while count and at < end and (size := buffer[at]) < 128:
                at += size + 1
                count -= 1
            self._at = at
            self.skip(0)
            if count:
                self.skip(self.varint())
                count -= 1


def pack_frame(data: bytes) -> bytes:
    """Compress *data* into one frame: checksum, method, both sizes, body."""
    body: bytes = lz4.block.compress(data, store_size=False)
    frame = struct.pack("<BII", _LZ4, len(body) + 9, len(data)) + body
    return _checksum(frame) + frame


def unpack_frame(reader: Reader) -> bytes:
    """Read one compressed frame off *reader*."""
    checksum, head = reader.take(16), reader.take(9)
    method, size, raw_size = struct.unpack("<BII", head)
    if not 9 <= size <= _MAX_FRAME_BYTES or raw_size > _MAX_FRAME_BYTES:
        msg = f"a compressed frame of {size} bytes"
        raise ProtocolError(msg)
    body = reader.take(size - 9)
    reader.cut()
    if _checksum(head + body) != checksum:
        raise Failure(_CHECKSUM_DOES_NOT_MATCH, "Checksum doesn't match: corrupted data")
    return _decompress(method, body, raw_size)


def _decompress(method: int, body: bytes, raw_size: int) -> bytes:
    if method == _LZ4:
        return bytes(lz4.block.decompress(body, uncompressed_size=raw_size))
    if method == _NONE:
        return body
    raise Failure(_UNKNOWN_COMPRESSION, f"Unknown compression method {method:#x}")


def _checksum(data: bytes) -> bytes:
    high, low = divmod(CityHash128(data), 1 << 64)
    return struct.pack("<QQ", high, low)
