"""
From a request to its items: read with a limit, decompressed with a limit, split without parsing what is inside.

Everything that is wrong here is a Fault that says so; what is inside an item is somebody else's question.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import Final

import brotli
import msgspec
import zstandard
from aiohttp import ClientError, StreamReader, web

from app.core.bodies import mend
from app.web.errors import Fault

__all__ = ["MAX_MEMBERS", "MAX_REQUEST_ITEMS", "read_body", "split"]

MAX_REQUEST_ITEMS: Final = 20_000
"""Most items of one request: beyond it the others would wait too long for their turn."""

MAX_MEMBERS: Final = 1000
"""Most members of gzip or frames of zstd: each costs time, also when nothing is in it."""

_READ_TIMEOUT_S: Final = 30
_GZIP_PIECE_BYTES: Final = 4096
_BLANK: Final = b" \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"

_array = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)


async def read_body(request: web.BaseRequest, limit_bytes: int) -> bytes:
    """Return the body of *request*, decompressed; neither form may be larger than *limit_bytes*."""
    if (request.content_length or 0) > limit_bytes:
        raise _too_large(limit_bytes)
    if "Expect" in request.headers and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        body = await request.content.readany()
        if not request.content.at_eof():
            body = await _rest(request.content, body, limit_bytes)
    except (web.RequestPayloadError, ClientError, ConnectionError) as error:
        raise Fault(400, "incomplete_body", "The body ended early or its chunks are broken.") from error
    if len(body) > limit_bytes:
        raise _too_large(limit_bytes)
    encoding = request.headers.get("Content-Encoding")
    return _decompress(body, encoding, limit_bytes) if encoding else body


def split(body: bytes, *, is_ndjson: bool = False) -> list[bytes]:
    """Return the JSON values of *body*: one object, the elements of an array, or the lines of NDJSON."""
    body = _checked(body, is_ndjson=is_ndjson)
    if is_ndjson:
        items = _lines(body)
    elif body[:1] == b"[":
        items = _elements(body)
    elif body[:1] == b"{":
        items = _object_or_lines(body)
    else:
        raise Fault(
            400,
            "not_an_object",
            "The body must be a JSON object, an array of objects, or NDJSON.",
        )
    if not items:
        raise Fault(400, "empty_body", "The body holds no events.")
    if len(items) > MAX_REQUEST_ITEMS:
        raise Fault(
            413,
            "too_many",
            f"A request may hold at most {MAX_REQUEST_ITEMS} events; send several.",
        )
    return items


async def _rest(content: StreamReader, beginning: bytes, limit_bytes: int) -> bytes:
    body = bytearray(beginning)
    try:
        async with asyncio.timeout(_READ_TIMEOUT_S):
            while not content.at_eof():
                body += await content.readany()
                if len(body) > limit_bytes:
                    raise _too_large(limit_bytes)
    except TimeoutError as error:
        raise Fault(408, "too_slow", f"The body did not arrive within {_READ_TIMEOUT_S} s.") from error
    return bytes(body)


def _checked(body: bytes, *, is_ndjson: bool) -> bytes:
    if body[:1] not in b"{[":
        body = body.removeprefix(_BOM).lstrip(_BLANK)
    if not body:
        raise Fault(
            400,
            "empty_body",
            "The body is empty; send a JSON object, an array of objects, or NDJSON.",
        )
    # a line that is not UTF-8 costs itself only, and says so by itself
    if not (is_ndjson or body.isascii()):
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise Fault(
                400,
                "not_utf8",
                f"The body is not UTF-8: byte {error.start} cannot be read.",
            ) from error
    return body


def _elements(body: bytes) -> list[bytes]:
    try:
        try:
            return [bytes(raw) for raw in _array.decode(body)]
        except msgspec.DecodeError:
            # half an emoji in one element costs no other
            return [bytes(raw) for raw in _array.decode(mend(body))]
    except msgspec.DecodeError as error:
        raise _not_json(error) from error
    except RecursionError as error:
        raise Fault(400, "too_deep", "The body is nested too deeply.") from error


def _object_or_lines(body: bytes) -> list[bytes]:
    if b"\n" not in body:
        return [body]
    try:
        _value.decode(mend(body))
    except msgspec.DecodeError as error:
        if not _is_json(mend(body.partition(b"\n")[0])):
            raise _not_json(error) from error
        return _lines(body)
    except RecursionError as error:
        raise Fault(400, "too_deep", "The body is nested too deeply.") from error
    return [body]


def _lines(body: bytes) -> list[bytes]:
    return [line for line in (line.strip(_BLANK) for line in body.split(b"\n")) if line]


def _is_json(text: bytes) -> bool:
    try:
        _value.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _decompress(body: bytes, encoding: str, limit_bytes: int) -> bytes:
    name = encoding.strip().lower()
    if name == "identity":
        return body
    if name not in _DECODERS:
        raise Fault(
            415,
            "unknown_encoding",
            "Content-Encoding must be one of gzip, deflate, br and zstd.",
        )
    try:
        return _DECODERS[name](body, limit_bytes)
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as error:
        raise Fault(400, "bad_encoding", f"The body is no complete {name} data.") from error


def _gunzip(body: bytes, limit_bytes: int) -> bytes:
    # A member hands back a copy of what follows it, so it gets little at a time.
    whole = bytearray()
    at, members = 0, 0
    while at < len(body):
        members = _one_more(members)
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            piece = body[at : at + _GZIP_PIECE_BYTES]
            if not piece:
                raise EOFError
            whole += member.decompress(piece, limit_bytes + 1 - len(whole))
            if len(whole) > limit_bytes:
                raise _too_large(limit_bytes)
            at += len(piece) - len(member.unused_data)
    return bytes(whole)


def _one_more(members: int) -> int:
    if members == MAX_MEMBERS:
        message = f"Compressed data may have at most {MAX_MEMBERS} members or frames; pack the body in one."
        raise Fault(400, "bad_encoding", message)
    return members + 1


def _inflate(body: bytes, limit_bytes: int) -> bytes:
    # By the letter deflate has a zlib header; many clients leave it out.
    has_header = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    stream = zlib.decompressobj(wbits=15 if has_header else -15)
    whole = stream.decompress(body, limit_bytes + 1)
    if len(whole) > limit_bytes:
        raise _too_large(limit_bytes)
    if not stream.eof:
        raise EOFError
    return whole


def _unbrotli(body: bytes, limit_bytes: int) -> bytes:
    stream = brotli.Decompressor()
    whole: bytes = stream.process(body, output_buffer_limit=limit_bytes + 1)
    if len(whole) > limit_bytes:
        raise _too_large(limit_bytes)
    if not stream.is_finished():
        raise EOFError
    return whole


def _unzstd(body: bytes, limit_bytes: int) -> bytes:
    # It knows no limit of its own, so it gets little at a time: 256 bytes make 8 MiB at the very most.
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << max(23, limit_bytes.bit_length()))
    frame = decompressor.decompressobj()
    whole = bytearray()
    frames = 1
    for start in range(0, len(body), 256):
        piece = body[start : start + 256]
        while piece:
            if frame.eof:
                frames = _one_more(frames)
                frame = decompressor.decompressobj()
            whole += frame.decompress(piece)
            piece = frame.unused_data if frame.eof else b""
            if len(whole) > limit_bytes:
                raise _too_large(limit_bytes)
    if body and not frame.eof:
        raise EOFError
    return bytes(whole)


_DECODERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}


def _not_json(error: msgspec.DecodeError) -> Fault:
    return Fault(400, "not_json", f"The body is not JSON: {error}.")


def _too_large(limit_bytes: int) -> Fault:
    return Fault(
        413,
        "too_large",
        f"A request may have at most {limit_bytes} bytes, also after decompression.",
    )
