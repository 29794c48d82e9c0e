"""JPEG streams of one colour that fit where another picture stood.

Where the old stream is sequential Huffman with one scan, its own headers and tables stay and
only the coded data is new: for each block a DC difference (the colour once, then zero) and
"end of block". So the size, subsampling, component ids, restart intervals, the Adobe marker
and tables that stand elsewhere (JPEGTables) need no special case. If those tables have no
code for the colour or the codes are too long for the slot, a stream with tables of its own,
a few bits a block, is written instead: also for progressive, arithmetic and broken streams.

The room behind the coded data is filled with 0xFF before the end marker, which the standard
allows, so that nothing stands behind the picture.

Source: ITU-T T.81, annexes B, C and F.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from blankslide.containers.streams.jpeg import segments
from blankslide.errors import NotEditable

_DQT, _DHT, _SOS, _DRI, _APP0, _APP14 = 0xDB, 0xC4, 0xDA, 0xDD, 0xE0, 0xEE
_MOST_COMPONENTS = 4  # of one scan
_SEQUENTIAL = (0xC0, 0xC1)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_KEPT = frozenset((_DQT, _DHT, _DRI, _APP14, *_SEQUENTIAL))
_MOST_UNITS = 1 << 24
Code = tuple[int, int]
"""A Huffman code: bits and their number."""


class Component(NamedTuple):
    """One component of a frame: id, sampling factors, table numbers."""

    id: int
    across: int
    down: int
    quant: int
    dc: int
    ac: int


class Frame(NamedTuple):
    """A picture's headers.

    Attributes
    ----------
    width, height
        In pixels.
    bits
        Bits of a sample.
    simple
        Whether it is sequential Huffman with one interleaved scan.
    head
        The stream up to its coded data, without text; empty if not simple.
    restart
        MCUs between restart markers, or 0.
    quant, dc, ac
        First quantisation value and Huffman codes by table number.
    adobe
        Colour transform of the Adobe marker, or None.
    """

    width: int
    height: int
    bits: int
    components: tuple[Component, ...]
    simple: bool
    head: bytes
    restart: int
    quant: dict[int, int]
    dc: dict[int, dict[int, Code]]
    ac: dict[int, dict[int, Code]]
    adobe: int | None


def parse(data: bytes, tables: bytes = b"") -> Frame | None:
    """Read the headers of a stream, and of the tables stream that it leans on.

    Returns
    -------
    Frame or None
        None if there is no frame header or no scan.
    """
    quant: dict[int, int] = {}
    codes: tuple[dict[int, dict[int, Code]], dict[int, dict[int, Code]]] = ({}, {})
    for segment in segments(tables):
        _read_table(segment.marker, tables[segment.start : segment.end], quant, codes)
    frame, marker, restart, adobe, pos = b"", 0, 0, None, 2
    head = b"\xff\xd8"
    for segment in segments(data):
        payload = data[segment.start : segment.end]
        pos = segment.end
        _read_table(segment.marker, payload, quant, codes)
        if segment.marker in _FRAMES and not frame:
            frame, marker = payload, segment.marker
        elif segment.marker == _DRI and len(payload) >= 2:
            restart = int.from_bytes(payload[:2], "big")
        elif segment.marker == _APP14 and payload[:5] == b"Adobe" and len(payload) >= 12:
            adobe = payload[11]
        if segment.marker in _KEPT:
            head += data[segment.start - 4 : segment.end]
    return _frame(data, pos, head, frame, marker, restart, quant, codes, adobe)


def _read_table(
    marker: int,
    payload: bytes,
    quant: dict[int, int],
    known: tuple[dict[int, dict[int, Code]], dict[int, dict[int, Code]]],
) -> None:
    pos = 0
    if marker == _DQT:
        while pos + 65 <= len(payload):
            wide = payload[pos] >> 4
            quant[payload[pos] & 15] = int.from_bytes(payload[pos + 1 : pos + 2 + wide], "big")
            pos += 65 + 64 * wide
    elif marker == _DHT:
        while pos + 17 <= len(payload):
            counts = payload[pos + 1 : pos + 17]
            symbols = payload[pos + 17 : pos + 17 + sum(counts)]
            known[payload[pos] >> 4 & 1][payload[pos] & 15] = codes(counts, symbols)
            pos += 17 + sum(counts)


def codes(counts: bytes, symbols: bytes) -> dict[int, Code]:
    """Give each symbol its code, T.81 annex C."""
    out: dict[int, Code] = {}
    code = at = 0
    for length, count in enumerate(counts, 1):
        for symbol in symbols[at : at + count]:
            if code >> length == 0:  # damaged tables have more codes than there can be
                out[symbol] = (code, length)
            code += 1
        at += count
        code <<= 1
    return out


def _frame(
    data: bytes,
    pos: int,
    head: bytes,
    frame: bytes,
    marker: int,
    restart: int,
    quant: dict[int, int],
    codes: tuple[dict[int, dict[int, Code]], dict[int, dict[int, Code]]],
    adobe: int | None,
) -> Frame | None:
    if len(frame) < 9 or len(frame) < 6 + 3 * frame[5] or data[pos : pos + 2] != b"\xff\xda":
        return None
    bits, height, width, count = struct.unpack_from(">BHHB", frame)
    length = int.from_bytes(data[pos + 2 : pos + 4], "big")
    scan = data[pos + 4 : pos + 2 + length]
    if not (width and height) or len(scan) < 4 or len(scan) < 4 + 2 * scan[0]:
        return None
    tables = {scan[i]: scan[i + 1] for i in range(1, 1 + 2 * scan[0], 2)}
    parts = []
    for i in range(6, 6 + 3 * count, 3):
        chosen = tables.get(frame[i], 0)
        parts.append(Component(frame[i], frame[i + 1] >> 4, frame[i + 1] & 15, frame[i + 2], chosen >> 4, chosen & 15))
    if any(not (1 <= c.across <= 4 and 1 <= c.down <= 4) for c in parts):
        return None
    simple = marker in _SEQUENTIAL and scan[0] == count and bits == 8
    head = head + data[pos : pos + 2 + length] if simple else b""
    return Frame(width, height, bits, tuple(parts), simple, head, restart, quant, *codes, adobe)


def white(frame: Frame, ycc: bool | None) -> tuple[int, ...]:
    """Return the samples of white, for one component after the other.

    Parameters
    ----------
    ycc
        Whether the container says that the picture is in luma and chroma; None: ask the stream.
    """
    count = len(frame.components)
    if ycc is None:
        ids = bytes(c.id for c in frame.components)
        ycc = frame.adobe == 1 if frame.adobe is not None else ids != b"RGB"
    if count == 3:
        return (255, 128, 128) if ycc else (255, 255, 255)
    return (0, 0, 0, 0) if count == 4 and frame.adobe is None else (255,) * count


def blank(frame: Frame, ycc: bool | None) -> bytes | None:
    """Draw white under the stream's own headers and tables.

    Returns
    -------
    bytes or None
        None if the stream is not simple or its tables lack a code.
    """
    return _stream(frame, white(frame, ycc)) if frame.simple else None


def grey(frame: Frame) -> bytes | None:
    """Draw middle grey, the cheapest picture there is, under the stream's own headers."""
    return _stream(frame, (128,) * len(frame.components)) if frame.simple else None


