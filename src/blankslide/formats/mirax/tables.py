"""Maps and tables of MIRAX slides: what their bytes are, whatever their layer is called.

A map has one pixel for each position of the camera and few values, or it has two values and so few edges that nothing
can be written in it; a picture of another size, or of many values, is a picture. A table holds numbers, which may be
packed by zlib. Whatever else a decoder would take, any other way of packing, and numbers that hold rows of letters,
are not tables.

Promise: nothing is decoded beyond 16 MB; what cannot be decoded is neither a map nor a table.
"""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.streams import png
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 16 << 20
_MOST_PIXELS = 1 << 22
_MOST_VALUES = 8
_DIVISIONS = (1, 2, 3, 4, 5, 6, 8, 16)
_BEGINNING = 64
#: How pictures and packed files begin, and where in a record one may hide.
_SIGNATURES = (
    png.MAGIC, b"\xff\xd8\xff", b"GIF8", b"jP  \r\n\x87\n", b"\xff\x4f\xff\x51", b"%PDF", b"8BPS", b"ftyp", b"<svg",
    b"PK\x03\x04", b"7z\xbc\xaf", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"BZh9", b"Rar!",
)  # fmt: skip
_FIRST = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\xbc\x01", b"\x1f\x8b", b"P4\n", b"P5\n", b"P6\n")
_PACKED = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_ROW = pattern(rb"[A-Za-z0-9 ,.:;^_/@+-]{12,}")
_WIDE_ROW = pattern(rb"(?:[A-Za-z0-9 ,.:;^_/@+-]\0){6,}")
_LETTERS = pattern(rb"[A-Za-z]")
_LEAST_LETTERS, _STEP = 6, 12
_EDGES = 4


class Table(NamedTuple):
    """A table that may stay.

    Attributes
    ----------
    rest
        Where its packed stream ends; what follows is nobody's. The record's length, if it is not packed.
    """

    rest: int


def as_table(data: bytes) -> Table | None:
    """Return the table in a record that is no PNG, or None if the bytes are something else."""
    if data[:2] not in _PACKED:
        return None if _is_other(data) or _speaks(data) else Table(len(data))
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, _MOST)
    except zlib.error:
        return None if _is_other(data) or _speaks(data) else Table(len(data))
    if not stream.eof or _is_other(plain) or plain[:2] in _PACKED or _speaks(plain):
        return None
    return Table(len(data) - len(stream.unused_data))


def is_map(data: bytes, images: tuple[int, int]) -> bool:
    """Whether a PNG is a map: one pixel for each position of the camera, and few values; or a mask of few shapes.

    Parameters
    ----------
    images
        Number of images across and down; a position of the camera gives several.
    """
    size = png.size(data)
    if size is None or size[0] * size[1] > _MOST_PIXELS:
        return False
    if _is_mask(data):
        return True
    grids = {(-(-images[0] // d), -(-images[1] // d)) for d in _DIVISIONS} if min(images) > 0 else set()
    return size in grids and 0 < _values(data) <= _MOST_VALUES


def _is_mask(data: bytes) -> bool:
    """Whether a grey PNG has two values, and in no row or column more edges than two shapes: no word has so few."""
    width, _, bits, kind = struct.unpack(">IIBB", data[16:26])
    if (bits, kind) != (8, 0):
        return False
    seen, crossed, above = set[int](), 0, b""
    columns = bytearray(width)
    for row in _rows(data):
        seen.update(row)
        if len(seen) > 2:
            return False
        if row == above:
            continue  # nothing new: most rows of a mask are like the one above
        if sum(a != b for a, b in pairwise(row)) > _EDGES:
            return False
        for i in range(width) if above else ():
            columns[i] += row[i] != above[i]
        crossed = max(columns)
        above = row
        if crossed > _EDGES:
            return False
    return len(seen) == 2


def _values(data: bytes) -> int:
    """Count the values of samples in a PNG; 0 if that is not possible."""
    bits, found = data[24], set[int]()
    for row in _rows(data):
        found.update(row)
        if len(found) > _MOST_VALUES and bits == 8:
            return len(found)
    mask = (1 << bits) - 1
    return len({byte >> shift & mask for byte in found for shift in range(0, 8, bits)})


def _rows(data: bytes) -> Iterator[bytes]:
    """Yield the rows of a PNG, unfiltered; none if it cannot be decoded."""
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(kind, 0)
    if interlaced or not samples or bits not in (1, 2, 4, 8):
        return
    stride, step = -(-width * bits * samples // 8), max(1, bits * samples // 8)
    coded = b"".join(data[c.start + 8 : c.end - 4] for c in png.chunks(data) if c.kind == b"IDAT")
    try:
        rows = zlib.decompressobj().decompress(coded, (stride + 1) * height)
    except zlib.error:
        return
    if len(rows) != (stride + 1) * height:
        return
    before = bytes(stride)
    for at in range(0, len(rows), stride + 1):
        before = _unfiltered(rows[at], rows[at + 1 : at + 1 + stride], before, step)
        yield before


def _unfiltered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    if kind == 0:
        return row
    out = bytearray(row)
    for i, byte in enumerate(row):
        left, up, corner = (out[i - step], above[i], above[i - step]) if i >= step else (0, above[i], 0)
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind] if kind < 5 else 0
        out[i] = byte + guess & 255
    return bytes(out)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def _is_other(data: bytes) -> bool:
    """Whether bytes begin as a picture or a packed file does."""
    head = data[:_BEGINNING]
    bitmap = head[:2] == b"BM" and head[6:10] == bytes(4)
    riff = head[:4] == b"RIFF"
    return bitmap or riff or head.startswith(_FIRST) or any(mark in head for mark in _SIGNATURES)


def _speaks(data: bytes) -> bool:
    """Whether numbers hold a row of letters that is no ramp of numbers."""
    rows = [*_ROW.findall(data), *(row[::2] for row in _WIDE_ROW.findall(data + b"\0"))]
    return any(len(_LETTERS.findall(row)) >= _LEAST_LETTERS and _jumps(row) for row in rows)


def _jumps(row: bytes) -> bool:
    return any(abs(a - b) > _STEP for a, b in pairwise(row)) and len(set(row)) > 3
