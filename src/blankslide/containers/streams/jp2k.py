"""JPEG 2000 codestreams: what text they carry, and the emptiest picture of the same shape.

A picture is blanked without an encoder: its own main header stays, so size, components,
tiling, wavelet and colour transform are exactly the old ones, and every packet becomes one
zero byte, which says "nothing in here". All samples then decode to the middle of their range.
The result cannot be longer than a stream whose packets hold anything.

Promise: bounded; reads only the bytes given, and answers None for what it does not know.

Source: ITU-T T.800, annexes A (markers) and B (packets); counts follow B.5 to B.7.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

_SOC, _SOT, _SOD, _EOC = b"\xff\x4f", 0x90, b"\xff\x93", b"\xff\xd9"
_SIZ, _COD, _COC, _COM = 0x51, 0x52, 0x53, 0x64
#: Segments that point into the packets of the old picture, or hold them.
_OF_PACKETS = frozenset((0x55, 0x57, 0x58, 0x5F, 0x60, 0x61))
_MOST_PACKETS = 1 << 20
_MOST_STEPS = 1 << 15  # resolutions of all components and tiles together: a label has some dozens
_BOXED = b"\0\0\0\x0cjP  \r\n\x87\n"
#: What Kakadu, OpenJPEG and JasPer write about themselves.
_OF_ENCODERS = re.compile(
    rb"Kakadu-v?\d{1,2}(?:\.\d{1,2}){0,3}\0?|Created by OpenJPEG version \d{1,2}(?:\.\d{1,2}){1,2}\0?"
    rb"|Creator: JasPer Version \d{1,2}\.\d{3}\.\d{1,2}\0?"
    rb"|Kdu-Layer-Info: log_2\{Delta-D\((?:MSE|squared-error)\)/Delta-L\(bytes\)\}, L\(bytes\)\n"
    rb"(?: {0,4}-?\d{1,4}\.\d, {1,4}\d\.\de[+-]\d{2,3}\n){1,64}\0?"
)
_NEEDED_BOXES = frozenset((b"jP  ", b"ftyp", b"jp2h"))


class Segment(NamedTuple):
    """One marker segment of the main header; ``[start, end)`` is its payload."""

    marker: int
    start: int
    end: int


def is_codestream(head: bytes) -> bool:
    """Whether the bytes begin like a bare codestream."""
    return head[:4] == b"\xff\x4f\xff\x51"


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments of the main header, in order."""
    if not is_codestream(data):
        return
    pos = 2
    while pos + 4 <= len(data) and data[pos] == 0xFF and data[pos + 1] != _SOT:
        (length,) = struct.unpack_from(">H", data, pos + 2)
        if length < 2 or pos + 2 + length > len(data):
            return
        yield Segment(data[pos + 1], pos + 4, pos + 2 + length)
        pos += 2 + length


def comment_segments(data: bytes) -> list[Segment]:
    """Comments that are not already blank; their first two bytes say how they are coded."""
    found = (Segment(s.marker, s.start + 2, s.end) for s in segments(data) if s.marker == _COM)
    return [s for s in found if any(data[s.start : s.end])]


def is_of_encoder(comment: bytes) -> bool:
    """Whether a comment is what an encoder writes about itself, with nothing else in it."""
    return _OF_ENCODERS.fullmatch(comment) is not None


def beside(data: bytes) -> list[tuple[int, int]]:
    """Find what a whole stream (or JP2 file) holds beside its picture.

    Returns
    -------
    list of (start, end)
        Comments of the main header and of tile parts, boxes that decoding does not need, and what stands behind
        the end; what encoders write about themselves is none of it, nor is what is blank.
    """
    spans = _beside_boxes(data) if data[:12] == _BOXED else _beside_stream(data, 0, len(data))
    return [(a, b) for a, b in spans if any(data[a:b]) and not _OF_ENCODERS.fullmatch(data, a, b)]


def _beside_stream(data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    if not is_codestream(data[start : start + 4]):
        return []
    out, pos = _comments(data, start + 2, end)
    while data[pos : pos + 2] == b"\xff\x90" and pos + 12 <= end:
        length = int.from_bytes(data[pos + 6 : pos + 10], "big")
        found, _ = _comments(data, pos + 12, end)
        out += found
        behind = pos + length if length else data.rfind(_EOC, pos, end)
        if behind <= pos or behind > end:
            return out
        pos = behind
    if data[pos : pos + 2] == _EOC:
        out.append((pos + 2, end))
    return out


def _comments(data: bytes, pos: int, end: int) -> tuple[list[tuple[int, int]], int]:
    """Return the comments of one header, and where it ends: at SOT, SOD or what is no segment."""
    out = []
    while pos + 4 <= end and data[pos] == 0xFF and data[pos + 1] not in (_SOT, 0x93, 0xD9):
        high = pos + 2 + int.from_bytes(data[pos + 2 : pos + 4], "big")
        if high < pos + 4 or high > end:
            break
        if data[pos + 1] == _COM:
            out.append((min(pos + 6, high), high))
        pos = high
    return out, pos


def _beside_boxes(data: bytes) -> list[tuple[int, int]]:
    out, pos = [], 0
    while pos + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, pos)
        head = 16 if length == 1 else 8
        size = int.from_bytes(data[pos + 8 : pos + 16], "big") if length == 1 else length or len(data) - pos
        if size < head or pos + size > len(data):
            break
        if kind == b"jp2c":
            out += _beside_stream(data, pos + head, pos + size)
        elif kind not in _NEEDED_BOXES:
            out.append((pos + head, pos + size))
        pos += size
    out.append((pos, len(data)))
    return out