def _stream(frame: Frame, colour: tuple[int, ...]) -> bytes | None:
    coded = _coded(frame, colour)
    return None if coded is None else frame.head + coded + b"\xff\xd9"


def fresh(frame: Frame, ycc: bool | None) -> bytes:
    """Draw white in a complete sequential stream with the smallest tables there are.

    Size, component ids, sampling and the Adobe marker are those of ``frame``.

    Raises
    ------
    NotEditable
        If the picture says that it is larger than any slide's picture.
    """
    colour = white(frame, ycc)
    sizes = sorted({0, *(abs(v - 128).bit_length() for v in colour)})
    counts = bytes([1] * len(sizes)).ljust(16, b"\0")
    dc, ac = codes(counts, bytes(sizes)), codes(b"\1".ljust(16, b"\0"), b"\0")
    parts = tuple(c._replace(quant=0, dc=0, ac=0) for c in frame.components)
    start = head(frame, 8, (counts, bytes(sizes)), (b"\1".ljust(16, b"\0"), b"\0"))
    new = frame._replace(components=parts, simple=True, head=start, restart=0, quant={0: 8}, dc={0: dc}, ac={0: ac})
    stream = _stream(new, colour)
    if stream is None:
        raise NotEditable("a picture that is to be drawn white says that it is larger than any slide's picture")
    return stream


