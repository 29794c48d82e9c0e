"""A black and white drawing as a JPEG stream that fits where another picture stood.

Like `jpeg`, which draws one colour: the old stream's own headers and tables stay, and only the coded data is new. If
these tables lack a code, or their codes are too long for the room, a stream with tables of its own is written, made
for this very drawing. All arithmetic is done in whole numbers, so that every machine draws the same bytes.

Source: ITU-T T.81, annexes A, F and K.2.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from blankslide.blanks import jpeg
from blankslide.containers.streams.jpeg import segments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.blanks.jpeg import Component, Frame

__all__ = ["KEPT", "WAYS", "comment", "draw", "table"]

_SCALE = 12
WAYS = (0, 12, 40, 100)
"""Under the old tables, or values of quantisation tables of our own: letters are sharp under the first, legible under
the last. Drawn again under the old tables, all of them give the same bytes."""
_LONGEST = 16
_ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
)  # fmt: skip
KEPT = (64, 24, 12)
"""How many of a block's 64 values are kept: with fewer of them edges are soft, and the stream is short."""
Symbol = tuple[int, int, int]
"""A symbol of a Huffman table, the bits behind it, and their number."""
_Quants = dict[int, tuple[int, ...]]


class _Block(NamedTuple):
    component: int
    dc: Symbol
    ac: tuple[Symbol, ...]


def draw(
    old: bytes,
    tables: bytes,
    grey: NDArray[np.uint8],
    ycc: bool | None,
    note: bytes,
    room: int,
    ways: Sequence[int] = WAYS,
    soft: int = 0,
    otherwise: Frame | None = None,
) -> bytes | None:
    """Draw a picture in the form of an old stream.

    Parameters
    ----------
    old
        The stream that stood there, or its head.
    tables
        The tables stream that it leans on, or nothing.
    grey
        The drawing; a frame may be larger, and is white there.
    ycc
        Whether the container says that the picture is in luma and chroma; None: ask the stream.
    note
        Text of a comment to be written first, or nothing.
    room
        Length of the stream in bytes.
    ways
        Those of `WAYS` that may be tried.
    soft
        How soft edges are: a number of `KEPT`.
    otherwise
        The form to draw in, with tables of its own, where the old one is not a simple one, or was never known.

    Returns
    -------
    bytes or None
        None if there is no form to draw in, or it does not fit.
    """
    frame = jpeg.parse(old, tables)
    if frame is None or not frame.simple or frame.height < grey.shape[0] or frame.width < grey.shape[1]:
        frame, ways = otherwise, tuple(way for way in ways if way)
    if frame is None:
        return None
    quant = _quants(tables) | _quants(old)
    kept = KEPT[soft]
    for value in ways:
        out = _fresh(value, frame, grey, ycc, kept) if value else _own(frame, quant, grey, ycc, kept)
        if out is not None and len(out) + len(note) + 4 * bool(note) <= room:
            return jpeg.padded(out[:2] + _comment(note) + out[2:], room)
    return None


def comment(stream: bytes) -> bytes:
    """Return the comment that a stream begins with."""
    if stream[:4] != b"\xff\xd8\xff\xfe":
        return b""
    return stream[6 : 4 + int.from_bytes(stream[4:6], "big")]


def _comment(note: bytes) -> bytes:
    return b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note if note else b""


def _own(frame: Frame, quant: _Quants, grey: NDArray[np.uint8], ycc: bool | None, kept: int) -> bytes | None:
    """Draw under the stream's own headers and tables."""
    if any(c.quant not in quant for c in frame.components):
        return None
    parts = _intervals(frame, quant, grey, ycc, kept)
    if parts is None:
        return None
    coded = _coded(frame, parts)
    return None if coded is None else frame.head + coded + b"\xff\xd9"


def _fresh(value: int, frame: Frame, grey: NDArray[np.uint8], ycc: bool | None, kept: int) -> bytes | None:
    """Draw in a complete stream with tables made for the drawing, whatever those of the old one were."""
    parts = tuple(c._replace(quant=0, dc=0, ac=0) for c in frame.components)
    plain = frame._replace(components=parts, restart=0)
    runs = _intervals(plain, {0: (value,) * 64}, grey, ycc, kept)
    if runs is None:
        return None
    symbols = Counter(block.dc[0] for run in runs for block in run)
    others = Counter(symbol[0] for run in runs for block in run for symbol in block.ac)
    dc, ac = (table(count) for count in (symbols, others))
    new = plain._replace(head=jpeg.head(plain, value, dc, ac), dc={0: jpeg.codes(*dc)}, ac={0: jpeg.codes(*ac)})
    coded = _coded(new, runs)
    return None if coded is None else new.head + coded + b"\xff\xd9"


