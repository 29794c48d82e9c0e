"""Bytes without their long runs of zeros (and of 255), and the way back to where each of them stood.

Blanked pictures, unused space and sparse files are zeros for the most part; a scan that skips them
takes a fiftieth of the time. A few zeros stay on either side of a hole: they end a text, and may be
halves of a character in UTF-16.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

_LEAST = 64  # bytes of a hole


class Dense(NamedTuple):
    """Bytes without their long runs of zeros, and where each piece of them stood."""

    data: bytes
    here: list[int]
    there: list[int]

    def place(self, offset: int) -> int:
        """Offset in the original bytes."""
        piece = bisect_right(self.here, offset) - 1
        return self.there[piece] + offset - self.here[piece]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A span in the original bytes."""
        return self.place(start), self.place(end - 1) + 1


def filled(data: bytes) -> Dense:
    """Leave long runs of zeros, of the byte 255 and of the most frequent byte out, but for a few on either side."""
    pieces = [(0, len(data))]
    for fill in {b"\0", b"\xff", _most(data)}:
        pieces = [piece for start, end in pieces for piece in _pieces(data, start, end, fill)]
    return joined(data, pieces)


def _most(data: bytes) -> bytes:
    """The byte that fills a quarter of the bytes, if there is one: a blank picture of another colour."""
    few = data[:: max(1, len(data) // 256)]
    most = max(set(few), key=few.count, default=0)
    return bytes([most]) if few.count(most) * 4 > len(few) and len(few) > 32 else b"\0"


def _pieces(data: bytes, at: int, size: int, byte: bytes) -> Iterator[tuple[int, int]]:
    """Spans without long runs of one byte."""
    fill = byte * _LEAST
    begin = at
    while at < size:
        hole = data.find(fill, at, size)
        if hole < 0:
            yield begin, size
            return
        if hole > begin:
            yield begin, hole + 2  # the last and the first of them may be halves of UTF-16
        at, step = hole + _LEAST, 256
        while at < size:
            chunk = data[at : min(at + step, size)]
            rest = len(chunk.lstrip(byte))
            at += len(chunk) - rest
            if rest:
                break
            step = min(step * 4, 1 << 20)
        begin = at - 2


def joined(data: bytes, pieces: list[tuple[int, int]], gap: bytes = bytes(8)) -> Dense:
    """Keep some pieces, with a gap behind each."""
    if pieces == [(0, len(data))]:
        return Dense(data, [0], [0])
    here, there, size = [0], [0], 0
    parts: list[bytes] = []
    for start, end in pieces:
        here.append(size)
        there.append(start)
        parts += (data[start:end], gap)
        size += end - start + len(gap)
    return Dense(b"".join(parts), here, there)


def between(spans: list[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """What is left beside spans; they may overlap."""
    out, at = [], 0
    for start, end in sorted(spans):
        if start > at:
            out.append((at, start))
        at = max(at, end)
    return [*out, (at, size)] if at < size or not out else out


def table_of(chars: bytes) -> bytes:
    """A table for `bytes.translate` that tells one class of bytes from all others."""
    return bytes(byte in chars for byte in range(256))


def stretches(data: bytes, table: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Longest spans of bytes of one class; a search for a fixed text is five times as fast as an expression."""
    flat = data.translate(table)
    need = b"\1" * least
    at = flat.find(need)
    while at >= 0:
        end = flat.find(b"\0", at)
        if end < 0:
            yield at, len(flat)
            return
        yield at, end
        at = flat.find(need, end)
