"""Blanking a part of a JPEG picture: blocks of the coded data are exchanged, and no pixel is decoded.

The bits of a sequential Huffman stream are walked once. A unit (MCU) that is to go becomes, for each of its blocks, the
step to one colour and "end of block". A unit that stays keeps its bits; only where what stands before it went, the
first block of a component gets a new code for the step of its DC value, and its AC bits are still the old ones. So
every coefficient outside of the mask is what it was, whatever the tables, the sampling and the restart intervals are.

Where the tables lack a code that is needed, or there is too little room, a stream that shares its tables with no other
gets new ones (`jpeg_recode`).

White is tried first, then grey. What is left of the room is filled with 0xFF before markers, as the standard allows:
of each restart interval by itself, so that their places stay; only if one of them is too short do they move up.

Masking what is masked gives the same bytes: that is how a later run knows it.

Source: ITU-T T.81, annexes B, C and F.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from blankslide.blanks import jpeg
from blankslide.blanks.jpeg_recode import Block, Picture, recoded
from blankslide.blanks.label_jpeg import comment
from blankslide.containers.streams.jpeg import segments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.blanks.jpeg import Code, Component, Frame

    Bits = NDArray[np.uint8]

__all__ = ["Box", "grown", "splice", "stays"]

Box = tuple[int, int, int, int]
"""Left, top, right and bottom of a rectangle in pixels, right and bottom not in it."""
_MOST_BYTES, _MOST_UNITS = 1 << 25, 1 << 20
_RESTART = re.compile(rb"\xff+[\xd0-\xd7]")
_END_OF_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_BLOCK = 64


class _Unit(NamedTuple):
    """One block as it stands: where its AC bits begin and end, and its DC value."""

    start: int
    ac: int
    end: int
    dc: int


def splice(
    old: bytes,
    tables: bytes,
    boxes: Sequence[Box],
    ycc: bool | None,
    room: int,
    *,
    keep: bool = False,
    note: bytes = b"",
    grey: bool = False,
) -> bytes | None:
    """Blank a part of a picture, and leave the rest as it is coded.

    Parameters
    ----------
    old
        The whole stream, with what fills its room.
    tables
        The tables stream that it leans on, or nothing.
    boxes
        What is to go, in pixels of this stream; every unit that one of them touches goes.
    ycc
        Whether the container says that the picture is in luma and chroma; None: ask the stream.
    room
        Length of the new stream in bytes.
    keep
        The boxes are what stays instead: a unit stays if it lies wholly in one of them.
    note
        Text of a comment to be written first, or nothing.
    grey
        Make it middle grey, which has the shortest codes, and not white.

    Returns
    -------
    bytes or None
        None if the stream is not sequential Huffman with one scan, is damaged, or the result does not fit.
    """
    frame = jpeg.parse(old, tables)
    if frame is None or not frame.simple or len(old) > _MOST_BYTES:
        return None
    units = _size(frame)
    if units[0] * units[1] > _MOST_UNITS:
        return None
    going = [_goes(frame, units, number, boxes, keep) for number in range(units[0] * units[1])]
    runs = _intervals(old)
    step = frame.restart or len(going)
    if runs is None or len(runs) != -(-len(going) // step):
        return None
    colour = (128,) * len(frame.components) if grey else jpeg.white(frame, ycc)
    wanted = [_wanted(frame, _plain(run), going[n * step : (n + 1) * step], colour) for n, run in enumerate(runs)]
    intervals = [interval for interval in wanted if interval is not None]
    if len(intervals) < len(wanted):
        return None
    laid = partial(_laid, runs=runs, note=_comment(note), scan=_scan(old), room=room)
    coded = [data for interval in intervals if (data := _coded(frame, interval)) is not None]
    out = laid(frame.head, coded) if len(coded) == len(intervals) else None
    if out is not None or tables:  # tables that strips share cannot be exchanged
        return out
    head, coded = recoded(frame, [Picture([w.block for w in i.units], i.windows) for i in intervals])
    return laid(head, coded)


def grown(old: bytes, tables: bytes, box: Box) -> Box | None:
    """Return the rectangle that really goes if a box is to go: whole units; None for a stream of another kind."""
    frame = jpeg.parse(old, tables)
    if frame is None or not frame.simple:
        return None
    wide, high = _unit_size(frame)
    left, top, right, bottom = box
    return (
        left // wide * wide,
        top // high * high,
        min(frame.width, -(-right // wide) * wide),
        min(frame.height, -(-bottom // high) * high),
    )


def stays(stream: bytes, tables: bytes, boxes: Sequence[Box], ycc: bool | None, *, keep: bool = False) -> bool:
    """Whether a stream is masked already: blanking the same part again, in white or in grey, changes no byte."""
    note = comment(stream)
    size = len(stream)
    ways = (splice(stream, tables, boxes, ycc, size, keep=keep, note=note, grey=grey) for grey in (False, True))
    return any(new == stream for new in ways)


# -- units -------------------------------------------------------------------------------------


def _unit_size(frame: Frame) -> tuple[int, int]:
    """Return width and height of a unit in pixels; with one component it is one block, whatever its factors."""
    if len(frame.components) == 1:
        return 8, 8
    return 8 * max(c.across for c in frame.components), 8 * max(c.down for c in frame.components)


def _size(frame: Frame) -> tuple[int, int]:
    wide, high = _unit_size(frame)
    return -(-frame.width // wide), -(-frame.height // high)


def _goes(frame: Frame, units: tuple[int, int], number: int, boxes: Sequence[Box], keep: bool) -> bool:
    wide, high = _unit_size(frame)
    x, y = number % units[0] * wide, number // units[0] * high
    right, bottom = min(x + wide, frame.width), min(y + high, frame.height)
    if keep:
        return not any(a <= x and b <= y and right <= c and bottom <= d for a, b, c, d in boxes)
    return any(x < c and a < right and y < d and b < bottom for a, b, c, d in boxes)


# -- the stream --------------------------------------------------------------------------------


def _scan(stream: bytes) -> int:
    """Return where the coded data begins."""
    end = max((segment.end for segment in segments(stream)), default=2)
    return end + 2 + int.from_bytes(stream[end + 2 : end + 4], "big")


def _intervals(stream: bytes) -> list[bytes] | None:
    """Cut the coded data at its restart markers, with the fill bytes before these; None if their order is wrong."""
    start = _scan(stream)
    end = _END_OF_SCAN.search(stream, start)
    if end is None or stream[end.end() - 1] != 0xD9:
        return None
    out, at = [], start
    for number, mark in enumerate(_RESTART.finditer(stream, start, end.start())):
        if stream[mark.end() - 1] != 0xD0 + number % 8:
            return None
        out.append(stream[at : mark.end() - 2])
        at = mark.end()
    out.append(stream[at : end.end() - 2])
    return out


def _comment(note: bytes) -> bytes:
    return b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note if note else b""


def _plain(run: bytes) -> bytes:
    """Return the coded data of an interval without fill bytes and without stuffed ones."""
    return run.rstrip(b"\xff").replace(b"\xff\0", b"\xff")


def _laid(head: bytes, new: Sequence[bytes], runs: Sequence[bytes], note: bytes, scan: int, room: int) -> bytes | None:
    """Put intervals together, each at its old place if they fit there, else one behind the other."""
    head = head[:2] + note + head[2:]
    places = [scan]
    for run in runs:
        places.append(places[-1] + len(run) + 2)
    total = len(head) + sum(map(len, new)) + 2 * len(new)
    if total > room:
        return None
    stays = len(new) > 1 and places[-1] <= room and len(head) + len(new[0]) <= places[1] - 2
    if stays and all(len(n) <= len(o) for n, o in zip(new[1:], runs[1:], strict=True)):
        out = bytearray(head + new[0])
        for number, run in enumerate(new[1:]):
            out += b"\xff" * (places[number + 1] - 2 - len(out)) + bytes((0xFF, 0xD0 + number % 8)) + run
    else:
        out = bytearray(head)
        for number, run in enumerate(new):
            out += run if number == 0 else bytes((0xFF, 0xD0 + (number - 1) % 8)) + run
    return bytes(out) + b"\xff" * (room - 2 - len(out)) + b"\xff\xd9"


# -- bits --------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _steps(codes: tuple[tuple[int, Code], ...], dc: bool) -> memoryview:
    """Make a table that says of 16 bits how far to go on.

    Of AC values: bits of the code and behind it, and above six bits how many values it stands for (64: end of block).
    Of DC values: bits of the code, and above six bits how many follow. 0 means that there is no such code.
    """
    import numpy as np

    out = np.zeros(1 << 16, np.uint32)
    for symbol, (code, length) in codes:
        size = symbol if dc else symbol & 15
        if dc and size > 11:
            continue
        if dc:
            entry = length | size << 6
        else:
            values = _BLOCK if symbol == 0 else (symbol >> 4) + 1
            entry = length + size | values << 6
        out[code << 16 - length : code + 1 << 16 - length] = entry
    return out.data


def _windows(data: bytes) -> tuple[Bits, memoryview]:
    """Return all bits of an interval, and the 16 bits that begin at each of them; behind the end stand ones."""
    import numpy as np

    raw = np.frombuffer(data + b"\xff" * 8, np.uint8)
    wide = raw[:-2].astype(np.uint32) << 16 | raw[1:-1].astype(np.uint32) << 8 | raw[2:]
    windows = np.empty((wide.size, 8), np.uint16)
    for bit in range(8):
        windows[:, bit] = wide >> 8 - bit
    return np.unpackbits(raw), windows.reshape(-1).data


def _order(frame: Frame) -> list[tuple[int, memoryview, memoryview]]:
    """Return the blocks of a unit in their order: number of the component, and its tables."""
    out = []
    for number, component in enumerate(frame.components):
        dc = _steps(tuple(frame.dc.get(component.dc, {}).items()), True)
        ac = _steps(tuple(frame.ac.get(component.ac, {}).items()), False)
        out += [(number, dc, ac)] * _blocks(frame, component)
    return out


def _blocks(frame: Frame, component: Component) -> int:
    return 1 if len(frame.components) == 1 else component.across * component.down


def _walked(frame: Frame, windows: memoryview, count: int, limit: int) -> list[_Unit] | None:
    """Find all blocks of an interval; None if the bits are no such blocks."""
    order, out = _order(frame), []
    before, pos = [0] * len(frame.components), 0
    for _ in range(count):
        for number, dc, ac in order:
            start = pos
            if pos > limit:
                return None
            entry = dc[windows[pos]]
            if not entry:
                return None
            size = entry >> 6
            pos += entry & 63
            if size:
                value = windows[pos] >> 16 - size
                before[number] += value if value >> size - 1 else value - (1 << size) + 1
                pos += size
            first, at = pos, 1
            while at < _BLOCK:
                if pos > limit:
                    return None
                entry = ac[windows[pos]]
                if not entry:
                    return None
                pos += entry & 63
                at += entry >> 6
            out.append(_Unit(start, first, pos, before[number]))
    return out if pos <= limit else None


class _Wanted(NamedTuple):
    """A block as it is to be: how it would be written anew, and where its bits may be copied from.

    ``copied`` begins at its DC code if that is the old one, and is empty if all of it goes.
    """

    block: Block
    goes: bool
    copied: tuple[int, int]


class _Interval(NamedTuple):
    units: list[_Wanted]
    bits: Bits
    windows: memoryview


def _wanted(frame: Frame, data: bytes, going: Sequence[bool], colour: tuple[int, ...]) -> _Interval | None:
    """Say how the blocks of an interval are to be; None if it is damaged."""
    bits, windows = _windows(data)
    units = _walked(frame, windows, len(going), 8 * len(data))
    if units is None:
        return None
    levels = [jpeg.level(c, frame.quant.get(p.quant, 0)) for c, p in zip(colour, frame.components, strict=True)]
    which = [number for number, _, _ in _order(frame)]
    written, read = [0] * len(levels), [0] * len(levels)
    out = []
    for index, unit in enumerate(units):
        number, goes = which[index % len(which)], going[index // len(which)]
        value = levels[number] if goes else unit.dc
        span = (0, 0) if goes else (unit.ac, unit.end)
        same = not goes and written[number] == read[number]
        out.append(
            _Wanted(Block(number, value - written[number], *span), goes, (unit.start, unit.end) if same else span)
        )
        written[number], read[number] = value, unit.dc
    return _Interval(out, bits, windows)


def _coded(frame: Frame, interval: _Interval) -> bytes | None:
    """Write an interval under the stream's own tables; None if these lack a code."""
    import numpy as np

    parts: list[Bits] = []
    low = high = 0
    for block, goes, (start, end) in interval.units:
        if start == high and start < end and not goes and start != block.start:
            high = end  # most blocks follow each other as they did
            continue
        parts.append(interval.bits[low:high])
        low, high = start, end
        if goes or start == block.start:
            new = _code(frame, block.component, block.step, goes)
            if new is None:
                return None
            parts.append(new)
    parts.append(interval.bits[low:high])
    whole = np.concatenate(parts)
    ones = np.ones(-whole.size % 8, np.uint8)
    return np.packbits(np.concatenate((whole, ones))).tobytes().replace(b"\xff", b"\xff\0")


def _code(frame: Frame, number: int, step: int, ends: bool) -> Bits | None:
    """Return the bits of a step of a DC value, and of the end of its block if that is all of it."""
    component = frame.components[number]
    code = jpeg.difference(step, frame.dc.get(component.dc, {}))
    end = frame.ac.get(component.ac, {}).get(0) if ends else (0, 0)
    return None if code is None or end is None else _as_bits(code, end)


@lru_cache(maxsize=4096)
def _as_bits(code: Code, end: Code) -> Bits:
    import numpy as np

    size = code[1] + end[1]
    text = f"{code[0] << end[1] | end[0]:0{size}b}"
    return np.frombuffer(text.encode("ascii"), np.uint8) - np.uint8(ord("0"))