# -- coefficients --------------------------------------------------------------------------


def _quants(stream: bytes) -> _Quants:
    """Return all quantisation tables of a stream, in zigzag order."""
    out: _Quants = {}
    for segment in segments(stream):
        payload, pos = stream[segment.start : segment.end], 0
        while segment.marker == 0xDB and pos + 65 <= len(payload):
            wide = 2 if payload[pos] >> 4 else 1
            table = payload[pos + 1 : pos + 1 + 64 * wide]
            values = tuple(int.from_bytes(table[i : i + wide], "big") for i in range(0, len(table), wide))
            if len(values) == 64 and all(values):
                out[payload[pos] & 15] = values
            pos += 1 + 64 * wide
    return out


def _intervals(
    frame: Frame, quant: _Quants, grey: NDArray[np.uint8], ycc: bool | None, kept: int
) -> list[list[_Block]] | None:
    """Return the blocks of each restart interval, in the order of the scan; None if chroma would have to be drawn."""
    parts = frame.components
    alone = len(parts) == 1
    most = (1, 1) if alone else (max(c.across for c in parts), max(c.down for c in parts))
    units = -(-frame.width // (8 * most[0])), -(-frame.height // (8 * most[1]))
    planes = []
    for component, white in zip(parts, jpeg.white(frame, ycc), strict=True):
        own = (1, 1) if alone else (component.across, component.down)
        if white == 255 and own != most:
            return None
        planes.append(_plane(grey, units, own, quant[component.quant], kept) if white == 255 else None)
    return list(_scan(frame, units, planes))


def _scan(
    frame: Frame, units: tuple[int, int], planes: Sequence[list[list[_Coefficients]] | None]
) -> Iterator[list[_Block]]:
    across, total = units[0], units[0] * units[1]
    step = frame.restart or total
    for start in range(0, total, step):
        before, run = [0] * len(planes), list[_Block]()
        for unit in range(start, min(start + step, total)):
            for number, component in enumerate(frame.components):
                for x, y in _places(component, unit % across, unit // across, len(planes) == 1):
                    plane = planes[number]
                    dc, ac = (0, _END) if plane is None else plane[y][x]
                    run.append(_Block(number, _size(dc - before[number]), ac))
                    before[number] = dc
        yield run


def _places(component: Component, x: int, y: int, alone: bool) -> list[tuple[int, int]]:
    if alone:
        return [(x, y)]
    wide, high = component.across, component.down
    return [(x * wide + i, y * high + j) for j in range(high) for i in range(wide)]


_END: tuple[Symbol, ...] = ((0, 0, 0),)
_Coefficients = tuple[int, tuple[Symbol, ...]]


def _plane(
    grey: NDArray[np.uint8], units: tuple[int, int], own: tuple[int, int], quant: tuple[int, ...], kept: int
) -> list[list[_Coefficients]]:
    """Transform and quantise one component: blocks in rows, each its DC value and its AC symbols."""
    import numpy as np

    columns, rows = units[0] * own[0], units[1] * own[1]
    padded = np.full((rows * 8, columns * 8), 255, np.uint8)
    padded[: grey.shape[0], : grey.shape[1]] = grey
    data = padded.reshape(rows, 8, columns, 8).transpose(0, 2, 1, 3).tobytes()
    flat = [_block(data[i : i + 64], quant, kept) for i in range(0, len(data), 64)]
    return [flat[i : i + columns] for i in range(0, len(flat), columns)]


@lru_cache(maxsize=1 << 14)
def _block(data: bytes, quant: tuple[int, ...], kept: int) -> _Coefficients:
    """Transform and quantise one block; most blocks of a drawing are one of few."""
    import numpy as np

    matrix = np.array(_matrix(), np.int64)
    turned = (matrix @ (np.frombuffer(data, np.uint8).reshape(8, 8).astype(np.int64) - 128) @ matrix.T).reshape(64)
    levels = [_rounded(int(turned[at]), step << 2 * _SCALE) for at, step in zip(_ZIGZAG, quant, strict=True)]
    return levels[0], _symbols(levels[1:kept])


def _rounded(value: int, step: int) -> int:
    """Divide, and round halves away from zero."""
    level = (abs(value) + (step >> 1)) // step
    return level if value >= 0 else -level


@lru_cache(maxsize=1)
def _matrix() -> list[list[int]]:
    """Return the cosine transform of eight values in whole numbers; none of its values lies near a half."""
    whole = 1 << _SCALE
    return [
        [round(whole / 2 * (math.sqrt(0.5) if u == 0 else math.cos((2 * x + 1) * u * math.pi / 16))) for x in range(8)]
        for u in range(8)
    ]


def _symbols(levels: Sequence[int]) -> tuple[Symbol, ...]:
    """Return the symbols of a block's AC values: runs of zeros and what follows them."""
    out: list[Symbol] = []
    zeros = 0
    last = max((i for i, level in enumerate(levels) if level), default=-1)
    for level in levels[: last + 1]:
        if level == 0:
            zeros += 1
            continue
        out += [(0xF0, 0, 0)] * (zeros >> 4)
        size, extra, count = _size(level)
        out.append(((zeros & 15) << 4 | size, extra, count))
        zeros = 0
    return tuple(out) if last == 62 else (*out, *_END)


def _size(value: int) -> Symbol:
    size = abs(value).bit_length()
    return size, value if value >= 0 else value + (1 << size) - 1, size


# -- entropy coding --------------------------------------------------------------------------


def _coded(frame: Frame, intervals: Sequence[Sequence[_Block]]) -> bytes | None:
    """Code all blocks with the frame's tables; None if a code is missing."""
    known: dict[tuple[int, Symbol, tuple[Symbol, ...]], str | None] = {}
    out = []
    for number, run in enumerate(intervals):
        bits: list[str] = []
        for block in run:
            if block not in known:
                known[block] = _bits(frame, block)
            code = known[block]
            if code is None:
                return None
            bits.append(code)
        text = "".join(bits)
        text += "1" * (-len(text) % 8)
        data = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
        out.append(data if number == 0 else bytes((0xFF, 0xD0 + (number - 1) % 8)) + data)
    return b"".join(out)


def _bits(frame: Frame, block: _Block) -> str | None:
    """Code one block as zeros and ones; None if a code is missing."""
    component, out = frame.components[block.component], ""
    tables = frame.dc.get(component.dc, {}), frame.ac.get(component.ac, {})
    for table, (symbol, extra, count) in ((tables[0], block.dc), *((tables[1], s) for s in block.ac)):
        code = table.get(symbol)
        if code is None:
            return None
        out += f"{code[0]:0{code[1]}b}" + (f"{extra:0{count}b}" if count else "")
    return out


def table(counts: Counter[int]) -> tuple[bytes, bytes]:
    """Make a Huffman table for some symbols: the number of codes of each length, and the symbols."""
    weights = dict(counts)
    while True:
        lengths = _lengths(weights)
        if max(lengths.values()) <= _LONGEST:
            break
        weights = {symbol: (weight + 1) // 2 for symbol, weight in weights.items()}
    order = sorted(lengths, key=lambda symbol: (lengths[symbol], -counts[symbol], symbol))
    return bytes(sum(length == n for length in lengths.values()) for n in range(1, _LONGEST + 1)), bytes(order)


def _lengths(weights: Mapping[int, int]) -> dict[int, int]:
    """Return the length of each symbol's code; one code, of ones only, is left over, as the standard wants."""
    heap: list[tuple[int, int, tuple[int, ...]]] = [(weight, symbol, (symbol,)) for symbol, weight in weights.items()]
    heap.append((0, 256, (256,)))
    heapq.heapify(heap)
    lengths = dict.fromkeys((*weights, 256), 0)
    while len(heap) > 1:
        low, high = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in (*low[2], *high[2]):
            lengths[symbol] += 1
        heapq.heappush(heap, (low[0] + high[0], min(low[1], high[1]), (*low[2], *high[2])))
    # the left-over symbol has one of the longest codes; the last of these in order is the one of ones
    del lengths[256]
    return lengths