def head(frame: Frame, quant: int, dc: tuple[bytes, bytes], ac: tuple[bytes, bytes]) -> bytes:
    """Write the headers of a complete stream in which all components share their tables.

    Parameters
    ----------
    frame
        Size, component ids, sampling and the Adobe marker are taken from it.
    quant
        All values of the quantisation table.
    dc, ac
        Huffman tables: how many codes there are of each length, and their symbols.
    """
    out = b"\xff\xd8"
    if frame.adobe is not None:
        out += _segment(_APP14, b"Adobe\0\x64\0\0\0\0" + bytes([frame.adobe]))
    out += _segment(_DQT, b"\0" + bytes([quant]) * 64)
    parts = frame.components
    rows = b"".join(bytes((c.id, c.across << 4 | c.down, 0)) for c in parts)
    out += _segment(0xC0, struct.pack(">BHHB", 8, frame.height, frame.width, len(parts)) + rows)
    out += _segment(_DHT, b"\0" + b"".join(dc) + b"\x10" + b"".join(ac))
    return out + _segment(_SOS, bytes([len(parts)]) + b"".join(bytes((c.id, 0)) for c in parts) + b"\0\x3f\0")


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def padded(stream: bytes, room: int) -> bytes:
    """Stretch a stream to ``room`` bytes with fill bytes before its end marker."""
    return stream[:-2] + b"\xff" * (room - len(stream)) + stream[-2:]


def plain_frame(width: int, height: int, count: int, sampling: tuple[int, int]) -> Frame | None:
    """Describe a picture of which nothing is known but what its container says.

    Parameters
    ----------
    count
        Number of components.
    sampling
        Factors of the first component; all others have one sample for each MCU.

    Returns
    -------
    Frame or None
        None if no JPEG can have that size, that many components or such factors.
    """
    fits = 0 < width < 1 << 16 and 0 < height < 1 << 16 and 0 < count <= _MOST_COMPONENTS
    if not fits or not all(1 <= factor <= 4 for factor in sampling):
        return None
    parts = [Component(i + 1, *(sampling if i == 0 else (1, 1)), 0, 0, 0) for i in range(count)]
    return Frame(width, height, 8, tuple(parts), False, b"", 0, {}, {}, {}, None)


# -- coded data --------------------------------------------------------------------------


def difference(value: int, table: dict[int, Code]) -> Code | None:
    """Return the code of a DC difference, its category and then its bits; None if the table has none."""
    size = abs(value).bit_length()
    code = table.get(size)
    if code is None:
        return None
    extra = value if value > 0 or not size else value + (1 << size) - 1
    return code[0] << size | extra, code[1] + size


def _unit(frame: Frame, colour: tuple[int, ...] | None) -> Code | None:
    """Code one MCU; with ``colour`` the first block of each component steps to it from zero."""
    bits = count = 0
    for i, c in enumerate(frame.components):
        value = 0 if colour is None else level(colour[i], frame.quant.get(c.quant, 0))
        dc, end = frame.dc.get(c.dc, {}), frame.ac.get(c.ac, {}).get(0)
        for block in range(1 if len(frame.components) == 1 else c.across * c.down):
            step = difference(value if block == 0 else 0, dc)
            if step is None or end is None:
                return None
            bits = (bits << step[1] | step[0]) << end[1] | end[0]
            count += step[1] + end[1]
    return bits, count


def level(sample: int, quant: int) -> int:
    """Return the quantised DC value of a block in which every sample is ``sample``."""
    return round((sample - 128) * 8 / quant) if quant else 0


def _units(frame: Frame) -> int:
    """Count the MCUs."""
    single = len(frame.components) == 1
    across = 1 if single else max(c.across for c in frame.components)
    down = 1 if single else max(c.down for c in frame.components)
    return -(-frame.width // (8 * across)) * -(-frame.height // (8 * down))


def _coded(frame: Frame, colour: tuple[int, ...]) -> bytes | None:
    """Code the whole picture in one colour with the frame's tables; None if a code is missing."""
    first, later, total = _unit(frame, colour), _unit(frame, None), _units(frame)
    if first is None or later is None or total > _MOST_UNITS:
        return None
    step = frame.restart or total
    full, rest = divmod(total, step)
    runs = [_run(first, later, step)] * full + ([_run(first, later, rest)] if rest else [])
    out = [runs[0]]
    for number, run in enumerate(runs[1:]):
        out += [bytes((0xFF, 0xD0 + number % 8)), run]
    return b"".join(out)


def _run(first: Code, later: Code, count: int) -> bytes:
    """Code ``count`` MCUs up to a byte border; eight equal MCUs are as many bytes as one has bits."""
    bits, size = first
    many, few = divmod(count - 1, 8)
    eight = 0
    for _ in range(8):
        eight = eight << later[1] | later[0]
    for _ in range(few):
        bits, size = bits << later[1] | later[0], size + later[1]
    if many:
        body = int.from_bytes(eight.to_bytes(later[1], "big") * many, "big")
        bits, size = bits << 8 * later[1] * many | body, size + 8 * later[1] * many
    rest = -size % 8
    bits = bits << rest | (1 << rest) - 1
    return bits.to_bytes((size + rest) // 8, "big").replace(b"\xff", b"\xff\0")
