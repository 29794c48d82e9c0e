"""Zstandard frames, and those that a decoder passes over; nothing is decoded here.

Between frames of data there may be skippable ones, which hold whatever somebody put there.

Promise: of each block three bytes are read, of at most `_MOST_BLOCKS` blocks.

Source: RFC 8878.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.source import ByteSource

__all__ = ["beside", "skippable"]

_FRAME, _SKIPPABLE = 0xFD2FB528, 0x184D2A50
_MOST_BLOCKS = 1 << 15
_DICTIONARY, _CONTENT = (0, 1, 2, 4), (0, 2, 4, 8)
_RLE = 1


def skippable(source: ByteSource, start: int, end: int) -> list[tuple[int, int]]:
    """Find what stands in skippable frames.

    Parameters
    ----------
    start, end
        Where the frames stand.

    Returns
    -------
    list of (start, end)
        Places of their content, as far as the row of frames is sound.
    """
    return [span for span in _walk(source, start, end)[0] if span[1] > span[0]]


def beside(source: ByteSource, start: int, end: int) -> list[tuple[int, int]]:
    """As `skippable`, with what stands behind the last frame."""
    spans, behind = _walk(source, start, end)
    return [span for span in (*spans, (behind, end)) if span[1] > span[0]]


def _walk(source: ByteSource, start: int, end: int) -> tuple[list[tuple[int, int]], int]:
    """Return the content of skippable frames, and where the sound row of frames ends (``end`` if none is)."""
    out: list[tuple[int, int]] = []
    left, first = _MOST_BLOCKS, start
    while start + 8 <= end and left > 0:
        left -= 1
        magic, size = (int.from_bytes(source.read(start + i, 4), "little") for i in (0, 4))
        if magic & ~15 == _SKIPPABLE:
            if start + 8 + size > end:
                break
            out.append((start + 8, start + 8 + size))
            start += 8 + size
        elif magic == _FRAME:
            start, left = _behind(source, start, end, left)
        else:
            break
    return out, end if start == first or left <= 0 else start


def _behind(source: ByteSource, start: int, end: int, left: int) -> tuple[int, int]:
    """Where a frame ends, and how many blocks may still be looked at; ``end`` if it is broken."""
    flags = source.read(start + 4, 1)[0]
    single = flags >> 5 & 1
    content = _CONTENT[flags >> 6] or single
    pos, last = start + 5 + (not single) + _DICTIONARY[flags & 3] + content, False
    while not last:
        if pos + 3 > end or left <= 0:
            return end, 0
        left -= 1
        head = int.from_bytes(source.read(pos, 3), "little")
        last, kind, size = bool(head & 1), head >> 1 & 3, head >> 3
        pos += 3 + (1 if kind == _RLE else size)
    return pos + 4 * (flags >> 2 & 1), left
