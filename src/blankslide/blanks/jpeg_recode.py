"""Coded data of a JPEG under tables of its own: for pictures whose tables lack a code that a mask needs.

Encoders can make Huffman tables for one picture, which know no symbol that it has not. Every block keeps its
coefficients; only the codes that they are written in are others, made for the picture as it is to be.

Source: ITU-T T.81, annexes C and F.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from blankslide.blanks import jpeg
from blankslide.blanks.label_jpeg import table
from blankslide.containers.streams.jpeg import segments

if TYPE_CHECKING:
    from blankslide.blanks.jpeg import Code, Frame

__all__ = ["Block", "Picture", "recoded"]

_DHT = 0xC4
Symbol = tuple[int, int, int]
"""A symbol of a Huffman table, the bits behind it, and their number."""


class Block(NamedTuple):
    """A block that is to be written: its component, the step of its DC value, and where its AC bits stand.

    Without AC bits it is of one colour.
    """

    component: int
    step: int
    start: int = 0
    end: int = 0


class Picture(NamedTuple):
    """The blocks of a restart interval, and the 16 bits that begin at each of the bits that they stand in."""

    blocks: Sequence[Block]
    windows: memoryview


def recoded(frame: Frame, intervals: Sequence[Picture]) -> tuple[bytes, list[bytes]]:
    """Write blocks under new tables.

    Returns
    -------
    head, runs
        The stream up to its coded data, and the data of each interval.
    """
    symbols = [[_symbols(frame, block, interval.windows) for block in interval.blocks] for interval in intervals]
    counts: dict[tuple[int, int], Counter[int]] = {}
    for interval, own in zip(intervals, symbols, strict=True):
        for block, (dc, *ac) in zip(interval.blocks, own, strict=True):
            part = frame.components[block.component]
            counts.setdefault((0, part.dc), Counter())[dc[0]] += 1
            counts.setdefault((1, part.ac), Counter()).update(symbol for symbol, _, _ in ac)
    tables = {key: table(count) for key, count in sorted(counts.items())}
    codes = {key: jpeg.codes(*own) for key, own in tables.items()}
    runs = [_run(frame, interval, own, codes) for interval, own in zip(intervals, symbols, strict=True)]
    return _head(frame, tables), runs


def _symbols(frame: Frame, block: Block, windows: memoryview) -> list[Symbol]:
    """Return the symbols of a block, that of its DC step first."""
    size = abs(block.step).bit_length()
    out = [(size, block.step if block.step >= 0 else block.step + (1 << size) - 1, size)]
    if block.start == block.end:
        return [*out, (0, 0, 0)]
    lookup = _lookup(tuple(frame.ac.get(frame.components[block.component].ac, {}).items()))
    pos = block.start
    while pos < block.end:
        entry = lookup[windows[pos]]
        pos += entry & 31
        size = entry >> 5 & 15
        out.append((entry >> 5, windows[pos] >> 16 - size, size))
        pos += size
    return out


@lru_cache(maxsize=16)
def _lookup(codes: tuple[tuple[int, Code], ...]) -> memoryview:
    """Make a table that says of 16 bits which symbol they begin with, and of how many bits its code is."""
    import numpy as np

    out = np.ones(1 << 16, np.uint16)
    for symbol, (code, length) in codes:
        out[code << 16 - length : code + 1 << 16 - length] = symbol << 5 | length
    return out.data


def _run(
    frame: Frame, interval: Picture, symbols: Sequence[Sequence[Symbol]], codes: dict[tuple[int, int], dict[int, Code]]
) -> bytes:
    bits: list[str] = []
    for block, own in zip(interval.blocks, symbols, strict=True):
        part = frame.components[block.component]
        for number, (symbol, extra, count) in enumerate(own):
            code, length = codes[(1, part.ac) if number else (0, part.dc)][symbol]
            bits.append(f"{code << count | extra:0{length + count}b}")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


def _head(frame: Frame, tables: dict[tuple[int, int], tuple[bytes, bytes]]) -> bytes:
    """Return the frame's headers with other Huffman tables."""
    out, end = b"\xff\xd8", 2
    for segment in segments(frame.head):
        if segment.marker != _DHT:
            out += frame.head[segment.start - 4 : segment.end]
        end = segment.end
    body = b"".join(bytes([kind << 4 | number]) + b"".join(own) for (kind, number), own in tables.items())
    return out + b"\xff\xc4" + (len(body) + 2).to_bytes(2, "big") + body + frame.head[end:]
