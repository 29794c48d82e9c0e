"""PNG chunks: which of them hold text, and a blank picture of the same size.

Promise: never reads past the bytes given; on anything that is not a chunk the walk stops.
A chunk of text cannot be shortened, so it is replaced by one of the same length of a private
kind that decoders pass over, with its own check sum.

Source: PNG specification, third edition.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"\x89PNG\r\n\x1a\n"
_QUIET = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs"))
_TEXTS = frozenset((b"tEXt", b"iTXt", b"zTXt", b"tIME", b"eXIf"))
PRIVATE = b"blNk"
"""The kind of chunks that stand for nothing, or hold the mark of a label of ours."""


class Chunk(NamedTuple):
    """One chunk; ``[start, end)`` is all of it, length and check sum included."""

    kind: bytes
    start: int
    end: int


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a picture, up to its end."""
    pos = len(MAGIC)
    while data.startswith(MAGIC) and pos + 12 <= len(data):
        end = pos + 12 + int.from_bytes(data[pos : pos + 4], "big")
        if end > len(data):
            return
        yield Chunk(data[pos + 4 : pos + 8], pos, end)
        pos = end
        if data[pos - 8 : pos - 4] == b"IEND":
            return


def size(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, or None if the header is not there."""
    if data[:8] != MAGIC or data[12:16] != b"IHDR" or len(data) < 33:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return (width, height) if width and height else None


def emptied(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return start, end and new bytes of all that may hold text: chunks, and what follows the end."""
    out, last = [], 0
    for chunk in chunks(data):
        last = chunk.end
        new = as_chunk(PRIVATE, bytes(chunk.end - chunk.start - 12))
        if chunk.kind not in _QUIET and data[chunk.start : chunk.end] != new:
            out.append((chunk.start, chunk.end, new))
    if last and any(data[last:]):
        out.append((last, len(data), bytes(len(data) - last)))
    return out


def texts(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return what of `emptied` changes no pixel in any viewer: texts, and what follows the end."""
    out = []
    for start, end, new in emptied(data):
        if data[start + 4 : start + 8] in _TEXTS if any(new) else data[start - 8 : start - 4] == b"IEND":
            out.append((start, end, new))
    return out


def blank(width: int, height: int, room: int) -> bytes | None:
    """Draw a white grey-scale picture of ``room`` bytes, or return None if that is too few."""
    if width * height > 1 << 28:
        return None
    row = b"\0" + b"\xff" * (-(-width // 8))
    head = MAGIC + as_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return filled(head + as_chunk(b"IDAT", zlib.compress(row * height, 9)), room)


def filled(stream: bytes, room: int) -> bytes | None:
    """Fill a picture up to ``room`` bytes and end it, or return None if that is too few."""
    rest = room - len(stream) - 12
    if rest < 0:
        return None
    if rest < 12:  # no chunk is that short; what follows the end is passed over
        return stream + as_chunk(b"IEND", b"") + bytes(rest)
    return stream + as_chunk(PRIVATE, bytes(rest - 12)) + as_chunk(b"IEND", b"")


def as_chunk(kind: bytes, payload: bytes) -> bytes:
    """Write one chunk."""
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))