class _Grid(NamedTuple):
    """Image, tile and component geometry of SIZ, in reference grid units."""

    area: tuple[int, int, int, int]
    tile: tuple[int, int]
    origin: tuple[int, int]
    steps: tuple[tuple[int, int], ...]

    def tiles(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield x0, y0, x1, y1 of each tile."""
        x0, y0, x1, y1 = self.area
        for top in range(self.origin[1], y1, self.tile[1]):
            for left in range(self.origin[0], x1, self.tile[0]):
                yield max(left, x0), max(top, y0), min(left + self.tile[0], x1), min(top + self.tile[1], y1)


class _Style(NamedTuple):
    """Wavelet levels of a component, and its precinct sizes (exponents), lowest first."""

    levels: int
    precincts: tuple[tuple[int, int], ...]


def _grid(siz: bytes) -> _Grid | None:
    if len(siz) < 36:
        return None
    x1, y1, x0, y0, tw, th, tx, ty, count = struct.unpack_from(">8IH", siz, 2)
    steps = tuple((siz[i + 1], siz[i + 2]) for i in range(36, len(siz) - 2, 3))
    sane = tw and th and x0 < x1 and y0 < y1 and tx <= x0 < tx + tw and ty <= y0 < ty + th
    if not sane or len(steps) != count or any(0 in s for s in steps):
        return None
    return _Grid((x0, y0, x1, y1), (tw, th), (tx, ty), steps)


def _style(levels: int, own: bool, sizes: bytes) -> _Style | None:
    if levels > 32 or (own and len(sizes) < levels + 1):
        return None
    exponents = tuple((b & 15, b >> 4) for b in sizes[: levels + 1]) if own else ((15, 15),) * (levels + 1)
    return _Style(levels, exponents)


def _packets(grid: _Grid, tile: tuple[int, int, int, int], styles: list[_Style]) -> int:
    """Count the packets of one layer of one tile: precincts over components and resolutions."""
    total = 0
    for (dx, dy), style in zip(grid.steps, styles, strict=True):
        edges = tuple(-(-v // d) for v, d in zip(tile, (dx, dy, dx, dy), strict=True))
        for r in range(style.levels + 1):
            x0, y0, x1, y1 = (-((-v) >> (style.levels - r)) for v in edges)
            px, py = style.precincts[r]
            if x1 > x0 and y1 > y0:
                total += (-((-x1) >> px) - (x0 >> px)) * (-((-y1) >> py) - (y0 >> py))
    return total


class _Header(NamedTuple):
    """The main header without comments and indexes, and how many packets each tile has."""

    kept: bytes
    packets: list[int]
    packet: bytes


def _header(data: bytes) -> _Header | None:
    found = list(segments(data))
    siz = next((data[s.start : s.end] for s in found if s.marker == _SIZ), b"")
    cod = next((data[s.start : s.end] for s in found if s.marker == _COD), b"")
    grid = _grid(siz)
    if grid is None or len(cod) < 10:
        return None
    default = _style(cod[5], bool(cod[0] & 1), cod[10:])
    styles = [default] * len(grid.steps)
    wide = 2 if len(grid.steps) > 256 else 1
    for s in found:
        if s.marker == _COC and s.end - s.start >= wide + 6:
            body = data[s.start : s.end]
            which = int.from_bytes(body[:wide], "big")
            if which < len(styles):
                styles[which] = _style(body[wide + 1], bool(body[wide] & 1), body[wide + 6 :])
    known = [s for s in styles if s is not None]
    if len(known) != len(styles):
        return None
    layers = int.from_bytes(cod[2:4], "big")
    packets = _counted(grid, known, layers)
    if packets is None:
        return None
    keep = (s for s in found if s.marker != _COM and s.marker not in _OF_PACKETS)
    kept = _SOC + b"".join(data[s.start - 4 : s.end] for s in keep)
    return _Header(kept, packets, b"\0\xff\x92" if cod[0] & 4 else b"\0")


def _counted(grid: _Grid, styles: list[_Style], layers: int) -> list[int] | None:
    packets: list[int] = []
    total, steps = 0, sum(style.levels + 1 for style in styles)
    for tile in grid.tiles():
        if total > _MOST_PACKETS or steps * (len(packets) + 1) > _MOST_STEPS:
            return None
        count = layers * _packets(grid, tile, styles)
        total += count
        packets.append(count)
    if total > _MOST_PACKETS:
        return None
    return packets


def blank(data: bytes) -> bytes | None:
    """Return the emptiest codestream (or JP2 file) of the same shape.

    Parameters
    ----------
    data
        The old picture; only its headers are looked at.

    Returns
    -------
    bytes or None
        None if the headers cannot be understood.
    """
    if data[:12] == _BOXED:
        return _blank_boxed(data)
    header = _header(data)
    if header is None:
        return None
    parts = [header.kept]
    for number, count in enumerate(header.packets):
        body = header.packet * count
        parts.append(struct.pack(">BBHHIBB", 0xFF, _SOT, 10, number, 14 + len(body), 0, 1) + _SOD + body)
    return b"".join(parts) + _EOC


def _blank_boxed(data: bytes) -> bytes | None:
    """Keep the boxes that readers need; the codestream's box runs to the end of the slot."""
    out, pos = b"", 0
    while pos + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, pos)
        head = 16 if length == 1 else 8
        size = int.from_bytes(data[pos + 8 : pos + 16], "big") if length == 1 else length or len(data) - pos
        if size < head or pos + size > len(data):
            return None
        if kind == b"jp2c":
            stream = blank(data[pos + head : pos + size])
            room = len(data) - len(out)
            return None if stream is None else out + struct.pack(">I4s", room, kind) + stream
        if kind in _NEEDED_BOXES:
            out += data[pos : pos + size]
        pos += size
    return None
